"""The form in which documents were hashed before they were chained. Nothing is written by it any more: it is kept so
that what was issued then can still be held against its digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from invoices.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from invoices.services.content import Document, Line, Tax
from invoices.shapes import plain
from merchants.ids import show


def content_hash_before(row: Document, lines: Iterable[Line], taxes: Iterable[Tax]) -> str:
    """SHA-256 as it was made then; the customer stood in it in clear. `lines` by position, `taxes` by rate, the highest
    first."""
    said: dict[str, Any] = {
        "number": row.number,
        "issued_on": row.issued_on,
        "currency": row.currency,
        "tax_behavior": row.tax_behavior,
        "issuer": row.issuer,
        "customer": row.customer,
        "mentions": row.mentions,
        "net": row.net,
        "tax": row.tax,
        "gross": row.gross,
        "lines": [_line(line) for line in lines],
        "taxes": [[plain(tax.tax_percent), tax.category, tax.base, tax.tax] for tax in taxes],
    }
    if isinstance(row, Invoice):
        said["due_on"] = row.due_on
    if isinstance(row, CreditNote):
        said["invoice"] = row.invoice_id
        said["reason"] = row.reason
        said["settled"] = [row.to_invoice, row.to_balance, row.to_refund]
    written = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(written.encode()).hexdigest()


def _line(row: Line) -> dict[str, Any]:
    start, end = row.period_start, row.period_end
    said: dict[str, Any] = {
        "title": row.title,
        "period": {"start": start.isoformat(), "end": end.isoformat() if end else None} if start else None,
        "amount": row.amount,
        "net": row.net,
        "tax_percent": plain(row.tax_percent),
        "rule": row.rule,
        "inputs": row.inputs,
        "formula": row.formula,
    }
    if isinstance(row, InvoiceLine):
        subscription = row.subscription_id
        said |= {
            "kind": row.kind,
            "quantity": plain(row.quantity),
            "unit_price": row.unit_price,
            "discount": row.discount,
            "tax_code": row.tax_code,
            "subscription": show("sub", subscription) if subscription else None,
        }
    else:
        assert isinstance(row, CreditNoteLine)
    return said
