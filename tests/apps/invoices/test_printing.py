"""From a real purchase to its stored PDF; and what happens where the store or the document fails."""

from __future__ import annotations

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from threading import Event
from typing import Any
from uuid import UUID

import pypdf
import pytest
from django.core.files.storage import default_storage
from django.db import connection

from billing import runs
from billing.gateways.simulated import SimulatedGateway
from invoices import tasks
from invoices.models import CreditNote, CreditNoteLine, CreditNoteTax, DocumentFile, Invoice, NumberSeries
from invoices.pdf import render
from invoices.selectors import rows
from invoices.selectors.papers import paper_of_credit_note, paper_of_invoice
from invoices.services import printing
from invoices.services.printing import print_document, print_file
from merchants.clock import instant
from merchants.tenancy.across import across_tenants
from merchants.tenancy.scope import tenant
from tests.worlds import Shop
from tools.devstack import messages

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Any) -> None:
    """A store and the catalogues of this test."""
    messages.compile_all()
    settings.MEDIA_ROOT = str(tmp_path)


def bought(shop: Shop, **wish: Any) -> Invoice:
    """The first invoice of a purchase with an option and a coupon."""
    offer = shop.offer("hifi", ("month", None, 12_99), options=[extra := shop.option("appareil", 2_00)])
    coupon = shop.coupon("RENTREE", percent_off=10, duration="once")
    session = shop.buy(shop.enrol("lucie", **wish), offer, options=[extra], coupons=[coupon])
    with tenant(shop.id):
        invoice: Invoice = Invoice.objects.get(id=session.invoice_id)
    return invoice


def file_of(shop: Shop, document_id: UUID) -> DocumentFile:
    with tenant(shop.id):
        file: DocumentFile = DocumentFile.objects.get(invoice_id=document_id)
    return file


def text_at(path: str) -> str:
    with default_storage.open(path) as kept:
        pages = pypdf.PdfReader(BytesIO(kept.read())).pages
        return " ".join(re.sub(r"\s+", " ", page.extract_text()) for page in pages)


def test_a_purchase_is_printed_once_and_kept_with_its_digest(shop: Shop) -> None:
    invoice = bought(shop, locale="fr", line1="7 montée du Diapason", postal_code="69005", city="Lyon", country="FR")
    waiting = file_of(shop, invoice.pk)
    assert (waiting.made_at, waiting.path, waiting.tries) == (None, "", 0)
    assert (shop.id, waiting.pk) in across_tenants("unprinted_documents", instant(), 100_000)

    print_document(merchant_id=shop.id, document_id=invoice.pk)

    made = file_of(shop, invoice.pk)
    assert made.made_at is not None
    assert (made.tries, made.error) == (1, "")
    with default_storage.open(made.path) as kept:
        printed = kept.read()
    assert (made.sha256, made.size) == (hashlib.sha256(printed).hexdigest(), len(printed))
    assert str(shop.id) in made.path
    assert (shop.id, waiting.pk) not in across_tenants("unprinted_documents", instant(), 100_000)
    text = text_at(made.path)
    for said in (
        f"Facture {invoice.number}",
        "69005 Lyon",
        "hifi du ",
        "1 × 12,99 € 12,99 €",
        "appareil du ",
        "1 × 2,00 € 2,00 €",
        "RENTREE −10 % −1,50 €",
        "Total TTC 13,49 €",
        "20,00 % 11,24 € 2,25 € 13,49 €",
        "Reste à payer 0,00 €",
        "Document d’essai, sans valeur",  # a sandbox
        "Carte Visa 4242",
        "Prestation de services, TVA exigible à l’encaissement.",
        "Prochaine facture le ",
    ):
        assert said in text, said
    assert "None" not in text


def test_printing_again_changes_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    invoice = bought(shop)
    print_document(merchant_id=shop.id, document_id=invoice.pk)
    once = file_of(shop, invoice.pk)

    def refuse(*_: object) -> bytes:
        raise AssertionError("printed twice")

    monkeypatch.setattr(printing, "render", refuse)
    print_document(merchant_id=shop.id, document_id=invoice.pk)
    print_file(merchant_id=shop.id, file_id=once.pk)
    assert file_of(shop, invoice.pk).made_at == once.made_at
    assert len(default_storage.listdir(f"documents/{shop.id}")[1]) == 1


