"""Where a subscription stands with its money: the one writer of `payment_state`, `dunning` and the access that follows
after money moved (or did not).

It is computed from facts, never from what was written before: the open dunning cases and the money under way for the
invoices that a subscription stands on. So any order of events, and any repetition, ends in the same state (invariants
I10, I14).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from billing.models import DunningCase
from invoices.models import Invoice, Payment
from invoices.selectors.affected import subscriptions_on
from invoices.selectors.lists import OWED
from merchants.actors import Actor
from merchants.dunning import EFFECTS
from merchants.models import Stage
from merchants.now import Now, local_midnight
from merchants.tenancy import bulk
from subscribers import history, shapes
from subscribers.lifecycle import LIVE, PaymentState, Status, check_move, check_payment_move
from subscribers.models import Subscription
from subscribers.selectors.rights import verdict_of
from subscribers.services.facts import Lived, tell_all

WRITTEN = ("status", "payment_state", "dunning", "access", "access_reason", "access_until")
UNDER_WAY = (Payment.Status.PROCESSING, Payment.Status.UNKNOWN)
"""Money that was sent and not heard of to the end: nothing else is asked meanwhile."""
VERBS = {
    PaymentState.ok: "payment_settled",
    PaymentState.processing: "payment_under_way",
    PaymentState.retrying: "payment_failed",
    PaymentState.overdue: "payment_overdue",
}


@dataclass
class _Money:
    """What is known of one subscription's money."""

    effects: list[str] = field(default_factory=lambda: ["none"])
    cases: int = 0
    overdue: bool = False
    under_way: bool = False

    @property
    def state(self) -> PaymentState:
        if self.under_way:
            return PaymentState.processing
        if self.overdue:
            return PaymentState.overdue
        return PaymentState.retrying if self.cases else PaymentState.ok


def set_standing(subscription_ids: Collection[UUID], *, actor: Actor, now: Now) -> list[Subscription]:
    """Write where these subscriptions stand, with changes and events; answers those that changed.

    The caller holds their payers' and beneficiaries' locks. The number of queries does not depend on how many there
    are. A subscription whose case suspends it has the status `suspended` meanwhile, and gets its own back at once when
    the debt is gone; one that has ended or was never paid for keeps its status.
    """
    rows = list(
        Subscription.objects.select_for_update(of=("self",))
        .filter(id__in=subscription_ids)
        .exclude(status=Subscription.Status.INCOMPLETE)
        .select_related("offer_version__offer")
        .order_by("id")
    )
    if not rows:
        return []
    money = _money_of(rows)
    free = _free_stages([row for row in rows if row.status == Status.suspended])
    entries, lived = [], []
    for row in rows:
        before = {name: getattr(row, name) for name in WRITTEN}
        _place(row, money[row.pk], in_free_stage=row.pk in free, now=now)
        changed = {name: getattr(row, name) for name in WRITTEN if getattr(row, name) != before[name]}
        if changed:
            old = {name: before[name] for name in changed}
            row.updated_at = now.at
            entries.append(history.Entry(row=row, verb=_verb(changed), columns=changed, before=old))
            lived += _told(row, before)
    moved: list[Subscription] = [entry.row for entry in entries if isinstance(entry.row, Subscription)]
    columns = (*WRITTEN, "updated_at")
    bulk.update(Subscription, columns, [[row.pk, *(getattr(row, name) for name in columns)] for row in moved])
    history.write_all(entries, actor=actor, now=now)
    tell_all(lived, actor=actor, now=now)
    return moved


def _money_of(rows: Sequence[Subscription]) -> Mapping[UUID, _Money]:
    """Open cases and money under way, by subscription, found by the payers' open invoices: an index leads there."""
    payers = {row.payer_id for row in rows}
    owed = set(Invoice.objects.filter(payer_id__in=payers, status__in=OWED).values_list("id", flat=True))
    money = {row.pk: _Money() for row in rows}
    on = subscriptions_on(owed)
    for case in DunningCase.objects.filter(invoice_id__in=owed, ended_at=None):
        for one in (money[id_] for id_ in on.get(case.invoice_id, ()) if id_ in money):
            one.cases += 1
            one.effects.append(case.effect)
            one.overdue = one.overdue or case.is_overdue
    flying = Payment.objects.filter(invoice_id__in=owed, status__in=UNDER_WAY).values_list("invoice_id", flat=True)
    for invoice_id in flying:
        for one in (money[id_] for id_ in on.get(invoice_id, ()) if id_ in money):
            one.under_way = True
    return money


def _free_stages(rows: Sequence[Subscription]) -> set[UUID]:
    """Which of these are in a free first stage: their own status is `trialing`."""
    if not rows:
        return set()
    found = Stage.objects.filter(version_id__in={row.offer_version_id for row in rows}, position=0, amount=0)
    versions = set(found.values_list("version_id", flat=True))
    return {row.pk for row in rows if row.stage_position == 0 and row.offer_version_id in versions}


def _place(row: Subscription, money: _Money, *, in_free_stage: bool, now: Now) -> None:
    """Set the columns on the row in memory, by the tables of `lifecycle`."""
    status, was_suspended = Status(row.status), row.dunning == DunningCase.Effect.SUSPEND
    live = status in LIVE
    effect = max(money.effects, key=EFFECTS.index) if live else "none"
    if live and effect == DunningCase.Effect.SUSPEND:
        row.status = check_move(status, Status.suspended).value
    elif live and was_suspended and status is Status.suspended:
        own = Status.trialing if in_free_stage else Status.active
        row.status = check_move(status, Status.suspended if row.suspension_begun else own).value
    row.dunning = effect
    row.payment_state = check_payment_move(PaymentState(row.payment_state), money.state).value
    verdict = verdict_of(row, now.today)
    row.access, row.access_reason = verdict.access.value, verdict.why
    row.access_until = local_midnight(verdict.until, now.zone) if verdict.until else None


def _verb(changed: Mapping[str, Any]) -> str:
    if "status" in changed:
        return "suspended" if changed["status"] == Status.suspended else "resumed"
    if changed.get("dunning") == DunningCase.Effect.RESTRICT:
        return "restricted"
    return VERBS[PaymentState(changed["payment_state"])] if "payment_state" in changed else "access_changed"


def _told(row: Subscription, before: Mapping[str, Any]) -> list[Lived]:
    """What merchants hear of: the status, then the access; nothing where only dates of our own moved."""
    shown, found = shapes.subscription(row), []
    if row.status != before["status"]:
        kind = "subscription.suspended" if row.status == Status.suspended else "subscription.resumed"
        data = {"object": shown, "previous": {"status": before["status"]}}
        found.append(Lived(subscriber_id=row.subscriber_id, kind=kind, object_id=row.pk, data=data))
    elif row.payment_state != before["payment_state"]:
        data = {"object": shown, "previous": {"payment_state": before["payment_state"]}}
        found.append(Lived(subscriber_id=row.subscriber_id, kind="subscription.updated", object_id=row.pk, data=data))
    if row.access != before["access"]:
        was = {"verdict": before["access"], "why": before["access_reason"]}
        data = {"object": shown["access"], "previous": was}
        found.append(Lived(subscriber_id=row.subscriber_id, kind="access.changed", object_id=row.pk, data=data))
    return found
