"""What comes with a letter besides an invoice: signed papers, a membership card, the figures of a receipt. Read in the
tenant's scope, drawn and printed outside of it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from uuid import UUID

import segno

from alerts.models import Message
from invoices.models import Payment, SignedPaper
from invoices.pdf import render_sheet
from invoices.selectors.receipts import receipt_of
from invoices.selectors.signed import WORDS, sheet_of
from invoices.services.signing import account_on, is_intact
from invoices.sheets import Sheet
from merchants.models import Event, Merchant
from subscribers.models import MemberCard

WITH_PAPERS = "enrolled"
"""The letter that brings what was signed, and the card."""
RECEIPT = "receipt"
CARD_ID = "member-card"
"""Under which a letter shows the card's picture (`cid:`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptTold:
    """A payment as its receipt says it. Amounts in minor units; `left` is still owed."""

    number: str
    amount: int
    currency: str
    means: str
    on: str
    left: int
    lines: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosed:
    """What comes with one letter. `papers` are names and sheets to print; `card` is the code of the membership card."""

    papers: tuple[tuple[str, Sheet], ...] = ()
    card: str = ""
    receipt: ReceiptTold | None = None


NOTHING = Enclosed()


def enclosed(message: Message, event: Event | None) -> Enclosed:
    """What comes with a letter. A paper that is not what was signed is left out. Needs the tenant's scope."""
    about = event.object_id if event is not None else None
    if message.kind == RECEIPT and about is not None:
        return Enclosed(receipt=_receipt(about, message.locale))
    if message.kind != WITH_PAPERS or about is None or message.subscriber_id is None:
        return NOTHING
    merchant = Merchant.objects.get()
    rows = SignedPaper.objects.filter(subscription_id=about).select_related("site", "device", "member__user")
    papers = tuple(
        (f"{WORDS[row.kind]}.pdf", sheet_of(row, merchant, account_on(row)))
        for row in rows.order_by("id")
        if is_intact(row)
    )
    code = MemberCard.objects.filter(subscriber_id=message.subscriber_id, revoked_at=None).values_list(
        "code", flat=True
    )
    return Enclosed(papers=papers, card=code.first() or "")


def printed(papers: tuple[tuple[str, Sheet], ...]) -> list[tuple[str, bytes]]:
    """The papers as PDF. Call it outside any transaction."""
    return [(name, render_sheet(sheet)) for name, sheet in papers]


def card_picture(code: str) -> bytes:
    """The card's QR code as a picture, large enough for any scanner."""
    out = io.BytesIO()
    segno.make_qr(code, error="m").save(out, kind="png", scale=8, border=4, dark="#000", light="#fff")
    return out.getvalue()


def _receipt(payment_id: UUID, locale: str) -> ReceiptTold | None:
    row = Payment.objects.select_related("invoice", "payer").get(id=payment_id)
    found = receipt_of(row, Merchant.objects.get(), locale)
    if found is None:
        return None
    return ReceiptTold(
        number=found.invoice.number or "" if found.invoice else "",
        amount=row.captured,
        currency=row.currency,
        means=row.means,
        on=found.on.isoformat(),
        left=found.left,
        lines=tuple(found.lines),
    )
