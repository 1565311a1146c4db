"""An old member file in Chromium: uploaded, a column corrected, the faulty row read, enrolled, the proof followed by
itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect

from billing.flows import import_work
from billing.models import MemberImport
from merchants.clock import instant
from merchants.models import LegalEntity, Membership
from merchants.tenancy.scope import tenant
from subscribers.models import Mandate, Subscription
from tests.browser.served import chromium as opened
from tests.browser.served import picture, product, window
from tests.pages.offices import logged_in, person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
IBAN = "FR1420041010050500013M02606"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with opened() as browser:
        yield browser


def file_of(shop) -> bytes:
    """As another system writes it; the column of amounts has a heading that nobody guesses."""
    today = shop.now().today
    until, since = today + timedelta(days=6), today - timedelta(days=300)
    dates = f"{since:%d/%m/%Y};{until:%d/%m/%Y}"
    return "\n".join([
        "N° adhérent;Nom;Prénom;E-mail;Formule;Début;Payé jusqu'au;Cotis.;IBAN;RUM;Date du mandat",
        f"A-1;Garnier;Lucie;lucie@courriel.example;liberte;{dates};29,90;{IBAN};RUM-1;03/05/2022",
        f"A-2;Lenoir;Hugo;hugo@courriel.example;liberte;{dates};29,90;;;",
        f"A-3;Belkacem;Amina;amina@courriel;liberté+;31/02/2024;{until:%d/%m/%Y};29,90;{IBAN[:-1]}7;RUM-3;03/05/2022",
    ]).encode("cp1252")  # fmt: skip


@pytest.mark.parametrize("width", [1440, 390])
def test_a_file_becomes_members(shop, chromium, monkeypatch, settings, width):
    monkeypatch.setattr("billing.tasks.carry_import_on.apply_async", lambda *_, **__: None)
    shop.offer("liberte", ("month", None, 29_90))
    user = person(locale="fr" if width == 390 else "en", name="Priya Nair")
    with tenant(shop.id):
        LegalEntity.objects.update(creditor_identifier="FR72ZZZ123456")
        Membership.objects.create(user=user, role="admin", created_at=instant())

    def work() -> None:
        with tenant(shop.id):
            row = MemberImport.objects.get()
        import_work.carry_on(merchant_id=shop.id, import_id=row.pk)

    with product() as address, window(chromium, width=width) as page:
        cookie = logged_in(user).cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie.value, "url": address}])
        page.goto(address + reverse("office:member-imports", kwargs={"merchant": shop.merchant.public_id}))
        picture(page, f"import-empty-{width}")
        page.locator("main a[href$='imports/new']").click()
        picture(page, f"import-new-{width}")
        sent = {"name": "adherents.csv", "mimeType": "text/csv", "buffer": file_of(shop)}
        page.locator("input[type=file]").set_input_files(sent)
        page.locator("form.form-page button[type=submit]").click()
        expect(page.locator("select[name=c0]")).to_have_value("reference")
        expect(page.locator("select[name=c7]")).to_have_value("")
        page.locator("select[name=c7]").select_option("amount")
        picture(page, f"import-columns-{width}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.locator("form.form-page button[type=submit]").click()
        expect(page.locator("#progress [role=status]")).to_be_visible()
        picture(page, f"import-checking-{width}")

        work()

        enrol = page.locator("form[action$='/enrol'] button")
        expect(enrol).to_be_visible()
        expect(page.locator("section[aria-labelledby=faulty] tbody tr")).to_have_count(1)
        picture(page, f"import-checked-{width}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        enrol.click()
        expect(page.locator("#progress [role=status]")).to_be_visible()

        work()

        expect(page.locator("section[aria-labelledby=proof]")).to_be_visible()
        picture(page, f"import-done-{width}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        with tenant(shop.id):
            assert Subscription.objects.count() == 2 and Mandate.objects.get().reference == "RUM-1"
