"""What has ended, or has not begun, says so in words in the reader's language, whatever is asked of it."""

from __future__ import annotations

import pytest

from merchants.models import Coupon
from merchants.tenancy.scope import tenant
from tests.api.callers import problem
from tests.api.subscribed import told_of

pytestmark = pytest.mark.django_db(transaction=True)
ASKED = {
    "change_offer": {"offer": "ref:hifi"},
    "set_quantity": {"quantity": 2},
    "add_option": {"option": "ref:extra"},
    "suspend": {},
    "cancel": {},
    "withdraw": {},
    "move_renewal": {"date": "2027-01-31", "reason": "asked"},
}


def test_what_has_ended_says_so_whatever_is_asked_of_it(shop, site, sold):
    told = told_of(site, {"activation": "now"})
    address = f"subscriptions/{told['id']}"
    assert site.post(f"{address}/cancel", {"when": "now", "refund": "none"}).status_code == 200
    with tenant(shop.id):
        coupon = Coupon.objects.get().public_id
    for action, body in {**ASKED, "add_coupon": {"coupon": coupon}}.items():
        answer = site.post(f"{address}/{action}", body)
        assert problem(answer) == (409, "subscription_not_running"), action
        assert answer.json()["detail"] == "This subscription has already ended.", action
    french = site.post(f"{address}/cancel", {}, **{"Accept-Language": "fr"})
    assert french.json()["detail"] == "Cet abonnement est déjà terminé."
    charge = site.post("charges", {"subscription": told["id"], "title": {"en": "Visit"}, "amount": 5_00})
    assert problem(charge) == (409, "subscription_over")
    assert charge.json()["detail"] == "This subscription has already ended."


def test_what_has_not_begun_says_so(shop, site, sold):
    told = told_of(site, {"start_on": "2027-06-01", "activation": "now"})
    answer = site.post(f"subscriptions/{told['id']}/suspend", {})
    assert problem(answer) == (409, "subscription_not_running")
    assert answer.json()["detail"] == "This subscription has not begun."
