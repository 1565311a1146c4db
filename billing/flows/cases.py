"""Dunning cases (dossiers d'impayé): opened at a failure, closed by whatever settles the debt, in the same transaction.

`dunning` takes their steps. Everything here is called with the locks of `people_of` the invoice held, and the invoice's
own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from billing.flows.standing import set_standing
from billing.models import DunningCase
from invoices import shapes as documents
from invoices.models import Invoice, Payment
from invoices.selectors.affected import subscriptions_on
from merchants import dunning as policy
from merchants.actors import Actor
from merchants.ids import show
from merchants.models import Merchant
from merchants.now import Now
from subscribers.services import facts
from subscribers.services.facts import Lived
from subscribers.shapes import at

OUTCOMES = {
    Invoice.Status.PAID: DunningCase.Outcome.PAID,
    Invoice.Status.CANCELLED: DunningCase.Outcome.CANCELLED,
    Invoice.Status.UNCOLLECTIBLE: DunningCase.Outcome.UNCOLLECTIBLE,
}
NO_METHOD = "no_payment_method"
"""Why a case opens where there is nothing to charge: only the subscriber can help."""


def shape(case: DunningCase, **told: Any) -> dict[str, Any]:
    """A case as events show it. `told` is what this moment adds (which actions were taken, what was tried)."""
    return {
        "id": case.public_id,
        "object": "dunning_case",
        "invoice": show("inv", case.invoice_id),
        "payer": show("cus", case.payer_id),
        "step": case.taken,
        "steps": len(case.steps),
        "tries": case.tries,
        "effect": case.effect,
        "overdue": case.is_overdue,
        "opened_at": at(case.opened_at),
        "next_step_at": at(case.next_step_at),
        "ended_at": at(case.ended_at),
        "outcome": case.outcome or None,
        **told,
    }


def open_of(invoice_id: UUID) -> DunningCase | None:
    """The open case of an invoice, locked."""
    return (
        DunningCase.objects.select_for_update(of=("self",))
        .select_related("invoice")
        .filter(invoice_id=invoice_id, ended_at=None)
        .first()
    )


def note_failure(invoice: Invoice, *, payment: Payment | None, code: str, actor: Actor, now: Now) -> DunningCase | None:
    """A try by itself failed, or nothing could be tried: the case is opened, or the try counted on the open one.

    None, and nothing written, where the debt has ended meanwhile. `payment` None: there was no means to charge.
    """
    if invoice.status != Invoice.Status.OPEN or not invoice.amount_due:
        return None
    case = open_of(invoice.pk)
    if case is None:
        case = _opened(invoice, tries=0 if payment is None else 1, now=now)
        told = {"code": code, "actions": ["write"] if payment is None else []}
        data = {"object": shape(case, **told)}
        facts.tell(invoice.payer_id, ("dunning.started", case.pk, data), actor=actor, now=now)
    elif payment is not None and payment.automatic:
        case.tries += 1
        case.save(update_fields=["tries"])
    tell_failure(invoice, payment=payment, code=code, actor=actor, now=now)
    stand([invoice.pk], actor=actor, now=now)
    return case


def tell_failure(invoice: Invoice, *, payment: Payment | None, code: str, actor: Actor, now: Now) -> None:
    """Tell that an invoice was not paid by a try of ours. `needs` says whose turn it is: nobody's (`retry`: it is tried
    again), the `subscriber`'s, or the `staff`'s, where the card is not at fault."""
    advice = payment.advice if payment else "customer"
    needs = {"retry": "retry", "customer": "subscriber", "stop": "subscriber"}.get(advice, "staff")
    data = {
        "object": documents.invoice(invoice),
        "payment": show("pay", payment.pk) if payment else None,
        "code": code,
        "needs": needs,
    }
    facts.tell(invoice.payer_id, ("invoice.payment_failed", invoice.pk, data), actor=actor, now=now)


def _opened(invoice: Invoice, *, tries: int, now: Now) -> DunningCase:
    merchant = Merchant.objects.get(id=invoice.tenant_id)
    steps = policy.steps_of(merchant.dunning_steps)
    return DunningCase.objects.create(
        invoice=invoice,
        payer_id=invoice.payer_id,
        test_clock_id=invoice.test_clock_id,
        steps=[step.as_plain() for step in steps],
        tries=tries,
        opened_at=now.at,
        next_step_at=policy.first_step_at(steps, opened_at=now.at, zone=now.zone),
    )


def close(invoices: Sequence[Invoice], actor: Actor, now: Now) -> None:
    """End the cases of invoices on which nothing is asked for any more, and give back what they took from access. It
    follows every settlement (`invoices.services.settlement`), whoever made it."""
    ended = {invoice.pk: OUTCOMES[Invoice.Status(invoice.status)] for invoice in invoices}
    open_ones = list(
        DunningCase.objects.select_for_update(of=("self",)).filter(invoice_id__in=ended, ended_at=None).order_by("id")
    )
    for case in open_ones:
        case.ended_at, case.next_step_at, case.outcome = now.at, None, ended[case.invoice_id]
        case.save(update_fields=["ended_at", "next_step_at", "outcome"])
    told = [
        Lived(subscriber_id=case.payer_id, kind="dunning.ended", object_id=case.pk, data={"object": shape(case)})
        for case in open_ones
    ]
    facts.tell_all(told, actor=actor, now=now)
    stand(list(ended), actor=actor, now=now)


def stand(invoice_ids: Collection[UUID], *, actor: Actor, now: Now) -> None:
    """Set where the subscriptions on these invoices stand."""
    on: Mapping[UUID, set[UUID]] = subscriptions_on(invoice_ids)
    set_standing(set().union(*on.values()), actor=actor, now=now)