def test_two_workers_at_once_leave_one_file(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    invoice = bought(shop)
    honest = render

    def slow(paper: Any, xml: bytes | None) -> bytes:  # while the first prints, a second one comes, prints and stores
        monkeypatch.setattr(printing, "render", honest)
        print_document(merchant_id=shop.id, document_id=invoice.pk)
        return honest(paper, xml)

    monkeypatch.setattr(printing, "render", slow)
    print_document(merchant_id=shop.id, document_id=invoice.pk)
    made = file_of(shop, invoice.pk)
    assert made.error == ""
    assert len(default_storage.listdir(f"documents/{shop.id}")[1]) == 1
    assert default_storage.size(made.path) == made.size


def test_a_store_that_fails_leaves_the_invoice_and_is_tried_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    invoice = bought(shop)

    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(default_storage, "save", full)
        before = instant()
        print_document(merchant_id=shop.id, document_id=invoice.pk)
    failed = file_of(shop, invoice.pk)
    assert (failed.made_at, failed.tries) == (None, 1)
    assert "No space left" in failed.error
    assert timedelta(seconds=55) < failed.next_try_at - before < timedelta(minutes=2)
    with tenant(shop.id):
        assert Invoice.objects.get(id=invoice.pk).status == "paid"

    print_document(merchant_id=shop.id, document_id=invoice.pk)
    made = file_of(shop, invoice.pk)
    assert made.made_at is not None
    assert (made.tries, made.error) == (2, "")


def test_half_a_file_left_by_a_killed_worker_is_replaced(shop: Shop) -> None:
    invoice = bought(shop)
    print_document(merchant_id=shop.id, document_id=invoice.pk)
    made = file_of(shop, invoice.pk)
    with default_storage.open(made.path) as kept:
        whole = kept.read()
    with open(default_storage.path(made.path), "wb") as half:
        half.write(whole[: len(whole) // 2])
    with tenant(shop.id):
        DocumentFile.objects.filter(id=made.pk).update(made_at=None)
    print_document(merchant_id=shop.id, document_id=invoice.pk)
    with default_storage.open(file_of(shop, invoice.pk).path) as kept:
        assert kept.read() == whole


def test_a_strangers_document_is_not_found(shop: Shop, another_shop: Shop) -> None:
    invoice = bought(shop)
    with pytest.raises(DocumentFile.DoesNotExist):
        print_document(merchant_id=another_shop.id, document_id=invoice.pk)
    assert file_of(shop, invoice.pk).made_at is None


def test_a_real_merchants_document_is_worth_something(shop: Shop) -> None:
    invoice = bought(shop, locale="en", country="BE", company="Fanfare SA", vat_number="BE0123456749")
    with tenant(shop.id):
        shop.merchant.sandbox_of = None
        paper = paper_of_invoice(invoice.pk, shop.merchant)
    assert paper.practice is False
    assert paper.locale == "en"
    assert paper.customer.company == "Fanfare SA"
    assert paper.customer.address[-1] == "Belgium"
    assert sum(line.amount for line in paper.lines) == 14_99
    assert [discount.amount for discount in paper.discounts] == [-1_50]
    assert paper.left == 0


def test_the_logo_is_that_of_the_day_or_none(shop: Shop) -> None:
    logo = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>'
    with tenant(shop.id):
        shop.merchant.logo_svg = logo
        shop.merchant.save(update_fields=["logo_svg"])
    invoice = bought(shop)
    with tenant(shop.id):
        assert paper_of_invoice(invoice.pk, shop.merchant).issuer.logo == logo.encode()
        shop.merchant.logo_svg = logo.replace("9v9", "9v8")
        assert paper_of_invoice(invoice.pk, shop.merchant).issuer.logo is None


class Enough(Exception):  # noqa: N818 - it ends a scope, it is no error
    """Nothing of this scope is to stay."""


def test_a_credit_note_says_where_it_went(shop: Shop) -> None:
    invoice = bought(shop)
    assert invoice.issued_on
    with pytest.raises(Enough), tenant(shop.id):
        line = invoice.lines.get(position=0)
        series = NumberSeries.objects.create(
            legal_entity_id=invoice.legal_entity_id, kind="credit_note", format="AV{number:06d}"
        )
        note = CreditNote(
            invoice=invoice,
            legal_entity_id=invoice.legal_entity_id,
            payer_id=invoice.payer_id,
            series=series,
            number="AV000001",
            sequence=1,
            currency="EUR",
            tax_behavior="inclusive",
            locale="fr",
            issued_on=invoice.issued_on,
            reason="Geste",
            issuer=invoice.issuer,
            customer=invoice.customer,
            net=1_00,
            tax=20,
            gross=1_20,
            to_balance=50,
            to_refund=70,
            created_at=instant(),
        )
        tax = CreditNoteTax(credit_note=note, tax_percent=20, base=1_00, tax=20)
        credited = CreditNoteLine(
            credit_note=note,
            invoice_line=line,
            position=0,
            title={"fr": "hifi"},
            amount=1_20,
            net=1_00,
            tax_percent=20,
            rule="once",
            inputs={},
            formula="1,20",
        )
        CreditNoteLine.objects.bulk_create([credited])
        CreditNoteTax.objects.bulk_create([tax])
        CreditNote.objects.bulk_create([note])  # last: from then on its lines are frozen
        paper = paper_of_credit_note(note.pk, shop.merchant)
        raise Enough  # this credit note is not in the ledger: the guards would refuse it
    assert [(part.means, part.amount) for part in paper.settlements] == [("balance", 50), ("refund", 70)]
    assert paper.references[0].number == invoice.number
    assert (paper.left, paper.kind, paper.number) == (0, "credit_note", "AV000001")


def test_the_worker_prints_what_waits_longest_first(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    invoice = bought(shop)
    waiting = file_of(shop, invoice.pk)
    with tenant(shop.id):
        DocumentFile.objects.filter(id=waiting.pk).update(next_try_at=datetime(2000, 1, 1, tzinfo=UTC))
    monkeypatch.setattr(tasks, "MOST", 1)

    tasks.print_missing()

    made = file_of(shop, invoice.pk)
    assert made.made_at is not None
    assert default_storage.exists(made.path)


def test_money_that_comes_while_a_document_is_read_leaves_no_paper_that_asks_for_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer = shop.enrol("camille")
    shop.method(payer)
    shop.subscribe(payer, shop.offer("hifi", ("month", None, 12_99)))
    with tenant(shop.id):
        invoice = Invoice.objects.get()
    asked, halfway, papers = Event(), Event(), []
    charge, mandates = SimulatedGateway.charge, rows._mandates

    def slow(*given: Any, **named: Any) -> Any:
        asked.set()
        assert halfway.wait(20)
        return charge(*given, **named)

    def between_two_reads(*given: Any) -> Any:
        halfway.set()
        collecting.result(20)
        return mandates(*given)

    monkeypatch.setattr(SimulatedGateway, "charge", slow)
    monkeypatch.setattr(rows, "_mandates", between_two_reads)

    def kept(paper: Any, _: Any) -> bytes:
        papers.append(paper)
        return b"%PDF"

    monkeypatch.setattr(printing, "render", kept)
    with ThreadPoolExecutor(1) as pool:
        collecting = pool.submit(collected, shop)
        assert asked.wait(20)
        print_document(merchant_id=shop.id, document_id=invoice.pk)

    with tenant(shop.id):
        assert Invoice.objects.get().status == "paid"
    (paper,) = papers
    assert (paper.state, paper.settlements, paper.collected) == ("open", (), True)


def collected(shop: Shop) -> None:
    """What is due is asked for, on a connection of its own."""
    try:
        runs.collect_of(shop.id)
    finally:
        connection.close()
