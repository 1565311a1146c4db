"""What was true, what was known, and what differs between two moments: `as_of`, `known_at`, `/diff` (domain 23)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.flows import asks, schedule
from billing.flows.purchase import WishedOption
from merchants.actors import Actor, ActorKind, Channel
from merchants.clock import instant
from merchants.now import Now
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import Change, Subscriber, Subscription
from subscribers.services import enrolment
from tests.api.callers import faults, problem
from tests.worlds import forget, utc

pytestmark = pytest.mark.django_db(transaction=True)
ZONE = "Europe/Paris"
JULIE = Actor(kind=ActorKind.member, id="mem_julie", label="Julie", channel=Channel.call_centre)


def said(at) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


@pytest.fixture
def lucie(shop):
    """Enrolled in March, moved in May; in June somebody writes down what counts since April."""
    with tenant(shop.id):
        first = Now(at=utc("2026-03-01T10:00"), zone=ZONE)
        known = {"reference": "lucie", "name": "Lucie Garnier", "city": "Lyon"}
        row = enrolment.enrol(known, merchant=shop.merchant, actor=shop.actor, now=first)
        moved = Now(at=utc("2026-05-01T10:00"), zone=ZONE)
        enrolment.revise(row, {"city": "Paris"}, actor=JULIE, now=moved, reason="She called")
        late = Now(at=utc("2026-06-10T10:00"), zone=ZONE)
        history.update(
            row, {"company": "Petit SARL"}, actor=JULIE, now=late, verb="updated", effective_at=utc("2026-04-01T00:00")
        )
    return row


@pytest.fixture
def sold(shop):
    """Bought with one option; another one is planned for the next period."""
    shop.feature("quality", "level", ["standard", "hifi"])
    device, extra = shop.option("device", 2_00), shop.option("extra", 3_00)
    offer = shop.offer("hifi", ("month", None, 12_99), options=[device, extra], features={"quality": {"level": "hifi"}})
    made = shop.subscribe(shop.enrol("camille"), offer, options=[device])
    bought = instant()
    ask = asks.AddOption(wished=WishedOption(option=extra))
    schedule.schedule(merchant_id=shop.id, subscription_id=made.pk, ask=ask, actor=shop.actor)
    planned = instant()
    schedule.undo(merchant_id=shop.id, subscription_id=made.pk, kind=None, actor=shop.actor)
    return made, bought, planned


PATHS = ("", "/features", "/access")


def test_what_was_not_there_then_is_404_and_says_since_when_it_is(site, shop, lucie, sold):
    made, _, _ = sold
    for path in PATHS:
        for moment in ("as_of", "known_at"):
            refused = site.get(f"subscribers/ref:lucie{path}?{moment}=2026-02-28T23:59:59Z")
            assert problem(refused) == (404, "not_there_then"), path
            assert "It was first written down at 2026-" in refused.json()["detail"]
    assert problem(site.get("subscribers/ref:lucie?as_of=2026-05-01T00:00:00Z&known_at=2026-01-01T00:00:00Z"))[0] == 404
    assert problem(site.get(f"subscriptions/{made.public_id}?as_of=2001-01-01T00:00:00Z")) == (404, "not_there_then")
    assert problem(site.get("subscribers/ref:nobody?as_of=2001-01-01T00:00:00Z")) == (404, "not_found")
    for address in ("subscribers/ref:lucie", f"subscriptions/{made.public_id}"):
        refused = site.get(f"{address}/diff?from=2000-01-01T00:00:00Z&to=2001-01-01T00:00:00Z")
        assert problem(refused) == (404, "not_there_then")


def test_no_moment_that_has_not_come_or_is_none(site, lucie, sold):
    made, _, _ = sold
    ahead = said(instant() + timedelta(minutes=10))
    little = said(instant() + timedelta(minutes=1))
    for address in ("subscribers/ref:lucie", "subscribers/ref:lucie/features", f"subscriptions/{made.public_id}"):
        for moment in ("as_of", "known_at"):
            assert faults(site.get(f"{address}?{moment}={ahead}")) == [(moment, "moment_to_come")]
            assert site.get(f"{address}?{moment}={little}").status_code == 200, "a clock a little ahead means now"
            for wrong in ("2026-04-01", "2026-04-01T10:00:00", "yesterday", "2026-13-01T00:00:00Z", ""):
                assert faults(site.get(f"{address}?{moment}={wrong}"))[0][0] == moment, wrong
    for address in ("subscribers/ref:lucie/diff", f"subscriptions/{made.public_id}/diff"):
        assert faults(site.get(address)) == [("from", "required")]
        assert faults(site.get(f"{address}?from=2026-05-01")) == [("from", "not_an_instant")]
        assert faults(site.get(f"{address}?from={ahead}")) == [("from", "moment_to_come")]
        backwards = site.get(f"{address}?from=2026-05-02T00:00:00Z&to=2026-05-01T00:00:00Z")
        assert faults(backwards) == [("to", "span_reversed")]
        assert faults(site.get(f"{address}?from=2026-05-01T00:00:00Z&until=x")) == [("until", "parameter_unknown")]


def test_a_moment_taken_from_an_answer_finds_what_it_names(site, lucie):
    """Answers are cut to the second: a moment without a fraction means the whole of its second."""
    with tenant(lucie.merchant_id):
        at = utc("2026-07-01T10:00:05") + timedelta(milliseconds=400)
        enrolment.revise(lucie, {"city": "Brest"}, actor=JULIE, now=Now(at=at, zone=ZONE))
    newest = site.get("changes?subscriber=" + lucie.public_id).json()["data"][0]
    assert newest["recorded_at"] == newest["effective_at"] == "2026-07-01T10:00:05Z"
    for moment in ("as_of", "known_at"):
        then = site.get(f"subscribers/ref:lucie?{moment}={newest['effective_at']}").json()
        assert then["address"]["city"] == "Brest"
        exact = site.get(f"subscribers/ref:lucie?{moment}=2026-07-01T10:00:05.3Z").json()
        assert exact["address"]["city"] == "Paris"


def test_a_past_subscription_has_the_options_and_plans_of_then(site, sold):
    made, bought, planned = sold
    address = f"subscriptions/{made.public_id}"
    present = site.get(address).json()
    first, waited = (site.get(f"{address}?as_of={said(at)}").json() for at in (bought, planned))
    (device,) = first["options"]
    assert present["options"] == first["options"] == waited["options"] and device["quantity"] == 1
    assert (first["scheduled"], present["scheduled"]) == ([], [])
    (wish,) = waited["scheduled"]
    assert (wish["kind"], wish["due_on"]) == ("add_option", present["current_period"]["end"])
    assert wish["options"][0]["quantity"] == 1
    knowing = site.get(f"{address}?known_at={said(planned)}").json()
    assert knowing == waited
    now = site.get(f"{address}?as_of={said(instant())}").json()
    kept = {"next_action_at": None, "latest_invoice": None}
    assert now == {**present, **kept}, "as of now is what it is, but for what has no past"


def test_past_features_and_access(site, shop, sold):
    made, bought, _ = sold
    with tenant(shop.id):
        row = Subscription.objects.get(pk=made.pk)
        now = shop.now()
        over = {
            "status": "ended", "ended_at": now.at, "end_reason": "cancelled", "next_action_at": None,
            "service_ends_on": now.today, "billing_ends_on": now.today, "access": "none", "access_reason": "ended",
        }  # fmt: skip
        history.update(row, over, actor=shop.actor, now=now, verb="ended")
    address, then = "subscribers/ref:camille", f"?as_of={said(bought)}"
    assert site.get(f"{address}/features").json()["data"] == []
    (quality,) = site.get(f"{address}/features{then}").json()["data"]
    assert (quality["reference"], quality["level"]) == ("quality", "hifi")
    assert quality["sources"][0]["title"] == {"en": "hifi", "fr": "hifi"}
    assert site.get(f"{address}/features/ref:quality{then}").json() == quality
    assert site.get(f"{address}/features/ref:quality").json()["on"] is False
    verdicts = [site.get(f"{address}/access{query}").json() for query in ("", then)]
    assert [(one["access"], one["why"]) for one in verdicts] == [("none", "no_subscription"), ("full", "active")]
    assert verdicts[1]["subscriptions"][0]["status"] == "active"


def diff(site, address, **span):
    query = "&".join(
        f"{name.strip('_')}={value if isinstance(value, str) else said(value)}" for name, value in span.items()
    )
    answer = site.get(f"{address}/diff?{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def fields_of(found, kind):
    (subject,) = [one for one in found["differences"] if one["kind"] == kind]
    return {one["field"]: (one["before"], one["after"]) for one in subject["fields"]}


def test_two_dates_of_a_subscriber_differ_by_what_was_changed_by_whom_and_why(site, lucie):
    found = diff(site, "subscribers/ref:lucie", from_="2026-04-15T00:00:00Z", to="2026-05-15T00:00:00Z")
    assert (found["object"], found["from"], found["known_at"]) == ("diff", "2026-04-15T00:00:00Z", None)
    assert fields_of(found, "subscriber") == {"city": ("Lyon", "Paris")}
    (subject,), (change,) = found["differences"], found["changes"]
    assert (subject["subject"], subject["what"], subject["subscription"]) == (lucie.public_id, "changed", None)
    assert subject["fields"][0]["changes"] == [change["id"]] and subject["fields"][0]["more"] == 0
    assert (change["actor"]["label"], change["channel"], change["reason"]) == ("Julie", "call_centre", "She called")
    assert change["after"]["city"] == "Paris"


def test_what_was_known_then_is_compared_where_it_is_asked(site, lucie):
    span = {"from_": "2026-03-15T00:00:00Z", "to": "2026-04-15T00:00:00Z"}
    assert fields_of(diff(site, "subscribers/ref:lucie", **span), "subscriber") == {"company": ("", "Petit SARL")}
    assert diff(site, "subscribers/ref:lucie", **span, known_at="2026-06-01T00:00:00Z")["differences"] == []
    whole = diff(site, "subscribers/ref:lucie", from_="2026-02-01T00:00:00Z", to="2026-06-30T00:00:00Z")
    (subject,) = whole["differences"]
    assert subject["what"] == "added"
    added = fields_of(whole, "subscriber")
    assert added["city"] == (None, "Paris") and added["company"] == (None, "Petit SARL")
    assert "phone" not in added and "payer" not in added, "what says nothing is not named"
    assert [one["verb"] for one in whole["changes"]] == ["created", "updated", "updated"]


def test_what_came_and_went_does_not_differ(site, lucie):
    with tenant(lucie.merchant_id):
        back = Now(at=utc("2026-07-01T10:00"), zone=ZONE)
        enrolment.revise(lucie, {"city": "Lyon"}, actor=JULIE, now=back)
    found = diff(site, "subscribers/ref:lucie", from_="2026-04-15T00:00:00Z")
    assert (found["differences"], found["changes"]) == ([], [])


def test_an_erased_value_differs_as_erased(site, lucie):
    with tenant(lucie.merchant_id):
        forget(lucie, "city")
    found = diff(site, "subscribers/ref:lucie", from_="2026-04-15T00:00:00Z")
    assert fields_of(found, "subscriber") == {"city": ("erased", "erased")}
    assert found["changes"][0]["after"] == {"city": "erased"}


def test_two_dates_of_a_subscription(site, shop, sold):
    made, bought, planned = sold
    address = f"subscriptions/{made.public_id}"
    found = diff(site, address, from_=bought, to=planned)
    (wish,) = found["differences"]
    assert (wish["kind"], wish["what"], wish["subscription"]) == ("scheduled_change", "added", made.public_id)
    assert fields_of(found, "scheduled_change")["status"] == (None, "waiting")
    undone = diff(site, address, from_=planned)
    assert fields_of(undone, "scheduled_change")["status"] == ("waiting", "revoked")
    site.post(f"{address}/cancel", {"reason": "Moves abroad"})
    left = diff(site, address, from_=instant() - timedelta(seconds=1))
    seen = fields_of(left, "subscription")
    assert seen["cancel_reason"] == ("", "Moves abroad") and seen["service_ends_on"][0] is None
    everything = diff(site, address, from_="2020-01-01T00:00:00Z")
    kinds = [(one["kind"], one["what"]) for one in everything["differences"]]
    assert sorted(kinds) == [(kind, "added") for kind in ("grant", "option", "scheduled_change", "subscription")]
    of_life = diff(site, "subscribers/ref:camille", from_="2020-01-01T00:00:00Z")
    assert {one["kind"] for one in of_life["differences"]} == {kind for kind, _ in kinds} | {"subscriber"}
    offer = fields_of(everything, "subscription")
    assert offer["payer"] == (None, site.get("subscribers/ref:camille").json()["id"]), "ids as the API shows them"


def test_a_comparison_asks_as_much_of_a_long_life_as_of_a_short_one(site, shop, lucie):
    def asked(path):
        site.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert site.get(path).status_code == 200
        return len(queries)

    paths = [
        "subscribers/ref:lucie/diff?from=2026-01-01T00:00:00Z",
        "subscribers/ref:lucie?as_of=2026-10-01T00:00:00Z",
        "subscribers/ref:lucie/features?as_of=2026-10-01T00:00:00Z",
    ]
    before = [asked(path) for path in paths]
    with tenant(shop.id):
        for n in range(60):
            at = Now(at=utc("2026-08-01T10:00") + timedelta(hours=n), zone=ZONE)
            enrolment.revise(lucie, {"city": f"V{n}"}, actor=JULIE, now=at)
        assert Change.objects.filter(subscriber=lucie).count() == 63
    assert [asked(path) for path in paths] == before
    found = diff(site, "subscribers/ref:lucie", from_="2026-07-15T00:00:00Z")
    (subject,) = found["differences"]
    assert (len(subject["fields"][0]["changes"]), subject["fields"][0]["more"]) == (20, 40)
    assert len(found["changes"]) == 20 and found["changes"][-1]["after"]["city"] == "V59"


def test_reading_the_present_costs_no_history(site, shop, lucie):
    for path in ("subscribers/ref:lucie", "subscribers/ref:lucie/features", "subscribers/ref:lucie/access"):
        with CaptureQueriesContext(connection) as queries:
            site.get(path)
        assert not [one for one in queries if "subscribers_change" in one["sql"]], path
    with tenant(shop.id):
        assert Subscriber.objects.get(pk=lucie.pk).city == "Paris"
