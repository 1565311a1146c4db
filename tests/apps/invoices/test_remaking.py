"""Printed again: what is lost comes back byte for byte, whatever happened to the invoice since."""

from __future__ import annotations

import hashlib
import io
import re
import threading
import time
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pypdf
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connections
from django.test import Client

from alerts.services.letters import DOCUMENT
from invoices import tasks
from invoices.models import DocumentFile, Invoice
from invoices.services import files, printing, remaking
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from invoices.services.printing import print_document
from merchants.clock import instant
from merchants.links import mint
from merchants.models import Merchant
from merchants.stores.folder import FolderStore
from merchants.tenancy.scope import tenant
from tests.api.callers import Caller, problem
from tests.worlds import Shop
from tools.devstack import messages

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Any) -> None:
    """A store and the catalogues of this test."""
    messages.compile_all()
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def nudged(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[str, ...]]]:
    """What workers are asked to do: nobody is woken here."""
    found: list[tuple[str, tuple[str, ...]]] = []
    monkeypatch.setattr(
        files.current_app, "send_task", lambda name, arguments=(), **_: found.append((name, tuple(arguments)))
    )
    return found


def owed(shop: Shop) -> Invoice:
    """An open invoice, not paid yet."""
    subscription = shop.subscribe(shop.enrol("lucie", locale="fr"), shop.offer("hifi", ("month", None, 12_99)))
    with tenant(shop.id):
        invoice: Invoice = Invoice.objects.get(subscription=subscription)
    assert invoice.status == "open"
    return invoice


def file_of(shop: Shop, invoice: Invoice) -> DocumentFile:
    with tenant(shop.id):
        file: DocumentFile = DocumentFile.objects.get(invoice_id=invoice.pk)
    return file


def content(file: DocumentFile) -> bytes:
    with default_storage.open(file.path) as kept:
        return bytes(kept.read())


def text_in(printed: bytes) -> str:
    pages = pypdf.PdfReader(BytesIO(printed)).pages
    return " ".join(re.sub(r"\s+", " ", page.extract_text()) for page in pages)


def command(shop: Shop, *options: str) -> str:
    out = io.StringIO()
    call_command("remake_documents", *options, "--merchant", shop.merchant.public_id, stdout=out)
    return out.getvalue()


def refused(shop: Shop, *options: str) -> tuple[str, str]:
    """What it says and how it ends, where it ends badly."""
    out = io.StringIO()
    with pytest.raises(CommandError) as error:
        call_command("remake_documents", *options, "--merchant", shop.merchant.public_id, stdout=out)
    return out.getvalue(), str(error.value)


def pay_and_credit(shop: Shop, invoice: Invoice) -> None:
    """Everything moves: it is paid, part is credited, the merchant moves to another zone."""
    with tenant(shop.id):
        payer = Invoice.objects.select_related("payer").get(pk=invoice.pk).payer
    shop.method(payer)  # what is owed is taken from it at once
    with tenant(shop.id):
        credit_invoice(invoice.pk, Wanted(amount=2_00), reason="a gesture", actor=shop.actor, now=shop.now())
        Merchant.objects.update(timezone="Pacific/Honolulu")
        assert Invoice.objects.get(pk=invoice.pk).status == "paid"


def test_a_lost_pdf_is_printed_again_as_it_was_though_the_invoice_was_paid_and_credited_since(shop: Shop) -> None:
    invoice = owed(shop)
    print_document(merchant_id=shop.id, document_id=invoice.pk)
    first = file_of(shop, invoice)
    before = content(first)
    assert "Reste à payer 12,99 €" in text_in(before)
    pay_and_credit(shop, invoice)
    default_storage.delete(first.path)

    printing.print_lost(merchant_id=shop.id, file_id=first.pk)

    again = file_of(shop, invoice)
    assert (again.sha256, again.path, again.as_printed) == (first.sha256, first.path, first.as_printed)
    assert content(again) == before


def test_without_what_was_kept_it_would_be_another_paper(shop: Shop) -> None:
    """The control of the test above."""
    invoice = owed(shop)
    print_document(merchant_id=shop.id, document_id=invoice.pk)
    first = file_of(shop, invoice)
    pay_and_credit(shop, invoice)
    with tenant(shop.id):
        DocumentFile.objects.filter(pk=first.pk).update(made_at=None, as_printed=None)
    print_document(merchant_id=shop.id, document_id=invoice.pk)
    again = file_of(shop, invoice)
    assert again.sha256 != first.sha256 and "Reste à payer 0,00 €" in text_in(content(again))


