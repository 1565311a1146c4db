"""What a batch of renewals writes of what hangs on each life: options, coupons, wishes and charges, each told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import models

from billing.engine.lives import Taken
from billing.engine.step import Step, StepKind
from billing.flows import coupon_rows, coupon_uses
from billing.flows.renew_rows import Life, effective
from billing.models import Charge
from merchants.actors import Actor
from merchants.now import Now
from merchants.tenancy import bulk
from subscribers import history
from subscribers.history import Entry
from subscribers.models import ScheduledChange, SubscriptionCoupon, SubscriptionOption


def write(lives: Sequence[Life], charges: Mapping[UUID, UUID], *, actor: Actor, now: Now) -> None:
    """Options, coupons and wishes that the steps changed; charges that were put on a document (charge → invoice)."""
    entries: list[Entry] = []
    _options(lives, entries, now)
    _coupons(lives, entries, now)
    _wishes(lives, entries, now)
    history.write_all(entries, actor=actor, now=now)
    billed = ((charge, Charge.Status.BILLED.value, invoice, now.at) for charge, invoice in sorted(charges.items()))
    bulk.update(Charge, ["status", "invoice_id", "settled_at"], billed)


def _options(lives: Sequence[Life], entries: list[Entry], now: Now) -> None:
    """Options whose term was counted or that ended, and new ones that a wish added."""
    found: dict[UUID, tuple[Life, Taken, dict[str, Any]]] = {}
    new: list[SubscriptionOption] = []
    for life in lives:
        for one in life.taken:
            before = {option.id: option for option in one.before.options}
            versions = _versions(one.step)
            for option in one.after.options:
                known, key = before.get(option.id), UUID(option.id)
                facts = {
                    "periods_used": option.periods_used, "ends_on": option.ends_on, "quantity": option.quantity,
                }  # fmt: skip
                if known is not None and (known.periods_used, known.ends_on, known.quantity) == tuple(facts.values()):
                    continue
                if known is None and key not in found:
                    new.append(
                        SubscriptionOption(
                            id=key,
                            subscription=life.row,
                            option_version_id=versions[option.id],
                            periods=option.term,
                            complimentary=option.complimentary,
                            reason=option.reason,
                            starts_on=option.starts_on or one.step.on,
                            created_at=now.at,
                            **facts,
                        )
                    )
                found[key] = (life, one, facts)
    made = {row.pk for row in new}
    for row in new:
        for name, value in found[row.pk][2].items():
            setattr(row, name, value)
    bulk.insert(new)
    entries += [
        Entry(
            row=row,
            verb="option_added",
            columns=history.columns_of(row),
            reason=found[row.pk][0].reason,
            effective_at=effective(found[row.pk][1], now),
        )
        for row in new
    ]
    _change(
        SubscriptionOption,
        {key: value for key, value in found.items() if key not in made},
        lambda facts: "ended" if facts.get("ends_on") else "renewed",
        entries,
        now,
    )


def _versions(step: Step) -> dict[str, UUID]:
    """The catalogue's version of each option that the wishes of a step add, by the id that it gets."""
    named = [one for wish in step.changes for one in _listed(wish.payload.get("options")) if isinstance(one, dict)]
    return {str(one["id"]): UUID(str(one["version"])) for one in named if "version" in one}


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()


def _coupons(lives: Sequence[Life], entries: list[Entry], now: Now) -> None:
    """Coupons that a change takes off or puts on, and those whose paid periods were counted; one that is spent has
    ended."""
    found: dict[UUID, tuple[Life, Taken, dict[str, Any]]] = {}
    wanted: dict[tuple[UUID, str], tuple[Life, Taken, int, bool]] = {}
    for life in lives:
        for one in life.taken:
            used = {coupon.id: coupon.periods_used for coupon in one.before.coupons}
            for coupon in one.after.coupons:
                if coupon.periods_used != used.get(coupon.id):
                    wanted[life.row.pk, coupon.id] = (life, one, coupon.periods_used, coupon.is_spent)
    coupon_rows.attach(lives, entries, now)
    if not wanted:
        return
    held = SubscriptionCoupon.objects.filter(subscription_id__in={key[0] for key in wanted}, ended_at=None)
    for pk, subscription_id, coupon_id in held.values_list("id", "subscription_id", "coupon_id"):
        if (subscription_id, str(coupon_id)) in wanted:
            life, one, used_now, spent = wanted[subscription_id, str(coupon_id)]
            facts = {"periods_used": used_now, "ended_at": effective(one, now) if spent else None}
            found[pk] = (life, one, facts)
    _change(SubscriptionCoupon, found, lambda facts: "spent" if facts["ended_at"] else "counted", entries, now)


def _wishes(lives: Sequence[Life], entries: list[Entry], now: Now) -> None:
    """Scheduled changes carried out, postponed, or left behind by an end."""
    found: dict[UUID, tuple[Life, Taken, dict[str, Any]]] = {}
    for life in lives:
        for one in life.taken:
            waiting = {wish.id: wish for wish in one.after.scheduled}
            for wish in one.before.scheduled:
                if wish.id in waiting:
                    if waiting[wish.id].effective_on != wish.effective_on:
                        found[UUID(wish.id)] = (life, one, {"due_on": waiting[wish.id].effective_on})
                    continue
                done = "done" if one.step.kind is StepKind.apply else "revoked"
                found[UUID(wish.id)] = (life, one, {"status": done, "settled_at": effective(one, now)})
                if done == "revoked":
                    coupon_uses.release(wish.payload)
    _change(ScheduledChange, found, lambda facts: str(facts.get("status", "postponed")), entries, now)


def _change(
    model: type[models.Model],
    found: Mapping[UUID, tuple[Life, Taken, dict[str, Any]]],
    verb: Callable[[Mapping[str, Any]], str],
    entries: list[Entry],
    now: Now,
) -> None:
    """Change rows that hang on a subscription, and tell it: one read and one write for each set of columns."""
    if not found:
        return
    rows = {row.pk: row for row in model._default_manager.filter(pk__in=list(found)).order_by("pk")}
    together: dict[tuple[str, ...], list[list[Any]]] = {}
    for pk, row in rows.items():
        life, one, facts = found[pk]
        row.subscription = life.row  # type: ignore[attr-defined] # every such row hangs on one
        before = {name: getattr(row, name) for name in facts}
        told = {name: value for name, value in facts.items() if before[name] != value}
        if not told:
            continue
        together.setdefault(tuple(facts), []).append([pk, *facts.values()])
        entries.append(
            Entry(
                row=row,
                verb=verb(facts),
                columns=told,
                before=before,
                reason=life.reason,
                effective_at=effective(one, now),
            )
        )
    for names, values in together.items():
        bulk.update(model, names, values)
