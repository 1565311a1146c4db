"""Who left is taken back from their page."""

from __future__ import annotations

import pytest

from billing.flows import cancel
from billing.flows.cancel import Leaving
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.pages.hosted import text_of
from tests.pages.test_withdrawing import sit, url
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_dialog_says_what_it_costs_and_begins_it(shop):
    club = shop.offer("Club", ("month", 1, 0), ("month", None, 20_00), setup_amount=15_00)
    lucie, desk = shop.enrol("lucie"), sit(shop, "support")
    sub = shop.subscribe(lucie, club)
    address = url(shop, "subscription-reactivate", subscription=sub.public_id)
    home = url(shop, "subscriber", subscriber=lucie.public_id)
    assert address not in desk.get(home).content.decode()
    assert "has not ended" in text_of(desk.get(address))
    cancel.cancel(merchant_id=shop.id, subscription_id=sub.pk, leaving=Leaving(when="now"), actor=TESTER)
    assert f'hx-get="{address}"' in desk.get(home).content.decode()
    said = text_of(desk.get(address))
    assert "Reactivate Club" in said and "To pay now €20.00" in said and "setup" not in said.partition("Now,")[2]
    with tenant(shop.id):
        assert Subscription.objects.count() == 1
    assert desk.post(address).status_code == 302
    with tenant(shop.id):
        again = Subscription.objects.get(reactivates=sub)
        assert (again.status, again.stage_position) == ("active", 1)
    page = desk.get(home).content.decode()
    assert address not in page and "Club taken up again after its end" in text_of(desk.get(home))
    refused = desk.post(address)
    assert refused.status_code == 422 and "goes on in another one already" in text_of(refused)
    assert sit(shop, "read_only", email="reads@returning.example").post(address).status_code == 403
