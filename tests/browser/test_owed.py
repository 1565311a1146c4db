"""From the letter in the mailbox to paid: an open invoice in Chromium, under the product's policy, on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core import mail
from django.test import override_settings
from playwright.sync_api import Browser, Page, expect

from alerts.services import mail as letters
from alerts.services.relay import publish
from billing.flows import collect, new_card, owed
from invoices.models import Payment
from invoices.services.printing import print_document
from merchants.models import Merchant
from merchants.tenancy.scope import tenant
from subscribers.models import PaymentMethod, Subscriber
from tests.apps.invoices.bills import again, bill, line
from tests.browser.served import chromium, picture, product, serving, shop_site, window
from tests.worlds import Shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WAVE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 34 22" fill="none" stroke="#5B2A86" stroke-width="2.4"'
    ' stroke-linecap="round"><path d="M2 11c5-12 8-12 11-3s5 12 9 4 6-8 10-4"/></svg>'
)


@dataclass
class Stage:
    """The product, a merchant's site, and a browser."""

    address: str
    site: str
    browser: Browser


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with product() as address, serving(shop_site) as site, chromium() as browser:
        yield Stage(address=address, site=site, browser=browser)


@pytest.fixture
def onde(transactional_db: None, stage: Stage) -> Any:
    shop = Shop.open("Onde")
    with tenant(shop.id):
        Merchant.objects.filter(id=shop.id).update(
            brand_color="#5B2A86", logo_svg=WAVE, support_email="bonjour@onde.example", website=stage.site
        )
        shop.merchant.refresh_from_db()
    return shop


def fits(page: Page, width: int) -> None:
    """Nothing stands beyond the screen's edge."""
    assert page.evaluate("document.documentElement.scrollWidth") == width


def link_in_the_letter(shop: Shop) -> str:
    """Publish what happened, send the letters, and take the link out of the newest."""
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        mail.outbox = []
        publish(shop.id)
        letters.send(shop.id)
    found = [re.search(r"https?://\S+/pay/owed/\S+", str(letter.body)) for letter in mail.outbox]
    links = [one[0] for one in found if one]
    assert len(links) == 1, [letter.body for letter in mail.outbox]
    return links[0]


def buy(shop: Shop, payer: Subscriber, card: str) -> None:
    """A purchase by a card that does what its name says at the next charge."""
    session = shop.checkout(payer, shop.offer("hifi", ("month", None, 12_99)))
    shop.press(session, card)
    shop.gateway().answer_bank(shop.payment(session).provider_session, passed=True)
    assert shop.look(session).status == "complete"


@pytest.mark.parametrize("width", [390, 1440])
def test_from_the_letter_to_paid(onde: Shop, stage: Stage, width: int):
    lucie = onde.enrol("lucie")
    invoice = bill(onde, lucie, line(12_99, title="Onde Hifi"))
    print_document(merchant_id=onde.id, document_id=invoice.pk)
    owed.send_link(merchant_id=onde.id, invoice_id=invoice.pk, actor=onde.actor)
    with window(stage.browser, width=width) as page:
        page.goto(link_in_the_letter(onde))
        fits(page, width)
        expect(page.locator(".due")).to_have_text("12,99\N{NO-BREAK SPACE}€")
        picture(page, f"owed-{width}")
        page.locator("button[value=pay]").dblclick()
        expect(page).to_have_url(re.compile("/pay/simulated/"))  # the first of the two ways there is given up
        page.locator("input[value=pm_card_chargeDeclined]").check()
        page.locator("form button.is-main").click()
        page.locator("a.is-bare").click()
        expect(page.locator(".pay-form [role=alert]")).to_be_visible()
        fits(page, width)
        picture(page, f"owed-declined-{width}")
        page.locator("button[value=pay]").click()
        page.wait_for_url("**/pay/simulated/**")
        page.locator("input[value=pm_card_authenticationRequired]").check()
        page.locator("form button.is-main").click()
        page.locator("button[name=bank][value=yes]").click()
        page.wait_for_url("**/pay/owed/**")
        expect(page.locator("h1")).to_have_text("Merci, c’est payé")
        fits(page, width)
        picture(page, f"owed-paid-{width}")
    assert (again(onde, invoice).status, again(onde, invoice).amount_paid) == ("paid", 12_99)
    with tenant(onde.id):
        assert list(Payment.objects.values_list("status", "captured")) == [("succeeded", 12_99)]
        assert PaymentMethod.objects.get(subscriber=lucie).is_default


@pytest.mark.parametrize("width", [390, 1440])
def test_another_card_from_its_link(onde: Shop, stage: Stage, width: int):
    lucie = onde.enrol("lucie")
    buy(onde, lucie, "pm_card_declinedLater")
    invoice = bill(onde, lucie, line(9_00, title="Concert"))
    with tenant(onde.id):
        type(invoice).objects.filter(id=invoice.pk).update(collect_at=onde.now().at)
    collect.collect(merchant_id=onde.id, invoice_ids=[invoice.pk], now=onde.now(), actor=onde.actor)
    assert again(onde, invoice).status == "open"
    with window(stage.browser, width=width) as page:
        page.goto(new_card.link(lucie))
        fits(page, width)
        expect(page.locator("main")).to_contain_text("9,00")
        picture(page, f"card-{width}")
        page.locator("form button.is-main").dblclick()
        expect(page).to_have_url(re.compile("/pay/simulated/"))  # the first of the two ways there is given up
        page.locator("form button.is-main").click()
        page.wait_for_url("**/pay/card/**")
        expect(page.locator("h1")).to_have_text("Votre nouvelle carte est enregistrée")
        fits(page, width)
        picture(page, f"card-saved-{width}")
    assert (again(onde, invoice).status, again(onde, invoice).amount_paid) == ("paid", 9_00)
    with tenant(onde.id):
        assert PaymentMethod.objects.get(subscriber=lucie, is_default=True).last4 == "4242"


@pytest.mark.parametrize("width", [390, 1440])
def test_from_the_letter_to_the_bank_and_back(onde: Shop, stage: Stage, width: int):
    lucie = onde.enrol("lucie")
    buy(onde, lucie, "pm_card_authenticationRequired")
    invoice = bill(onde, lucie, line(9_00, title="Concert"))
    with tenant(onde.id):
        type(invoice).objects.filter(id=invoice.pk).update(collect_at=onde.now().at)
    collect.collect(merchant_id=onde.id, invoice_ids=[invoice.pk], now=onde.now(), actor=onde.actor)
    with window(stage.browser, width=width) as page:
        page.goto(link_in_the_letter(onde))
        fits(page, width)
        expect(page.locator(".pay-form .notice")).to_contain_text("Visa 3184")
        picture(page, f"owed-bank-{width}")
        page.locator("button[value=pay]").click()
        page.wait_for_url("**/pay/simulated/**")
        page.locator("button[name=bank][value=yes]").click()
        page.wait_for_url("**/pay/owed/**")
        expect(page.locator("h1")).to_have_text("Merci, c’est payé")
    with tenant(onde.id):
        tried = Payment.objects.filter(invoice=invoice).values_list("status", "captured")
        assert list(tried) == [("succeeded", 9_00)]
