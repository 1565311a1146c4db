"""Quotas used up: counted once a key, never beyond the quota, taken back, refused with the reason."""

from __future__ import annotations

import pytest

from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import Consumption, QuotaCounter, Subscription
from tests.api.callers import Caller, problem

pytestmark = pytest.mark.django_db(transaction=True)
CLASSES = "subscribers/ref:lucie/features/ref:classes"


@pytest.fixture
def bought(shop):
    """Lucie has bought: 4 classes a month plus 2 of an option, and a switch."""
    shop.feature("classes", "quota")
    shop.feature("sauna")
    shop.feature("massages", "quota")
    extra = shop.option("more", 2_00, features={"classes": {"quota": 2}}, adds=True)
    offer = shop.offer("club", ("month", None, 12_99), options=[extra], features={"classes": {"quota": 4}, "sauna": {}})
    return shop.buy(shop.enrol("lucie"), offer, options=[extra]).subscription


def stands(site):
    found = site.get(CLASSES).json()
    return found["used"], found["remaining"], found["quota"]


def written(shop):
    with tenant(shop.id):
        return Consumption.objects.count(), [row.used for row in QuotaCounter.objects.all()]


def test_a_use_is_counted_once_a_key_and_answers_the_same_again(site, shop, bought):
    assert stands(site) == (0, 6, 6)
    first = site.post(f"{CLASSES}/consume", {"key": "scan-1", "quantity": 2})
    assert first.status_code == 200, first.content
    found = first.json()
    assert found["id"].startswith("con_") and found["subscription"] == bought.public_id
    assert (found["used"], found["remaining"], found["quota"], found["unlimited"]) == (2, 4, 6, False)
    assert (found["period_start"], found["undoes"], found["undone_at"]) == (shop.now().today.isoformat(), None, None)
    assert (found["resets_on"], found["quantity"]) == (bought.current_period_end.isoformat(), 2)
    site.post(f"{CLASSES}/consume", {"key": "scan-2"})
    again = site.post(f"{CLASSES}/consume", {"key": "scan-1", "quantity": 2})
    assert (again.status_code, again.content) == (200, first.content)
    assert stands(site) == (3, 3, 6)
    assert written(shop) == (2, [3])


def test_the_same_key_with_another_quantity_is_refused(site, shop, bought):
    site.post(f"{CLASSES}/consume", {"key": "scan-1", "quantity": 2})
    other = site.post(f"{CLASSES}/consume", {"key": "scan-1", "quantity": 1})
    assert problem(other) == (422, "key_reused")
    assert [one["field"] for one in other.json()["errors"]] == ["key"]
    assert written(shop) == (1, [2])


def test_beyond_the_quota_nothing_is_counted_and_what_is_left_is_said(site, shop, bought):
    site.post(f"{CLASSES}/consume", {"key": "a", "quantity": 5})
    refused = site.post(f"{CLASSES}/consume", {"key": "b", "quantity": 2})
    assert problem(refused) == (409, "quota_exceeded")
    said = refused.json()
    assert (said["quota"], said["used"], said["remaining"]) == (6, 5, 1)
    assert said["resets_on"] == bought.current_period_end.isoformat()
    assert said["detail"].startswith("1 of 6 left until ")
    assert written(shop) == (1, [5])
    assert site.post(f"{CLASSES}/consume", {"key": "b", "quantity": 1}).json()["remaining"] == 0
    assert problem(site.post(f"{CLASSES}/consume", {"key": "c"})) == (409, "quota_exceeded")


def test_a_use_is_taken_back_once_and_its_key_is_spent(site, shop, bought):
    site.post(f"{CLASSES}/consume", {"key": "a", "quantity": 2})
    used = site.post(f"{CLASSES}/consume", {"key": "b", "quantity": 3}).json()
    undone = site.post(f"{CLASSES}/undo", {"key": "b", "reason": "class cancelled"})
    found = undone.json()
    assert (found["quantity"], found["undoes"], found["used"], found["remaining"]) == (-3, used["id"], 2, 4)
    assert found["reason"] == "class cancelled"
    assert site.post(f"{CLASSES}/undo", {"key": "b"}).content == undone.content
    assert stands(site) == (2, 4, 6)
    assert written(shop) == (3, [2])
    assert problem(site.post(f"{CLASSES}/consume", {"key": "b", "quantity": 3})) == (409, "consumption_undone")
    assert problem(site.post(f"{CLASSES}/undo", {"key": "z"})) == (422, "consumption_unknown")
    rows = site.get(f"{CLASSES}/consumptions").json()["data"]
    assert [(row["key"], row["quantity"], row["undone_at"] is None) for row in rows] == [
        ("b", -3, True),
        ("b", 3, False),
        ("a", 2, True),
    ]


