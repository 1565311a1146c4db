"""The port by which an account that somebody signed a mandate for becomes a means that may be debited.

Apart from `base.Gateway`: only mandates signed on our own paper or screen need it; a hosted page takes its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from .base import MethodDetails, Outcome

MANDATE_METADATA = "tacite_mandate"
"""Metadata name under which what was made of a mandate carries its id."""


@dataclass(frozen=True, kw_only=True)
class DebitAsk:
    """An account to be debited later on. `key` is our mandate's id. `accepted_at` is when it was signed."""

    key: str
    iban: str
    holder: str
    email: str
    customer_ref: str
    reference: str
    accepted_at: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Lodged:
    """A means that may be debited. `mandate_ref` is what the provider names the mandate on statements, '' where that is
    our reference."""

    method: MethodDetails
    mandate_ref: str = ""


class Debits(Protocol):
    """What billing may ask of a provider about accounts. Safe to repeat with the same key."""

    def make_debit(self, ask: DebitAsk) -> Lodged | Outcome:
        """Give the provider the account and the mandate. FAILED where it will not have the account, for good."""
        ...
