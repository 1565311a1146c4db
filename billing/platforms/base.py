"""The port every approved platform is reached through: frozen asks in, replies out.

As with payment providers, what happens on the wire is a value: a platform that does not answer is an everyday fact.
Every ask carries a key (our own id of the invoice or report): asking again with the same key hands nothing in twice.
No Django here: callers own the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol


class ReplyKind(StrEnum):
    """What became of something that was handed in."""

    sent = "sent"  # the platform has it; its verdict is to come
    accepted = "accepted"  # it passed the controls (status 300 of a report, 200 of an invoice)
    rejected = "rejected"  # refused, with a reason (301, 213): somebody must look
    unknown = "unknown"  # no usable answer: ask for its state, or hand it in again with the same key
    not_found = "not_found"  # the platform never had it


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A platform's answer. `reference`: its own id; `code` of a refusal; `message` in its words, for staff."""

    kind: ReplyKind
    reference: str = ""
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAsk:
    """A report: for whom, of which days, as the format of the reform (`xml`) and as our own record (`json`).
    `practice`: of a sandbox, to be handed to nobody."""

    key: str
    siren: str
    kind: str
    first: date
    last: date
    practice: bool
    xml: bytes
    json: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceAsk:
    """An electronic invoice or credit note: its number, who it is from and to, and the file itself."""

    key: str
    number: str
    siren: str
    buyer_siren: str
    media_type: str
    practice: bool
    content: bytes


class Platform(Protocol):
    """What may be asked of a platform. Every call is safe to repeat with the same key."""

    kind: str

    def send_report(self, ask: ReportAsk) -> Reply:
        """Hand a report in: sent, accepted, rejected or unknown."""
        ...

    def send_invoice(self, ask: InvoiceAsk) -> Reply:
        """Hand an invoice in: sent, accepted, rejected or unknown."""
        ...

    def state(self, *, key: str, reference: str = "") -> Reply:
        """What became of what was handed in under a key; not_found where it never was."""
        ...
