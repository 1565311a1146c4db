"""`/subscriptions/{id}/reactivate`: back after the end, over the API."""

from __future__ import annotations

import pytest

from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.api.callers import problem

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ended(site, shop):
    club = shop.offer("Club", ("month", None, 20_00), setup_amount=15_00)
    sub = shop.subscribe(shop.enrol("lucie"), club)
    assert problem(site.post(f"subscriptions/{sub.public_id}/reactivate", {})) == (409, "subscription_not_ended")
    site.post(f"subscriptions/{sub.public_id}/cancel", {"when": "now"})
    return sub


def test_back_at_once(site, shop, ended):
    address = f"subscriptions/{ended.public_id}/reactivate"
    seen = site.post(f"{address}/preview", {"activation": "now"}).json()
    assert (seen["amount_due"], seen["left_out"], len(seen["documents"])) == (20_00, [], 1)
    with tenant(shop.id):
        assert Subscription.objects.count() == 1
    made = site.post(address, {"activation": "now", "quantity": 2, "reference": "BACK-1"})
    told = made.json()
    assert (made.status_code, told["reactivates"], told["status"]) == (201, ended.public_id, "active")
    assert (told["quantity"], told["reference"], told["checkout_session"]) == (2, "BACK-1", None)
    assert site.get(f"subscriptions/{ended.public_id}").json()["status"] == "ended"
    for act in (address, f"{address}/preview"):
        assert problem(site.post(act, {"activation": "now"})) == (409, "already_reactivated")


def test_what_cannot_be_is_refused_field_by_field_and_nothing_is_written(site, shop, ended):
    address = f"subscriptions/{ended.public_id}/reactivate"
    assert problem(site.post(address, {})) == (409, "payment_method_missing")
    assert problem(site.post(address, {"activation": "later"})) == (422, "invalid_choice")
    assert site.post(address, {"quantity": 0}).json()["errors"][0]["field"] == "quantity"
    assert site.post(address, {"coupons": ["cou_nobody"]}).json()["errors"][0]["field"] == "coupons[0]"
    assert problem(site.post(address, {"offer": "off_1"})) == (422, "field_read_only")  # it is the ended one's
    with tenant(shop.id):
        assert Subscription.objects.count() == 1
