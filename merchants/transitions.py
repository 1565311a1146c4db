"""The transition policy as the merchant's data (domain 11): ordered rows that say, for a change from one offer to
another, up or down, in commitment or not, when it counts, what of the running period is given back, what it costs, and
who on the staff may decide otherwise. Pure: which row is for a change is `billing.engine.transitions`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from merchants.money import AMOUNT_LIMIT
from merchants.permissions import ROLES, Permission, may
from merchants.refusals import FieldError, Invalid, gettext_noop


class When(StrEnum):
    """When a change of offer counts, or that it may not be made."""

    now = "now"
    period_end = "period_end"
    forbidden = "forbidden"


class Proration(StrEnum):
    """What of the running period is given back and charged on a change now: its days; nothing until the next period;
    or the whole period, as if the change had been made on its first day."""

    days = "days"
    none = "none"
    full = "full"


class Direction(StrEnum):
    """Whether the new offer costs at least as much a year as the old one, or less."""

    up = "up"
    down = "down"


MOST_RULES = 50
OVERRIDING = tuple(role for role in ROLES if may(role, Permission.change_subscriptions))
"""Roles that may be named as those who decide otherwise: whoever may change subscriptions at all."""
KEYS = (
    "from_offer", "to_offer", "direction", "in_commitment", "when", "proration", "fee", "overridden_by",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionRule:
    """One row. Offers are ids (UUIDs as text); None anywhere in the first four: whichever. `fee` is in minor units of
    the merchant's currency."""

    from_offer: str | None = None
    to_offer: str | None = None
    direction: Direction | None = None
    in_commitment: bool | None = None
    when: When
    proration: Proration = Proration.days
    fee: int = 0
    overridden_by: tuple[str, ...] = ()

    def as_plain(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "from_offer": self.from_offer,
            "to_offer": self.to_offer,
            "direction": self.direction.value if self.direction else None,
            "in_commitment": self.in_commitment,
            "when": self.when.value,
            "proration": self.proration.value,
            "fee": self.fee,
            "overridden_by": list(self.overridden_by),
        }


def rules_of(stored: Sequence[dict[str, Any]]) -> tuple[TransitionRule, ...]:
    """Rows as they were stored, which were checked then, in their order.

    >>> [rule.when.value for rule in rules_of([TransitionRule(when=When.forbidden).as_plain()])]
    ['forbidden']
    """
    return tuple(_read(entry) for entry in stored)


def check_rules(value: object, *, offers: Collection[str]) -> tuple[TransitionRule, ...]:
    """The policy that plain JSON says; `offers` are the ids that exist. Raises Invalid, one error beside each fault.

    >>> check_rules([{"when": "now", "fee": 500}], offers=[])[0].fee
    500
    >>> check_rules([{"when": "period_end", "fee": 500}], offers=[])
    Traceback (most recent call last):
    merchants.refusals.Invalid: ('transition_fee_needs_now', 'A fee needs a change that counts now.')
    """
    if not isinstance(value, list) or len(value) > MOST_RULES:
        detail = gettext_noop("A list of at most %(most)s rules.")
        raise Invalid.at("transition_rules", "transition_rules_malformed", detail, {"most": MOST_RULES})
    errors: list[FieldError] = []
    for at, entry in enumerate(value):
        errors += _faults(f"transition_rules[{at}]", entry, offers)
    if errors:
        raise Invalid(code=errors[0].code, errors=errors)
    return tuple(_read(entry) for entry in value)


def _faults(field: str, entry: object, offers: Collection[str]) -> list[FieldError]:
    if not isinstance(entry, dict) or not set(entry) <= set(KEYS) or "when" not in entry:
        detail = gettext_noop("A rule says when, and for which changes.")
        return [FieldError(field=field, code="transition_rule_malformed", detail=detail)]
    found: list[FieldError] = []

    def fault(name: str, code: str, detail: str) -> None:
        found.append(FieldError(field=f"{field}.{name}", code=code, detail=detail))

    for name in ("from_offer", "to_offer"):
        if entry.get(name) is not None and entry[name] not in offers:
            fault(name, "not_found", gettext_noop("No such offer."))
    for name, words in (("direction", Direction), ("when", When), ("proration", Proration)):
        given = entry.get(name)
        if given is not None and given not in {word.value for word in words}:
            fault(name, "invalid_choice", gettext_noop("This is not one of the choices."))
    if entry.get("in_commitment") not in (None, True, False):
        fault("in_commitment", "invalid_choice", gettext_noop("This is not one of the choices."))
    fee = entry.get("fee") or 0
    if not isinstance(fee, int) or isinstance(fee, bool) or not 0 <= fee <= AMOUNT_LIMIT:
        fault("fee", "amount_out_of_range", gettext_noop("An amount in minor units, not below zero."))
    elif fee and entry["when"] != When.now.value:
        fault("fee", "transition_fee_needs_now", gettext_noop("A fee needs a change that counts now."))
    roles = entry.get("overridden_by") or []
    if not isinstance(roles, list) or not set(map(str, roles)) <= set(OVERRIDING):
        fault("overridden_by", "invalid_choice", gettext_noop("Only roles that may change subscriptions."))
    return found


def _read(entry: dict[str, Any]) -> TransitionRule:
    direction = entry.get("direction")
    return TransitionRule(
        from_offer=entry.get("from_offer"),
        to_offer=entry.get("to_offer"),
        direction=Direction(direction) if direction else None,
        in_commitment=entry.get("in_commitment"),
        when=When(entry["when"]),
        proration=Proration(entry.get("proration") or Proration.days),
        fee=entry.get("fee") or 0,
        overridden_by=tuple(role for role in OVERRIDING if role in (entry.get("overridden_by") or ())),
    )
