"""What each role may give away (domain 13), as the merchant's data: the largest cost of one gesture, of all gestures to
one subscriber in a calendar month, and of one gesture for many. Pure: what a gesture costs is `billing.engine.giving`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from merchants.money import AMOUNT_LIMIT
from merchants.permissions import ROLES, Permission, may
from merchants.refusals import FieldError, Invalid, gettext_noop

COUNTER = "counter"
"""The role of salons: it gives nothing before somebody says how much, and never to many at once."""
API_KEY = "api_key"
"""The role under which a secret key gives."""
_GIVING = (Permission.give_gestures, Permission.give_at_counter)
LIMITED = (*(role for role in ROLES if any(may(role, one) for one in _GIVING)), API_KEY)
"""Whose gestures may be limited: the roles that give at all, and keys."""
AMOUNTS = ("one", "month", "batch")


@dataclass(frozen=True, slots=True, kw_only=True)
class GestureLimit:
    """What one role may give, in minor units of the merchant's currency; None: as much as it likes."""

    role: str
    one: int | None = None
    month: int | None = None
    batch: int | None = None

    def as_plain(self) -> dict[str, Any]:
        """As it is stored."""
        return {"role": self.role, "one": self.one, "month": self.month, "batch": self.batch}


def limits_of(stored: Sequence[dict[str, Any]]) -> tuple[GestureLimit, ...]:
    """Limits as they were stored, which were checked then."""
    return tuple(GestureLimit(**entry) for entry in stored)


def limit_for(limits: Sequence[GestureLimit], role: str) -> GestureLimit:
    """What a role may give; one that no limit names gives as it likes, but a counter gives nothing then.

    >>> limit_for([GestureLimit(role="support", one=2000)], "owner").one is None
    True
    >>> limit_for([], "counter").one, limit_for([GestureLimit(role="counter", one=500)], "counter").batch
    (0, 0)
    """
    named = next((one for one in limits if one.role == role), None)
    if role == COUNTER:
        return replace(named or GestureLimit(role=role, one=0, month=0), batch=0)
    return named or GestureLimit(role=role)


def exceeded(limit: GestureLimit, cost: int | None, *, given: int = 0, same_currency: bool = True) -> str | None:
    """Which part of a limit a gesture goes beyond: `one` or `month`. `cost` None has no end, and is beyond any limit;
    so is another currency than the limit's. `given` is what the subscriber was given in the month already.

    >>> support = GestureLimit(role="support", one=2000, month=5000)
    >>> exceeded(support, 2000), exceeded(support, 2001), exceeded(support, 2000, given=3001), exceeded(support, None)
    (None, 'one', 'month', 'one')
    >>> exceeded(GestureLimit(role="owner"), None) is None
    True
    """
    endless = cost is None or not same_currency
    if limit.one is not None and (endless or (cost or 0) > limit.one):
        return "one"
    if limit.month is not None and (endless or (cost or 0) + given > limit.month):
        return "month"
    return None


def may_give(limits: Sequence[GestureLimit], cost: int | None, *, part: str) -> tuple[str, ...]:
    """The roles that may give so much: who to ask.

    >>> may_give([GestureLimit(role="support", one=2000), GestureLimit(role="admin", one=10000)], 5000, part="one")
    ('owner', 'admin')
    """
    found = []
    for role in LIMITED:
        most = getattr(limit_for(limits, role), part)
        if role != API_KEY and (most is None or (cost is not None and cost <= most)):
            found.append(role)
    return tuple(found)


def check_limits(value: object) -> tuple[GestureLimit, ...]:
    """The limits that plain JSON says. Raises Invalid, one error beside each fault.

    >>> check_limits([{"role": "support", "one": 2000}])[0].month is None
    True
    >>> check_limits([{"role": "read_only", "one": 2000}])
    Traceback (most recent call last):
    merchants.refusals.Invalid: ('invalid_choice', 'Only roles that may give gestures, each once.')
    """
    if not isinstance(value, list) or len(value) > len(LIMITED):
        detail = gettext_noop("A list of at most %(most)s limits.")
        raise Invalid.at("gesture_limits", "gesture_limits_malformed", detail, {"most": len(LIMITED)})
    errors: list[FieldError] = []
    seen: set[str] = set()
    for at, entry in enumerate(value):
        field = f"gesture_limits[{at}]"
        if not isinstance(entry, dict) or not set(entry) <= {"role", *AMOUNTS}:
            detail = gettext_noop("A limit names a role and amounts.")
            errors.append(FieldError(field=field, code="gesture_limit_malformed", detail=detail))
            continue
        if entry.get("role") not in LIMITED or entry["role"] in seen:
            detail = gettext_noop("Only roles that may give gestures, each once.")
            errors.append(FieldError(field=f"{field}.role", code="invalid_choice", detail=detail))
        seen.add(str(entry.get("role")))
        for name in AMOUNTS:
            amount = entry.get(name)
            whole = isinstance(amount, int) and not isinstance(amount, bool)
            if amount is not None and not (whole and 0 <= amount <= AMOUNT_LIMIT):
                detail = gettext_noop("An amount in minor units, not below zero.")
                errors.append(FieldError(field=f"{field}.{name}", code="amount_out_of_range", detail=detail))
    if errors:
        raise Invalid(code=errors[0].code, errors=errors)
    return tuple(GestureLimit(**{"one": None, "month": None, "batch": None, **entry}) for entry in value)
