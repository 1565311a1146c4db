"""Dunning as the merchant's policy (domain 22): what is done about an unpaid invoice, and how many days after the first
failure. Pure: the case's own facts come in, what to do goes out.

A step's actions: `retry` charges again by itself, `write` sends the payer a letter with a link that settles it,
`restrict` and `suspend` take access, `alert` tells the staff. After the last step nothing is tried by itself any more:
the invoice is overdue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from merchants.now import local_date, local_instant
from merchants.refusals import FieldError, Invalid, gettext_noop


class Action(StrEnum):
    """What a step does."""

    retry = "retry"
    write = "write"
    restrict = "restrict"
    suspend = "suspend"
    alert = "alert"


MOST_TRIES = 8
"""Automatic tries per card and invoice, the first included: the card networks count them."""
MOST_STEPS = 20
MOST_DAYS = 180
"""How far from the first failure a step may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DunningStep:
    """What is done so many days after the first failure, in this order: retry first, the rest where it did not help."""

    after_days: int
    actions: tuple[Action, ...]

    def does(self, action: Action) -> bool:
        """Whether the action is one of this step's."""
        return action in self.actions

    def as_plain(self) -> dict[str, Any]:
        """As it is stored, and as the API says it."""
        return {"after_days": self.after_days, "actions": [action.value for action in self.actions]}


STANDARD = (
    DunningStep(after_days=3, actions=(Action.retry, Action.write)),
    DunningStep(after_days=7, actions=(Action.retry, Action.write)),
    DunningStep(after_days=14, actions=(Action.retry, Action.suspend, Action.write)),
)
"""The steps of a merchant who named none."""


def check_steps(value: object) -> tuple[DunningStep, ...]:
    """The policy that plain JSON says; none means the standard steps. Raises Invalid, one error beside each fault.

    >>> check_steps([{"after_days": 2, "actions": ["retry", "write"]}])[0].after_days
    2
    >>> check_steps([{"after_days": 2, "actions": ["shout"]}])
    Traceback (most recent call last):
    merchants.refusals.Invalid: ('dunning_action_unknown', 'Not an action of dunning: shout.')
    """
    if not isinstance(value, list):
        raise Invalid.at("dunning_steps", "dunning_steps_not_a_list", gettext_noop("A list of steps."))
    errors: list[FieldError] = []
    steps = [_step(f"dunning_steps[{at}]", entry, errors) for at, entry in enumerate(value)]
    if not errors:
        errors = list(_faults([step for step in steps if step is not None]))
    if errors:
        raise Invalid(code=errors[0].code, errors=errors)
    return tuple(step for step in steps if step is not None)


def steps_of(stored: Sequence[dict[str, Any]]) -> tuple[DunningStep, ...]:
    """Steps as they were stored, which were checked then; none: the standard ones.

    >>> [step.after_days for step in steps_of([])]
    [3, 7, 14]
    """
    if not stored:
        return STANDARD
    return tuple(
        DunningStep(after_days=entry["after_days"], actions=tuple(Action(name) for name in entry["actions"]))
        for entry in stored
    )


def _step(field: str, entry: object, errors: list[FieldError]) -> DunningStep | None:
    if not isinstance(entry, dict) or set(entry) != {"after_days", "actions"}:
        told = gettext_noop("A step says after_days and actions, and nothing else.")
        errors.append(FieldError(field=field, code="dunning_step_malformed", detail=told))
        return None
    days, names = entry["after_days"], entry["actions"]
    before = len(errors)
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= MOST_DAYS:
        told = gettext_noop("A number of days from 1 to %(most)s.")
        params = {"most": MOST_DAYS}
        errors.append(
            FieldError(field=f"{field}.after_days", code="dunning_days_out_of_range", detail=told, params=params)
        )
    if not isinstance(names, list) or not names:
        told = gettext_noop("At least one action.")
        errors.append(FieldError(field=f"{field}.actions", code="dunning_step_does_nothing", detail=told))
    else:
        errors += [_unknown(f"{field}.actions[{at}]", name) for at, name in enumerate(names) if not _is_action(name)]
        if len({str(name) for name in names}) < len(names):
            told = gettext_noop("The same action twice.")
            errors.append(FieldError(field=f"{field}.actions", code="dunning_action_twice", detail=told))
    if len(errors) > before:
        return None
    return DunningStep(after_days=days, actions=tuple(Action(name) for name in names))


def _is_action(name: object) -> bool:
    return isinstance(name, str) and name in {action.value for action in Action}