def test_a_file_that_is_there_is_not_printed_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    invoice = owed(shop)
    print_document(merchant_id=shop.id, document_id=invoice.pk)
    first = file_of(shop, invoice)

    def refuse(*_: object) -> bytes:
        raise AssertionError("printed")

    monkeypatch.setattr(printing, "render", refuse)
    printing.print_lost(merchant_id=shop.id, file_id=first.pk)
    assert file_of(shop, invoice).made_at == first.made_at


def test_who_asks_for_a_lost_one_is_told_to_wait_and_gets_the_same(
    shop: Shop, nudged: list[tuple[str, tuple[str, ...]]]
) -> None:
    invoice, site = owed(shop), Caller.of(shop)
    print_document(merchant_id=shop.id, document_id=invoice.pk)
    before = site.get(f"invoices/{invoice.public_id}/pdf").content
    file = file_of(shop, invoice)
    default_storage.delete(file.path)
    link = f"/documents/{mint(DOCUMENT, shop.id, invoice.pk, lasts=timedelta(hours=1))}"

    lost = site.get(f"invoices/{invoice.public_id}/pdf")
    assert (problem(lost), lost["Retry-After"]) == ((409, "document_not_ready"), "5")
    by_letter = Client().get(link)
    assert (by_letter.status_code, by_letter["Retry-After"]) == (503, "5")
    ask = ("invoices.tasks.print_lost", (str(shop.id), str(file.pk)))
    assert nudged == [ask, ask]
    tasks.print_lost(*ask[1])
    assert site.get(f"invoices/{invoice.public_id}/pdf").content == before
    assert b"".join(Client().get(link).streaming_content) == before
    assert len(nudged) == 2


def test_a_store_that_is_away_is_said_and_nothing_is_printed_for_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, nudged: list[Any]
) -> None:
    invoice, site = owed(shop), Caller.of(shop)
    print_document(merchant_id=shop.id, document_id=invoice.pk)

    def away(*_: object) -> Any:
        raise OSError("away")

    with monkeypatch.context() as broken:
        broken.setattr(default_storage, "_open", away)
        answer = site.get(f"invoices/{invoice.public_id}/pdf")
        assert (problem(answer), answer["Retry-After"]) == ((409, "document_not_ready"), "30")
        assert "The store does not answer" in refused(shop)[1]
    assert nudged == []
    assert site.get(f"invoices/{invoice.public_id}/pdf").status_code == 200


@pytest.mark.parametrize("fault", ["full", "read-only", "slow"])
def test_whatever_the_store_does_the_invoice_is_final_and_the_pdf_follows(shop: Shop, fault: str) -> None:
    """F24: full, read-only, or so slow that it seems to hang."""
    let_go, called = threading.Event(), threading.Event()
    honest, patch = FolderStore.save, pytest.MonkeyPatch()

    def broken(store: FolderStore, name: str, content: Any, **more: Any) -> str:
        called.set()
        if fault == "slow":
            let_go.wait(60)
            return honest(store, name, content, **more)
        raise OSError(28, "No space left on device") if fault == "full" else OSError(30, "Read-only file system")

    invoice, site = owed(shop), Caller.of(shop)
    patch.setattr(FolderStore, "save", broken)

    def work() -> None:
        try:
            print_document(merchant_id=shop.id, document_id=invoice.pk)
        finally:
            connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    assert called.wait(30)
    if fault != "slow":
        worker.join()
    began = time.monotonic()
    shown = site.get(f"invoices/{invoice.public_id}")
    assert (shown.status_code, shown.json()["number"], shown.json()["status"]) == (200, invoice.number, "open")
    waits = site.get(f"invoices/{invoice.public_id}/pdf")
    assert problem(waits) == (409, "document_not_ready") and int(waits["Retry-After"]) >= 2
    second = shop.subscribe(shop.enrol("paul"), shop.offer("books", ("month", None, 7_00)))  # others go on
    assert time.monotonic() - began < 20  # on a busy machine; nothing here waits for the store
    with tenant(shop.id):
        assert Invoice.objects.get(subscription=second).number is not None
    let_go.set()
    worker.join()
    patch.undo()
    if fault != "slow":
        failed = file_of(shop, invoice)
        assert (failed.made_at, failed.tries) == (None, 1)
        assert ("No space left" if fault == "full" else "Read-only") in failed.error
        with tenant(shop.id):
            DocumentFile.objects.filter(pk=failed.pk).update(next_try_at=instant())
        print_document(merchant_id=shop.id, document_id=invoice.pk)
    made = file_of(shop, invoice)
    assert made.made_at is not None and hashlib.sha256(content(made)).hexdigest() == made.sha256
    assert site.get(f"invoices/{invoice.public_id}/pdf").status_code == 200


