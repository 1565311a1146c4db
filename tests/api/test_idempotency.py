"""Idempotency-Key: the same request twice, at once, after a crash: one effect and one answer (reliability §4.9)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from merchants.clock import instant
from merchants.http import idempotency
from merchants.models import Event, IdempotentReply, Offer
from merchants.models import TestClock as Clock
from merchants.services import clocks as clock_services
from merchants.services.catalogue import offers as offer_services
from merchants.tenancy.scope import tenant
from tests.api.callers import Caller, monthly, problem

pytestmark = pytest.mark.django_db(transaction=True)
REPLAYED = "Idempotent-Replayed"


def count(site: Caller) -> int:
    with tenant(site.shop.id):
        return Offer.objects.count()


def replies(site: Caller) -> list[IdempotentReply]:
    with tenant(site.shop.id):
        return list(IdempotentReply.objects.order_by("id"))


def age(site: Caller, key: str, **by: float) -> None:
    """Make a key older than it is."""
    with tenant(site.shop.id):
        IdempotentReply.objects.filter(key=key).update(started_at=instant() - timedelta(**by))


def together(calls: list[Any]) -> list[Any]:
    """Run calls at once, each on its own connection."""
    barrier = threading.Barrier(len(calls))

    def one(call: Any) -> Any:
        try:
            barrier.wait(timeout=20)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result(timeout=60) for each in [pool.submit(one, call) for call in calls]]


def test_the_same_request_gets_the_same_answer_and_does_nothing_again(site):
    first = site.post("offers", monthly(), key="k1")
    again = site.post("offers", monthly(), key="k1")
    assert first.status_code == again.status_code == 201
    assert first.content == again.content and first["Content-Type"] == again["Content-Type"] == "application/json"
    assert REPLAYED not in first and again[REPLAYED] == "true"
    assert first["X-Request-Id"] != again["X-Request-Id"]
    assert count(site) == 1
    with tenant(site.shop.id):
        assert Event.objects.filter(kind="offer.created").count() == 1


def test_the_same_body_is_the_same_however_it_is_spelled(site):
    body = monthly()
    site.post("offers", body, key="k1")
    again = site.post("offers", dict(reversed(list(body.items()))), key="k1")
    assert again[REPLAYED] == "true"


def test_a_secret_that_is_shown_once_is_not_remembered(site):
    """Neither in the answer that made it nor in the one that rolled it: a replay says null in its place."""
    body = {"url": "https://hooks.shop.example/in"}
    first, again = (site.post("webhook_endpoints", body, key="k1") for _ in range(2))
    assert first.json()["secret"].startswith("whsec_")
    assert again[REPLAYED] == "true"
    assert again.json() == {**first.json(), "secret": None}
    rolled, replayed = (site.post(f"webhook_endpoints/{first.json()['id']}/roll", {}, key="k2") for _ in range(2))
    assert rolled.json()["secret"] not in (None, first.json()["secret"])
    assert replayed.json() == {**rolled.json(), "secret": None}
    assert all(b"whsec_" not in bytes(reply.body) for reply in replies(site))


def test_another_body_or_address_is_refused(site):
    site.post("offers", monthly(), key="k1")
    for answer in (
        site.post("offers", monthly("other"), key="k1"),
        site.post("features", monthly(), key="k1"),
        site.post("features", {"reference": "r", "kind": "switch", "title": {"en": "R"}}, key="k1"),
    ):
        assert problem(answer) == (422, "idempotency_key_reused") and REPLAYED not in answer
    assert count(site) == 1 and len(replies(site)) == 1


def test_a_key_belongs_to_one_merchant(site, stranger):
    assert site.post("offers", monthly(), key="k1").status_code == 201
    theirs = stranger.post("offers", monthly("theirs"), key="k1")
    assert theirs.status_code == 201 and REPLAYED not in theirs


def test_a_key_is_one_to_255_plain_characters(site):
    for key in ("", "x" * 256, "clé", "a\tb"):
        answer = site.call("POST", "offers", monthly(), key=key)
        assert problem(answer) == (400, "idempotency_key_malformed"), key
    assert site.post("offers", monthly(), key="x" * 255).status_code == 201
    assert count(site) == 1


def test_only_a_post_is_remembered(site):
    made = site.make("offers", monthly())
    assert site.get(f"offers/{made['id']}", **{"Idempotency-Key": "k"}).status_code == 200
    assert site.patch(f"offers/{made['id']}", {"visible": False}, **{"Idempotency-Key": "k"}).status_code == 200
    assert replies(site) == []


def test_a_conflict_is_kept(site):
    site.make("offers", monthly())
    first = site.post("offers", monthly(), key="k1")
    assert problem(first) == (409, "reference_taken")
    with tenant(site.shop.id):
        Offer.objects.update(reference="renamed")
    again = site.post("offers", monthly(), key="k1")
    assert again.content == first.content and again[REPLAYED] == "true" and again.status_code == 409
    assert again["Content-Type"] == "application/problem+json"
    assert count(site) == 1


def test_what_was_not_tried_frees_the_key(shop):
    site = Caller.of(shop)
    assert site.post("offers", monthly(currency="eur"), key="k1").status_code == 422
    assert site.call("POST", "offers", b"{", key="k1").status_code == 400
    assert site.call("POST", "offers", b"x" * 300_000, key="k1").status_code == 413
    assert site.call("POST", "offers", b"{}", key="k1", **{"Content-Type": "text/plain"}).status_code == 415
    assert site.call("POST", "offers", monthly(), key="k1", Authorization="Bearer sk_x").status_code == 401
    assert Caller.of(shop, "features:read").post("offers", monthly(), key="k1").status_code == 403
    assert replies(site) == []
    made = site.post("offers", monthly(), key="k1")
    assert made.status_code == 201 and REPLAYED not in made


def test_a_500_is_kept(site, monkeypatch):
    def fail(**_: Any) -> None:
        raise RuntimeError("unforeseen")

    site.client.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr("merchants.api.offers.create_offer", fail)
        first = site.post("offers", monthly(), key="k1")
    assert problem(first) == (500, "internal")
    again = site.post("offers", monthly(), key="k1")
    assert (again.status_code, again.content, again[REPLAYED]) == (500, first.content, "true")
    assert count(site) == 0


def test_an_answer_that_the_database_refuses_at_the_end_is_not_kept_as_done(site, monkeypatch):
    """A deferred guard fails after the answer was written: work and remembered answer go together."""
    real = offer_services.create_offer

    def with_broken_guard(**wish: Any) -> Offer:
        offer = real(**wish)
        with connection.cursor() as cursor:  # a key to a version that is none: checked on leaving the scope
            cursor.execute(
                "INSERT INTO merchants_versionoption SELECT gen_random_uuid(), 0, false, %s, gen_random_uuid(), id"
                " FROM merchants_offerversion WHERE offer_id = %s",
                [site.shop.id, offer.pk],
            )
        return offer

    site.client.raise_request_exception = False
    columns = "id, position, included, merchant_id, option_id, version_id"
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(column_name, ', ' ORDER BY ordinal_position) FROM information_schema.columns"
                       " WHERE table_name = 'merchants_versionoption'")  # fmt: skip
        assert cursor.fetchone()[0] == columns
    monkeypatch.setattr("merchants.api.offers.create_offer", with_broken_guard)
    assert problem(site.post("offers", monthly(), key="k1")) == (500, "internal")
    assert count(site) == 0
    assert [(reply.status, bytes(reply.body)[:1]) for reply in replies(site)] == [(500, b"{")]


CLOCK = {"time": "2026-11-22T09:30:00Z"}


def clocks(site: Caller) -> int:
    with tenant(site.shop.id):
        return Clock.objects.count()


def test_many_at_once_have_one_effect(shop):
    """Each either made it, was told that it is being made, or got the maker's answer; afterwards all get that."""
    callers = [Caller.of(shop) for _ in range(8)]
    answers = together([lambda each=each: each.post("test_clocks", CLOCK, key="k1") for each in callers])
    made = [answer for answer in answers if answer.status_code == 201]
    busy = [answer for answer in answers if answer.status_code == 409]
    assert len(made) + len(busy) == 8
    assert {problem(answer) for answer in busy} <= {(409, "idempotency_in_progress")}
    assert len([answer for answer in made if REPLAYED not in answer]) == 1
    assert len({answer.content for answer in made}) == 1
    assert clocks(callers[0]) == 1
    assert {each.post("test_clocks", CLOCK, key="k1").content for each in callers} == {made[0].content}


