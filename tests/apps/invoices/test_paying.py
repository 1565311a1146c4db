"""How a paper says that it is to be paid: the transfer that a bank's application reads, the page that takes a card."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import pikepdf
import pytest
import segno
from django.db import DatabaseError
from django.test import Client
from django.utils.translation import override

from invoices.codes import code
from invoices.models import Invoice, Payment
from invoices.paper import Account, Paper, Settlement
from invoices.payslip import paying
from invoices.pdf import render
from invoices.selectors.papers import paper_of_invoice
from invoices.services.issuing import issuer
from invoices.transfers import Transfer, code_text
from merchants.models import LegalEntity, Logo, ProviderAccount
from merchants.selectors.logos import logo_of
from merchants.services.entities import update_legal_entity
from merchants.services.logo import set_logo
from merchants.tenancy.scope import tenant
from tests.apps.invoices import papers
from tests.apps.invoices.bills import bill, line
from tests.apps.invoices.papers import text_of
from tests.worlds import Shop
from tools.devstack import messages

IBAN = "FR7630006000011234567890189"
ACCOUNT = Account(name="Onde SAS", iban=IBAN, bic="BNPAFRPP")
PAGE = "https://billing.example/pay/owed/abc"
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>'


@pytest.fixture(autouse=True, scope="module")
def french() -> None:
    """The catalogues as they stand in the tree."""
    messages.compile_all()


def due(**fields: Any) -> Paper:
    """The usual invoice, not paid."""
    bare: dict[str, Any] = {"settlements": (), "state": "open", "paid_on": None, "day_count": None, "coming": None}
    return replace(papers.usual(), **(bare | {"account": ACCOUNT, "pay_url": PAGE} | fields))


def modules(path: str, side: int) -> list[list[int]]:
    """The squares that a path blackens."""
    drawn = [[0] * side for _ in range(side)]
    for across, down, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", path):
        for at in range(int(across), int(across) + int(length)):
            assert not drawn[int(down)][at]
            drawn[int(down)][at] = 1
    return drawn


class TestTheCode:
    def test_the_path_blackens_exactly_the_dark_modules(self) -> None:
        said = code_text(Transfer(name="Onde SAS", iban=IBAN, amount=987, reference="ON-2026-041436"))
        drawn = code(said)
        asked = segno.make(said, error="m", encoding="utf-8", micro=False, boost_error=False)
        assert modules(drawn.path, drawn.side) == [list(row) for row in asked.matrix]
        assert asked.error == "M"

    def test_a_name_of_another_script_fits_what_the_code_may_carry(self) -> None:
        said = code_text(
            Transfer(name="漢" * 200, iban=IBAN, amount=99_999_999_999, reference="界" * 200, bic="BNPAFRPP")
        )
        assert len(said.encode()) <= 331
        name = said.split("\n")[5]
        assert name == "漢" * 50
        version = segno.make(said, error="m", encoding="utf-8", micro=False, boost_error=False).version
        assert isinstance(version, int) and version <= 13

    def test_a_name_cannot_add_lines(self) -> None:
        said = code_text(Transfer(name="Onde\nFR00\nEUR1", iban=IBAN, amount=987, reference="a\nb"))
        assert said.split("\n")[5:8] == ["Onde FR00 EUR1", IBAN, "EUR9.87"]
        assert len(said.split("\n")) == 11

    @pytest.mark.parametrize("amount", [0, -1, 100_000_000_000])
    def test_nothing_and_too_much_are_refused(self, amount: int) -> None:
        with pytest.raises(ValueError, match="a transfer code carries"):
            code_text(Transfer(name="Onde", iban=IBAN, amount=amount, reference=""))


class TestWhatIsSaid:
    def test_a_transfer_comes_first_and_the_page_beside_it(self) -> None:
        with override("fr"):
            slip = paying(due())
        assert slip is not None
        assert slip.heading == "Par virement"
        said = {label: value.replace("\N{NO-BREAK SPACE}", " ") for label, value in slip.facts}
        assert said == {
            "Montant": "9,87 €",
            "À": "Onde SAS",
            "IBAN": "FR76 3000 6000 0112 3456 7890 189",
            "BIC": "BNPAFRPP",
            "Référence": "ON-2026-041436",
        }
        asked = Transfer(name="Onde SAS", iban=IBAN, bic="BNPAFRPP", amount=987, reference="ON-2026-041436")
        assert slip.code == code(code_text(asked))
        assert (slip.url, slip.act.replace("\N{NO-BREAK SPACE}", " ")) == (PAGE, "Payer 9,87 €")

    def test_what_is_left_is_asked_not_what_was_due(self) -> None:
        slip = paying(due(settlements=(Settlement(means="transfer", amount=500),)))
        assert slip is not None and slip.code is not None
        asked = Transfer(name="Onde SAS", iban=IBAN, bic="BNPAFRPP", amount=487, reference="ON-2026-041436")
        assert slip.code == code(code_text(asked))

    def test_without_an_account_the_code_opens_the_page(self) -> None:
        slip = paying(due(account=None))
        assert slip is not None
        assert (slip.facts, slip.code) == ((), code(PAGE))

    @pytest.mark.parametrize(
        "fields",
        [{"currency": "GBP"}, {"account": Account(name="Onde", iban="TN5910006035183598478831")}, {"practice": True}],
        ids=["pounds", "outside SEPA", "practice"],
    )
    def test_no_bank_is_asked_for_what_it_cannot_do(self, fields: dict[str, Any]) -> None:
        slip = paying(due(**fields))
        assert slip is not None
        assert (slip.code, slip.scan) == (None, "")
        assert "IBAN" in dict(slip.facts)

    @pytest.mark.parametrize(
        "fields",
        [
            {"state": "paid", "settlements": (Settlement(means="card", amount=987),)},
            {"state": "cancelled"},
            {"collected": True},
            {"account": None, "pay_url": ""},
        ],
        ids=["paid", "cancelled", "collected by us", "no way known"],
    )
    def test_nobody_is_asked_who_has_nothing_to_do(self, fields: dict[str, Any]) -> None:
        assert paying(due(**fields)) is None
        assert "IBAN" not in text_of(due(**fields))

    def test_a_credit_note_asks_for_nothing(self) -> None:
        assert paying(replace(papers.credit_note(), settlements=(), account=ACCOUNT, pay_url=PAGE)) is None

    def test_who_is_charged_by_us_reads_that_there_is_nothing_to_do(self) -> None:
        text = text_of(due(collected=True))
        assert "Prélèvement automatique, rien à faire" in text
        assert "À payer" not in text


class TestPrinted:
    def test_the_page_is_a_link_and_the_code_stands_in_the_file(self) -> None:
        printed = render(due())
        with pikepdf.open(BytesIO(printed)) as pdf:
            (page,) = pdf.pages
            (link,) = page.Annots
            assert str(link.A.URI) == PAGE
            assert int(link.F) & 4  # PDF/A asks that it be printed
        text = text_of(due())
        assert "Par virement Montant 9,87 € À Onde SAS IBAN FR76 3000 6000 0112 3456 7890 189 BIC BNPAFRPP" in text
        assert "Scannez ce code avec l’application de votre banque" in text
        assert len(printed) < 40_000

    def test_a_paid_invoice_has_no_link(self) -> None:
        with pikepdf.open(BytesIO(render(papers.usual()))) as pdf:
            assert "/Annots" not in pdf.pages[0]


@pytest.mark.django_db(transaction=True)
class TestFromItsRows:
    def test_a_debt_is_printed_with_its_account_and_the_page_that_pays_it(self, shop: Shop) -> None:
        invoice = owing(shop)
        with tenant(shop.id):
            paper = paper_of_invoice(invoice.pk, shop.merchant)
            again = paper_of_invoice(invoice.pk, shop.merchant)
        assert paper.account == Account(name=shop.entity.name, iban=IBAN, bic="")
        assert paper.pay_url == again.pay_url
        assert render(paper) == render(again)
        page = Client().get(urlsplit(paper.pay_url).path)
        assert page.status_code == 200
        assert "12,99" in page.content.decode()

    def test_what_we_collect_ourselves_asks_for_nothing(self, shop: Shop) -> None:
        invoice = owing(shop)
        with tenant(shop.id):
            Invoice.objects.filter(id=invoice.pk).update(collect_at=invoice.created_at)
            paper = paper_of_invoice(invoice.pk, shop.merchant)
        assert paper.collected is True
        with override("fr"):
            assert paying(paper) is None

    def test_money_on_its_way_is_not_asked_for_again(self, shop: Shop) -> None:
        invoice = owing(shop)
        with tenant(shop.id):
            pending = Payment.objects.create(
                payer=invoice.payer,
                invoice=invoice,
                account=shop.account,
                gateway="simulated",
                means="card",
                automatic=True,
                amount=12_99,
                currency="EUR",
                created_at=invoice.created_at,
            )
            assert paper_of_invoice(invoice.pk, shop.merchant).collected is True
            Payment.objects.filter(id=pending.pk).update(status="failed")
            assert paper_of_invoice(invoice.pk, shop.merchant).collected is False

    def test_without_a_provider_there_is_no_page_to_lead_to(self, shop: Shop) -> None:
        invoice = owing(shop)
        with tenant(shop.id):
            ProviderAccount.objects.update(kind="manual")
            paper = paper_of_invoice(invoice.pk, shop.merchant)
        assert (paper.pay_url, paper.account and paper.account.iban) == ("", IBAN)

    def test_a_later_account_changes_no_document(self, shop: Shop) -> None:
        invoice = owing(shop)
        with tenant(shop.id):
            update_legal_entity(shop.entity, iban="", bic="", actor=shop.actor, now=shop.now())
            paper = paper_of_invoice(invoice.pk, shop.merchant)
        assert paper.account and paper.account.iban == IBAN


@pytest.mark.django_db(transaction=True)
class TestBrands:
    def test_a_company_s_own_brand_takes_the_place_of_the_merchant_s(self, shop: Shop) -> None:
        own = LOGO.replace("9v9", "9v8")
        with tenant(shop.id):
            set_logo(LOGO, actor=shop.actor, now=shop.now())
            shop.merchant.refresh_from_db()
        before = bill(shop, shop.enrol("lucie"), line(12_99))
        with tenant(shop.id):
            changes = {"brand_name": "Onde Pro", "brand_color": "#AA3300", "logo_svg": own}
            entity = update_legal_entity(shop.entity, actor=shop.actor, now=shop.now(), **changes)
            after = issuer(entity, shop.merchant)
        assert (after["brand"], after["colour"]) == ("Onde Pro", "#AA3300")
        with tenant(shop.id):
            assert logo_of(after["logo"], shop.merchant) == own
            kept = paper_of_invoice(before.pk, shop.merchant).issuer
        assert (kept.brand, kept.colour, kept.logo) == (shop.merchant.name, shop.merchant.brand_color, LOGO.encode())

    def test_a_logo_is_printed_years_after_it_was_replaced(self, shop: Shop) -> None:
        with tenant(shop.id):
            set_logo(LOGO, actor=shop.actor, now=shop.now())
            shop.merchant.refresh_from_db()
        invoice = bill(shop, shop.enrol("lucie"), line(12_99))
        with tenant(shop.id):
            was = render(paper_of_invoice(invoice.pk, shop.merchant))
            set_logo("", actor=shop.actor, now=shop.now())
            shop.merchant.refresh_from_db()
            assert shop.merchant.logo_svg == ""
            assert render(paper_of_invoice(invoice.pk, shop.merchant)) == was

    def test_the_same_drawing_is_kept_once_and_for_ever(self, shop: Shop) -> None:
        with tenant(shop.id):
            for drawing in (LOGO, "", LOGO):
                set_logo(drawing, actor=shop.actor, now=shop.now())
            assert Logo.objects.count() == 1
        with pytest.raises(DatabaseError, match=r"append.only|permission denied"), tenant(shop.id):
            Logo.objects.update(svg="")

    def test_without_its_own_it_has_the_merchant_s(self, shop: Shop) -> None:
        with tenant(shop.id):
            said = issuer(LegalEntity.objects.get(), shop.merchant)
        assert (said["brand"], said["colour"], said["logo"]) == (shop.merchant.name, shop.merchant.brand_color, "")


def owing(shop: Shop) -> Invoice:
    """Lucie owes 12.99 to a company that has an account."""
    with tenant(shop.id):
        entity = update_legal_entity(
            shop.entity, iban="fr76 3000 6000 0112 3456 7890 189", actor=shop.actor, now=shop.now()
        )
    shop.entity = entity
    invoice: Invoice = bill(shop, shop.enrol("lucie", locale="fr"), line(12_99))
    return invoice
