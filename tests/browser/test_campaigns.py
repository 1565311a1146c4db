"""A campaign in Chromium: the versions arrive on the offer's page, and the dialog that cancels opens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from billing import tasks
from billing.models import Campaign
from merchants.clock import instant
from merchants.models import Membership
from merchants.tenancy.scope import tenant
from tests.browser.served import chromium as opened
from tests.browser.served import picture, product, window
from tests.pages.offices import logged_in, person
from tests.worlds import version_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with opened() as browser:
        yield browser


@pytest.mark.parametrize(("width", "locale"), [(390, "fr"), (1440, "en")])
def test_from_the_offers_page_to_the_end_of_a_campaign(shop, chromium, settings, width, locale):
    offer = shop.offer("Onde Hifi", ("month", None, 29_90))
    for name in ("Camille Morel", "Ana Lopes"):
        shop.subscribe(shop.enrol(name.split()[0], name=name), offer)
    version_of(shop, offer, 34_90)
    user = person(locale=locale, name="Julie")
    with tenant(shop.id):
        Membership.objects.create(user=user, role="owner", created_at=instant())
    named = {"merchant": shop.merchant.public_id, "offer": offer.public_id}
    with product() as address, window(chromium, width=width) as page:
        cookie = logged_in(user).cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie.value, "url": address}])
        page.goto(address + reverse("office:campaigns", kwargs=named))
        picture(page, f"campaigns-none-{width}")
        page.goto(address + reverse("office:offer", kwargs=named))
        page.locator("a[href$='/campaigns/new']").wait_for()
        picture(page, f"campaign-offer-{width}")
        page.locator("a[href$='/campaigns/new']").click()
        page.locator("input[name=effect_on]").fill((shop.now().today + timedelta(days=45)).isoformat())
        page.locator("input[name=reason]").fill("Licences plus chères")
        page.locator("main form[method=get].form-page button[type=submit]").click()
        picture(page, f"campaign-seen-{width}")
        page.locator("form[method=post].form-acts button[type=submit]").click()
        page.locator("#progress").wait_for()
        picture(page, f"campaign-begun-{width}")
        with tenant(shop.id):
            row = Campaign.objects.get()
        tasks.carry_campaign_on(str(shop.id), str(row.pk))
        button = page.locator("button[hx-get$='/cancel']")
        expect(page.locator("#progress [role=status]")).to_have_count(0)  # it asked by itself
        picture(page, f"campaign-{width}")
        button.click()
        expect(page.locator("dialog[open]")).to_be_visible()
        picture(page, f"campaign-cancel-{width}")
