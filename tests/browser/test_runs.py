"""A billing run in Chromium: from what is due to what became of it, the page following by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from billing import runs
from merchants.clock import instant
from merchants.models import Membership, TaxRate
from merchants.tenancy.scope import tenant
from tests.browser.served import chromium as opened
from tests.browser.served import picture, product, window
from tests.pages.offices import logged_in, person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with opened() as browser:
        yield browser


def url(shop, name, **arguments):
    return reverse(f"office:{name}", kwargs={"merchant": shop.merchant.public_id, **arguments})


def sit(page: Page, shop, address: str, locale: str) -> None:
    """A member's log-in cookie in the browser."""
    user = person(locale=locale, name="Priya Nair")
    with tenant(shop.id):
        Membership.objects.create(user=user, role="admin", created_at=instant())
    cookie = logged_in(user).cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie.value, "url": address}])


def furnish(shop) -> None:
    hifi = shop.offer("Onde Hifi", ("month", None, 12_99))
    family = shop.offer("Onde Famille", ("month", None, 17_99))
    book = shop.offer("Onde Livres", ("month", None, 7_00), tax_code="books")
    for reference, name, offer in (
        ("ON-1", "Hugo Lenoir", hifi),
        ("ON-2", "Amina Belkacem", family),
        ("ON-3", "Jules Perrin", hifi),
        ("ON-4", "Chloé Roux", book),
    ):
        shop.buy(shop.enrol(reference, name=name), offer)
    shop.buy(shop.enrol("ON-5", name="Paul Marchand"), shop.offer("Onde Jour", ("day", None, 1_00)))


@pytest.mark.parametrize("width", [1440, 390])
def test_a_run_is_followed(shop, chromium, monkeypatch, width):
    monkeypatch.setattr("billing.tasks.bill_merchant.delay", lambda merchant_id: None)
    furnish(shop)
    locale = "fr" if width == 390 else "en"
    with product() as address, window(chromium, width=width) as page:
        sit(page, shop, address, locale)
        page.goto(address + url(shop, "runs"))
        picture(page, f"runs-empty-{width}")
        page.goto(address + url(shop, "home"))
        expect(page.locator("#home-runs")).to_be_visible()
        picture(page, f"runs-home-{width}")
        day = shop.now().today + timedelta(days=32)
        page.goto(f"{address}{url(shop, 'run-preview')}?date={day}")
        picture(page, f"runs-preview-{width}")
        with tenant(shop.id):
            TaxRate.objects.filter(tax_code="books").delete()
        monkeypatch.setattr("merchants.selectors.clocks.instant", lambda: instant() + timedelta(days=32))
        page.goto(address + url(shop, "run-preview"))
        picture(page, f"runs-now-{width}")
        page.locator(".head-actions .button.is-main").click()
        expect(page.locator("#progress [role=status]")).to_be_visible()
        picture(page, f"runs-under-way-{width}")

        assert runs.bill(shop.id) is not None

        expect(page.locator("#progress [role=status]")).to_have_count(0)
        expect(page.locator("#run-payments")).to_be_visible()
        page.reload()
        expect(page.locator("#run-payments")).to_be_visible()
        expect(page.locator("#parked")).to_be_visible()
        picture(page, f"runs-one-{width}")
        page.goto(address + url(shop, "runs"))
        expect(page.get_by_text("Chloé Roux")).to_be_visible()
        picture(page, f"runs-list-{width}")
