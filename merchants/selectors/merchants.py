"""The merchant itself, and its test clocks, as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypedDict
from uuid import UUID

from merchants.dunning import Action, steps_of
from merchants.gesture_limits import LIMITED, limits_of
from merchants.ids import show
from merchants.languages import codes
from merchants.models import Merchant, TestClock
from merchants.selectors.shapes import InstantText, Says, instant_text
from merchants.transitions import OVERRIDING, Direction, Proration, TransitionRule, When, rules_of


class ReturnPagesShape(TypedDict):
    """Where a subscriber goes back to, unless a checkout session says otherwise."""

    success_url: str
    failure_url: str
    cancel_url: str


class DunningStepShape(TypedDict):
    """What is done about an unpaid invoice so many days after its first failure."""

    after_days: int
    actions: list[Annotated[str, Says(one_of=tuple(action.value for action in Action))]]


class TransitionRuleShape(TypedDict):
    """How a change of offer counts, where it is one of these; null: whichever. `fee` in minor units of the merchant's
    currency; `overridden_by`: the roles of the staff that may decide otherwise, saying why."""

    from_offer: str | None
    to_offer: str | None
    direction: Annotated[str | None, Says(one_of=tuple(each.value for each in Direction))]
    in_commitment: bool | None
    when: Annotated[str, Says(one_of=tuple(each.value for each in When))]
    proration: Annotated[str, Says(one_of=tuple(each.value for each in Proration))]
    fee: int
    overridden_by: list[Annotated[str, Says(one_of=OVERRIDING)]]


class GestureLimitShape(TypedDict):
    """What a role may give, in minor units of the merchant's currency; null: as much as it likes. `one` gesture, all
    gestures to one subscriber in a calendar `month`, one `batch` in all."""

    role: Annotated[str, Says(one_of=LIMITED)]
    one: int | None
    month: int | None
    batch: int | None


class MerchantShape(TypedDict):
    """The company whose key it is. `grouping` says what stands on one invoice: one subscription, or all of a payer's
    that fall due on a day."""

    id: str
    object: str
    name: str
    sandbox: bool
    timezone: str
    currency: str
    locale: Annotated[str, Says(one_of=codes())]
    support_email: str
    website: str
    brand_color: str
    return_pages: ReturnPagesShape
    terms_url: str
    privacy_url: str
    payment_terms_days: int
    grouping: Annotated[str, Says(one_of=tuple(Merchant.Grouping.values))]
    share_billing_day: bool
    withdrawal_credit: Annotated[str, Says(one_of=("prorated", "full"))]
    withdrawal_companies: bool
    dunning_steps: list[DunningStepShape]
    transition_rules: list[TransitionRuleShape]
    gesture_limits: list[GestureLimitShape]
    shares_members: bool
    entry_feature: str | None
    entry_gap_hours: int
    metadata: dict[str, str]
    created_at: InstantText


class TestClockShape(TypedDict):
    """A clock of its own for some subscribers of a sandbox. It only moves forward. While it is `advancing`, `target` is
    where to; `error` says why the last advance stopped short."""

    id: str
    object: str
    name: str
    time: InstantText
    status: Annotated[str, Says(one_of=("ready", "advancing", "released"))]
    target: InstantText | None
    error: str | None
    created_at: InstantText


def show_merchant(merchant: Merchant) -> MerchantShape:
    """The merchant as the API shows it."""
    return {
        "id": merchant.public_id,
        "object": "merchant",
        "name": merchant.name,
        "sandbox": merchant.is_sandbox,
        "timezone": merchant.timezone,
        "currency": merchant.currency,
        "locale": merchant.locale,
        "support_email": merchant.support_email,
        "website": merchant.website,
        "brand_color": merchant.brand_color,
        "return_pages": {
            "success_url": merchant.success_url,
            "failure_url": merchant.failure_url,
            "cancel_url": merchant.cancel_url,
        },
        "terms_url": merchant.terms_url,
        "privacy_url": merchant.privacy_url,
        "payment_terms_days": merchant.payment_terms_days,
        "grouping": merchant.grouping,
        "share_billing_day": merchant.share_billing_day,
        "withdrawal_credit": merchant.withdrawal_credit,
        "withdrawal_companies": merchant.withdrawal_companies,
        "dunning_steps": [
            {"after_days": step.after_days, "actions": [action.value for action in step.actions]}
            for step in steps_of(merchant.dunning_steps)
        ],
        "transition_rules": [_rule(rule) for rule in rules_of(merchant.transition_rules)],
        "gesture_limits": [
            {"role": limit.role, "one": limit.one, "month": limit.month, "batch": limit.batch}
            for limit in limits_of(merchant.gesture_limits)
        ],
        "shares_members": merchant.shares_members,
        "entry_feature": show("fea", merchant.entry_feature) if merchant.entry_feature else None,
        "entry_gap_hours": merchant.entry_gap_hours,
        "metadata": merchant.metadata,
        "created_at": instant_text(merchant.created_at),
    }


def _rule(rule: TransitionRule) -> TransitionRuleShape:
    return {
        "from_offer": show("off", UUID(rule.from_offer)) if rule.from_offer else None,
        "to_offer": show("off", UUID(rule.to_offer)) if rule.to_offer else None,
        "direction": rule.direction.value if rule.direction else None,
        "in_commitment": rule.in_commitment,
        "when": rule.when.value,
        "proration": rule.proration.value,
        "fee": rule.fee,
        "overridden_by": list(rule.overridden_by),
    }


def show_test_clocks(clocks: Sequence[TestClock]) -> list[TestClockShape]:
    """Test clocks as the API shows them, without a query."""
    return [
        {
            "id": clock.public_id,
            "object": "test_clock",
            "name": clock.name,
            "time": instant_text(clock.time),
            "status": clock.status,
            "target": instant_text(clock.target),
            "error": clock.error or None,
            "created_at": instant_text(clock.created_at),
        }
        for clock in clocks
    ]