def test_without_a_key_many_at_once_have_many_effects(shop):
    """The negative control: nothing but the key makes them one."""
    callers = [Caller.of(shop) for _ in range(8)]
    answers = together([lambda each=each: each.post("test_clocks", CLOCK) for each in callers])
    assert [answer.status_code for answer in answers] == [201] * 8
    assert clocks(callers[0]) == 8


@pytest.fixture
def halted(monkeypatch):
    """The work stops in the middle until it is let go."""
    entered, go = threading.Event(), threading.Event()
    real = clock_services.create_test_clock
    first = threading.Lock()

    def slow(**wish: Any) -> Clock:
        if first.acquire(blocking=False):
            entered.set()
            assert go.wait(timeout=30)
        return real(**wish)

    monkeypatch.setattr("merchants.api.merchant.create_test_clock", slow)
    return entered, go


def test_while_the_first_runs_the_second_is_told_so(shop, halted):
    entered, go = halted
    one, two = Caller.of(shop), Caller.of(shop)
    with ThreadPoolExecutor(1) as pool:

        def work() -> Any:
            try:
                return one.post("test_clocks", CLOCK, key="k1")
            finally:
                connection.close()

        running = pool.submit(work)
        assert entered.wait(timeout=20)
        assert problem(two.post("test_clocks", CLOCK, key="k1")) == (409, "idempotency_in_progress")
        assert problem(two.post("test_clocks", {**CLOCK, "name": "other"}, key="k1")) == (422, "idempotency_key_reused")
        go.set()
        first = running.result(timeout=30)
    assert first.status_code == 201
    again = two.post("test_clocks", CLOCK, key="k1")
    assert again.content == first.content and again[REPLAYED] == "true"
    assert clocks(one) == 1


