"""Charging what is due, apart from renewing, in three steps (domain 21): rows that are committed, the provider, what it
said. Nothing here holds a transaction while a provider is asked, and what is repeated charges nothing twice.

What is to be collected is a column (`Invoice.collect_at`): a claim takes it away in the transaction that writes the
payment, so that a second worker finds nothing, and one that died leaves a payment that `reconcile` settles.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from billing.flows import asking, cases, outcome, takings, way
from billing.flows.outcome import FIRST_LOOK
from billing.flows.providers import gateway_of
from billing.gateways.base import ChargeAsk, Gateway, Outcome
from billing.models import DunningCase
from billing.selectors.charging import asked_by_itself, cards_tried, means_for
from invoices.models import BalanceEntry, Invoice, Payment
from invoices.models.payments import IN_FLIGHT
from invoices.selectors.affected import people_of, people_of_debts
from invoices.services import balances
from merchants.actors import Actor
from merchants.clock import instant
from merchants.dunning import may_retry
from merchants.models import Merchant, ProviderAccount
from merchants.now import Now
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers.models import PaymentMethod, Subscriber
from subscribers.services import belonging, means

_log = logging.getLogger(__name__)
NOT_YET = timedelta(minutes=5)
"""When an invoice is tried again whose open page the provider would not close."""
AT_ONCE_AT_MOST = 24
"""Invoices that a new card is tried on while its owner waits; what is left is due, and the next nudge takes it."""
SUSPENDED = timedelta(hours=1)
"""How often a suspended merchant's invoices are looked at again: they are not collected meanwhile (F37)."""


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What one pass came to. `payments`: those it made, by invoice; `by_status`: how many ended in which status just
    now; `without_means`: invoices for which there was nothing to charge."""

    payments: Mapping[UUID, UUID] = field(default_factory=dict)
    by_status: Mapping[str, int] = field(default_factory=dict)
    without_means: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claimed:
    """A payment that is committed, and the ask that belongs to it."""

    payment_id: UUID
    invoice_id: UUID
    account: ProviderAccount
    ask: ChargeAsk


def collect(*, merchant_id: UUID, invoice_ids: Sequence[UUID], now: Now, actor: Actor, at_once: int = 8) -> Collected:
    """Collect those of the invoices that are to be collected by `now` (`collect_at`): the payer's balance first, then
    their means of payment, at most `at_once` at a time.

    An open page at a provider is closed, and confirmed so, before an automatic charge. Where there is nothing to charge
    the unpaid case opens at once. A charge that is not answered stays `unknown` until `reconcile` hears of it.
    """
    in_the_way = _in_the_way(merchant_id, invoice_ids, now)
    held_back = way.clear(merchant_id=merchant_id, invoice_ids=in_the_way) if in_the_way else set()
    claimed, without = _claim(merchant_id, invoice_ids, held_back, now=now, actor=actor)
    answers = _charge(claimed, at_once)
    told = [(one.payment_id, answer) for one, answer in zip(claimed, answers, strict=True)]
    left = _record_together(merchant_id, told, now)
    for payment_id, answer in left:
        _record(merchant_id, payment_id, answer)
    by_status = Counter({Payment.Status.SUCCEEDED.value: len(told) - len(left)} if len(told) > len(left) else {})
    if left:
        with tenant(merchant_id):
            others = Payment.objects.filter(id__in=[payment_id for payment_id, _ in left])
            by_status.update(others.values_list("status", flat=True))
    return Collected(
        payments={one.invoice_id: one.payment_id for one in claimed},
        by_status=dict(by_status),
        without_means=tuple(without),
    )


def retry_now(*, merchant_id: UUID, payer_id: UUID, actor: Actor) -> Collected:
    """A new card is charged from now on, and tried at once on all that its owner owes and that is charged by itself
    (domain 22), the oldest AT_ONCE_AT_MOST first. Safe to repeat: a card that was refused for good is not tried again.
    """
    with tenant(merchant_id):
        merchant = Merchant.objects.get(id=merchant_id)
        owed = Invoice.objects.filter(payer_id=payer_id, status=Invoice.Status.OPEN)
        belonging.lock({payer_id} | people_of(owed.values_list("id", flat=True)))
        payer = Subscriber.objects.get(id=payer_id)
        now = now_for(merchant, payer.test_clock_id)
        card = PaymentMethod.objects.filter(subscriber=payer, is_default=True, detached_at=None).first()
        if card is None:
            return Collected()
        means.charge_from_now_on(card, actor=actor, now=now)
        rows = [row for row in owed.select_for_update(of=("self",)).order_by("id") if row.amount_due]
        cased = set(DunningCase.objects.filter(invoice__in=rows, ended_at=None).values_list("invoice_id", flat=True))
        asked = [row.pk for row in asked_by_itself(rows, cased)]
        flying = set(_flying(asked, but=Payment.Status.REQUIRES_ACTION))  # that question is closed by `way.clear`
        ids = [id_ for id_ in asked if id_ not in flying]
        Invoice.objects.filter(id__in=ids).update(collect_at=now.at)
    if not ids:
        return Collected()
    return collect(merchant_id=merchant_id, invoice_ids=ids[:AT_ONCE_AT_MOST], now=now, actor=actor)


def _in_the_way(merchant_id: UUID, invoice_ids: Sequence[UUID], now: Now) -> list[UUID]:
    """Those of the due invoices for which something waits for somebody: a page, a question of the bank."""
    with tenant(merchant_id):
        waiting = Payment.objects.filter(
            way.WAITING,
            invoice_id__in=invoice_ids,
            invoice__status=Invoice.Status.OPEN,
            invoice__collect_at__lte=now.at,
        )
        ids = {id_ for id_ in waiting.values_list("invoice_id", flat=True) if id_ is not None}
        if ids and Merchant.objects.filter(id=merchant_id, suspended_at__isnull=False).exists():
            return []
        return sorted(ids)


def _claim(
    merchant_id: UUID, invoice_ids: Sequence[UUID], held_back: set[UUID], *, now: Now, actor: Actor
) -> tuple[list[_Claimed], list[UUID]]:
    """The first step, in one transaction: balances, payments, `collect_at` taken away. Answers what is to be asked of
    the providers, and the invoices for which there is nothing to charge."""
    with tenant(merchant_id):
        merchant = Merchant.objects.get(id=merchant_id)
        due = Invoice.objects.filter(id__in=invoice_ids, collect_at__lte=now.at)
        if merchant.suspended_at is not None:
            due.update(collect_at=now.at + SUSPENDED)
            return [], []
        belonging.lock(people_of_debts(due.values_list("id", flat=True)))
        rows = _locked(due)
        if _use_balances(rows, actor=actor, now=now):
            rows = _locked(Invoice.objects.filter(id__in=[row.pk for row in rows]))
        owed = [row for row in rows if row.status == Invoice.Status.OPEN and row.amount_due]
        flying = set(_flying([row.pk for row in owed]))
        paged = way.open_pages([row.pk for row in owed]) | (held_back & {row.pk for row in owed})
        free = [row for row in owed if row.pk not in flying and row.pk not in paged]
        found = means_for(free)
        tried = cards_tried(found)
        chosen = {id_: card for id_, card in found.items() if not tried[id_].tries or may_retry(tried[id_])}
        made = [_payment(row, chosen[row.pk], now) for row in free if row.pk in chosen]
        Payment.objects.bulk_create(made)
        Invoice.objects.filter(id__in=[row.pk for row in rows]).update(collect_at=None)
        Invoice.objects.filter(id__in=paged).update(collect_at=now.at + NOT_YET)
        without = [row for row in free if row.pk not in found]
        for row in without:
            cases.note_failure(row, payment=None, code=cases.NO_METHOD, actor=actor, now=now)
        payers = Subscriber.objects.in_bulk({row.payer_id for row in free})
        claimed = [
            _claimed(payment, row, chosen[row.pk], payers[row.payer_id], merchant)
            for payment, row in zip(made, [row for row in free if row.pk in chosen], strict=True)
        ]
        return claimed, [row.pk for row in without]


def _locked(rows: QuerySet[Invoice]) -> list[Invoice]:
    return list(rows.select_for_update(of=("self",)).order_by("id"))


def _flying(invoice_ids: Sequence[UUID], *, but: str = "") -> Sequence[UUID]:
    """Which of these have money on its way, in another status than `but`. An open page is not in flight (domain 21)."""
    rows = Payment.objects.filter(invoice_id__in=invoice_ids, status__in=set(IN_FLIGHT) - {but})
    rows = rows.exclude(status=Payment.Status.PENDING, hosted=True)
    return [id_ for id_ in rows.values_list("invoice_id", flat=True) if id_ is not None]


def _use_balances(rows: Sequence[Invoice], *, actor: Actor, now: Now) -> bool:
    """Pay from the balances of those payers who have one: their oldest open invoices first (domain 20). Whether any
    did."""
    used = False
    wanted = {(row.payer_id, row.currency) for row in rows}
    newest = (
        BalanceEntry.objects.filter(payer_id__in={payer for payer, _ in wanted})
        .order_by("payer_id", "currency", "-sequence")
        .distinct("payer_id", "currency")
        .values_list("payer_id", "currency", "balance_after")
    )
    for payer_id, currency, held in newest:
        if held and (payer_id, currency) in wanted:
            balances.pay_open_invoices(payer_id, currency=currency, actor=actor, now=now)
            used = True
    return used


def _payment(invoice: Invoice, card: PaymentMethod, now: Now) -> Payment:
    return Payment(
        payer_id=invoice.payer_id,
        invoice=invoice,
        payment_method=card,
        account=card.account,
        gateway=card.account.kind,
        means=card.kind,
        automatic=True,
        amount=invoice.amount_due,
        currency=invoice.currency,
        test_clock_id=invoice.test_clock_id,
        created_at=now.at,
        asked_at=instant(),
        next_look_at=instant() + FIRST_LOOK,
    )


def _claimed(
    payment: Payment, invoice: Invoice, card: PaymentMethod, payer: Subscriber, merchant: Merchant
) -> _Claimed:
    said = f"{merchant.name} · {invoice.number}"
    ask = asking.charge_ask(payment, card, payer, description=said, metadata={"invoice": invoice.public_id})
    return _Claimed(payment_id=payment.pk, invoice_id=invoice.pk, account=card.account, ask=ask)


def _charge(claimed: Sequence[_Claimed], at_once: int) -> list[Outcome]:
    """The second step: ask the providers, outside any transaction, at most `at_once` at a time."""
    gateways = {one.account.pk: gateway_of(one.account) for one in claimed}
    asks = [(gateways[one.account.pk], one.ask) for one in claimed]
    if len(asks) < 2 or at_once < 2:
        return [asking.ask(gateway, ask) for gateway, ask in asks]
    with ThreadPoolExecutor(max_workers=min(at_once, len(asks)), thread_name_prefix="collect") as pool:
        return list(pool.map(_ask_in_a_thread, asks))


def _record_together(merchant_id: UUID, told: Sequence[takings.Told], now: Now) -> Sequence[takings.Told]:
    """Those that were simply taken, in one go; the others, or all where that is refused, are left to one by one."""
    try:
        return takings.record_taken(merchant_id=merchant_id, told=told, now=now)
    except Exception:
        _log.exception("%s answers are recorded one by one", len(told))
        return told


def _record(merchant_id: UUID, payment_id: UUID, answer: Outcome) -> None:
    """One answer. What cannot be written now is asked about later: nobody else's answer is lost for it."""
    try:
        outcome.record(merchant_id=merchant_id, payment_id=payment_id, outcome=answer)
    except Exception:
        _log.exception("the answer to payment %s was not recorded; it is asked about later", payment_id)


def _ask_in_a_thread(wish: tuple[Gateway, ChargeAsk]) -> Outcome:
    """The same, and the thread's own connection closed: the simulated provider's books are rows of the database."""
    try:
        return asking.ask(*wish)
    finally:
        connection.close()
