"""A coupon added and taken off from a subscriber's page: what comes then, before it is done."""

from __future__ import annotations

import pytest

from merchants.models import Coupon
from merchants.tenancy.scope import tenant
from subscribers.models import SubscriptionCoupon
from tests.pages.hosted import text_of
from tests.pages.test_withdrawing import sit, url

pytestmark = pytest.mark.django_db(transaction=True)


def test_added_by_its_code_and_taken_off(shop):
    lucie, desk = shop.enrol("lucie"), sit(shop, "support")
    sub = shop.subscribe(lucie, shop.offer("Club", ("month", None, 20_00)))
    with tenant(shop.id):
        Coupon.objects.create(
            code="Quarter", reference="q", percent_off="25", duration="forever", created_at=shop.now().at
        )
    add = url(shop, "subscription-coupon", subscription=sub.public_id)
    off = url(shop, "subscription-without-coupon", subscription=sub.public_id)
    home = url(shop, "subscriber", subscriber=lucie.public_id)
    page = desk.get(home).content.decode()
    assert f'hx-get="{add}"' in page and off not in page
    assert "We do not know this code." in text_of(desk.get(add, {"coupon": "nope"}))
    said = text_of(desk.get(add, {"coupon": " quarter"}))
    assert "€15.00" in said and "Instead of" in said and "€20.00" in said
    with tenant(shop.id):
        assert not SubscriptionCoupon.objects.exists()
    assert desk.post(add, {"coupon": "QUARTER", "reason": "Called twice"}).status_code == 302
    page = desk.get(home)
    assert "Coupon Quarter" in text_of(page) and f'hx-get="{off}"' in page.content.decode()
    refused = desk.post(add, {"coupon": "quarter"})
    assert refused.status_code == 422 and "on the subscription already" in text_of(refused)
    assert "€20.00" in text_of(desk.get(off, {"coupon": "Quarter"}))
    assert desk.post(off, {"coupon": "Quarter"}).status_code == 302
    assert "Coupon Quarter taken off" in text_of(desk.get(home))
    with tenant(shop.id):
        assert SubscriptionCoupon.objects.get().ended_at is not None
    assert sit(shop, "read_only", email="reads@couponing.example").post(add, {"coupon": "Quarter"}).status_code == 403
