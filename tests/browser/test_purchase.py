"""A purchase in Chromium, under the product's policy: form, provider, merchant's page; on a desk and on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import override_settings
from playwright.sync_api import Browser, Page, expect

from billing.demo import furnish
from billing.flows import expire
from billing.flows.checkout import form_url
from invoices.models import Invoice, Payment
from merchants.models import Merchant, Offer, Option, ProviderAccount
from merchants.secrets import encrypt
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.browser.served import chromium, picture, product, serving, shop_site, window
from tests.worlds import Shop
from tools.stripe_double.server import Double

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


@pytest.fixture(scope="module")
def double() -> Iterator[Double]:
    with Double() as running, override_settings(STRIPE_API_BASE=running.url):
        yield running


@pytest.fixture
def onde(transactional_db: None, stage: Stage) -> Any:
    """Onde, as the demo has it: Hifi with a free month, a launch price, two options, a code."""
    shop = Shop.open("Onde")
    with tenant(shop.id):
        Merchant.objects.filter(id=shop.id).update(
            brand_color="#5B2A86",
            logo_svg=WAVE,
            terms_url="https://onde.example/conditions",
            support_email="bonjour@onde.example",
            website=stage.site,
        )
        shop.merchant.refresh_from_db()
        furnish(shop.merchant, now=shop.now())
        shop.made.update(offer=Offer.objects.get(reference="hifi"), device=Option.objects.get(reference="device"))
    return shop


def begin(onde: Shop, stage: Stage, **wish: Any) -> Any:
    """A purchase as the merchant's site opens it, with the device ticked at the site."""
    subscriber = onde.enrol("lucie", email="lucie.garnier@courriel.example")
    return onde.checkout(
        subscriber,
        onde.made["offer"],
        options=[onde.made["device"]],
        allow_codes=True,
        success_url=f"{stage.site}/merci?commande=12",
        cancel_url=f"{stage.site}/panier",
        **wish,
    )


def fits(page: Page, width: int) -> None:
    """Nothing stands beyond the screen's edge."""
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("width", [1440, 390])
def test_a_purchase_with_the_simulated_provider(onde: Shop, stage: Stage, width: int):
    session = begin(onde, stage)
    with window(stage.browser, width=width) as page:
        page.goto(form_url(session))
        fits(page, width)
        expect(page.locator(".due")).to_have_text("2,00\N{NO-BREAK SPACE}€")
        picture(page, f"pay-{width}")

        page.locator("#option-2").check()  # the amounts follow by themselves
        expect(page.locator(".due")).to_have_text("6,00\N{NO-BREAK SPACE}€")
        expect(page.locator("#option-2")).to_be_checked()
        expect(page.locator("#option-2")).to_be_focused()
        page.locator("#consent").check()
        page.locator("#option-2").uncheck()
        expect(page.locator(".due")).to_have_text("2,00\N{NO-BREAK SPACE}€")
        expect(page.locator("#consent")).to_be_checked()
        page.locator("button[value=pay]").click()

        page.wait_for_url("**/pay/simulated/**")
        fits(page, width)
        picture(page, f"simulated-{width}")
        page.locator("input[value=pm_card_chargeDeclined]").check()
        page.locator("form button.is-main").click()
        expect(page.locator("[role=alert]")).to_be_visible()
        picture(page, f"simulated-declined-{width}")
        page.locator("a.is-bare").click()
        expect(page.locator(".pay-form [role=alert]")).to_be_visible()
        fits(page, width)
        picture(page, f"pay-declined-{width}")

        page.locator("#consent").check()
        page.locator("button[value=pay]").click()
        page.wait_for_url("**/pay/simulated/**")
        page.locator("input[value=pm_card_authenticationRequired]").check()
        page.locator("form button.is-main").click()
        picture(page, f"simulated-bank-{width}")
        page.locator("button[name=bank][value=yes]").click()
        page.wait_for_url(f"{stage.site}/merci?commande=12&checkout_session={session.public_id}")

        page.go_back()
        page.goto(form_url(session))
        expect(page.locator("h1")).to_be_visible()
        picture(page, f"paid-{width}")
        page.wait_for_url(f"{stage.site}/merci?commande=12&checkout_session={session.public_id}")
    with tenant(onde.id):
        assert (Invoice.objects.get().status, Invoice.objects.get().gross) == ("paid", 2_00)
        assert (Payment.objects.count(), Subscription.objects.get().status) == (1, "trialing")