def test_keys_of_other_people_and_features_are_others(site, shop, bought):
    offer = shop.offer("pool", ("month", None, 5_00), features={"classes": {"quota": 1}, "massages": {}})
    shop.buy(shop.enrol("camille"), offer)
    for path in (CLASSES, CLASSES.replace("lucie", "camille"), "subscribers/ref:camille/features/ref:massages"):
        assert site.post(f"{path}/consume", {"key": "yoga-2026-05-14"}).status_code == 200
    free = site.get("subscribers/ref:camille/features/ref:massages").json()
    assert (free["unlimited"], free["used"], free["remaining"], free["quota"]) == (True, 1, None, None)
    assert free["resets_on"] is not None


def close(shop, bought, **columns):
    with tenant(shop.id):
        row = Subscription.objects.get(pk=bought.pk)
        history.update(row, columns, actor=shop.actor, now=shop.now(), verb="access_changed")


def test_who_has_no_access_uses_nothing_and_is_told_why(site, shop, bought):
    site.post(f"{CLASSES}/consume", {"key": "a"})
    close(shop, bought, dunning="restrict", payment_state="overdue")
    refused = site.post(f"{CLASSES}/consume", {"key": "b"})
    assert problem(refused) == (409, "access_restricted")
    said = refused.json()
    assert (said["access"], said["why"]) == ("restricted", "unpaid")
    assert said["detail"] == "No access: an invoice is unpaid. Nothing was counted."
    close(shop, bought, dunning="suspend")
    assert problem(site.post(f"{CLASSES}/consume", {"key": "b"})) == (409, "access_none")
    assert site.post(f"{CLASSES}/consume", {"key": "a"}).status_code == 200, "what was counted is answered all the same"
    assert site.post(f"{CLASSES}/undo", {"key": "a"}).status_code == 200
    shop.enrol("nobody")
    none = site.post("subscribers/ref:nobody/features/ref:classes/consume", {"key": "a"})
    assert problem(none) == (409, "access_none") and none.json()["why"] == "no_subscription"
    assert written(shop) == (2, [0])


@pytest.mark.parametrize(
    ("feature", "expected"),
    [("sauna", (409, "not_a_quota")), ("massages", (409, "feature_off")), ("nothing", (404, "not_found"))],
)
def test_only_a_quota_that_one_has_is_used(site, shop, bought, feature, expected):
    assert problem(site.post(f"subscribers/ref:lucie/features/ref:{feature}/consume", {"key": "a"})) == expected
    assert written(shop) == (0, [])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "required"),
        ({"key": ""}, "blank"),
        ({"key": "k" * 121}, "max_length"),
        ({"key": "a\u0000"}, "text_not_storable"),
        ({"key": "a", "quantity": 0}, "out_of_range"),
        ({"key": "a", "quantity": -1}, "out_of_range"),
        ({"key": "a", "quantity": 1.5}, "not_whole"),
        ({"key": "a", "quantity": "1"}, "not_whole"),
        ({"key": "a", "quantity": 2**63}, "out_of_range"),
        ({"key": "a", "at": "2026-01-01T00:00:00Z"}, "field_unknown"),
        ({"key": "a", "used": 0}, "field_read_only"),
    ],
)
def test_bad_bodies_are_refused_by_the_field(site, shop, bought, body, code):
    answer = site.post(f"{CLASSES}/consume", body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
    assert written(shop) == (0, [])


def test_a_kiosk_s_key_counts_and_does_nothing_else(shop, bought):
    kiosk = Caller.of(shop, "consumptions:write")
    assert kiosk.post(f"{CLASSES}/consume", {"key": "a"}).status_code == 200
    assert problem(kiosk.get(CLASSES)) == problem(kiosk.get(f"{CLASSES}/consumptions")) == (403, "scope_missing")
    reader = Caller.of(shop, "subscribers:read", "subscribers:write")
    assert problem(reader.post(f"{CLASSES}/consume", {"key": "b"})) == (403, "scope_missing")
