"""How an invoice stood when it was printed: its settlement, which may move afterwards while its content may not.

A PDF says what was paid by then and what is left. To print the very same one years later, what it was printed from is
written down beside the file: the settlement's columns, and which credit notes and payments there were.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import fields, replace
from typing import Any

from invoices.models import Invoice
from invoices.models.documents import SETTLEMENT
from invoices.selectors.rows import CreditRows, InvoiceRows
from merchants.models import Merchant

MOVING = tuple(name for name in SETTLEMENT if name != "updated_at")


def standing_of(rows: InvoiceRows | CreditRows, merchant: Merchant) -> dict[str, Any]:
    """What of a document may still move, as JSON. Of a credit note nothing does, but the calendar it is told by."""
    said: dict[str, Any] = {"zone": merchant.timezone}
    if isinstance(rows, CreditRows):
        return said
    said["invoice"] = {name: _text(rows.row, name) for name in MOVING}
    said["credits"] = [str(note.pk) for note in rows.credits]
    said["parts"] = [str(part.pk) for part in rows.parts]
    said["flags"] = {each.name: value for each in fields(rows) if isinstance(value := getattr(rows, each.name), bool)}
    return said


def as_it_stood(
    rows: InvoiceRows | CreditRows, merchant: Merchant, standing: Mapping[str, Any]
) -> tuple[InvoiceRows | CreditRows, Merchant]:
    """The same document and merchant as they stood: copies, never to be saved."""
    whose = copy(merchant)
    whose.timezone = standing["zone"]
    if isinstance(rows, CreditRows):
        return rows, whose
    row = copy(rows.row)
    for name, text in standing["invoice"].items():
        setattr(row, name, Invoice._meta.get_field(name).to_python(text))  # type: ignore[union-attr]
    credits, parts = set(standing["credits"]), set(standing["parts"])
    stood = replace(
        rows,
        row=row,
        credits=tuple(note for note in rows.credits if str(note.pk) in credits),
        parts=tuple(part for part in rows.parts if str(part.pk) in parts),
        **{name: value for name, value in standing["flags"].items() if name in {each.name for each in fields(rows)}},
    )
    return stood, whose


def _text(row: Invoice, name: str) -> Any:
    value = getattr(row, name)
    return value.isoformat() if hasattr(value, "isoformat") else value
