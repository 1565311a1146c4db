"""A quota on a subscriber's page in Chromium: raised by hand, a double scan taken back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from merchants.clock import instant
from merchants.models import Membership
from merchants.tenancy.scope import tenant
from subscribers.models import Consumption, Grant, QuotaCounter
from subscribers.services import consuming
from tests.browser.served import chromium as opened
from tests.browser.served import picture, product, window
from tests.pages.offices import logged_in, person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with opened() as browser:
        yield browser


@pytest.mark.parametrize(
    ("width", "locale", "said"),
    [(1440, "en", "3 used, 9 left until"), (390, "fr", "Utilisé : 3, reste 9 jusqu’au")],
)
def test_a_quota_is_raised_by_hand_and_a_double_scan_taken_back(shop, chromium, settings, width, locale, said):
    classes = shop.feature("Classes", "quota")
    shop.feature("Sound", "level", ["standard", "high", "hifi"])
    more = shop.option("Extra classes", 2_00, features={"Classes": {"quota": 2}}, adds=True)
    opened_ = {"Classes": {"quota": 4}, "Sound": {"level": "high"}}
    club = shop.offer("Club", ("month", None, 29_90), options=[more], features=opened_)
    lucie = shop.enrol("lucie")
    shop.subscribe(lucie, club, options=[more])
    with tenant(shop.id):
        for key, quantity in (("door-1", 2), ("door-2", 1)):
            consuming.consume(lucie, classes, quantity=quantity, key=key, actor=shop.actor, now=shop.now())
    user = person(locale=locale, name="Julie")
    with tenant(shop.id):
        Membership.objects.create(user=user, role="support", created_at=instant())
    page_of = reverse("office:subscriber", kwargs={"merchant": shop.merchant.public_id, "subscriber": lucie.public_id})
    with product() as address, window(chromium, width=width) as page:
        cookie = logged_in(user).cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie.value, "url": address}])
        page.goto(address + page_of)
        panel = page.locator("section[aria-labelledby=features]")
        panel.scroll_into_view_if_needed()
        picture(page, f"quota-{width}")
        panel.locator("[hx-get$='/features/set']").click()
        dialog = page.locator("dialog[open]")
        dialog.locator("select[name=right]").select_option(f"{classes.public_id}.number")
        dialog.locator("input[name=number]").fill("3")
        expect(dialog.locator(".preview [data-state=warn]")).to_be_visible()  # less than the offer's 4
        dialog.locator("input[name=number]").fill("10")
        expect(dialog.locator(".preview .is-total")).to_contain_text("12")  # what adds, adds to it
        dialog.locator("input[name=reason]").fill("La piscine était fermée")
        picture(page, f"quota-by-hand-{width}")
        dialog.locator("button[type=submit]").click()
        expect(page.locator("dialog[open]")).to_have_count(0)
        expect(panel).to_contain_text(said)
        panel.scroll_into_view_if_needed()
        picture(page, f"quota-raised-{width}")
        panel.locator("[hx-get$='/uses']").click()
        picture(page, f"quota-uses-{width}")
        page.locator("dialog[open] button[value='door-1']").click()
        expect(page.locator("dialog[open]")).to_have_count(0)
        page.locator("[hx-get$='/uses']").click()
        expect(page.locator("dialog[open] del")).to_have_text("2")
        picture(page, f"quota-taken-back-{width}")
    with tenant(shop.id):
        assert (QuotaCounter.objects.get().used, Consumption.objects.count()) == (1, 3)
        assert Grant.objects.get(source="override").quota == 10
