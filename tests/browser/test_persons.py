"""A person is erased in the office, in Chromium: what goes, what stays, what is in the way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from billing import tasks
from merchants.clock import instant
from merchants.models import Membership
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber
from tests.browser.served import chromium as opened
from tests.browser.served import picture, product, window
from tests.pages.offices import logged_in, person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with opened() as browser:
        yield browser


@pytest.mark.parametrize(("width", "locale"), [(1440, "en"), (390, "fr")])
def test_a_person_is_erased_once_nothing_is_in_the_way(shop, chromium, monkeypatch, settings, width, locale):
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(tasks.erase_person, "apply_async", asked.append)
    lucie = shop.enrol("lucie@courriel.example", name="Lucie Garnier", email="lucie@courriel.example")
    hugo = shop.enrol("ON-2", name="Hugo Lenoir")
    shop.buy(hugo, shop.offer("Onde Hifi", ("month", None, 12_99)))
    user = person(locale=locale, name="Priya Nair")
    with tenant(shop.id):
        Membership.objects.create(user=user, role="admin", created_at=instant())

    def url(name: str, who: Subscriber) -> str:
        return reverse(f"office:{name}", kwargs={"merchant": shop.merchant.public_id, "subscriber": who.public_id})

    with product() as address, window(chromium, width=width) as page:
        cookie = logged_in(user).cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie.value, "url": address}])
        page.goto(address + url("subscriber-erase", hugo))
        expect(page.locator("form.form-page")).to_have_count(0)
        picture(page, f"erase-in-the-way-{width}")
        page.goto(address + url("subscriber", lucie))
        picture(page, f"erase-subscriber-{width}")
        page.goto(address + url("subscriber-erase", lucie))
        picture(page, f"erase-{width}")
        page.locator("input[name=reason]").fill("GDPR-2026-11")
        page.locator("input[name=again]").fill("lucie@courriel.example")
        page.locator("form.form-page button[type=submit]").click()
        expect(page.locator("[role=status]").first).to_be_visible()
        (parts,) = asked
        tasks.erase_person(*parts)
        page.goto(address + url("subscriber", lucie))
        expect(page.get_by_text("Lucie")).to_have_count(0)
        picture(page, f"erase-done-{width}")