@pytest.fixture
def three(shop: Shop) -> tuple[Shop, list[DocumentFile]]:
    """Three documents: an invoice that was paid after it was printed, and its credit note; and one not printed."""
    invoice = owed(shop)
    print_document(merchant_id=shop.id, document_id=invoice.pk)
    pay_and_credit(shop, invoice)
    with tenant(shop.id):
        (note,) = [file for file in DocumentFile.objects.all() if file.credit_note_id]
    print_document(merchant_id=shop.id, document_id=note.credit_note_id)
    shop.subscribe(shop.enrol("paul"), shop.offer("books", ("month", None, 7_00)))
    with tenant(shop.id):
        return shop, list(DocumentFile.objects.order_by("id"))


def test_what_is_as_it_was_is_counted(three: tuple[Shop, list[DocumentFile]]) -> None:
    shop, files_ = three
    said = command(shop)
    assert [line.split(maxsplit=1) for line in said.splitlines()] == [
        ["2", "is there, and printed again it is the same"],
        ["1", "waits to be printed"],
        ["3", "documents"],
    ]
    assert "2 is there, as it was printed" in command(shop, "--missing")
    with tenant(shop.id):
        assert [file.made_at for file in DocumentFile.objects.order_by("id")] == [file.made_at for file in files_]


def test_what_is_lost_or_damaged_is_named_then_put_back_the_same(
    three: tuple[Shop, list[DocumentFile]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, files_ = three
    printed = [file for file in files_ if file.made_at]
    before = [content(file) for file in printed]
    default_storage.delete(printed[0].path)
    default_storage.save(printed[1].path, ContentFile(before[1][:-1]))

    said, end = refused(shop, "--check")
    assert "1 is not in the store" in said and "1 is in the store and is not what was printed" in said
    assert end == "2 of them are not as they should be."
    assert not default_storage.exists(printed[0].path)  # a check writes nothing
    said, end = refused(shop, "--check", "--missing")
    assert end == "2 of them are not as they should be."

    said = command(shop, "--missing")
    assert "2 was made again, byte for byte the same" in said
    assert [content(file) for file in printed] == before
    assert command(shop, "--check").count("\n") == 3


def test_another_version_of_the_product_is_said_and_replaces_nothing_unasked(
    three: tuple[Shop, list[DocumentFile]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, files_ = three
    first, second = [file for file in files_ if file.made_at]
    before = content(first)
    honest = printing.render
    monkeypatch.setattr(printing, "render", lambda *given: honest(*given) + b"% another engine\n")

    said = command(shop)
    assert "2 is there; this version would set it otherwise" in said
    assert content(first) == before
    default_storage.delete(second.path)
    said = command(shop)
    assert "1 was made again; this version sets it otherwise than it was" in said
    assert content(first) == before
    said = command(shop, "--overwrite")
    assert "1 was replaced by how this version sets it" in said and "1 is there, and printed again" in said
    with tenant(shop.id):
        now = DocumentFile.objects.get(pk=first.pk)
    assert now.sha256 != first.sha256 and content(now).endswith(b"% another engine\n")
    assert content(first) == before  # what was handed out stays in the store, under its own name
    for options in (("--overwrite", "--check"), ("--overwrite", "--missing")):
        assert "--overwrite" in refused(shop, *options)[1]


def test_rows_that_are_not_those_that_were_finalised_are_never_printed(
    three: tuple[Shop, list[DocumentFile]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, files_ = three
    first = next(file for file in files_ if file.made_at)
    default_storage.delete(first.path)
    monkeypatch.setattr(remaking, "content_hash", lambda *_: "0" * 64)
    said, end = refused(shop)
    assert "2 its document's content is not what its digest says" in said
    assert end == "2 of them are not as they should be."
    assert not default_storage.exists(first.path)


def test_one_that_cannot_be_printed_hides_no_other(
    three: tuple[Shop, list[DocumentFile]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, files_ = three
    honest, broken = remaking.proof_of, next(file for file in files_ if file.made_at).pk

    def poisoned(file: DocumentFile) -> Any:
        if file.pk == broken:
            raise ValueError("it does not add up")
        return honest(file)

    monkeypatch.setattr(remaking, "proof_of", poisoned)
    said, end = refused(shop)
    assert f"{broken}: ValueError: it does not add up" in said and "1 is there, and printed again" in said
    assert end == "1 of them are not as they should be."


def test_a_merchant_that_is_none(shop: Shop) -> None:
    with pytest.raises(CommandError):
        call_command("remake_documents", "--merchant", "mer_1")
    assert isinstance(shop.id, UUID)
