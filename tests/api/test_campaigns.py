"""`/offers/{id}/migrate`: seen, begun, read, its members, cancelled."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing import tasks
from merchants.ids import read
from tests.api.callers import faults
from tests.worlds import version_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_subscribers_are_moved_and_taken_back_by_the_api(site, shop):
    offer = shop.offer("hifi", ("month", None, 29_90))
    subs = [shop.subscribe(shop.enrol(name), offer) for name in ("ana", "bob")]
    version_of(shop, offer, 34_90)
    address = f"offers/{offer.public_id}"
    effect = shop.now().today + timedelta(days=45)
    body = {"version": 2, "effect_on": effect.isoformat(), "reason": "Dearer licences"}

    seen = site.post(f"{address}/migrate/preview", body).json()
    assert (seen["population"], seen["moved"], seen["left_out"]) == (2, 2, [])
    assert (seen["monthly_before"], seen["monthly_after"], seen["monthly_difference"]) == (59_80, 69_80, 10_00)
    assert {(one["amount_before"], one["amount_after"]) for one in seen["sample"]} == {(29_90, 34_90)}
    early = site.post(f"{address}/migrate", {**body, "effect_on": shop.now().today.isoformat()})
    assert (early.status_code, faults(early)) == (422, [("effect_on", "notice_too_short")])

    begun = site.post(f"{address}/migrate", body)
    assert (begun.status_code, begun.json()["status"]) == (202, "planning")
    tasks.carry_campaign_on(str(shop.id), str(read("cam", begun.json()["id"])))
    one = f"{address}/campaigns/{begun.json()['id']}"
    shown = site.get(one).json()
    assert (shown["status"], shown["counts"]["scheduled"]) == ("announced", 2)
    listed = site.get(f"{one}/members?state=scheduled").json()["data"]
    assert {row["subscription"] for row in listed} == {sub.public_id for sub in subs}
    assert all(row["due_on"] >= effect.isoformat() for row in listed)
    planned = site.get(f"subscriptions/{subs[0].public_id}").json()["scheduled"]
    assert [(wish["kind"], wish["offer_version"]) for wish in planned] == [("move_version", 2)]

    assert site.post(f"{one}/cancel", {}).json()["status"] == "cancelling"
    tasks.carry_campaign_on(str(shop.id), str(read("cam", begun.json()["id"])))
    assert site.get(one).json()["counts"]["skipped"] == 2
    assert site.get(f"{address}/campaigns").json()["data"][0]["status"] == "cancelled"
    assert site.get(f"subscriptions/{subs[0].public_id}").json()["scheduled"] == []


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("version", "2", "not_whole"),
        ("version", True, "not_whole"),
        ("version", 10**30, "out_of_range"),
        ("notice_days", 45.0, "not_whole"),
        ("notice_days", 367, "out_of_range"),
        ("keep_commitment", "yes", "not_a_flag"),
        ("keep_commitment", 1, "not_a_flag"),
        ("reason", " ", "reason_required"),
    ],
)
def test_what_is_not_of_its_type_is_refused_beside_its_field(site, shop, field, value, code):
    offer = shop.offer("hifi", ("month", None, 29_90))
    version_of(shop, offer, 34_90)
    effect = shop.now().today + timedelta(days=45)
    body = {"version": 2, "effect_on": effect.isoformat(), "reason": "Dearer licences", field: value}
    for way in ("migrate", "migrate/preview"):
        answer = site.post(f"offers/{offer.public_id}/{way}", body)
        assert (answer.status_code, faults(answer)) == (422, [(field, code)])