def test_who_lost_the_claim_while_it_slept_writes_nothing(shop, halted):
    """The owner began over a minute ago and is thought dead; another does the work; then the owner wakes up."""
    entered, go = halted
    one, two = Caller.of(shop), Caller.of(shop)
    with ThreadPoolExecutor(1) as pool:

        def work() -> Any:
            try:
                return one.post("test_clocks", CLOCK, key="k1")
            finally:
                connection.close()

        running = pool.submit(work)
        assert entered.wait(timeout=20)
        age(two, "k1", seconds=61)
        made = two.post("test_clocks", CLOCK, key="k1")
        assert made.status_code == 201 and REPLAYED not in made
        go.set()
        late = running.result(timeout=30)
    assert problem(late) == (409, "idempotency_in_progress")
    assert clocks(one) == 1
    assert [bytes(reply.body) for reply in replies(one)] == [made.content]


def test_a_claim_is_taken_over_after_a_minute_and_not_before(site):
    print_ = idempotency.fingerprint("POST", "/api/v1/offers", monthly())
    claimed = idempotency.claim(merchant_id=site.shop.id, key="k1", print_=print_)  # and its process dies
    assert isinstance(claimed, idempotency.Claim)
    age(site, "k1", seconds=55)
    assert problem(site.post("offers", monthly(), key="k1")) == (409, "idempotency_in_progress")
    age(site, "k1", seconds=61)
    assert problem(site.post("offers", monthly("other"), key="k1")) == (422, "idempotency_key_reused")
    made = site.post("offers", monthly(), key="k1")
    assert made.status_code == 201 and count(site) == 1
    assert [reply.pk for reply in replies(site)] == [claimed.reply_id]


def test_an_answer_is_kept_for_a_day_and_free_after_three(site):
    first = site.post("offers", monthly(), key="k1")
    age(site, "k1", hours=25)
    assert site.post("offers", monthly(), key="k1").content == first.content
    age(site, "k1", hours=73)
    assert site.post("offers", monthly("other"), key="k1").status_code == 201
    assert count(site) == 2


def test_old_answers_are_forgotten_once_an_hour(site):
    from django.core.cache import cache

    cache.clear()
    site.post("offers", monthly("a"), key="a")
    site.post("offers", monthly("b"), key="b")
    age(site, "a", hours=73)
    site.post("offers", monthly("c"), key="c")
    assert {reply.key for reply in replies(site)} == {"a", "b", "c"}  # looked already this hour
    cache.clear()
    site.post("offers", monthly("d"), key="d")
    assert {reply.key for reply in replies(site)} == {"b", "c", "d"}
