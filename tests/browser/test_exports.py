"""An export in Chromium: from a list with its filters to the file, the page following by itself."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from billing.flows.export_making import make
from billing.models import Export
from merchants.clock import instant
from merchants.models import Membership
from merchants.tenancy.scope import tenant
from tests.browser.served import chromium as opened
from tests.browser.served import picture, product, window
from tests.pages.offices import logged_in, person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with opened() as browser:
        yield browser


@pytest.mark.parametrize("width", [1440, 390])
def test_an_export_is_asked_for_followed_and_saved(shop, chromium, monkeypatch, tmp_path, settings, width):
    settings.MEDIA_ROOT = str(tmp_path)
    monkeypatch.setattr("billing.tasks.make_export.apply_async", lambda *_, **__: None)
    hifi = shop.offer("Onde Hifi", ("month", None, 12_99))
    for reference, name in (("ON-1", "Hugo Lenoir"), ("ON-2", "=Amina Belkacem")):
        shop.buy(shop.enrol(reference, name=name), hifi)
    user = person(locale="fr" if width == 390 else "en", name="Priya Nair")
    with tenant(shop.id):
        Membership.objects.create(user=user, role="accountant", created_at=instant())

    def url(name: str) -> str:
        return reverse(f"office:{name}", kwargs={"merchant": shop.merchant.public_id})

    with product() as address, window(chromium, width=width, accept_downloads=True) as page:
        cookie = logged_in(user).cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie.value, "url": address}])
        page.goto(address + url("exports"))
        picture(page, f"exports-empty-{width}")
        page.goto(address + url("export-new"))
        picture(page, f"exports-new-{width}")
        page.goto(f"{address}{url('invoices')}?view=paid")
        picture(page, f"exports-from-list-{width}")
        page.locator(".head-actions a[href*='exports/new']").click()
        picture(page, f"exports-of-list-{width}")
        page.locator("input[name=format][value=csv]").check()
        page.locator("input[name=from_on]").fill("2026-01-01")
        page.locator("form.form-page button[type=submit]").click()
        expect(page.locator("#exports tbody tr")).to_have_count(1)
        expect(page.locator("#exports a.button")).to_have_count(0)
        picture(page, f"exports-waiting-{width}")
        with tenant(shop.id):
            row = Export.objects.get()
        assert (row.filters, str(row.from_on)) == ({"status": "paid"}, "2026-01-01")

        make(merchant_id=shop.id, export_id=row.pk)

        expect(page.locator("#exports a.button")).to_be_visible()
        picture(page, f"exports-ready-{width}")
        with page.expect_download() as saved:
            page.locator("#exports a.button").click()
        assert saved.value.suggested_filename == "invoices-2026-01-01.csv"
        text = Path(saved.value.path()).read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text), delimiter=";" if width == 390 else ","))
        assert [row["name"] for row in rows] == ["Hugo Lenoir", "'=Amina Belkacem"]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
