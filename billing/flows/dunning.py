"""Taking the steps of unpaid cases (domain 22): charge again, write, take access, say that it is overdue.

A step that charges is three: the claim (the step's own try, written down), the charge by `collect`, outside, and the
end of the step, which does the rest only where the invoice is still open and no money is on its way. Whatever is
repeated or dies in between makes no second try.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from billing.flows import cases, collect
from billing.models import DunningCase
from billing.selectors.charging import cards_tried, means_for
from invoices import shapes as documents
from invoices.models import Invoice, Payment
from invoices.models.payments import IN_FLIGHT
from invoices.selectors.affected import people_of_debts
from invoices.services import balances
from merchants import dunning as policy
from merchants.actors import Actor
from merchants.dunning import Action, DunningStep
from merchants.ids import show
from merchants.models import Merchant
from merchants.now import Now
from merchants.tenancy.scope import tenant
from subscribers.services import belonging, facts

ACTOR = Actor.system("dunning")
HELD = timedelta(minutes=15)
"""How long a worker has for a step before another one takes it up."""
ON_ITS_WAY = {Payment.Status.PROCESSING: timedelta(days=1)}
"""How long a step waits for money on its way, by what it waits for; else ANSWER."""
ANSWER = timedelta(hours=1)


def take_step(*, merchant_id: UUID, case_id: UUID, now: Now) -> None:
    """Take the step of a case that is due by `now`; nothing where none is, or where the case has ended. One step,
    however late: what is left comes after it in the days that were promised."""
    invoice_id = _begin(merchant_id, case_id, now)
    if invoice_id is not None:
        collect.collect(merchant_id=merchant_id, invoice_ids=[invoice_id], now=now, actor=ACTOR)
        _end(merchant_id, case_id, now)


def _begin(merchant_id: UUID, case_id: UUID, now: Now) -> UUID | None:
    """Look what the step is. One that charges is claimed, and the invoice answered; any other is taken at once."""
    with tenant(merchant_id):
        case, invoice = _lock(case_id)
        if case.ended_at is not None or case.next_step_at is None or case.next_step_at > now.at:
            return None
        merchant = Merchant.objects.get(id=merchant_id)
        if merchant.suspended_at is not None:  # nobody is charged, nor loses access, for a merchant who may not sell
            case.next_step_at = now.at + ON_ITS_WAY[Payment.Status.PROCESSING]
            case.save(update_fields=["next_step_at"])
            return None
        if _waits(case, invoice, now) or _balance_pays(invoice, now):
            return None
        steps = policy.steps_of(case.steps)
        number = case.taken + 1
        if not steps[case.taken].does(Action.retry) or case.tried >= number or not _may_retry(invoice):
            _take(case, invoice, steps, tried=_own_try(invoice) if case.tried >= number else None, now=now)
            return None
        case.tried, case.next_step_at = number, now.at + HELD
        case.save(update_fields=["tried", "next_step_at"])
        invoice.collect_at = now.at
        invoice.save(update_fields=["collect_at"])
        return invoice.pk


def _end(merchant_id: UUID, case_id: UUID, now: Now) -> None:
    """What follows the step's own try, where it did not settle the debt."""
    with tenant(merchant_id):
        case, invoice = _lock(case_id)
        if case.ended_at is None and case.tried == case.taken + 1 and not _waits(case, invoice, now):
            _take(case, invoice, policy.steps_of(case.steps), tried=_own_try(invoice), now=now)


def _lock(case_id: UUID) -> tuple[DunningCase, Invoice]:
    """A case and its invoice, the people first."""
    known = DunningCase.objects.get(id=case_id)
    belonging.lock(people_of_debts([known.invoice_id]))
    invoice = Invoice.objects.select_for_update(of=("self",)).get(id=known.invoice_id)
    return DunningCase.objects.select_for_update(of=("self",)).get(id=case_id), invoice


def _waits(case: DunningCase, invoice: Invoice, now: Now) -> bool:
    """Whether money is on its way: the step comes later then. What waits for the subscriber holds nothing up."""
    waiting = set(IN_FLIGHT) - {Payment.Status.REQUIRES_ACTION}
    rows = Payment.objects.filter(invoice=invoice, status__in=waiting).exclude(status="pending", hosted=True)
    flying = rows.values_list("status", flat=True).first()
    if flying is None:
        return False
    case.next_step_at = now.at + ON_ITS_WAY.get(Payment.Status(flying), ANSWER)
    case.save(update_fields=["next_step_at"])
    return True


def _balance_pays(invoice: Invoice, now: Now) -> bool:
    """Whether what we owe the payer settles the debt, which ends the case: it is used before any step (domain 20)."""
    if balances.balance_of(invoice.payer_id, invoice.currency):
        balances.pay_open_invoices(invoice.payer_id, currency=invoice.currency, actor=ACTOR, now=now)
        invoice.refresh_from_db()
    return invoice.status != Invoice.Status.OPEN


def _may_retry(invoice: Invoice) -> bool:
    """Whether the card that would be charged may be: not after a hard decline on it, at most eight times."""
    found = means_for([invoice])
    return policy.may_retry(cards_tried(found).get(invoice.pk))


def _own_try(invoice: Invoice) -> Payment | None:
    """The newest automatic try: the step's own, once it was made."""
    return Payment.objects.filter(invoice=invoice, automatic=True).order_by("-id").first()


def _take(
    case: DunningCase, invoice: Invoice, steps: Sequence[DunningStep], *, tried: Payment | None, now: Now
) -> None:
    """Write a step as taken, with all that it does beside charging, and what comes next."""
    step = steps[case.taken]
    case.taken += 1
    case.effect = policy.effect_after(steps, taken=case.taken)
    case.next_step_at = policy.next_step_at(
        steps, taken=case.taken, opened_at=case.opened_at, zone=now.zone, now=now.at
    )
    case.is_overdue = case.taken >= len(steps)
    case.save(update_fields=["taken", "effect", "next_step_at", "is_overdue"])
    done = [action.value for action in step.actions if action is not Action.retry or tried is not None]
    shown = cases.shape(
        case,
        actions=done,
        payment=show("pay", tried.pk) if tried else None,
        code=tried.code if tried else None,
    )
    facts.tell(case.payer_id, ("dunning.step_taken", case.pk, {"object": shown}), actor=ACTOR, now=now)
    if case.is_overdue:
        data = {"object": documents.invoice(invoice)}
        facts.tell(case.payer_id, ("invoice.overdue", invoice.pk, data), actor=ACTOR, now=now)
    cases.stand([invoice.pk], actor=ACTOR, now=now)
