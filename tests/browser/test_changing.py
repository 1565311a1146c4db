"""A subscription moved to another offer in Chromium: the dialog says what it would do before it is done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from billing.models import CheckoutSession
from invoices.models import CreditNote, Invoice
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription, SubscriptionOption
from tests.browser.served import chromium as opened
from tests.browser.served import picture, seated

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with opened() as browser:
        yield browser


@pytest.mark.parametrize(("width", "locale", "sum_"), [(1440, "en", "€31.00"), (390, "fr", "31,00\N{NO-BREAK SPACE}€")])
def test_to_a_dearer_offer_with_an_option(shop, chromium, width, locale, sum_):
    shop.feature("quality", "level", ["standard", "high", "hifi"])
    shop.feature("profiles", "quota")
    extra, year_only = shop.option("Device", 2_00), shop.option("Vinyl", 0, one_off_amount=24_00)
    hifi = shop.offer(
        "Onde Hifi",
        ("month", None, 12_99),
        options=[extra],
        features={"quality": {"level": "hifi"}, "profiles": {"quota": 1}},
    )
    family = shop.offer(
        "Onde Famille",
        ("month", None, 17_99),
        options=[extra, year_only],
        features={"quality": {"level": "high"}, "profiles": {"quota": 6}},
    )
    shop.offer("Onde Essentiel", ("month", None, 6_99))
    shop.offer("Onde Annuel", ("year", None, 129_00), options=[year_only])
    camille = shop.enrol("camille", name="Camille Morel")
    row = shop.buy(camille, hifi, options=[extra]).subscription
    named = {"merchant": shop.merchant.public_id}
    page_of = reverse("office:subscriber", kwargs={**named, "subscriber": camille.public_id})
    dialog_of = reverse("office:subscription-offer", kwargs={**named, "subscription": row.public_id})
    with seated(shop, chromium, width=width, locale=locale) as (page, address):
        page.goto(address + page_of)
        picture(page, f"subscriber-{width}")
        page.locator(f"[hx-get='{dialog_of}']").click()
        dialog = page.locator("dialog[open]")
        expect(dialog).to_be_visible()
        preview = dialog.locator(".preview")
        dialog.locator("label.choice", has_text="Onde Annuel").click()
        expect(dialog.locator("input[name=anchor]")).to_have_count(2)
        dialog.locator("input[name=when][value=now]").check()
        above, below = (one.bounding_box() for one in dialog.locator("#change-terms > .choices").all())
        assert below["y"] - above["y"] - above["height"] >= 16, "two questions that touch read as one"
        dialog.locator("input[name=when][value='']").check()
        picture(page, f"change-year-{width}")
        dialog.locator("label.choice", has_text="Onde Famille").click()
        expect(dialog.locator("input[name=anchor]")).to_have_count(0)
        device = dialog.get_by_label("Device")
        expect(device).to_have_value("1")
        device.fill("2")
        dialog.get_by_label("Vinyl").fill("1")
        dialog.locator("input[name=quantity]").fill("1")
        dialog.locator("input[name=reason]").fill("Quatre à la maison")
        expect(preview).to_contain_text(sum_)
        picture(page, f"change-{width}")
        dialog.locator("button[type=submit]").click()
        expect(page.locator("dialog[open]")).to_have_count(0)
        picture(page, f"changed-{width}")
    with tenant(shop.id):
        note, invoice = CreditNote.objects.get(), Invoice.objects.order_by("id").last()
        assert (note.gross, note.reason) == (14_99, "Quatre à la maison")
        assert invoice.gross == 17_99 + 2 * 2_00 + 24_00
        changed = Subscription.objects.get()
        assert changed.offer_version.offer_id == family.pk
        held = SubscriptionOption.objects.filter(ends_on=None).order_by("id")
        assert [one.quantity for one in held] == [2, 1]


@pytest.mark.parametrize(("width", "locale"), [(1440, "en"), (390, "fr")])
def test_made_once_its_form_is_paid(shop, chromium, width, locale):
    hifi, family = shop.offer("Onde Hifi", ("month", None, 12_99)), shop.offer("Onde Famille", ("month", None, 17_99))
    camille = shop.enrol("camille", name="Camille Morel", locale=locale)
    row = shop.buy(camille, hifi).subscription
    named = {"merchant": shop.merchant.public_id}
    page_of = reverse("office:subscriber", kwargs={**named, "subscriber": camille.public_id})
    dialog_of = reverse("office:subscription-offer", kwargs={**named, "subscription": row.public_id})
    with seated(shop, chromium, width=width, locale=locale) as (page, address):
        page.goto(address + page_of)
        page.locator(f"[hx-get='{dialog_of}']").click()
        dialog = page.locator("dialog[open]")
        dialog.locator("label.choice", has_text="Onde Famille").click()
        dialog.locator("input[name=paid_first]").check()
        expect(dialog.locator("[data-paid-first]")).to_be_visible()
        picture(page, f"paid-first-{width}")
        dialog.locator("button[type=submit]").click()
        expect(page.locator("dialog[open]")).to_have_count(0)
        link = page.locator("ol.coming a")
        expect(link).to_have_count(1)
        picture(page, f"paid-first-waits-{width}")
        page.goto(address + "/" + link.get_attribute("href").split("/", 3)[3])
        expect(page.locator(".due")).to_contain_text("5.00" if locale == "en" else "5,00")
        picture(page, f"paid-first-form-{width}")
        page.locator("#consent").check()
        page.locator("button[value=pay]").click()
        page.wait_for_url("**/simulated/**")
    with tenant(shop.id):
        assert Subscription.objects.get().offer_version.offer_id == hifi.pk
        session = CheckoutSession.objects.get(asked__isnull=False)
    shop.press(session)
    assert shop.look(session).status == "complete"
    with tenant(shop.id):
        assert Subscription.objects.get().offer_version.offer_id == family.pk
        assert Invoice.objects.order_by("id").last().gross == 17_99
