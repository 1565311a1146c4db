"""What the documents' floor holds on a person: invoices, credit notes, payments, refunds, the balance.

Documents, their files and the ledger are kept ten years (Code de commerce, art. L123-22; Code général des impôts,
art. 289 and Livre des procédures fiscales, art. L102 B for the documents), name and address included: erasure leaves
them, and so with contracts and mandates that were signed, the proof of what is owed (Code civil, art. 1366 and 2224).
Of payments, what the provider wrote about the payer, what staff noted and addresses of pages are taken out.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from invoices import shapes
from invoices.models import (
    BalanceEntry,
    CreditNote,
    CreditNoteLine,
    CreditNoteTax,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    Payment,
    Refund,
    SignedPaper,
)
from merchants.now import Now
from merchants.refusals import gettext_noop
from subscribers.holdings import Holding, Told, blocks
from subscribers.models import Subscriber
from subscribers.shapes import at


def _invoices(person: Subscriber) -> Told:
    mine = Invoice.objects.filter(Q(payer=person) | Q(subscription__subscriber=person))
    for block in blocks(mine.prefetch_related("lines", "taxes")):
        for row in block:
            yield shapes.invoice(row, list(row.lines.all()), list(row.taxes.all())) | _customer(row, person)


def _credit_notes(person: Subscriber) -> Told:
    mine = CreditNote.objects.filter(Q(payer=person) | Q(invoice__subscription__subscriber=person))
    for block in blocks(mine.prefetch_related("lines", "taxes")):
        for row in block:
            yield shapes.credit_note(row, list(row.lines.all()), list(row.taxes.all())) | _customer(row, person)


def _customer(row: Invoice | CreditNote, person: Subscriber) -> dict[str, Any]:
    """Who stands on the document: told to that person alone. Who only has what another pays for is not handed the
    payer's name and address (GDPR, art. 15(4))."""
    return {"customer": row.customer if row.payer_id == person.pk else None}


def _payments(person: Subscriber) -> Told:
    for block in blocks(Payment.objects.filter(payer=person)):
        yield from (shapes.payment(row) | {"note": row.note, "reversal_reason": row.reversal_reason} for row in block)


def _refunds(person: Subscriber) -> Told:
    for block in blocks(Refund.objects.filter(payment__payer=person)):
        yield from (shapes.refund(row) for row in block)


def _balance(person: Subscriber) -> Told:
    for block in blocks(BalanceEntry.objects.filter(payer=person)):
        for row in block:
            yield {
                "created_at": at(row.created_at),
                "currency": row.currency,
                "amount": row.amount,
                "balance_after": row.balance_after,
                "kind": row.kind,
                "reason": row.reason,
            }


def _papers(person: Subscriber) -> Told:
    for block in blocks(SignedPaper.objects.filter(subscriber=person)):
        for row in block:
            yield {
                "kind": row.kind,
                "signed_at": at(row.signed_at),
                "words": row.content,
                "signature": row.signature,
                "content_hash": row.content_hash,
            }


def _forget_payments(person: Subscriber, now: Now) -> None:
    Payment.objects.filter(payer=person).update(action_url="", message="", note="", reversal_reason="")
    Refund.objects.filter(payment__payer=person).update(message="")


_TOTAL = {"currency": gettext_noop("Currency"), "total": gettext_noop("Total, in minor units")}
HELD = (
    Holding(
        name="invoices",
        title=gettext_noop("Invoices"),
        columns={"number": gettext_noop("Number"), "issued_on": gettext_noop("Date"), **_TOTAL},
        tables=(Invoice, InvoiceLine, InvoiceTax),
        told=_invoices,
    ),
    Holding(
        name="credit_notes",
        title=gettext_noop("Credit notes"),
        columns={"number": gettext_noop("Number"), "issued_on": gettext_noop("Date"), **_TOTAL},
        tables=(CreditNote, CreditNoteLine, CreditNoteTax),
        told=_credit_notes,
    ),
    Holding(
        name="payments",
        title=gettext_noop("Payments"),
        columns={
            "created_at": gettext_noop("When"),
            "status": gettext_noop("Status"),
            "currency": gettext_noop("Currency"),
            "amount": gettext_noop("Amount, in minor units"),
        },
        tables=(Payment,),
        told=_payments,
        mask=_forget_payments,
    ),
    Holding(
        name="papers",
        title=gettext_noop("Signed papers"),
        columns={"kind": gettext_noop("Kind"), "signed_at": gettext_noop("When")},
        tables=(SignedPaper,),
        told=_papers,
    ),
    Holding(
        name="refunds",
        title=gettext_noop("Refunds"),
        columns={"status": gettext_noop("Status"), "amount": gettext_noop("Amount, in minor units")},
        tables=(Refund,),
        told=_refunds,
    ),
    Holding(
        name="balance",
        title=gettext_noop("Balance"),
        columns={"created_at": gettext_noop("When"), "amount": gettext_noop("Amount, in minor units")},
        tables=(BalanceEntry,),
        told=_balance,
    ),
)
