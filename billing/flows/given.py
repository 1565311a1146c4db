"""What was given, as a row: allowed by the limits of who gives it, told in the history, and as an event (domain 13).

Every path by which something is given comes here: an option free of charge, free days, a percentage, an amount.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.engine.giving import Worth
from merchants.actors import Actor
from merchants.gesture_limits import API_KEY, exceeded, limit_for, limits_of, may_give
from merchants.models import Merchant
from merchants.money import decimal_text
from merchants.now import Now
from merchants.refusals import Conflict, gettext_noop
from subscribers import history
from subscribers.models import Gesture, ScheduledChange, Subscription
from subscribers.selectors.gestures import gestures_shown, given_in_month
from subscribers.services import facts

THOUSANDTHS = Decimal("0.001")
WAY_OUT = gettext_noop("Give less, or ask one of: %(who)s.")
NOBODY = gettext_noop("Give less: the limits let nobody give so much.")


@dataclass(frozen=True, kw_only=True)
class Because:
    """What a gesture answers: the incident in words, and the batch of which it is one part."""

    incident: str = ""
    batch_id: UUID | None = None


ALONE = Because()
"""A gesture by itself, for no incident."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What one gesture says. Amounts in minor units; `until` is the first day without it."""

    kind: Gesture.Kind
    worth: Worth
    reason: str
    because: Because = ALONE
    option_id: UUID | None = None
    quantity: int | None = None
    days: int | None = None
    percent_off: Decimal | None = None
    amount: int | None = None
    periods: int | None = None
    until: date | None = None


def allow(row: Subscription, worth: Worth, *, merchant: Merchant, role: str | None, now: Now) -> None:
    """Refuse what the limits of a role do not let it give; None is an API key. The caller holds the beneficiary's lock,
    so that two gestures at once cannot both fit under the same month.

    Raises Conflict (`gesture_above_limit`, `gestures_of_month_above_limit`), which names who may.
    """
    limits, by = limits_of(merchant.gesture_limits), role or API_KEY
    limit = limit_for(limits, by)
    same = row.currency == merchant.currency
    mine = (row.subscriber_id, row.currency)
    given = given_in_month({row.subscriber_id}, now.today).get(mine, 0) if limit.month is not None else 0
    part = exceeded(limit, worth.cost, given=given, same_currency=same)
    if part is None:
        return
    asked = worth.cost if same else None
    who = may_give(limits, asked if part == "one" or asked is None else asked + given, part=part)
    most = decimal_text((limit.one if part == "one" else limit.month) or 0, merchant.currency)
    params = {"most": most, "currency": merchant.currency, "who": ", ".join(who)}
    raise Conflict(
        gettext_noop("You may give up to %(most)s %(currency)s at a time, and nothing without an end.")
        if part == "one"
        else gettext_noop("You may give up to %(most)s %(currency)s to one subscriber in a month."),
        code="gesture_above_limit" if part == "one" else "gestures_of_month_above_limit",
        params=params,
        way_out=WAY_OUT if who else NOBODY,
    )


def withdraw_planned(wish: ScheduledChange, *, actor: Actor, now: Now) -> None:
    """A wish is not carried out any more: what it would have given is taken back, with nothing had."""
    named = [str(one["id"]) for one in wish.details.get("options", ()) if isinstance(one, dict) and "gift" in one]
    rows = Gesture.objects.filter(option_row_id__in=named, status=Gesture.Status.GIVEN).select_related("subscription")
    for gesture in rows.order_by("id"):
        take_back(gesture, kept=0, actor=actor, now=now)


def take_back(gesture: Gesture, *, kept: int | None, reason: str = "", actor: Actor, now: Now) -> None:
    """Write that a gesture is taken back, and what of its cost was had, with its change and its event."""
    wanted = {
        "status": Gesture.Status.UNDONE.value,
        "undone_at": now.at,
        "undone_by": actor.label[:120],
        "kept": kept,
    }
    history.update(gesture, wanted, actor=actor, now=now, verb="undone", reason=reason)
    data = {"object": gestures_shown([gesture])[0], "previous": {"status": Gesture.Status.GIVEN.value}}
    facts.tell(gesture.subscriber_id, ("gesture.undone", gesture.pk, data), actor=actor, now=now)


def note(
    row: Subscription, given: Given, *, made: Mapping[str, Any], role: str | None, actor: Actor, now: Now
) -> Gesture:
    """Write what was given and what it made (`made`: columns of the row), with its change and its event."""
    gesture = Gesture(
        subscription=row,
        subscriber_id=row.subscriber_id,
        kind=given.kind,
        currency=row.currency,
        option_id=given.option_id,
        quantity=given.quantity,
        days=given.days,
        percent_off=given.percent_off.quantize(THOUSANDTHS) if given.percent_off is not None else None,
        amount=given.amount,
        periods=given.periods,
        until=given.until,
        reason=given.reason.strip()[:200],
        incident=given.because.incident.strip()[:200],
        cost=given.worth.cost,
        cost_per_period=given.worth.per_period,
        given_on=now.today,
        given_by=actor.label[:120],
        given_as=role or API_KEY,
        batch_id=given.because.batch_id,
        created_at=now.at,
        **made,
    )
    history.create(gesture, actor=actor, now=now, verb="given", reason=gesture.reason)
    data = {"object": gestures_shown([gesture])[0]}
    facts.tell(row.subscriber_id, ("gesture.given", gesture.pk, data), actor=actor, now=now)
    return gesture
