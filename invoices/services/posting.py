"""Postings: every document and payment as balanced legs of a double-entry ledger. Debits positive, credits negative."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from invoices.models import LedgerEntry
from merchants.ids import new_id
from merchants.now import Now
from merchants.tenancy import bulk

Account = LedgerEntry.Account

MEANS_ACCOUNT = {
    "card": Account.PROVIDER,
    "sepa_debit": Account.PROVIDER,
    "cash": Account.CASH,
    "cheque": Account.CHEQUES,
    "transfer": Account.BANK,
    "terminal": Account.TERMINAL,
}
"""Where the money of a means of payment lies until the bank has it."""


@dataclass(frozen=True, kw_only=True)
class Leg:
    """One account and what it moves by, in minor units; a leg of 0 is not written."""

    account: str
    amount: int
    tax_percent: Decimal | None = None
    links: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Posting:
    """Legs that sum to zero. `links` name what they stand for (`invoice_id`, `payment_id`…)."""

    on: date
    currency: str
    legal_entity_id: UUID
    legs: tuple[Leg, ...]
    subscriber_id: UUID | None = None
    links: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if sum(leg.amount for leg in self.legs):
            raise ValueError("the legs of a posting sum to zero")


def post(postings: Iterable[Posting], *, now: Now) -> None:
    """Write postings in one statement. The database checks each sum again at COMMIT."""
    rows = []
    for posting in postings:
        posting_id = new_id()
        rows += [
            bulk.lean(
                LedgerEntry,
                posting_id=posting_id,
                posted_on=posting.on,
                account=leg.account,
                amount=leg.amount,
                currency=posting.currency,
                tax_percent=leg.tax_percent,
                legal_entity_id=posting.legal_entity_id,
                subscriber_id=posting.subscriber_id,
                test_clock_id=now.test_clock,
                created_at=now.at,
                **{**posting.links, **leg.links},
            )
            for leg in posting.legs
            if leg.amount
        ]
    bulk.insert(rows)
