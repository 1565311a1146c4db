"""The payer's balance (compte): money that we owe them, as append-only entries, and a means of payment (domain 20).

It never changes a document's total or VAT. Every entry has its posting: the ledger's `balance` account is a debt of
ours, so what we owe stands there as a credit. The payer's row is the lock; the database refuses a balance below zero
and an entry that does not follow the last one, whoever writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from invoices.models import BalanceEntry, Invoice, Payment
from invoices.models.payments import IN_FLIGHT
from invoices.selectors.affected import people_of
from invoices.services.posting import Account, Leg, Posting, post
from invoices.services.settlement import Fact, follow, settled
from merchants.actors import Actor
from merchants.money import check_amount, check_currency, decimal_text
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop
from subscribers.services import belonging, facts


def balance_of(payer_id: UUID, currency: str) -> int:
    """What we owe a payer in a currency, in minor units; 0 where nothing ever moved."""
    last = BalanceEntry.objects.filter(payer_id=payer_id, currency=currency).order_by("-sequence").first()
    return last.balance_after if last else 0


def enter(
    payer_id: UUID,
    amount: int,
    *,
    currency: str,
    kind: str,
    actor: Actor,
    now: Now,
    reason: str = "",
    links: Mapping[str, Any] | None = None,
) -> BalanceEntry:
    """Write one movement, signed, in minor units. The caller holds the payer's lock and posts the other side of it.

    Raises Conflict (`balance_too_low`) where the balance would fall below zero.
    """
    last = BalanceEntry.objects.filter(payer_id=payer_id, currency=currency).order_by("-sequence").first()
    before = last.balance_after if last else 0
    if before + amount < 0:
        raise Conflict(
            gettext_noop("The balance holds %(held)s %(currency)s."),
            code="balance_too_low",
            params={"held": decimal_text(before, currency), "currency": currency},
        )
    return BalanceEntry.objects.create(
        payer_id=payer_id,
        currency=currency,
        sequence=(last.sequence if last else 0) + 1,
        amount=amount,
        balance_after=before + amount,
        kind=kind,
        reason=reason[:400],
        actor=actor.label[:120],
        created_at=now.at,
        **(links or {}),
    )


def adjust(
    payer_id: UUID, amount: int, *, currency: str, reason: str, legal_entity_id: UUID, actor: Actor, now: Now
) -> BalanceEntry:
    """Give (above zero) or take back money on the balance by hand, saying why. What is given costs the legal entity:
    its other side is the ledger's `write_off`.

    Raises Invalid (`reason_required`, `amount_zero`, bad currency or amount) or Conflict (`balance_too_low`).
    """
    check_currency(currency)
    check_amount(amount, signed=True)
    if not amount:
        raise Invalid.at("amount", "amount_zero", gettext_noop("An adjustment moves something."))
    if not reason.strip():
        raise Invalid.at("reason", "reason_required", gettext_noop("Say why."))
    belonging.lock([payer_id])
    entry = enter(payer_id, amount, currency=currency, kind="adjustment", actor=actor, now=now, reason=reason.strip())
    posting = Posting(
        on=now.today,
        currency=currency,
        legal_entity_id=legal_entity_id,
        subscriber_id=payer_id,
        legs=(Leg(account=Account.WRITE_OFF, amount=amount), Leg(account=Account.BALANCE, amount=-amount)),
        links={"balance_entry_id": entry.pk},
    )
    post([posting], now=now)
    return entry


def pay_open_invoices(payer_id: UUID, *, currency: str, actor: Actor, now: Now) -> list[BalanceEntry]:
    """Pay a payer's open invoices from their balance, oldest first, as far as it goes; one entry an invoice.

    An invoice with a payment in flight is left alone (an open hosted page is not in flight, domain 21).
    """
    owed = Invoice.objects.filter(payer_id=payer_id, currency=currency, status=Invoice.Status.OPEN)
    belonging.lock({payer_id} | people_of(owed.values_list("id", flat=True)))
    held = balance_of(payer_id, currency)
    if not held:
        return []
    entries: list[BalanceEntry] = []
    told: list[Fact] = []
    touched: list[Invoice] = []
    for invoice in open_invoices(payer_id, currency):
        part = min(held, invoice.amount_due)
        if not part:
            continue
        entry, its_facts = _use(invoice, part, actor=actor, now=now)
        held -= part
        entries.append(entry)
        touched.append(invoice)
        told += its_facts
    facts.tell(payer_id, *told, actor=actor, now=now)
    follow(touched, actor=actor, now=now)
    return entries


def open_invoices(payer_id: UUID, currency: str) -> list[Invoice]:
    """A payer's open invoices that a balance may pay, oldest first, locked."""
    return list(_payable(payer_id, currency).select_for_update(of=("self",)).order_by("issued_on", "id"))


def owed_by(payer_id: UUID, currency: str) -> int:
    """What a balance would have to pay before anything new, in minor units. Reads only."""
    return sum(invoice.amount_due for invoice in _payable(payer_id, currency))


def _payable(payer_id: UUID, currency: str) -> QuerySet[Invoice]:
    flying = Payment.objects.filter(invoice_id=OuterRef("pk"), status__in=IN_FLIGHT).exclude(
        Q(status=Payment.Status.PENDING, hosted=True)
    )
    found = Invoice.objects.filter(payer_id=payer_id, currency=currency, status=Invoice.Status.OPEN)
    return found.filter(~Exists(flying))


def _use(invoice: Invoice, part: int, *, actor: Actor, now: Now) -> tuple[BalanceEntry, list[Fact]]:
    """One use on one locked invoice: entry, posting, and what the invoice becomes."""
    links = {"invoice_id": invoice.pk}
    entry = enter(invoice.payer_id, -part, currency=invoice.currency, kind="used", actor=actor, now=now, links=links)
    legs = (
        Leg(account=Account.BALANCE, amount=part),
        Leg(account=Account.RECEIVABLE, amount=-part, links=links),
    )
    posting = Posting(
        on=now.today,
        currency=invoice.currency,
        legal_entity_id=invoice.legal_entity_id,
        subscriber_id=invoice.payer_id,
        legs=legs,
        links={"balance_entry_id": entry.pk},
    )
    post([posting], now=now)
    invoice.amount_from_balance += part
    return entry, settled(invoice, now=now)
