"""A mandate and a contract read and signed with a finger on the tablet, in few touches; printed as PDF."""

from __future__ import annotations

import re
import time

from playwright.sync_api import expect

from invoices.models import SignedPaper
from invoices.services import signing
from merchants.models import LegalEntity
from merchants.tenancy.scope import tenant
from subscribers.models import Mandate, PaymentMethod
from tests.browser.served import picture, product, window
from tests.browser.test_counter import chromium, pytestmark, sit_down, soleil

__all__ = ["chromium", "pytestmark", "soleil"]
TERMS = "\n\n".join(f"Article {n}. Le forfait est nominatif et ne se cède pas." for n in range(1, 15))


def test_a_walk_in_signs_contract_and_mandate_in_twelve_touches(soleil, chromium):
    shop, site, ines = soleil
    with tenant(shop.id):
        LegalEntity.objects.update(creditor_identifier="FR72ZZZ123456", contract_terms={"fr": TERMS})
    with product() as address, window(chromium, width=1024, height=768) as page:
        sit_down(page, address, shop, site, ines)
        begun, touches = time.monotonic(), 0

        def touch(what: str) -> None:
            nonlocal touches
            touches += 1
            page.locator(what).click()

        page.locator("#phone").press_sequentially("06 39 98 55 1", delay=20)
        touch(".known-list button")
        touch("label.offer-card:has-text('Fidélité')")
        touch("#options label:has-text('Collagène')")
        touch("label:has([name=means][value=sepa])")
        expect(page.locator("[name=iban]")).to_be_visible()
        touch("label:has([name=later][value=sepa])")
        expect(page.locator("[data-sign-open]")).to_be_disabled()
        touch("[name=iban]")
        page.locator("[name=iban]").press_sequentially("FR14 2004 1010 0505 0001 3M02 605", delay=5)
        page.locator("[name=iban]").blur()
        expect(page.locator("#error-iban")).to_have_text(re.compile("Un chiffre est faux"))
        page.locator("[name=iban]").fill("FR14 2004 1010 0505 0001 3M02 606")
        page.locator("[name=iban]").blur()
        expect(page.locator(".account-bank")).to_have_text("LA BANQUE POSTALE")
        picture(page, "counter-sepa")
        touch("[data-sign-open]")
        expect(page.locator("dialog.sign-dialog")).to_contain_text("Mandat de prélèvement SEPA")
        page.locator("[data-sign-done]").click()
        expect(page.locator("[data-sign-error]")).to_have_text(re.compile("Signez plus grand"))
        box = page.locator("[data-pad]").bounding_box()
        touches += 1
        page.mouse.move(box["x"] + 60, box["y"] + 60)
        page.mouse.down()
        for n in range(40):
            page.mouse.move(box["x"] + 60 + n * 15, box["y"] + 90 + (n % 7) * 12)
        page.mouse.up()
        picture(page, "counter-sign")
        touch("[data-sign-done]")
        expect(page.locator("[data-sign-open]")).to_have_text("Signé")
        picture(page, "counter-signed")
        touch(".ticket button[type=submit]")
        expect(page).to_have_url(re.compile("/counter/enrolled/"))
        took = time.monotonic() - begun
        expect(page.get_by_text("Mandat SEPA", exact=False).first).to_be_visible()
        picture(page, "counter-sepa-enrolled")
        link = page.get_by_role("link", name="Contrat").get_attribute("href")
        assert page.request.get(f"{address}{link}").headers["content-type"] == "application/pdf"
    assert touches <= 12 and took < 45, (touches, took)
    with tenant(shop.id):
        assert Mandate.objects.get().last4 == "2606" and not PaymentMethod.objects.exists(), "no worker runs here"
        papers = list(SignedPaper.objects.order_by("id"))
        assert [p.kind for p in papers] == ["contract", "mandate"] and all(map(signing.is_intact, papers))
        assert len(papers[0].signature["strokes"][0]) > 20


def test_another_choice_takes_the_signature_back(soleil, chromium):
    shop, site, ines = soleil
    with tenant(shop.id):
        LegalEntity.objects.update(contract_terms={"fr": TERMS})
    with product() as address, window(chromium, width=1024, height=768) as page:
        sit_down(page, address, shop, site, ines)
        page.locator("#name").fill("Nora Petit")
        page.locator("#phone").fill("06 11 22 33 44")
        page.locator("label.offer-card:has-text('Liberté')").click()
        page.locator("label:has([name=means][value=terminal])").click()
        page.locator("label:has([name=later][value=counter])").click()
        page.locator("[data-sign-open]").click()
        page.locator("dialog summary").click()
        page.locator("[name=signed_name]").fill("Nora Petit")
        page.locator("[data-sign-done]").click()
        expect(page.locator("[data-sign-open]")).to_have_text("Signé")
        page.locator("#options label:has-text('Lunettes')").click()
        expect(page.locator("#due-today")).to_have_text(re.compile("34,90"))
        expect(page.locator("[data-sign-open]")).to_have_text("Lire et signer")
        page.locator("[data-sign-open]").click()
        expect(page.locator("dialog.sign-dialog")).to_contain_text("34,90")
        page.locator("dialog summary").click()
        page.locator("[name=signed_name]").fill("Nora Petit")
        page.locator("[data-sign-done]").click()
        page.locator(".ticket button[type=submit]").click()
        expect(page).to_have_url(re.compile("/counter/enrolled/"))
    with tenant(shop.id):
        assert SignedPaper.objects.get().signature == {"typed": "Nora Petit"}
