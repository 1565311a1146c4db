"""An option given free of charge, by whatever face: what it costs, whether it is allowed, and its row."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from billing.engine.giving import Worth, worth_of_option
from billing.engine.wishes import Catalogue, WishKind, paid_until
from billing.flows import given
from billing.flows.asks import AddOption, Ask, Gift, RemoveOption, Standing, details
from billing.flows.given import Given
from billing.selectors.due import catalogue_of
from merchants.actors import Actor
from merchants.ids import new_id
from merchants.refusals import gettext_noop
from subscribers.models import Gesture, ScheduledChange
from subscribers.snapshots import Scheduled, SubscriptionSnapshot

MOST_PERIODS = 120
"""For how many periods something may be given."""
FOR_PERIODS = gettext_noop("For 1 to 120 periods.")


def gift_of(ask: Ask) -> Gift | None:
    """The gift that is asked for, if it is one."""
    return ask.gift if isinstance(ask, AddOption) else None


def worth_of_gift(
    ask: Ask,
    after: SubscriptionSnapshot,
    wish: Scheduled,
    *,
    standing: Standing,
    catalogue: Catalogue,
    role: str | None,
) -> Worth | None:
    """What a gift would cost, with the option on the subscription already (`after`); None where it is none. Raises
    Conflict (`gesture_above_limit`, `gestures_of_month_above_limit`)."""
    gift = gift_of(ask)
    if gift is None:
        return None
    worth = worth_of_option(
        after,
        _id_of(wish),
        on=standing.now.today,
        endless=gift.periods is None and gift.until is None,
        catalogue=catalogue,
    )
    given.allow(standing.row, worth, merchant=standing.merchant, role=role, now=standing.now)
    return worth


def worth_when_planned(ask: Ask, standing: Standing, *, role: str | None) -> Worth | None:
    """The same for a gift that begins with the next period."""
    if gift_of(ask) is None:
        return None
    day = paid_until(standing.picture) or standing.due_on
    kind, wanted = details(ask, replace(standing, due_on=day))
    wish = Scheduled(id=str(new_id()), kind=kind.value, effective_on=day, payload=wanted)
    ahead = replace(standing.picture, scheduled=(*standing.picture.scheduled, wish))
    catalogue = catalogue_of([ahead])
    return worth_of_gift(ask, ahead, wish, standing=standing, catalogue=catalogue, role=role)


def note_gift(
    ask: Ask,
    worth: Worth | None,
    wish: Scheduled | None,
    *,
    standing: Standing,
    role: str | None,
    reason: str = "",
    actor: Actor,
) -> None:
    """The row of a gift that was made, or planned (no `wish`: the one that waits names it last). An option that is
    dropped now takes its gesture back with it."""
    if isinstance(ask, RemoveOption) and wish is not None:
        _dropped(ask, standing, reason, actor)
    gift = gift_of(ask)
    if gift is None or worth is None or not isinstance(ask, AddOption):
        return
    told = Given(
        kind=Gesture.Kind.OPTION,
        worth=worth,
        reason=gift.reason,
        because=gift.because,
        option_id=ask.wished.option.pk,
        quantity=ask.wished.quantity,
        periods=gift.periods,
        until=gift.until,
    )
    id_ = _id_of(wish) if wish is not None else _planned(standing)
    made = {"option_row_id": UUID(id_)}
    given.note(standing.row, told, made=made, role=role, actor=actor, now=standing.now)


def _dropped(ask: RemoveOption, standing: Standing, reason: str, actor: Actor) -> None:
    """What was given ends today: what of its cost was had is what it cost less what was still ahead."""
    given_now = Gesture.objects.filter(option_row_id=ask.option_id, status=Gesture.Status.GIVEN)
    for gesture in given_now.select_related("subscription").order_by("id"):
        endless = gesture.periods is None and gesture.until is None
        picture = standing.picture
        catalogue = catalogue_of([picture])
        left = worth_of_option(picture, str(ask.option_id), on=standing.now.today, endless=endless, catalogue=catalogue)
        kept = None if gesture.cost is None or left.cost is None else max(gesture.cost - left.cost, 0)
        given.take_back(gesture, kept=kept, reason=reason, actor=actor, now=standing.now)


def _planned(standing: Standing) -> str:
    waiting = ScheduledChange.objects.get(
        subscription=standing.row, kind=WishKind.add_option.value, status=ScheduledChange.Status.WAITING
    )
    return str(waiting.details["options"][-1]["id"])


def _id_of(wish: Scheduled) -> str:
    named = wish.payload["options"]
    if not isinstance(named, list):
        raise TypeError(f"a wish of options names a list, not {named!r}")
    return str(named[-1]["id"])