def _unknown(field: str, name: object) -> FieldError:
    return FieldError(
        field=field,
        code="dunning_action_unknown",
        detail=gettext_noop("Not an action of dunning: %(name)s."),
        params={"name": str(name)[:40]},
    )


def _faults(steps: Sequence[DunningStep]) -> list[FieldError]:
    """What is wrong with the steps together."""
    found = []
    if len(steps) > MOST_STEPS:
        told = gettext_noop("At most %(most)s steps.")
        params = {"most": MOST_STEPS}
        found.append(FieldError(field="dunning_steps", code="dunning_too_many_steps", detail=told, params=params))
    for at, (before, step) in enumerate(pairwise(steps), start=1):
        if step.after_days <= before.after_days:
            told = gettext_noop("Each step comes later than the one before it.")
            field = f"dunning_steps[{at}].after_days"
            found.append(FieldError(field=field, code="dunning_steps_not_in_order", detail=told))
    if sum(step.does(Action.retry) for step in steps) >= MOST_TRIES:
        told = gettext_noop("At most %(most)s steps that retry: banks count every try.")
        params = {"most": MOST_TRIES - 1}
        found.append(FieldError(field="dunning_steps", code="dunning_too_many_tries", detail=told, params=params))
    suspends = [at for at, step in enumerate(steps) if step.does(Action.suspend)]
    if suspends and any(step.does(Action.restrict) for step in steps[suspends[0] :]):
        told = gettext_noop("What is suspended is not restricted after that.")
        found.append(FieldError(field="dunning_steps", code="dunning_effect_goes_back", detail=told))
    return found


def first_step_at(steps: Sequence[DunningStep], *, opened_at: datetime, zone: str) -> datetime | None:
    """When the first step is due; None where there is none."""
    return _day(opened_at, steps[0].after_days, zone) if steps else None


def next_step_at(
    steps: Sequence[DunningStep], *, taken: int, opened_at: datetime, zone: str, now: datetime
) -> datetime | None:
    """When the step after the `taken` first ones is due, the last of them having been taken `now`; None after the last.

    Steps are counted from the first failure, at its local time of day. Who comes late (an outage) takes one step, and
    the days that were promised between it and the next one begin then: not all missed steps at once (domain 22, F17).

    >>> from datetime import UTC
    >>> begun = datetime(2026, 3, 1, 9, tzinfo=UTC)
    >>> def after(taken, now):
    ...     return next_step_at(STANDARD, taken=taken, opened_at=begun, zone="UTC", now=now)
    >>> after(1, datetime(2026, 3, 4, 9, 1, tzinfo=UTC)).isoformat()     # taken in time: counted from the failure
    '2026-03-08T09:00:00+00:00'
    >>> after(1, datetime(2026, 4, 5, 12, tzinfo=UTC)).isoformat()       # a month late: four days from now
    '2026-04-09T12:00:00+00:00'
    """
    if taken >= len(steps):
        return None
    due = _day(opened_at, steps[taken].after_days, zone)
    if not taken or now < _day(opened_at, steps[taken - 1].after_days, zone) + timedelta(days=1):
        return due
    return max(due, _day(now, steps[taken].after_days - steps[taken - 1].after_days, zone))


def _day(begun: datetime, days: int, zone: str) -> datetime:
    """So many local days later, at the same local time."""
    local = begun.astimezone(ZoneInfo(zone))
    at = time(local.hour, local.minute, local.second, local.microsecond)
    return local_instant(local_date(begun, zone) + timedelta(days=days), at, zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTried:
    """What is known of the card that would be charged: how often it was tried by itself for this invoice, and what the
    last refusal advised (`retry`, `customer`, `stop`; '' where it never was refused)."""

    tries: int
    advice: str = ""


def may_retry(card: CardTried | None) -> bool:
    """Whether a card may be charged again by itself: never after a hard decline, and at most MOST_TRIES times.

    >>> may_retry(CardTried(tries=1, advice="retry")), may_retry(CardTried(tries=1, advice="stop"))
    (True, False)
    >>> may_retry(CardTried(tries=8, advice="retry")), may_retry(None)
    (False, False)
    """
    return card is not None and card.tries < MOST_TRIES and card.advice not in ("customer", "stop")


EFFECTS = ("none", "restrict", "suspend")
"""What a case does to access, weakest first."""


def effect_after(steps: Sequence[DunningStep], *, taken: int) -> str:
    """What a case does to access once so many steps were taken.

    >>> effect_after(STANDARD, taken=2), effect_after(STANDARD, taken=3)
    ('none', 'suspend')
    """
    found = [action.value for step in steps[:taken] for action in step.actions if action.value in EFFECTS]
    return max(found, key=EFFECTS.index, default="none")
