"""Head office in Chromium: a site's page pairs a tablet with a code; the tills with their registers."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Browser, expect

from merchants.clock import instant
from merchants.models import Membership
from merchants.tenancy.scope import tenant
from tests.browser.served import chromium as opened
from tests.browser.served import picture, product, window
from tests.pages.counters import salon, seller
from tests.pages.offices import logged_in, person
from tests.worlds import Shop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with opened() as browser:
        yield browser


@pytest.mark.parametrize("width", [1440, 390])
def test_a_tablet_is_paired_from_the_sites_page_and_its_till_is_seen(chromium, width):
    shop = Shop.open("Soleil", locale="fr")
    site = salon(shop.id, "Soleil Lyon Part-Dieu")
    seller(shop.id, "Inès", sites=[site])
    user = person(locale="fr", name="Camille Roy")
    with tenant(shop.id):
        Membership.objects.create(user=user, role="admin", created_at=instant())

    def at(name: str, **arguments: str) -> str:
        return reverse(f"office:{name}", kwargs={"merchant": shop.merchant.public_id, **arguments})

    with (
        product() as address,
        window(chromium, width=width) as page,
        window(chromium, width=1024, height=768) as tablet,
    ):
        value = logged_in(user).cookies[settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": address}])
        page.goto(address + at("sites"))
        picture(page, f"sites-{width}")
        page.get_by_role("link", name="Soleil Lyon Part-Dieu").click()
        page.locator("#id_device_name").fill("Caisse 1")
        page.get_by_role("button", name="Enregistrer une tablette").click()
        code = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", page.locator("#main").inner_text())
        assert code
        picture(page, f"site-{width}")
        tablet.goto(f"{address}/counter/")
        tablet.locator("[name=code]").fill(code[0])
        tablet.locator("button.is-main").click()
        tablet.get_by_text("Inès").click()
        tablet.locator("#pin").fill("4711")
        tablet.locator("[data-pin-pad] button[type=submit]").click()
        tablet.goto(f"{address}/counter/till")
        tablet.locator("#float_amount").fill("100")
        tablet.locator("button.is-main").click()
        expect(tablet.locator("#counted")).to_be_visible()
        page.goto(address + at("tills"))
        page.get_by_role("link", name="Soleil Lyon Part-Dieu, Caisse 1").click()
        expect(page.locator("#main")).to_contain_text("Ouverture")
        picture(page, f"till-{width}")
