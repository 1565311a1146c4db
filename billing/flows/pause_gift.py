"""Days paid and lost to a suspension, made good by a free option (domain 15): asked for with the suspension, given on
the day on which it is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from billing.engine.giving import Worth
from billing.engine.lives import Taken
from billing.engine.pausing import days_lost
from billing.engine.step import StepKind
from billing.flows.asks import AddOption, Gift, Standing
from billing.flows.gifts import FOR_PERIODS, MOST_PERIODS, worth_when_planned
from billing.flows.purchase import WishedOption
from merchants.actors import Actor
from merchants.models import Option
from merchants.refusals import Conflict, Invalid, gettext_noop
from subscribers.lifecycle import MakesGood


@dataclass(frozen=True, kw_only=True)
class OptionGiven:
    """The option that is given once service is back, and for how many whole periods."""

    option: Option
    periods: int = 1


def wished(
    given: OptionGiven | None, makes_good: MakesGood, reason: str, *, standing: Standing, role: str | None
) -> tuple[Mapping[str, Any] | None, Worth | None]:
    """The gift as the suspension keeps it, and what it would cost if it began with the next period; None where another
    way was chosen.

    Raises Invalid (`required`, `only_for_options`, `out_of_range`, `reason_required`), Conflict (`option_archived`,
    `gesture_above_limit`, `gestures_of_month_above_limit`).
    """
    if makes_good is not MakesGood.option:
        if given is not None:
            detail = gettext_noop("An option is named only where it makes good what was lost.")
            raise Invalid.at("option", "only_for_options", detail)
        return None, None
    if given is None:
        raise Invalid.at("option", "required", gettext_noop("Say what is given."))
    if not 1 <= given.periods <= MOST_PERIODS:
        raise Invalid.at("periods", "out_of_range", FOR_PERIODS)
    ask = AddOption(wished=WishedOption(option=given.option), gift=Gift(reason=reason, periods=given.periods))
    worth = worth_when_planned(ask, standing, role=role)
    kept = {"option": str(given.option.pk), "periods": given.periods, "reason": reason.strip()[:200], "role": role}
    return kept, worth


def due_of(taken: Taken) -> Mapping[str, Any] | None:
    """The gift that this step's resumption owes; None where none was wished, or no paid day was lost."""
    wish = taken.before.suspension
    if wish is None or taken.step.kind is not StepKind.resume or wish.makes_good is not MakesGood.option:
        return None
    return wish.gift if wish.begun and days_lost(taken.before, taken.step.on) else None


def give_option(merchant_id: UUID, subscription_id: UUID, gift: Mapping[str, Any], *, actor: Actor) -> bool:
    """Give it, in the transaction that is open. False where it cannot be given any more: the option is not sold, no
    period runs, the role's limits are reached."""
    from billing.flows.give import Giving, Kind, give  # it changes a subscription, which bills what is due first

    option = Option.objects.filter(id=gift["option"]).first()
    if option is None:
        return False
    giving = Giving(kind=Kind.OPTION, reason=gift["reason"], option=option, periods=gift["periods"])
    try:
        with transaction.atomic():
            give(
                merchant_id=merchant_id,
                subscription_id=subscription_id,
                giving=giving,
                role=gift["role"],
                actor=actor,
            )
    except (Conflict, Invalid):
        return False
    return True
