"""What the dialogs of pauses, moved renewals, gifts and ends say, in the reader's language and of the right money."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse

from billing.flows.usage import Reported, record_usage
from merchants.metered import UsageTerm, usage_json
from merchants.models import Feature, Membership
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.pages.hosted import text_of
from tests.pages.offices import logged_in, person
from tests.stories.statements import World

pytestmark = pytest.mark.django_db(transaction=True)


class Desk:
    """An owner at the dialogs of one subscription, on a clock at 10 November 2026: 30.00 for the month."""

    def __init__(self, shop, locale="en", **terms):
        self.shop, self.world = shop, World.on(shop, "2026-11-01")
        self.extra = shop.option("Device", 2_00)
        self.row = self.world.subscribe(shop.offer("Salon", ("month", None, 30_00, terms), options=[self.extra]))
        self.world.until("2026-11-10")
        user = person(locale=locale)
        with tenant(shop.id):
            Membership.objects.create(user=user, role="owner", created_at=shop.now().at)
        self.client = logged_in(user)

    def says(self, name, **asked):
        named = {"merchant": self.shop.merchant.public_id, "subscription": self.row.public_id}
        return text_of(self.client.get(reverse(f"office:{name}", kwargs=named), asked)).replace("\u00a0", " ")

    def post(self, name, **asked):
        named = {"merchant": self.shop.merchant.public_id, "subscription": self.row.public_id}
        return self.client.post(reverse(f"office:{name}", kwargs=named), asked)

    def page(self):
        named = {"merchant": self.shop.merchant.public_id, "subscriber": self.world.person().public_id}
        return text_of(self.client.get(reverse("office:subscriber", kwargs=named)))


def test_a_suspension_says_its_days_and_what_will_be_given_back_for_them(shop):
    desk = Desk(shop)
    asked = {"from_on": "2026-11-10", "until_on": "2026-11-24", "billing": "stop", "makes_good": "credit", "reason": ""}
    said = desk.says("subscription-suspend", **asked)
    assert "Without service 10 to 23 November" in said
    assert "Paid and lost credited when it is over 14 days" in said
    assert "Credit note when it is over to the balance €14.00" in said  # 30.00 × 14/30
    assert "To pay now €0.00" in said
    open_ended = desk.says("subscription-suspend", **{**asked, "until_on": ""})
    assert "Without service from 10 November on" in open_ended and "Credit note" not in open_ended


def test_while_billing_stands_still_no_next_charge_is_told(shop):
    desk = Desk(shop)
    assert "Next charge Tuesday 1 December Salon" in desk.page()
    assert desk.post("subscription-suspend", from_on="2026-11-10", billing="stop", makes_good="none").status_code == 302
    assert "Next charge None Nothing is billed until it is resumed" in desk.page()
    with tenant(shop.id):
        assert Subscription.objects.get().status == "suspended"


def test_days_that_are_added_and_refusals_read_in_french(shop):
    desk = Desk(shop, locale="fr")
    said = desk.says("subscription-move", date="2026-12-20", added_days="charged", reason="")
    assert "Jours ajoutés 19 jours" in said
    assert "30,00 × 19/30 = 19,00, du 1er au 19 décembre" in said and "19.00" not in said
    early = desk.says("subscription-move", date="2026-12-20", added_days="free", reason="")
    assert "2026-" not in early.split("Ce que cela change")[-1]
    far = desk.says("subscription-move", date="2029-01-01", added_days="charged", reason="")
    assert "1er novembre 2026" in far and "2026-11-01" not in far
    desk.post("subscription-suspend", from_on="2026-11-20", billing="stop", makes_good="none")
    again = desk.post("subscription-suspend", from_on="2026-11-21", billing="stop", makes_good="none")
    assert "ou le sera à partir du 20 novembre 2026" in text_of(again).replace("\u00a0", " ")


def test_a_gift_stands_at_nothing_with_what_it_would_have_cost(shop):
    desk = Desk(shop)
    asked = {"option": desk.extra.public_id, "quantity": "2", "complimentary": "on", "periods": "2", "when": "now"}
    said = desk.says("subscription-option", **asked, reason="Broken on 3 November")
    assert "Device × 2 given instead of €4.00 €0.00" in said and "Worth in all €" in said
    assert "To pay now €0.00" in said


def test_an_end_spares_the_price_and_not_what_was_used(shop):
    with tenant(shop.id):
        calls = Feature.objects.create(
            reference="calls", kind="metered", aggregation="sum", title={"en": "Calls"}, created_at=shop.now().at
        )
    price = usage_json([UsageTerm(feature=calls.pk, model="per_unit", unit_price="0.50")])
    desk = Desk(shop, usage=price)
    used = Reported(subscription=desk.row.pk, feature=calls.pk, at=desk.world.now.at, key="1", quantity=Decimal(100))
    record_usage(merchant_id=shop.id, records=[used], actor=shop.actor)
    said = desk.says("subscription-cancel", way="period_end", reason="")
    assert "No longer charged from 1 December on €30.00" in said and "€80.00" not in said
    assert "Usage until then billed on that day" in said


def test_the_renewal_day_is_asked_only_where_it_has_an_effect(shop):
    desk = Desk(shop)
    year = shop.offer("Year", ("year", None, 10_00))
    named = {"merchant": shop.merchant.public_id, "subscription": desk.row.public_id}
    address = reverse("office:subscription-offer", kwargs=named)
    page = desk.client.get(address, {"offer": year.public_id, "quantity": "1", "when": "", "reason": ""})
    assert 'class="choices if-now" data-ruled="period_end"' in page.content.decode()
    dear = shop.offer("Dear", ("year", None, 900_00))
    page = desk.client.get(address, {"offer": dear.public_id, "quantity": "1", "when": "", "reason": ""})
    assert 'class="choices if-now" data-ruled="now"' in page.content.decode()
