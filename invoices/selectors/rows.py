"""A document with all the rows that say it: read once, for paper and for the electronic invoice. Needs the tenant's
scope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from invoices.models import (
    Allocation,
    CreditNote,
    CreditNoteLine,
    CreditNoteTax,
    DocumentFile,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    Payment,
)
from merchants.models import ProviderAccount
from subscribers.models import Mandate, PaymentMethod

UNDER_WAY = (Payment.Status.PENDING, Payment.Status.PROCESSING)
"""Money of which nobody knows yet whether it comes."""


@dataclass(frozen=True, kw_only=True)
class InvoiceRows:
    """A numbered invoice, its lines and rates, its credit notes in order, and the payments that settled it with the
    mandates of those that were debits, by payment method; whether money is on its way for it by itself, and whether a
    page of ours can take a payment."""

    row: Invoice
    lines: tuple[InvoiceLine, ...]
    taxes: tuple[InvoiceTax, ...]
    credits: tuple[CreditNote, ...]
    parts: tuple[Allocation, ...]
    mandates: Mapping[UUID, Mandate]
    under_way: bool
    has_page: bool


@dataclass(frozen=True, kw_only=True)
class CreditRows:
    """A credit note with its invoice, its lines with those of the invoice, and its rates with the invoice's."""

    row: CreditNote
    lines: tuple[CreditNoteLine, ...]
    taxes: tuple[CreditNoteTax, ...]
    invoice_taxes: tuple[InvoiceTax, ...]


def invoice_rows(invoice_id: UUID) -> InvoiceRows:
    """A fixed number of queries. Raises `Invoice.DoesNotExist`, `ValueError` for a draft."""
    row = Invoice.objects.get(pk=invoice_id)
    if row.number is None or row.issued_on is None:
        raise ValueError(f"invoice {invoice_id} is a draft: it has no number, and is not printed")
    parts = tuple(
        Allocation.objects.filter(invoice=row, payment__reversed_at=None)
        .select_related("payment__payment_method")
        .order_by("created_at", "id")
    )
    return InvoiceRows(
        row=row,
        lines=tuple(row.lines.order_by("position")),
        taxes=tuple(row.taxes.order_by("-tax_percent", "category")),
        credits=tuple(row.credit_notes.order_by("issued_on", "sequence")),
        parts=parts,
        mandates=_mandates(parts),
        under_way=Payment.objects.filter(invoice=row, status__in=UNDER_WAY, hosted=False).exists(),
        has_page=ProviderAccount.objects.filter(is_default=True, disconnected_at=None)
        .exclude(kind=ProviderAccount.Kind.MANUAL)
        .exists(),
    )


def credit_rows(credit_note_id: UUID) -> CreditRows:
    """A fixed number of queries. Raises `CreditNote.DoesNotExist`."""
    row = CreditNote.objects.select_related("invoice").get(pk=credit_note_id)
    return CreditRows(
        row=row,
        lines=tuple(row.lines.select_related("invoice_line").order_by("position")),
        taxes=tuple(row.taxes.order_by("-tax_percent", "category")),
        invoice_taxes=tuple(row.invoice.taxes.order_by("-tax_percent", "category")),
    )


def rows_of(file: DocumentFile) -> InvoiceRows | CreditRows:
    """The rows of the document that a file prints."""
    if file.invoice_id is not None:
        return invoice_rows(file.invoice_id)
    assert file.credit_note_id is not None  # a_file_prints_one_document
    return credit_rows(file.credit_note_id)


def _mandates(parts: tuple[Allocation, ...]) -> dict[UUID, Mandate]:
    """The newest mandate of each debited account; no query where nothing was debited."""
    methods = [part.payment.payment_method for part in parts]
    debited = [method.pk for method in methods if method and method.kind == PaymentMethod.Kind.SEPA_DEBIT]
    if not debited:
        return {}
    found = Mandate.objects.filter(payment_method_id__in=debited).order_by("created_at", "id")
    return {mandate.payment_method_id: mandate for mandate in found if mandate.payment_method_id is not None}
