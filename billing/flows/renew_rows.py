"""What a batch of renewals writes of each life: the subscription at every step, told in the history, and the facts that
merchants hear of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from billing.engine.columns import columns
from billing.engine.lives import Taken
from billing.engine.step import StepKind
from merchants.actors import Actor
from merchants.ids import show
from merchants.now import Now, local_midnight
from merchants.tenancy import bulk
from subscribers import history, shapes
from subscribers.history import UNTOLD, Entry
from subscribers.models import Subscription
from subscribers.selectors.rights import verdict_of
from subscribers.services.facts import Lived
from subscribers.snapshots import SubscriptionSnapshot

VERBS = {
    StepKind.activate: "activated",
    StepKind.renew: "renewed",
    StepKind.next_stage: "stage_entered",
    StepKind.apply: "wishes_carried_out",
    StepKind.change: "changed",
    StepKind.close: "billing_closed",
    StepKind.suspend: "suspended",
    StepKind.resume: "resumed",
    StepKind.end: "ended",
}
EVENTS = {
    StepKind.activate: "subscription.activated",
    StepKind.renew: "subscription.renewed",
    StepKind.next_stage: "subscription.renewed",
    StepKind.apply: "subscription.updated",
    StepKind.change: "subscription.updated",
    StepKind.close: "subscription.updated",
    StepKind.suspend: "subscription.suspended",
    StepKind.resume: "subscription.resumed",
    StepKind.end: "subscription.ended",
}


ACCESSING = ("status", "service_ends_on", "start_on", "suspended_from", "suspended_until", "suspension_begun")
"""The columns that the verdict on access follows, and that a step may change."""


@dataclass(kw_only=True)
class Life:
    """One locked subscription and the steps that bring it up to the present; then what is told of it, in order."""

    row: Subscription
    taken: tuple[Taken, ...]
    latest_invoice_id: UUID | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        self.latest_invoice_id = self.row.latest_invoice_id
        self.facts: list[tuple[str, Mapping[str, Any]]] = []

    @property
    def stands(self) -> SubscriptionSnapshot | None:
        """How it stands in the end; None where no step was due."""
        return self.taken[-1].after if self.taken else None


def effective(one: Taken, now: Now) -> datetime:
    """The instant from which a step counts: local midnight of its day, the end of a free stage in days, or when
    somebody asked for it. Never later than the present."""
    at = local_midnight(one.step.on, now.zone)
    if one.not_before is not None:
        at = max(at, one.not_before)
    free_until = one.before.free_until
    over = one.step.kind is StepKind.next_stage or one.step.why == "term_reached"
    if over and free_until is not None and free_until > at:
        at = free_until
    return min(at, now.at)


def write(lives: Sequence[Life], *, actor: Actor, now: Now) -> None:
    """The subscriptions themselves: changed in one statement, each step told."""
    entries: list[Entry] = []
    changed: set[str] = set()
    billed = any(life.latest_invoice_id != life.row.latest_invoice_id for life in lives)
    for life in lives:
        changed |= _subscription(life, entries, now)
    if changed or billed:
        names = sorted(changed | {"latest_invoice_id", "next_action_at", "updated_at"})
        values = ([life.row.pk, *(getattr(life.row, name) for name in names)] for life in lives)
        bulk.update(Subscription, names, values)
    history.write_all(entries, actor=actor, now=now)


def _subscription(life: Life, entries: list[Entry], now: Now) -> set[str]:
    """Put each step on the row, note what it changed, and what is to be told. Answers the columns that changed."""
    row, changed = life.row, set[str]()
    row.latest_invoice_id, row.updated_at = life.latest_invoice_id, now.at
    for one in life.taken:
        at = effective(one, now)
        wanted = _columns(one, at)
        if one is life.taken[-1]:
            wanted |= _access(row, wanted, now)
        before = {name: getattr(row, name) for name, value in wanted.items() if getattr(row, name) != value}
        had_access = (row.access, row.access_reason)
        for name in before:
            setattr(row, name, wanted[name])
        changed |= before.keys()
        told = {name: wanted[name] for name in before if name not in UNTOLD}
        if told:
            verb = VERBS[one.step.kind]
            entries.append(Entry(row=row, verb=verb, columns=told, before=before, reason=life.reason, effective_at=at))
        _facts(life, one, had_access)
    return changed


def _columns(one: Taken, at: datetime) -> dict[str, Any]:
    after = one.after
    wanted = {
        **columns(after),
        "billing_day": after.billing_day,
        "quantity": after.quantity,
        "offer_version_id": UUID(after.offer.version_id),
        "service_ends_on": after.service_ends_on,
        "billing_ends_on": after.billing_ends_on,
        "end_reason": after.end_reason or "",
    }
    if one.step.kind is StepKind.end:
        wanted["ended_at"] = at
    if one.step.kind is StepKind.activate:
        wanted["started_at"] = at
    return wanted


def _access(row: Subscription, wanted: Mapping[str, Any], now: Now) -> dict[str, Any]:
    """The verdict that follows from these columns."""
    kept = {name: getattr(row, name) for name in ACCESSING}
    for name in kept:
        setattr(row, name, wanted[name])
    verdict = verdict_of(row, now.today)
    for name, value in kept.items():
        setattr(row, name, value)
    until = local_midnight(verdict.until, now.zone) if verdict.until else None
    return {"access": verdict.access.value, "access_reason": verdict.why, "access_until": until}


def _facts(life: Life, one: Taken, had_access: tuple[str, str]) -> None:
    row, period = life.row, one.before.current_period
    shown = shapes.subscription(row)
    previous: dict[str, Any] = {"status": one.before.status.value, "stage": one.before.stage_position}
    if period is not None:
        previous["current_period"] = {"start": period.start.isoformat(), "end": period.end.isoformat()}
    if one.after.offer.version_id != one.before.offer.version_id:
        previous["offer"] = show("off", UUID(one.before.offer.offer_id))
        life.facts.append(("subscription.offer_changed", {"object": shown, "previous": previous}))
    if one.step.kind is not StepKind.change or one.after.quantity != one.before.quantity:
        if one.after.quantity != one.before.quantity:
            previous["quantity"] = one.before.quantity
        life.facts.append((EVENTS[one.step.kind], {"object": shown, "previous": previous}))
    known = {option.id for option in one.before.options}
    for option in one.after.options:
        if option.id not in known:
            life.facts.append(("subscription.option_added", {"object": shown, "option": show("sop", UUID(option.id))}))
    for option_id in one.step.ended_options:
        life.facts.append(("subscription.option_removed", {"object": shown, "option": show("sop", UUID(option_id))}))
    if (row.access, row.access_reason) != had_access and row.access != had_access[0]:
        life.facts.append(("access.changed", {"object": shown["access"]}))


def facts_of(lives: Sequence[Life]) -> list[Lived]:
    """The facts of all lives, each to be numbered in its beneficiary's own."""
    return [
        Lived(subscriber_id=life.row.subscriber_id, kind=kind, object_id=life.row.pk, data=data)
        for life in lives
        for kind, data in life.facts
    ]