@pytest.mark.parametrize("width", [1440, 390])
def test_a_purchase_with_stripe(onde: Shop, stage: Stage, double: Double, width: int):
    key = f"sk_test_browser_{width}"
    with tenant(onde.id):
        ProviderAccount.objects.update(kind="stripe", secret=encrypt(key))
    session = begin(onde, stage)
    with window(stage.browser, width=width) as page:
        page.goto(form_url(session))
        page.locator("#consent").check()
        page.locator("button[value=pay]").dblclick()
        expect(page).to_have_url(re.compile(re.escape(double.url)))  # the first of the two ways there is given up
        picture(page, f"stripe-{width}")
        page.locator("button[name=choice][value='4000000000000002']").click()
        page.locator("[role=alert]").wait_for()
        page.go_back()
        page.goto(form_url(session))
        expect(page.locator(".pay-form [role=alert]")).to_be_visible()
        page.locator("#consent").check()
        page.locator("button[value=pay]").click()
        page.wait_for_url(f"{double.url}/**")
        page.locator("button[name=choice][value='4242424242424242']").click()
        page.wait_for_url(f"{stage.site}/merci?commande=12&checkout_session={session.public_id}")
    with tenant(onde.id):
        assert (Invoice.objects.get().status, Invoice.objects.get().gross) == ("paid", 2_00)
        assert Payment.objects.count() == 1
    account = double.world.account(key)
    taken = [intent["amount_received"] for intent in account.of("payment_intent").values()]
    assert [amount for amount in taken if amount] == [2_00]


def test_without_scripts_a_button_computes_the_amounts(onde: Shop, stage: Stage):
    session = begin(onde, stage)
    with window(stage.browser, width=390, java_script_enabled=False) as page:
        page.goto(form_url(session))
        page.locator("#option-2").check()
        page.locator("[data-recompute-button]").click()
        expect(page.locator(".due")).to_have_text("6,00\N{NO-BREAK SPACE}€")
        page.locator("#option-1").uncheck()
        page.locator("#consent").check()
        page.locator("button[value=pay]").click()
        expect(page.locator(".pay-form [role=alert]")).to_be_visible()  # other amounts than were read
        expect(page.locator(".due")).to_have_text("4,00\N{NO-BREAK SPACE}€")
        picture(page, "pay-changed-390")
        page.locator("#consent").check()
        page.locator("button[value=pay]").click()
        page.wait_for_url("**/pay/simulated/**")
        page.locator("form button.is-main").click()
        page.wait_for_url(f"{stage.site}/merci**")


def test_the_form_in_the_dark_and_in_english(onde: Shop, stage: Stage):
    session = begin(onde, stage, locale="en")
    with window(stage.browser, width=1440, locale="en-GB", color_scheme="dark") as page:
        page.goto(form_url(session))
        expect(page.locator("button[value=pay]")).to_have_text("Pay €2.00")
        picture(page, "pay-dark-1440")
        page.locator("#code").fill("BIENVENUE")
        page.locator("#code + button").click()
        expect(page.locator(".pay-code")).to_contain_text("BIENVENUE")
        expect(page.locator(".schedule li").nth(1)).to_contain_text("€7.19")
        expect(page.locator(".due")).to_have_text("€2.00")  # the free month is no paid period
        picture(page, "pay-code-1440")


def test_an_expired_purchase(onde: Shop, stage: Stage):
    session = begin(onde, stage)
    expire.expire(merchant_id=onde.id, session_id=session.pk, actor=onde.actor)
    context = stage.browser.new_context(viewport={"width": 390, "height": 844}, device_scale_factor=2)
    page = context.new_page()
    answer = page.goto(form_url(session))
    assert answer is not None and answer.status == 410
    picture(page, "expired-390")
    page.locator("a.is-main").click()
    page.wait_for_url(f"{stage.site}/**")
    context.close()
