"""One invoice as a debt: what is still to pay, and what money is on its way for it. Needs the tenant's scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from billing.models import DunningCase
from billing.selectors.charging import asked_by_itself
from invoices.models import Invoice, Payment
from invoices.models.payments import IN_FLIGHT
from invoices.selectors.affected import subscriptions_on
from invoices.selectors.lists import OWED
from merchants import dunning
from merchants.models import Merchant
from merchants.now import local_date


class DebtState(StrEnum):
    """What can be done about an invoice by who owes it."""

    owed = "owed"  # it can be paid now
    waits_for_bank = "waits_for_bank"  # a payment stopped because the bank wants to ask the subscriber
    under_way = "under_way"  # money is on its way: nothing else may be asked meanwhile
    paid = "paid"
    cancelled = "cancelled"  # credited in full: nothing is owed any more


@dataclass(frozen=True, kw_only=True)
class Debt:
    """An invoice and where its money stands. `due` in minor units. `flight` is the payment in flight, `page` the open
    page at the provider, `last` the newest payment that is settled."""

    invoice: Invoice
    state: DebtState
    due: int
    flight: Payment | None = None
    page: Payment | None = None
    last: Payment | None = None

    @property
    def is_payable(self) -> bool:
        """Whether a click may lead to money."""
        return self.state in (DebtState.owed, DebtState.waits_for_bank)


def debt_of(invoice_id: UUID) -> Debt | None:
    """A numbered invoice as a debt; None where there is no such document."""
    rows = Invoice.objects.select_related("payer", "legal_entity", "subscription__offer_version")
    invoice = rows.filter(id=invoice_id).exclude(status=Invoice.Status.DRAFT).first()
    if invoice is None:
        return None
    tried = list(
        Payment.objects.filter(invoice=invoice).select_related("account", "payment_method", "payer").order_by("-id")
    )
    flight = next((one for one in tried if one.status in IN_FLIGHT and not _is_open_page(one)), None)
    return Debt(
        invoice=invoice,
        state=_state(invoice, flight),
        due=invoice.amount_due if invoice.status in OWED else 0,
        flight=flight,
        page=next((one for one in tried if _is_open_page(one)), None),
        last=next((one for one in tried if one.status not in IN_FLIGHT), None),
    )


def _is_open_page(payment: Payment) -> bool:
    """A page at the provider that somebody may still pay on: not in flight for an invoice (domain 21)."""
    return payment.hosted and payment.status == Payment.Status.PENDING


def _state(invoice: Invoice, flight: Payment | None) -> DebtState:
    if invoice.status == Invoice.Status.CANCELLED:
        return DebtState.cancelled
    if invoice.status == Invoice.Status.PAID or not invoice.amount_due:
        return DebtState.paid
    if flight is None:
        return DebtState.owed
    asks = flight.status == Payment.Status.REQUIRES_ACTION
    return DebtState.waits_for_bank if asks else DebtState.under_way


def other_debts(payer_id: UUID, *, than: UUID | None = None) -> list[Invoice]:
    """A payer's other open invoices with something due, oldest first."""
    rows = Invoice.objects.filter(payer_id=payer_id, status=Invoice.Status.OPEN).order_by("issued_on", "id")
    return [row for row in rows if row.amount_due and row.pk != than]


def tried_at_once(payer_id: UUID, *, than: UUID | None = None) -> list[Invoice]:
    """Those of them that a new card is tried on at once (domain 22): what is charged by itself, and has no money on its
    way."""
    rows = unpaid(payer_id, than=than)
    ids = [row.pk for row in rows]
    cased = set(DunningCase.objects.filter(invoice__in=ids, ended_at=None).values_list("invoice_id", flat=True))
    return asked_by_itself(rows, cased)


def unpaid(payer_id: UUID, *, than: UUID | None = None) -> list[Invoice]:
    """Those of them for which no money is on its way; a page that is open for one is none yet."""
    rows = other_debts(payer_id, than=than)
    flying = Payment.objects.filter(invoice__in=rows, status__in=IN_FLIGHT).exclude(status="pending", hosted=True)
    away = set(flying.values_list("invoice_id", flat=True))
    return [row for row in rows if row.pk not in away]


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """What an unpaid invoice does to the access: `restricted` or `suspended` already (`on` is None), or `restrict`,
    `suspend` from a day on."""

    what: str
    on: date | None = None


def consequences(invoice: Invoice, *, today: date) -> list[Consequence]:
    """What follows where an invoice stays unpaid, from its open dunning case: the effect that it has now, then each
    stricter one ahead. Empty where there is no case, or no subscription stands on the invoice."""
    case = DunningCase.objects.filter(invoice=invoice, ended_at=None).first()
    if case is None or not subscriptions_on([invoice.pk]).get(invoice.pk):
        return []
    now = {"restrict": "restricted", "suspend": "suspended"}.get(case.effect)
    found = [Consequence(what=now)] if now else []
    steps = dunning.steps_of(case.steps)
    if case.next_step_at is None or case.taken >= len(steps):
        return found
    zone = Merchant.objects.values_list("timezone", flat=True).get(id=invoice.tenant_id)
    next_on = max(local_date(case.next_step_at, zone), today)
    strictest = dunning.EFFECTS.index(case.effect)
    for at in range(case.taken, len(steps)):
        effect = dunning.effect_after(steps, taken=at + 1)
        if dunning.EFFECTS.index(effect) > strictest:
            on = next_on + timedelta(days=steps[at].after_days - steps[case.taken].after_days)
            found.append(Consequence(what=effect, on=on))
            strictest = dunning.EFFECTS.index(effect)
    return found
