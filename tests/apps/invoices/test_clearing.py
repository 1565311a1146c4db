"""Ten years after the close of its fiscal year a document loses its customer and its file, and is still proved."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError

from invoices.models import CreditNote, DocumentFile, Invoice, NumberSeries
from invoices.services import proof
from invoices.services.clearing import clear
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from invoices.services.files import printed
from invoices.services.printing import print_document
from merchants.refusals import Conflict
from merchants.tenancy.scope import tenant
from tests.apps.invoices.bills import bill, line

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def old(shop, tmp_path, settings, monkeypatch):
    """An invoice and its credit note of eleven years ago and an invoice of today: dates never go back in a series."""
    settings.MEDIA_ROOT = str(tmp_path)
    present = shop.now()
    then = type(present)(at=present.at.replace(year=present.at.year - 11, day=1), zone=present.zone)
    lucie = shop.enrol("lucie")
    monkeypatch.setattr(type(shop), "now", lambda self: then)
    first = bill(shop, lucie, line(9_00))
    with tenant(shop.id):
        note = credit_invoice(first.pk, Wanted(amount=1_00), reason="a gesture", actor=shop.actor, now=then)
    monkeypatch.undo()
    settings.MEDIA_ROOT = str(tmp_path)
    for document in (first.pk, note.pk):
        print_document(merchant_id=shop.id, document_id=document)
    return first, note, bill(shop, lucie, line(9_00))


def test_the_customer_goes_after_the_span_and_not_a_day_before(shop, old):
    first, note, young = old
    last = date(first.issued_on.year + 10, 12, 31)
    with tenant(shop.id):
        paths = list(DocumentFile.objects.filter(made_at__isnull=False).values_list("path", flat=True))
    assert len(paths) == 2
    assert clear(merchant_id=shop.id, today=last) == 0
    with tenant(shop.id):
        assert Invoice.objects.get(id=first.pk).customer["name"] == "Lucie Garnier"

    assert clear(merchant_id=shop.id, today=shop.now().today) == 2
    assert clear(merchant_id=shop.id, today=shop.now().today) == 0

    with tenant(shop.id):
        for row in (Invoice.objects.get(id=first.pk), CreditNote.objects.get(id=note.pk)):
            assert (row.customer, row.customer_salt, len(row.customer_hash)) == ({}, "", 64)
        with pytest.raises(Conflict) as refusal:
            printed(Invoice.objects.get(id=first.pk))
        assert refusal.value.code == "document_cleared"
        kept = Invoice.objects.get(id=young.pk)
        assert kept.customer["name"] == "Lucie Garnier" and kept.customer_salt
        assert not any(default_storage.exists(path) for path in paths)
        for series in NumberSeries.objects.all():
            proved = proof.prove(series, today=shop.now().today)
            assert (proved.fault, proved.erased) == (None, 1)


def test_the_database_lets_nothing_else_go_and_nothing_too_soon(shop, old):
    first, note, young = old
    gone = {"customer": {}, "customer_salt": ""}
    for model, id_, columns in (
        (Invoice, young.pk, gone),
        (Invoice, first.pk, gone | {"gross": 1}),
        (Invoice, first.pk, {"customer": {}}),
        (Invoice, first.pk, {"customer": {"name": "Paul"}, "customer_salt": ""}),
        (CreditNote, note.pk, {"customer": {}}),
    ):
        with pytest.raises(IntegrityError), tenant(shop.id):
            model.objects.filter(id=id_).update(**columns)
