"""Gestures in Chromium: the dialog shows the fields of what is chosen and its cost; many are seen beforehand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from merchants.tenancy.scope import tenant
from subscribers.models import Gesture, GestureBatch
from tests.browser.served import chromium as opened
from tests.browser.served import picture, seated

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with opened() as browser:
        yield browser


def test_given_to_one_then_seen_for_all_whom_an_outage_touched(shop, chromium):
    width, locale, cost = 390, "fr", "2,60\N{NO-BREAK SPACE}€"
    extra = shop.option("Concerts", 2_00)
    offer = shop.offer("Onde Hifi", ("month", None, 12_99), options=[extra])
    camille = shop.enrol("camille", name="Camille Morel")
    row = shop.buy(camille, offer).subscription
    shop.buy(shop.enrol("ana", name="Ana"), offer)
    named = {"merchant": shop.merchant.public_id}
    page_of = reverse("office:subscriber", kwargs={**named, "subscriber": camille.public_id})
    dialog_of = reverse("office:subscription-give", kwargs={**named, "subscription": row.public_id})
    with seated(shop, chromium, width=width, locale=locale) as (page, address):
        page.goto(address + reverse("office:gestures", kwargs=named))
        picture(page, f"gestures-none-{width}")
        page.goto(address + page_of)
        page.locator(f"[hx-get='{dialog_of}']").evaluate("one => one.click()")
        dialog = page.locator("dialog[open]")
        expect(dialog).to_be_visible()
        expect(dialog.locator("input[name=amount]")).to_be_visible()
        expect(dialog.locator("input[name=percent_off]")).to_be_hidden()
        picture(page, f"give-first-{width}")
        dialog.locator("input[name=kind][value=option]").check()
        expect(dialog.locator("select[name=option]")).to_be_visible()
        picture(page, f"give-option-{width}")
        dialog.locator("input[name=kind][value=percent]").check()
        expect(dialog.locator("select[name=option]")).to_be_hidden()
        dialog.locator("input[name=percent_off]").fill("20")
        dialog.locator("input[name=reason]").fill("La panne de mardi")
        expect(dialog.locator(".preview")).to_contain_text(cost)
        picture(page, f"give-{width}")
        dialog.locator("button[type=submit]").click()
        expect(page.locator("dialog[open]")).to_have_count(0)
        page.goto(address + reverse("office:gestures-many", kwargs=named))
        today = shop.now().today.isoformat()
        page.locator("input[name=from_on]").fill(today)
        page.locator("input[name=to_on]").fill(today)
        page.locator("input[name=days]").fill("5")
        page.locator("input[name=reason]").fill("Plus de son")
        page.locator("input[name=incident]").fill("INC-12")
        picture(page, f"gestures-many-{width}")
        page.locator("main form[method=get].form-page button[type=submit]").click()
        picture(page, f"gestures-seen-{width}")
        expect(page.locator("form.form-acts button[type=submit]")).to_contain_text("2 abonnements")
    with tenant(shop.id):
        assert [(one.kind, one.cost) for one in Gesture.objects.all()] == [("percent", 2_60)]
        assert not GestureBatch.objects.exists()
