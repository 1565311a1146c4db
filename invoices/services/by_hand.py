"""Money that people bring: cash, cheque, transfer, a terminal of the bank's. It is there when it is written down.

A row, its allocation and its postings in one transaction; what is above the debt goes to the payer's balance.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Sum

from invoices import shapes
from invoices.models import Allocation, BalanceEntry, Invoice, Payment
from invoices.models.payments import IN_FLIGHT
from invoices.services import settlement
from invoices.services.balances import enter
from invoices.services.posting import MEANS_ACCOUNT, Account, Leg, Posting, post
from merchants.actors import Actor
from merchants.ids import new_id
from merchants.models import ProviderAccount, Site
from merchants.money import AMOUNT_LIMIT
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop
from subscribers.services import facts

BY_HAND = (Payment.Means.CASH, Payment.Means.CHEQUE, Payment.Means.TRANSFER, Payment.Means.TERMINAL)
MOST_BEFORE = timedelta(days=366)
"""How long ago money may have come."""
CASH_LIMIT = 1_000_00
"""What a French professional may take in cash for one debt: 1,000.00 EUR (CMF art. L112-6 and D112-3)."""


class NothingOwed(Conflict):
    """The invoice is paid, was credited in full, or is no invoice yet."""

    code = "nothing_owed"
    detail = gettext_noop("Nothing is owed on this invoice.")


class UnderWay(Conflict):
    """A provider is taking money for this invoice just now."""

    code = "payment_under_way"
    detail = gettext_noop("A payment is already under way for this invoice.")
    way_out = gettext_noop("Wait for its outcome, then look again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """What was brought: minor units of the invoice's currency, and the local day on which it came."""

    means: str
    amount: int
    received_on: date
    site: Site | None = None
    note: str = ""
    key: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of it."""

    payment: Payment
    to_invoice: int
    to_balance: int
    entry: BalanceEntry | None = None


def check(brought: ByHand, invoice: Invoice, *, now: Now) -> None:
    """Whether this may be taken for a locked invoice. Raises Invalid naming each field, NothingOwed, UnderWay."""
    if brought.means not in BY_HAND:
        raise Invalid.at("means", "invalid_choice", gettext_noop("Cash, cheque, transfer or terminal."))
    if not 0 < brought.amount <= AMOUNT_LIMIT:
        raise Invalid.at("amount", "amount_out_of_range", gettext_noop("An amount above zero."))
    if brought.received_on > now.today:
        raise Invalid.at("received_on", "received_in_the_future", gettext_noop("Money that has come, today or before."))
    if brought.received_on < now.today - MOST_BEFORE:
        raise Invalid.at("received_on", "received_too_long_ago", gettext_noop("At most a year ago."))
    if brought.site is not None and brought.site.closed_at is not None:
        raise Invalid.at("site", "site_closed", gettext_noop("This site is closed."))
    if invoice.status not in (Invoice.Status.OPEN, Invoice.Status.UNCOLLECTIBLE) or not invoice.amount_due:
        raise NothingOwed
    if Payment.objects.filter(invoice=invoice, status__in=IN_FLIGHT).exists():
        raise UnderWay
    _check_cash(brought, invoice)


def _check_cash(brought: ByHand, invoice: Invoice) -> None:
    if brought.means != Payment.Means.CASH or invoice.currency != "EUR":
        return
    if invoice.legal_entity.country != "FR":
        return
    paid = Payment.objects.filter(
        invoice=invoice, means=Payment.Means.CASH, status=Payment.Status.SUCCEEDED, reversed_at=None
    )
    before = paid.aggregate(taken=Sum("captured"))["taken"] or 0
    if before + brought.amount > CASH_LIMIT:
        detail = gettext_noop("At most 1,000 euros of a debt may be paid in cash in France (CMF D112-3).")
        raise Invalid.at("amount", "cash_above_the_limit", detail)


def receive(brought: ByHand, invoice: Invoice, *, actor: Actor, now: Now) -> Taken:
    """Write down money for a locked invoice: the caller holds the locks of `people_of` it. The same `key` for the same
    invoice, means and amount answers the first payment again. Raises what `check` raises, Conflict (`key_reused`)."""
    known = Payment.objects.filter(id=brought.key).first() if brought.key else None
    if known is not None:
        return _again(known, brought, invoice)
    check(brought, invoice, now=now)
    payment = Payment(
        id=brought.key or new_id(),
        payer_id=invoice.payer_id,
        invoice=invoice,
        account=_account(now),
        gateway=ProviderAccount.Kind.MANUAL,
        means=brought.means,
        amount=brought.amount,
        captured=brought.amount,
        currency=invoice.currency,
        status=Payment.Status.SUCCEEDED,
        received_on=brought.received_on,
        site=brought.site,
        note=brought.note.strip()[:400],
        test_clock_id=invoice.test_clock_id,
        created_at=now.at,
        settled_at=now.at,
    )
    payment.save(force_insert=True)
    told = ("payment.succeeded", payment.pk, {"object": shapes.payment(payment)})
    facts.tell(payment.payer_id, told, actor=actor, now=now)
    return _settle(payment, invoice, actor=actor, now=now)


def _settle(payment: Payment, invoice: Invoice, *, actor: Actor, now: Now) -> Taken:
    part = min(payment.captured, invoice.amount_due)
    over = payment.captured - part
    Allocation.objects.create(payment=payment, invoice=invoice, amount=part, created_at=now.at)
    entry = None
    legs = [
        Leg(account=MEANS_ACCOUNT[payment.means], amount=payment.captured),
        Leg(account=Account.RECEIVABLE, amount=-part, links={"invoice_id": invoice.pk}),
    ]
    if over:
        entry = enter(
            payment.payer_id,
            over,
            currency=payment.currency,
            kind="overpayment",
            actor=actor,
            now=now,
            links={"payment_id": payment.pk},
        )
        legs.append(Leg(account=Account.BALANCE, amount=-over, links={"balance_entry_id": entry.pk}))
    posting = Posting(
        on=now.today,
        currency=payment.currency,
        legal_entity_id=invoice.legal_entity_id,
        subscriber_id=payment.payer_id,
        legs=tuple(legs),
        links={"payment_id": payment.pk},
    )
    post([posting], now=now)
    invoice.amount_paid += part
    told = settlement.settled(invoice, now=now)
    facts.tell(invoice.payer_id, *told, actor=actor, now=now)
    settlement.follow([invoice], actor=actor, now=now)
    return Taken(payment=payment, to_invoice=part, to_balance=over, entry=entry)


def _again(known: Payment, brought: ByHand, invoice: Invoice) -> Taken:
    same = (known.invoice_id, known.means, known.amount) == (invoice.pk, brought.means, brought.amount)
    if not same:
        raise Conflict(gettext_noop("Another payment was sent under this key."), code="key_reused")
    part = sum(Allocation.objects.filter(payment=known, amount__gt=0).values_list("amount", flat=True))
    entry = BalanceEntry.objects.filter(payment=known, kind="overpayment").first()
    return Taken(payment=known, to_invoice=part, to_balance=known.captured - part, entry=entry)


def _account(now: Now) -> ProviderAccount:
    """The account that stands for people's hands; made once it is needed. Two made at once do no harm: the first is
    taken ever after."""
    kept = ProviderAccount.objects.filter(kind=ProviderAccount.Kind.MANUAL).order_by("id").first()
    return kept or ProviderAccount.objects.create(kind=ProviderAccount.Kind.MANUAL, is_default=False, created_at=now.at)
