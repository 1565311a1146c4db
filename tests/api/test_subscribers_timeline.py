"""`/subscribers/{id}/timeline`: changes and events in one order, by keyset, at the same cost however long the life."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from merchants.now import Now
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber
from subscribers.services import enrolment
from tests.api.callers import faults, problem
from tests.worlds import forget, utc

pytestmark = pytest.mark.django_db(transaction=True)


def lived(shop, reference, changes):
    """A subscriber who moved house so many times, once a day."""
    with tenant(shop.id):
        now = Now(at=utc("2025-01-01T10:00"), zone="Europe/Paris")
        row = enrolment.enrol(
            {"reference": reference, "name": "Lucie"}, merchant=shop.merchant, actor=shop.actor, now=now
        )
        for n in range(1, changes):
            now = Now(at=now.at + timedelta(days=1), zone=now.zone)
            enrolment.revise(row, {"city": f"Ville {n}"}, actor=shop.actor, now=now)
    return row


def test_changes_and_events_stand_in_one_order_newest_first(site, shop):
    lived(shop, "lucie", 3)
    page = site.get("subscribers/ref:lucie/timeline").json()
    assert (len(page["data"]), page["has_more"], page["next_cursor"]) == (6, False, None)
    assert [row["at"] for row in page["data"]] == sorted((row["at"] for row in page["data"]), reverse=True)
    assert [(row["object"], row["kind"], row["type"]) for row in page["data"][:2]] == [
        ("event", "life", "subscriber.updated"),
        ("change", "change", "subscriber.updated"),
    ]
    change, event = page["data"][1], page["data"][0]
    assert (change["change"]["before"], change["change"]["after"]) == ({"city": "Ville 1"}, {"city": "Ville 2"})
    assert change["actor"] == {"kind": "api_key", "id": "key_test", "label": "test key"}
    assert change["event"] is None and event["change"] is None
    assert event["event"]["data"]["object"]["address"]["city"] == "Ville 2"
    assert (event["actor"]["label"], event["channel"]) == ("test key", "api")


def test_pages_by_cursor_hold_everything_once(site, shop):
    lived(shop, "lucie", 8)
    whole = [row["id"] for row in site.get("subscribers/ref:lucie/timeline?limit=100").json()["data"]]
    seen, cursor = [], ""
    while True:
        page = site.get(f"subscribers/ref:lucie/timeline?limit=3{cursor}").json()
        seen += [row["id"] for row in page["data"]]
        if not page["has_more"]:
            assert page["next_cursor"] is None
            break
        assert len(page["data"]) == 3
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == whole and len(set(seen)) == 16


def test_a_cursor_is_of_one_life(site, shop):
    lived(shop, "lucie", 3), lived(shop, "anne", 3)
    cursor = site.get("subscribers/ref:lucie/timeline?limit=1").json()["next_cursor"]
    for wrong in (f"ref:anne/timeline?cursor={cursor}", "ref:anne/timeline?cursor=x", "ref:anne/timeline?cursor=W10"):
        assert faults(site.get(f"subscribers/{wrong}")) == [("cursor", "cursor_invalid")]


def test_kinds_and_channels_are_filtered(site, shop):
    shop.feature("quality", "level", ["standard", "hifi"])
    offer = shop.offer("hifi", ("month", None, 12_99), features={"quality": {"level": "hifi"}})
    shop.buy(shop.enrol("lucie"), offer)

    def types(query):
        return [row["type"] for row in site.get(f"subscribers/ref:lucie/timeline?{query}").json()["data"]]

    money = types("kind=money")
    assert set(money) == {"payment.succeeded", "invoice.finalized", "invoice.paid", "checkout_session.completed"}
    assert all("." in one for one in types("kind=change")) and "grant.opened" in types("kind=change")
    assert "invoice.paid" not in types("kind=life") and "subscription.activated" in types("kind=life")
    assert types("kind=message") == [] and types("kind=alert") == []
    assert "subscriber.created" in types("channel=api") and types("channel=portal") == []
    assert set(types("channel=api") + types("channel=system")) == set(types("limit=100"))
    assert faults(site.get("subscribers/ref:lucie/timeline?kind=invoices")) == [("kind", "invalid_choice")]
    assert problem(site.get("subscribers/ref:nobody/timeline")) == (404, "not_found")


def test_what_was_erased_says_so_everywhere(site, shop):
    lived(shop, "lucie", 2)
    with tenant(shop.id):
        forget(Subscriber.objects.get(reference="lucie"), "name")
    page = site.get("subscribers/ref:lucie/timeline").json()["data"]
    created = next(row for row in page if row["type"] == "subscriber.created" and row["object"] == "change")
    assert created["change"]["after"]["name"] == "erased"
    told = next(row for row in page if row["type"] == "subscriber.created" and row["object"] == "event")
    assert told["event"]["data"]["object"]["name"] == "erased"
    assert "Lucie" not in str(page)


def test_what_a_page_costs_does_not_depend_on_the_length_of_the_life(site, shop):
    lived(shop, "short", 3), lived(shop, "long", 300)
    site.get("subscribers/ref:short")  # the first use of a key is noted
    counts = []
    for reference in ("short", "long"):
        with CaptureQueriesContext(connection) as asked:
            page = site.get(f"subscribers/ref:{reference}/timeline?limit=6").json()
        assert len(page["data"]) == 6
        counts.append([one["sql"].split(" FROM ")[1].split()[0] for one in asked if " FROM " in one["sql"]])
    assert counts[0] == counts[1]
    assert counts[0][-3:] == ['"subscribers_change"', '"merchants_event"', '"subscribers_personalvalue"']
