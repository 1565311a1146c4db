"""`/subscriptions/{id}/add_coupon` and `remove_coupon`."""

from __future__ import annotations

import pytest

from billing.api.couponing import CouponPreviewShape
from merchants.models import Coupon
from merchants.tenancy.scope import tenant
from tests.api.callers import problem

pytestmark = pytest.mark.django_db(transaction=True)


def test_added_shown_and_removed(site, shop):
    sub = shop.subscribe(shop.enrol("lucie"), shop.offer("Club", ("month", None, 20_00)))
    with tenant(shop.id):
        one = Coupon.objects.create(
            code="Q", reference="q", percent_off="25", duration="forever", created_at=shop.now().at
        )
    address, body = f"subscriptions/{sub.public_id}", {"coupon": one.public_id}
    seen = site.post(f"{address}/add_coupon/preview", body).json()
    assert set(seen) == set(CouponPreviewShape.__annotations__)
    assert ([each["amount"] for each in seen["before"]], [each["amount"] for each in seen["later"]]) == (
        [20_00],
        [15_00],
    )
    assert site.get(address).json()["coupons"] == []
    told = site.post(f"{address}/add_coupon", body).json()
    (held,) = told["coupons"]
    assert (held["coupon"], held["code"], held["periods_used"], held["ended_at"]) == (one.public_id, "Q", 0, None)
    at = site.get(address).json()
    assert at["coupons"] == told["coupons"]
    for act in ("add_coupon", "add_coupon/preview"):
        assert problem(site.post(f"{address}/{act}", body)) == (409, "coupon_attached")
    assert site.post(f"{address}/remove_coupon/preview", body).json()["later"][0]["amount"] == 20_00
    assert site.post(f"{address}/remove_coupon", body).json()["coupons"][0]["ended_at"] is not None
    assert problem(site.post(f"{address}/remove_coupon", body)) == (409, "coupon_not_attached")
    assert site.post(f"{address}/add_coupon", {"coupon": "cou_1"}).json()["errors"][0]["field"] == "coupon"
    assert site.post(f"{address}/add_coupon", {}).json()["errors"][0]["field"] == "coupon"


def test_given_with_another_offer(site, shop):
    sub = shop.subscribe(shop.enrol("lucie"), shop.offer("Club", ("month", None, 20_00)))
    other = shop.offer("Plus", ("month", None, 40_00))
    one = shop.coupon("H", percent_off="50", duration="forever")
    address = f"subscriptions/{sub.public_id}/change_offer"
    body = {"offer": other.public_id, "coupons": ["ref:h"], "when": "period_end"}
    seen = site.post(f"{address}/preview", body).json()
    assert (seen["amount_due"], [each["amount"] for each in seen["later"]][-1]) == (20_00, 20_00)
    (planned,) = site.post(address, body).json()["scheduled"]
    assert planned["coupons"] == [one.public_id]
    unknown = site.post(address, {**body, "coupons": ["cou_1"]}).json()
    assert [(each["field"], each["code"]) for each in unknown["errors"]] == [("coupons[0]", "not_found")]
    (planned,) = site.post(address, {"offer": other.public_id, "when": "period_end"}).json()["scheduled"]
    assert planned["coupons"] is None
