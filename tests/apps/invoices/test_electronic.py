"""From frozen rows to the XML inside the printed file: purchases, credit notes, companies, other currencies."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any

import pikepdf
import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from invoices.embedding import xml_inside
from invoices.facturx.checking import broken_rules
from invoices.facturx.documents import Document
from invoices.facturx.fitness import unfit
from invoices.facturx.xml import written
from invoices.models import CreditNote, Invoice
from invoices.pdf import render
from invoices.selectors.einvoices import paper_and_einvoice
from invoices.selectors.rows import credit_rows, invoice_rows
from invoices.services import printing
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from invoices.services.files import NoElectronicInvoice, electronic, printed
from invoices.services.printing import print_document
from merchants.models import LegalEntity
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber
from tests.apps.invoices.bills import BOOKS, bill, line, pay
from tests.einvoices import found, notes, off_by, read, said
from tests.pdfa import faults
from tests.worlds import Shop
from tools.devstack import messages

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Any) -> None:
    messages.compile_all()
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def real() -> Shop:
    """A merchant whose documents are worth something."""
    return Shop.open("Soleil", sandbox=False)


def document_of(shop: Shop, row: Invoice | CreditNote) -> Document:
    with tenant(shop.id):
        rows = credit_rows(row.pk) if isinstance(row, CreditNote) else invoice_rows(row.pk)
        return paper_and_einvoice(rows, shop.merchant)[1]


def held(shop: Shop, row: Invoice | CreditNote) -> Any:
    """Its XML, once no rule is broken and every sum is exact."""
    document = document_of(shop, row)
    xml = written(document)
    assert [str(one) for one in broken_rules(xml, document)] == []
    assert off_by(xml) == []
    return read(xml)


def company(shop: Shop, **known: Any) -> Subscriber:
    known = {"reference": "LUM-1", "company": "Institut Lumière", "siren": "552100554", "country": "FR", **known}
    return shop.enrol(**known)


def given_back(shop: Shop, invoice: Invoice, **wanted: Any) -> CreditNote:
    with tenant(shop.id):
        return credit_invoice(
            invoice.pk, Wanted(**wanted), reason="Panne du 12 octobre", actor=shop.actor, now=shop.now()
        )


def bytes_of(shop: Shop, row: Invoice | CreditNote) -> tuple[bytes, bytes]:
    """What it is printed as, and its XML, once a worker has been there."""
    print_document(merchant_id=shop.id, document_id=row.pk)
    with tenant(shop.id):
        return printed(row).content, electronic(row).content


def test_a_purchase_is_printed_with_its_xml_inside_and_both_say_the_same(shop: Shop) -> None:
    coupon = shop.coupon("RENTREE", percent_off=10, duration="once")
    offer = shop.offer("hifi", ("month", None, 12_99), options=[extra := shop.option("appareil", 2_00)])
    session = shop.buy(shop.enrol("lucie", country="FR"), offer, options=[extra], coupons=[coupon])
    with tenant(shop.id):
        invoice = Invoice.objects.get(id=session.invoice_id)

    pdf, xml = bytes_of(shop, invoice)

    assert xml == xml_inside(pdf)
    assert faults(pdf) == []
    tree = read(xml)
    assert said(tree, "BusinessProcessSpecifiedDocumentContextParameter/ID") == "S2"
    assert said(tree, "GrandTotalAmount") == "13.49"  # 14.99 with VAT, less 10 %
    assert said(tree, "AllowanceTotalAmount") == "1.25"  # 1.50 with VAT
    assert (said(tree, "TaxTotalAmount"), said(tree, "DuePayableAmount")) == ("2.25", "0.00")
    assert said(tree, "SpecifiedTradeSettlementPaymentMeans/TypeCode") == "48"
    assert said(tree, "ApplicableTradeSettlementFinancialCard/ID") == "4242"
    assert [note.text for note in found(tree, "AssociatedDocumentLineDocument/IncludedNote/Content")] == []
    assert notes(tree)["BAR"] == "OUTOFSCOPE"  # a sandbox: no platform must take it
    assert "sans valeur" in xml.decode()


def test_the_same_document_is_the_same_bytes(real: Shop) -> None:
    invoice = bill(real, company(real), line(49_00), line(12_00, rate=BOOKS), behavior="exclusive")

    assert written(document_of(real, invoice)) == written(document_of(real, invoice))
    _, xml = bytes_of(real, invoice)
    assert xml == written(document_of(real, invoice))


def test_a_company_in_france_is_invoiced_as_the_reform_asks(real: Shop) -> None:
    invoice = bill(real, company(real), line(100_00, discount=5_00), line(12_00, rate=BOOKS), behavior="exclusive")
    tree = held(real, invoice)

    assert found(tree, "BuyerTradeParty/URIUniversalCommunication/URIID")[0].attrib == {"schemeID": "0225"}
    assert said(tree, "BuyerTradeParty/SpecifiedLegalOrganization/ID") == "552100554"
    assert said(tree, "BusinessProcessSpecifiedDocumentContextParameter/ID") == "M1"  # services and books
    kept = notes(tree)
    assert kept["BAR"] == "B2B"
    assert "trois fois le taux" in kept["PMD"] and "40,00" in kept["PMT"] and "escompte" in kept["AAB"]
    assert [
        one.text
        for one in found(
            tree,
            "IncludedSupplyChainTradeLineItem/SpecifiedLineTradeSettlement/SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount",
        )
    ] == ["100.00", "12.00"]
    assert said(tree, "SpecifiedTradeAllowanceCharge/Reason") == "RENTREE"


def test_the_seller_s_own_terms_are_said_as_they_stood_that_day(real: Shop) -> None:
    with tenant(real.id):
        real.entity.late_penalty = {"fr": "12 % par an"}
        real.entity.early_discount = {"fr": "2 % sous huit jours"}
        real.entity.vat_on_debits = True
        real.entity.save()
    invoice = bill(real, company(real), line(49_00))
    with tenant(real.id):
        LegalEntity.objects.update(late_penalty={}, early_discount={}, vat_on_debits=False)
    tree = held(real, invoice)

    assert "pénalités à 12 % par an" in notes(tree)["PMD"]
    assert notes(tree)["AAB"] == "2 % sous huit jours"
    assert said(tree, "DueDateTypeCode") == "5"  # VAT is due when it is invoiced


@pytest.mark.parametrize("known", [{"siret": "73282932000074", "vat_number": ""}, {"vat_number": "FR44732829320"}])
def test_a_company_without_siren_is_known_by_the_number_that_holds_it(real: Shop, known: dict[str, str]) -> None:
    with tenant(real.id):
        for name, value in {"siren": "", "siret": "", **known}.items():
            setattr(real.entity, name, value)
        real.entity.save()
    tree = held(real, bill(real, company(real), line(12_99)))

    assert said(tree, "SellerTradeParty/SpecifiedLegalOrganization/ID") == "732829320"
    assert said(tree, "SellerTradeParty/URIUniversalCommunication/URIID") == "732829320"


def test_a_consumer_is_told_of_no_penalties(real: Shop) -> None:
    kept = notes(held(real, bill(real, real.enrol("lucie", locale="en"), line(12_99))))

    assert kept["BAR"] == "B2C"
    assert kept["PMD"] == "Late payment: no penalties, the customer is a consumer."
    assert "40" not in kept["PMT"]


def test_a_credit_note_is_electronic_too(real: Shop) -> None:
    invoice = bill(real, company(real), line(49_00), line(12_00, rate=BOOKS))
    pay(real, invoice, 61_00, means="transfer")
    note = given_back(real, invoice, amount=10_00)

    pdf, xml = bytes_of(real, note)
    tree = held(real, note)

    assert (faults(pdf), xml_inside(pdf)) == ([], xml)
    assert xml == written(document_of(real, note))
    assert (said(tree, "rsm:ExchangedDocument/TypeCode"), said(tree, "GrandTotalAmount")) == ("381", "10.00")
    assert said(tree, "InvoiceReferencedDocument/IssuerAssignedID") == invoice.number
    assert notes(tree)["ACD"] == "Panne du 12 octobre"


def test_all_credit_notes_of_an_invoice_break_no_rule(real: Shop) -> None:
    """VAT of the last takes what is left: a cent beside its base × rate, and still within the rules."""
    lines = [line(3_33), line(3_33, rate=BOOKS), line(3_34, discount=1_11)]
    invoice = bill(real, real.enrol("lucie"), *lines)

    for amount in (1, 2_50, None):
        held(real, given_back(real, invoice, amount=amount))


def test_what_is_partly_paid_says_how_much_is_left(real: Shop) -> None:
    invoice = bill(real, company(real), line(49_00))
    pay(real, invoice, 20_00, means="cheque")
    tree = held(real, invoice)

    assert (said(tree, "TotalPrepaidAmount"), said(tree, "DuePayableAmount")) == ("20.00", "29.00")
    assert said(tree, "SpecifiedTradeSettlementPaymentMeans/TypeCode") == "20"
    assert said(tree, "BusinessProcessSpecifiedDocumentContextParameter/ID") == "S1"


def test_a_company_of_another_member_state_accounts_for_the_vat_itself(real: Shop) -> None:
    offer = real.offer("pro", ("month", None, 49_00), tax_behavior="exclusive")
    berlin = real.enrol("kunde", company="Kunde GmbH", country="DE", vat_number="DE136695976")
    session = real.buy(berlin, offer)
    with tenant(real.id):
        invoice = Invoice.objects.get(id=session.invoice_id)
    tree = held(real, invoice)

    assert {one.text for one in found(tree, "CategoryCode")} == {"AE"}
    assert said(tree, "ApplicableHeaderTradeSettlement/ApplicableTradeTax/ExemptionReasonCode") == "VATEX-EU-AE"
    assert "283, 2" in said(tree, "ApplicableHeaderTradeSettlement/ApplicableTradeTax/ExemptionReason")
    assert (said(tree, "GrandTotalAmount"), notes(tree)["BAR"]) == ("49.00", "B2BINT")
    held(real, given_back(real, invoice))


def test_a_currency_of_three_decimals_is_printed_without_xml(real: Shop) -> None:
    offer = real.offer("tunis", ("month", None, 29_900), currency="TND")
    session = real.buy(real.enrol("amel"), offer)
    with tenant(real.id):
        invoice = Invoice.objects.get(id=session.invoice_id)

    print_document(merchant_id=real.id, document_id=invoice.pk)

    with tenant(real.id):
        pdf = printed(invoice).content
        assert (xml_inside(pdf), faults(pdf, with_xml=False)) == (None, [])
        with pytest.raises(NoElectronicInvoice, match="at most two decimals") as refused:
            electronic(invoice)
    assert (refused.value.code, refused.value.status) == ("no_electronic_invoice", 409)


def test_a_file_printed_before_there_was_xml_is_left_as_it_is(real: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    invoice = bill(real, real.enrol("lucie"), line(12_99))
    monkeypatch.setattr(printing, "render", lambda paper, _xml: render(paper))
    print_document(merchant_id=real.id, document_id=invoice.pk)

    with tenant(real.id):
        pdf, xml = printed(invoice).content, electronic(invoice).content
    assert (xml_inside(pdf), xml) == (None, written(document_of(real, invoice)))
    assert len(default_storage.listdir(f"documents/{real.id}")[1]) == 1


def test_lines_cost_no_queries(real: Shop) -> None:
    few = bill(real, real.enrol("lucie"), line(12_99))
    many = bill(real, real.enrol("zoe"), *[line(1_00, discount=10) for _ in range(30)])
    counted = []
    for invoice in (few, many):
        with (
            tenant(real.id),
            CaptureQueriesContext(
                connection,
            ) as queries,
        ):
            paper_and_einvoice(invoice_rows(invoice.pk), real.merchant)
        counted.append(len(queries))

    assert counted[0] == counted[1] <= 8


def test_what_is_left_is_asked_for_on_the_company_s_account(real: Shop) -> None:
    with tenant(real.id):
        real.entity.iban, real.entity.bic = "FR7630006000011234567890189", "AGRIFRPP"
        real.entity.save()
    invoice = bill(real, company(real), line(49_00))
    tree = held(real, invoice)

    assert said(tree, "SpecifiedTradeSettlementPaymentMeans/TypeCode") == "58"
    assert said(tree, "PayeePartyCreditorFinancialAccount/IBANID") == "FR7630006000011234567890189"
    assert said(tree, "ApplicableHeaderTradeSettlement/PaymentReference") == invoice.number
    pay(real, invoice, 49_00)
    assert said(held(real, invoice), "SpecifiedTradeSettlementPaymentMeans/TypeCode") == "48"


def test_a_seller_without_any_number_has_no_xml(real: Shop) -> None:
    document = document_of(real, bill(real, real.enrol("lucie"), line(12_99)))
    found_ = unfit(replace(document, seller=replace(document.seller, siren="", vat_number="")))

    assert found_ is not None and found_.code == "seller_not_identified"


def test_the_metadata_and_the_attachment_are_there_once(real: Shop) -> None:
    """The control of tests/pdfa.py: it sees what WeasyPrint leaves by itself."""
    invoice = bill(real, real.enrol("lucie"), line(12_99))
    pdf, _ = bytes_of(real, invoice)
    with pikepdf.open(BytesIO(pdf)) as opened:
        opened.Root.AF.append(opened.Root.AF[0])
        spoiled = BytesIO()
        opened.save(spoiled, static_id=True)

    assert "6.8: not exactly one associated file" in faults(spoiled.getvalue())
