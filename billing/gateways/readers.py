"""The port through which card readers on a counter are asked for money: frozen asks in, frozen outcomes out.

A reader is a machine of the provider's: it shows the sum, reads the card, and the provider captures. No card number
comes near us; what comes back is an `Outcome` as of any payment, with the card saved for later charges where the
reader and the card allow it. The provider's key of the payment is our payment's id here too, so that whoever asks the
gateway (`payment_outcome`) gets the same answer as who asks the reader.

An ask that is not answered is UNKNOWN and asked about, never made anew with another key. No Django here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .base import Outcome

BUSY = "reader_busy"
"""Code: the reader shows another payment."""
OFFLINE = "reader_offline"
"""Code: the reader is off, or without network."""
UNKNOWN_READER = "reader_unknown"
"""Code: the provider knows no such reader (any more)."""
LEFT_AT_READER = "left_at_reader"
"""Code: it was given up at the reader itself, or nobody presented a card in time."""
NOT_SHOWN = "not_on_reader"
"""Code of an OPEN outcome: the payment can still be paid, but the reader does not show it (any more)."""


@dataclass(frozen=True, kw_only=True)
class ReaderSeen:
    """A reader as the provider tells it."""

    provider_ref: str
    name: str
    is_online: bool


@dataclass(frozen=True, kw_only=True)
class ReaderAsk:
    """A sum to be asked for at a reader. `key` is our payment's id: idempotency key and metadata at once. The card is
    saved for this customer where `save_method` says so."""

    key: str
    reader_ref: str
    amount: int
    currency: str
    customer_ref: str
    description: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    save_method: bool = True


@dataclass(frozen=True, kw_only=True)
class AtReader:
    """A payment at a reader, to be asked about or given up. `provider_ref` is known once the ask was answered."""

    key: str
    reader_ref: str
    customer_ref: str | None = None
    provider_ref: str | None = None


class Readers(Protocol):
    """What billing may ask of a provider's readers. Every call is safe to repeat."""

    def seen(self) -> Sequence[ReaderSeen] | Outcome:
        """All readers of the account; an `Outcome` says why there is no list."""
        ...

    def ask(self, ask: ReaderAsk) -> Outcome:
        """Show a sum. OPEN, with the provider's id: it is shown. FAILED, with a code of this module: nothing was asked
        (the reader is busy or off). UNKNOWN: nobody knows; the same ask may be made again, and asked about."""
        ...

    def outcome(self, at: AtReader) -> Outcome:
        """OPEN while a card is waited for, SUCCEEDED with the saved card, FAILED, EXPIRED, NOT_FOUND or UNKNOWN."""
        ...

    def cancel(self, at: AtReader) -> Outcome:
        """Give it up, and take it off the reader: EXPIRED, or SUCCEEDED where a card was quicker."""
        ...
