"""What an invoice becomes when something settled it: paid where nothing is owed, cancelled where all is credited.

Whoever stands above this app and has to act in the same transaction (an unpaid case is closed, access comes back) says
so once, with `followed_by`: by whatever path an invoice is settled, `follow` tells them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from invoices import shapes
from invoices.models import Invoice
from merchants.actors import Actor
from merchants.now import Now

SETTLING = ("amount_paid", "amount_credited", "amount_from_balance", "status", "paid_at", "collect_at", "updated_at")
OVER = (Invoice.Status.PAID, Invoice.Status.CANCELLED, Invoice.Status.UNCOLLECTIBLE)
"""Nothing is asked for any more."""

Fact = tuple[str, UUID, Mapping[str, Any]]
Follower = Callable[[Sequence[Invoice], Actor, Now], None]
_followers: list[Follower] = []


def settled(invoice: Invoice, *, now: Now) -> list[Fact]:
    """Write a locked invoice whose settlement columns were changed; its status follows. The facts to tell of it: the
    caller tells them, then calls `follow`.

    Credited in full is `cancelled`, whatever was paid (domain 18); nothing owed any more is `paid`.
    """
    before = invoice.status
    if invoice.gross and invoice.amount_credited == invoice.gross:
        invoice.status = Invoice.Status.CANCELLED
    elif not invoice.amount_due and before in (Invoice.Status.OPEN, Invoice.Status.UNCOLLECTIBLE):
        invoice.status, invoice.paid_at = Invoice.Status.PAID, now.at
    if invoice.status in OVER:
        invoice.collect_at = None  # credited or paid before it was asked for: nobody asks any more
    invoice.updated_at = now.at
    invoice.save(update_fields=SETTLING)
    if invoice.status == before:
        return []
    return [(f"invoice.{invoice.status}", invoice.pk, {"object": shapes.invoice(invoice)})]


def followed_by(follower: Follower) -> None:
    """Have a function called, in the same transaction, with every invoice on which nothing is asked for any more."""
    if follower not in _followers:
        _followers.append(follower)


def follow(invoices: Sequence[Invoice], *, actor: Actor, now: Now) -> None:
    """Tell the followers of these invoices, those that are over. The caller holds the locks of `people_of` them."""
    over = [invoice for invoice in invoices if invoice.status in OVER]
    if over:
        for follower in _followers:
            follower(over, actor, now)
