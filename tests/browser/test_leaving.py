"""A subscription ended at once in Chromium: the dialog says what each way would do before one of them is done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from invoices.models import CreditNote
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.browser.served import chromium as opened
from tests.browser.served import picture, seated

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with opened() as browser:
        yield browser


@pytest.mark.parametrize(
    ("width", "locale", "given"), [(1440, "en", "€29.90"), (390, "fr", "29,90\N{NO-BREAK SPACE}€")]
)
def test_the_period_is_given_back_to_the_card_as_the_dialog_says(shop, chromium, width, locale, given):
    salon = shop.offer("Soleil", ("month", None, 29_90), commitment_intervals=12)
    lucie = shop.enrol("lucie")
    row = shop.buy(lucie, salon).subscription
    page_of = reverse("office:subscriber", kwargs={"merchant": shop.merchant.public_id, "subscriber": lucie.public_id})
    cancel = reverse(
        "office:subscription-cancel", kwargs={"merchant": shop.merchant.public_id, "subscription": row.public_id}
    )
    with seated(shop, chromium, width=width, locale=locale) as (page, address):
        page.goto(address + page_of)
        page.locator(f"[hx-get='{cancel}']").first.click()
        dialog = page.locator("dialog[open]")
        expect(dialog).to_be_visible()
        picture(page, f"cancel-{width}")
        preview = dialog.locator(".preview")
        dialog.locator("input[name=way][value=now_full]").check()
        expect(preview.locator("[data-state=warn]")).to_be_visible()  # under its commitment
        picture(page, f"cancel-bound-{width}")
        dialog.locator("input[name=waive]").check()
        dialog.locator("input[name=reason]").fill("Déménage")
        expect(preview).to_contain_text(given)
        picture(page, f"cancel-now-{width}")
        dialog.locator("button[type=submit]").click()
        expect(page.locator("dialog[open]")).to_have_count(0)
        picture(page, f"cancelled-{width}")
    with tenant(shop.id):
        note = CreditNote.objects.get()
        assert (Subscription.objects.get().status, note.gross, note.to_refund) == ("ended", 29_90, 29_90)
        assert note.reason == "Déménage"
