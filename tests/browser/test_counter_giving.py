"""A gesture given from the door, within the counter's limit; more is refused and says so."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from billing.flows import subscribe
from billing.flows.wanted import Wanted
from merchants.models import Merchant, Offer
from merchants.tenancy.scope import tenant
from subscribers.models import Gesture, Subscriber
from tests.browser.served import picture, product, window
from tests.browser.test_counter import chromium, pytestmark, sit_down, soleil

__all__ = ["chromium", "pytestmark", "soleil"]


def test_a_gesture_at_the_counter(soleil, chromium):
    shop, site, ines = soleil
    with tenant(shop.id):
        Merchant.objects.update(gesture_limits=[{"role": "counter", "one": 10_00, "month": None, "batch": None}])
        lea, offer = Subscriber.objects.get(), Offer.objects.get(reference="Liberté")
    wanted = Wanted(subscriber=lea, offer=offer, site=site, collection="manual")
    subscribe.subscribe_now(merchant_id=shop.id, wanted=wanted, actor=shop.actor)
    with product() as address, window(chromium, width=1024, height=768, ignoring="the server responded with") as page:
        sit_down(page, address, shop, site, ines)
        page.goto(f"{address}/counter/door/{lea.public_id}")
        page.get_by_role("link", name=re.compile("Offrir")).click()
        page.locator("label:has([name=kind][value=amount])").click()
        page.locator("[name=amount]").fill("12,00")
        page.locator("[name=reason]").fill("La lampe est tombée en panne")
        page.locator("main button[type=submit]").click()
        expect(page.locator(".notice[data-state=bad]")).to_be_visible()
        expect(page.locator("[name=reason]")).to_have_value("La lampe est tombée en panne")
        picture(page, "counter-give")
        page.locator("[name=amount]").fill("10,00")
        page.locator("main button[type=submit]").click()
        expect(page).to_have_url(re.compile("/counter/door/"))
        expect(page.get_by_text("Offert")).to_be_visible()
        picture(page, "counter-given")
    with tenant(shop.id):
        assert list(Gesture.objects.values_list("kind", "cost")) == [("amount", 10_00)]
