"""What a document says, in one canonical form, and its SHA-256: any later difference shows.

The form is JSON (`merchants.canonical`): `["invoice", columns, [columns of a line, …], [columns of a tax, …]]`, where
columns are the values of those named here, in this order; what is empty at the end is left out. So a column that is
added later, at the end, changes nothing for documents before it. A column is named here or, with its reason, in
`UNSAID`: a test reads both against the models, so that none can be forgotten.

The customer stands in it as a digest with a random salt of the document's own (`customer_hash`): once the years of
retention are over, customer and salt can be deleted and the content is still proved, while nobody can try out names
against what is left.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from operator import itemgetter
from typing import Any

from django.db.models import DateField, DateTimeField, DecimalField, Model, UUIDField

from invoices.models import (
    CreditNote,
    CreditNoteLine,
    CreditNoteTax,
    Invoice,
    InvoiceLine,
    InvoiceTax,
)
from invoices.shapes import plain
from merchants.canonical import canonical, day_text, id_text, instant_text

SAID: Mapping[type[Model], tuple[str, ...]] = {
    Invoice: (
        "id", "legal_entity_id", "payer_id", "subscription_id", "series_id", "site_id", "test_clock_id", "number",
        "sequence", "currency", "tax_behavior", "locale", "issued_on", "due_on", "period_start", "period_end", "issuer",
        "customer_hash", "mentions", "coming", "net", "tax", "gross", "finalized_at",
    ),
    InvoiceLine: (
        "id", "position", "kind", "title", "period_start", "period_end", "quantity", "unit_price", "amount", "discount",
        "net", "tax_code", "tax_percent", "rule", "inputs", "formula", "subscription_id", "subscription_option_id",
        "fact",
    ),
    InvoiceTax: ("tax_percent", "category", "base", "tax", "mention"),
    CreditNote: (
        "id", "invoice_id", "legal_entity_id", "payer_id", "series_id", "test_clock_id", "number", "sequence",
        "currency", "tax_behavior", "locale", "issued_on", "reason", "issuer", "customer_hash", "mentions", "net",
        "tax", "gross", "to_invoice", "to_balance", "to_refund", "created_at",
    ),
    CreditNoteLine: (
        "id", "invoice_line_id", "position", "title", "period_start", "period_end", "amount", "net", "tax_percent",
        "rule", "inputs", "formula",
    ),
    CreditNoteTax: ("tax_percent", "category", "base", "tax"),
}  # fmt: skip
"""The columns that are the content of each table."""

_TO_ITS_DOCUMENT = "its document contains it"
_SETTLED = "how it was settled, not what it says"
_PROOF = "the proof itself"
UNSAID: Mapping[type[Model], Mapping[str, str]] = {
    Invoice: {
        "merchant_id": "the tenant: every table has it",
        "customer": "by its salted digest",
        "customer_salt": "in the digest",
        "content_hash": _PROOF,
        "chain_hash": _PROOF,
        "status": _SETTLED,
        "amount_paid": _SETTLED,
        "amount_credited": _SETTLED,
        "amount_from_balance": _SETTLED,
        "paid_at": _SETTLED,
        "collect_at": _SETTLED,
        "updated_at": _SETTLED,
        "created_at": "when the draft was begun; finalized_at is when it was issued",
        "run_id": "how we made it; a reader does not see it",
    },
    InvoiceLine: {"merchant_id": "the tenant: every table has it", "invoice_id": _TO_ITS_DOCUMENT},
    InvoiceTax: {
        "id": "nothing points to it",
        "merchant_id": "the tenant: every table has it",
        "invoice_id": _TO_ITS_DOCUMENT,
    },
    CreditNote: {
        "merchant_id": "the tenant: every table has it",
        "customer": "by its salted digest",
        "customer_salt": "in the digest",
        "content_hash": _PROOF,
        "chain_hash": _PROOF,
    },
    CreditNoteLine: {"merchant_id": "the tenant: every table has it", "credit_note_id": _TO_ITS_DOCUMENT},
    CreditNoteTax: {
        "id": "nothing points to it",
        "merchant_id": "the tenant: every table has it",
        "credit_note_id": _TO_ITS_DOCUMENT,
    },
}
"""The columns that are no content, each with its reason."""

Document = Invoice | CreditNote
Line = InvoiceLine | CreditNoteLine
Tax = InvoiceTax | CreditNoteTax


def seal_customer(row: Document) -> None:
    """Give a document that is being finalised its salt, and the digest of its customer."""
    row.customer_salt = os.urandom(16).hex()
    row.customer_hash = customer_hash(row.customer_salt, row.customer)


def customer_hash(salt: str, customer: Mapping[str, Any]) -> str:
    """SHA-256 of the salt's 16 bytes, then the customer in canonical form.

    >>> customer_hash("00" * 16, {"name": "Lucie Garnier"})[:16]
    '51788afc15166476'
    """
    return hashlib.sha256(bytes.fromhex(salt) + canonical(customer)).hexdigest()


def content_hash(row: Document, lines: Iterable[Line], taxes: Iterable[Tax]) -> str:
    """SHA-256 of all that a document says. `lines` by position; `taxes` in any order."""
    return hashlib.sha256(canonical(content(row, lines, taxes))).hexdigest()


def content(row: Document, lines: Iterable[Line], taxes: Iterable[Tax]) -> list[Any]:
    """What is hashed: the document's columns, `lines` in their order, `taxes` from the highest rate down."""
    kind = "invoice" if isinstance(row, Invoice) else "credit_note"
    return [kind, _said(row), [_said(line) for line in lines], [_said(tax) for tax in sorted(taxes, key=_rate)]]


def _rate(tax: Tax) -> tuple[Decimal, str]:
    return -tax.tax_percent, tax.category


def _said(row: Any) -> list[Any]:
    """A row's columns as JSON knows them; decimals, dates and ids are texts."""
    model: type[Model] = type(row)
    values, writers = _reader(model)
    said = [
        value if write is None or value is None else write(value)
        for value, write in zip(values(row.__dict__), writers, strict=True)
    ]
    while not said[-1] and type(said[-1]) is not int:
        said.pop()
    return said


@cache
def _reader(model: type[Model]) -> tuple[Callable[[Any], Sequence[Any]], Sequence[Callable[[Any], Any] | None]]:
    """What reads all columns of a table's content from a row, and how each is written."""
    fields: list[Any] = [model._meta.get_field(name) for name in SAID[model]]
    return itemgetter(*SAID[model]), [_writer(field) for field in fields]


def _writer(field: Any) -> Callable[[Any], Any] | None:
    if isinstance(field, DecimalField):
        return plain
    if isinstance(field, DateTimeField):
        return instant_text
    if isinstance(field, DateField):
        return day_text
    return id_text if isinstance(field, UUIDField) or field.is_relation else None
