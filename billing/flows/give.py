"""Giving something to one subscription (domain 13): an option free of charge, days, a percentage off, an amount.

Each kind goes by the flow that knows it: a change now, a moved renewal, a discount that the engine takes off, the
payer's balance. A preview gives it too, and undoes all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from billing.engine.giving import Worth, worth_of_discount
from billing.engine.lives import next_charge
from billing.flows import cancel, change, given, move_renewal
from billing.flows.asks import AddOption, Gift
from billing.flows.bring_up import bring_up, is_due
from billing.flows.change import Changing
from billing.flows.gifts import FOR_PERIODS, MOST_PERIODS
from billing.flows.given import Because, Given
from billing.flows.move_renewal import MOST, Moving
from billing.flows.purchase import WishedOption
from billing.selectors.due import catalogue_of
from billing.selectors.snapshots import snapshots
from invoices.services import balances
from merchants.actors import Actor
from merchants.models import Coupon, Merchant, Option
from merchants.money import check_amount, check_quantity
from merchants.now import Now
from merchants.refusals import Conflict, FieldError, Invalid, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.services.coupons import gesture_coupon
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import Gesture, Subscription, SubscriptionCoupon
from subscribers.selectors.pictures import coupon_pictures

Kind = Gesture.Kind
OTHER_CURRENCY = gettext_noop("This subscription is in another currency.")
NAMED: Mapping[str, tuple[str, ...]] = {
    Kind.OPTION: ("option", "periods", "until"),
    Kind.DAYS: ("days",),
    Kind.PERCENT: ("percent_off", "periods"),
    Kind.AMOUNT: ("amount",),
}
"""What each kind says of itself; the first is what it cannot be without."""


@dataclass(frozen=True, kw_only=True)
class Giving:
    """What is to be given, and why. `amount` is in minor units of the subscription's currency, to the balance; an
    option or a percentage is for so many whole `periods` (a percentage: paid ones; left out, the next one), an option
    also `until` a day (the first without it), else for ever."""

    kind: str
    reason: str
    incident: str = ""
    option: Option | None = None
    quantity: int = 1
    days: int | None = None
    percent_off: Decimal | None = None
    amount: int | None = None
    periods: int | None = None
    until: date | None = None


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """What giving it would do: what it costs, when the subscription renews and is charged next, how much then (tax
    included, before the balance), and what the balance holds."""

    gesture: Gesture
    renews_on: date | None
    next_charge: tuple[date, int] | None
    balance: int


def check(giving: Giving) -> Giving:
    """What is to be given, where it says what it must and nothing else. Raises Invalid naming each field."""
    if giving.kind not in NAMED:
        detail = gettext_noop("One of: %(words)s.")
        raise Invalid.at("kind", "invalid_choice", detail, {"words": ", ".join(Kind.values)})
    errors: list[FieldError] = []

    def fault(field: str, code: str, detail: str) -> None:
        errors.append(FieldError(field=field, code=code, detail=detail))

    own = NAMED[giving.kind]
    if not giving.reason.strip():
        fault("reason", "reason_required", gettext_noop("Say why it is given."))
    if getattr(giving, own[0]) is None:
        fault(own[0], "required", gettext_noop("Say what is given."))
    for name in ("option", "days", "percent_off", "amount", "periods", "until"):
        if name not in own and getattr(giving, name) is not None:
            fault(name, "not_of_this_kind", gettext_noop("This is not said of a gesture of this kind."))
    if giving.days is not None and not 1 <= giving.days <= MOST.days:
        fault("days", "out_of_range", gettext_noop("From 1 day to a year."))
    if giving.percent_off is not None and not 0 < giving.percent_off <= 100:
        fault("percent_off", "percent_out_of_range", gettext_noop("A percentage is above 0 and at most 100."))
    if giving.amount == 0:
        fault("amount", "amount_zero", gettext_noop("A gesture gives something."))
    if giving.periods is not None and not 1 <= giving.periods <= MOST_PERIODS:
        fault("periods", "out_of_range", FOR_PERIODS)
    if errors:
        raise Invalid(code=errors[0].code, errors=errors)
    check_amount(giving.amount or 0)
    check_quantity(giving.quantity)
    return giving


def give(
    *,
    merchant_id: UUID,
    subscription_id: UUID,
    giving: Giving,
    role: str | None,
    actor: Actor,
    batch_id: UUID | None = None,
    coupon: Coupon | None = None,
) -> Gesture:
    """Give it, and answer the gesture. What fell due before is made first. `role` of the member who gives, whose limits
    hold; None: an API key. `coupon`: of a batch, the discount that all of them share.

    Raises Invalid naming the field, or Conflict: `gesture_above_limit`, `gestures_of_month_above_limit`,
    `subscription_over`, `subscriber_erased`, and what a change now and a moved renewal are refused for.
    """
    check(giving)
    with tenant(merchant_id):
        because = Because(incident=giving.incident, batch_id=batch_id)
        row = cancel.lock(subscription_id)
        merchant = Merchant.objects.get(id=merchant_id)
        now = now_for(merchant, row.test_clock_id)
        if row.status == Subscription.Status.INCOMPLETE or row.end_reason == "not_paid":
            raise Conflict(gettext_noop("This subscription was never paid for."), code="subscription_over")
        if row.payer.erased_at is not None or row.subscriber.erased_at is not None:
            raise Conflict(gettext_noop("This subscriber was erased."), code="subscriber_erased")
        if giving.kind == Kind.AMOUNT:
            if batch_id is not None and row.currency != merchant.currency:  # so many of the merchant's currency
                raise Conflict(OTHER_CURRENCY, code="currency_mismatch")
            return _amount(row, giving, because, merchant, role, actor=actor, now=now)
        if is_due(row, now):
            bring_up(merchant_id, row, actor=actor, now=now)
            row = cancel.lock(subscription_id)
        if giving.kind == Kind.PERCENT:
            return _percent(row, giving, because, merchant, role, coupon, actor=actor, now=now)
        before = set(Gesture.objects.filter(subscription=row).values_list("id", flat=True))
        act = _option if giving.kind == Kind.OPTION else _days
        act(merchant_id, row, giving, because, role, actor)
        return Gesture.objects.exclude(id__in=before).get(subscription=row)


def foresee(*, merchant_id: UUID, subscription_id: UUID, giving: Giving, role: str | None) -> Foreseen:
    """What giving it would do, by doing it and undoing all of it; the same refusals."""
    with tenant(merchant_id), transaction.atomic():
        gesture = give(
            merchant_id=merchant_id,
            subscription_id=subscription_id,
            giving=giving,
            role=role,
            actor=Actor.system("preview"),
        )
        row = Subscription.objects.select_related("offer_version__offer").get(id=subscription_id)
        picture = snapshots([row], Merchant.objects.get(id=merchant_id))[row.pk]
        over = row.status == Subscription.Status.ENDED
        seen = Foreseen(
            gesture=gesture,
            renews_on=row.current_period_end if not over else None,
            next_charge=next_charge(picture, catalogue=catalogue_of([picture])) if not over else None,
            balance=balances.balance_of(row.payer_id, row.currency),
        )
        transaction.set_rollback(True)
        return seen


def _option(
    merchant_id: UUID, row: Subscription, giving: Giving, because: Because, role: str | None, actor: Actor
) -> None:
    if giving.option is None:
        raise ValueError("checked before")
    gift = Gift(reason=giving.reason, periods=giving.periods, until=giving.until, because=because)
    change.change(
        merchant_id=merchant_id,
        subscription_id=row.pk,
        ask=AddOption(wished=WishedOption(option=giving.option, quantity=giving.quantity), gift=gift),
        changing=Changing(when="now", reason=giving.reason.strip(), role=role),
        actor=actor,
    )


def _days(
    merchant_id: UUID, row: Subscription, giving: Giving, because: Because, role: str | None, actor: Actor
) -> None:
    if row.current_period_end is None or giving.days is None:
        raise Conflict(gettext_noop("This subscription has no running period."), code="no_running_period")
    on = row.current_period_end + timedelta(days=giving.days)
    moving = Moving(on=on, added_days="free", reason=giving.reason.strip(), role=role, because=because)
    move_renewal.move_renewal(merchant_id=merchant_id, subscription_id=row.pk, moving=moving, actor=actor)


def _amount(
    row: Subscription,
    giving: Giving,
    because: Because,
    merchant: Merchant,
    role: str | None,
    *,
    actor: Actor,
    now: Now,
) -> Gesture:
    amount = giving.amount or 0
    worth = Worth(cost=amount)
    given.allow(row, worth, merchant=merchant, role=role, now=now)
    entry = balances.adjust(
        row.payer_id,
        amount,
        currency=row.currency,
        reason=giving.reason.strip(),
        legal_entity_id=row.legal_entity_id,
        actor=actor,
        now=now,
    )
    told = Given(kind=Kind.AMOUNT, worth=worth, reason=giving.reason, because=because, amount=amount)
    return given.note(row, told, made={"balance_entry_id": entry.pk}, role=role, actor=actor, now=now)


def _percent(
    row: Subscription,
    giving: Giving,
    because: Because,
    merchant: Merchant,
    role: str | None,
    coupon: Coupon | None,
    *,
    actor: Actor,
    now: Now,
) -> Gesture:
    if row.status not in cancel.LIVE:
        raise Conflict(gettext_noop("This subscription has already ended."), code="subscription_over")
    percent, periods = giving.percent_off or Decimal(0), giving.periods or 1
    coupon = coupon or gesture_coupon(percent_off=percent, periods=periods, now=now)
    picture = snapshots([row], merchant)[row.pk]
    worth = worth_of_discount(picture, coupon_pictures([coupon.pk])[0], catalogue=catalogue_of([picture]))
    given.allow(row, worth, merchant=merchant, role=role, now=now)
    last = SubscriptionCoupon.objects.filter(subscription=row).aggregate(last=Max("position"))["last"]
    use = SubscriptionCoupon(
        subscription=row,
        coupon_id=coupon.pk,
        payer_id=row.payer_id,
        position=0 if last is None else last + 1,
        attached_at=now.at,
    )
    history.create(use, actor=actor, now=now, verb="coupon_attached", reason=giving.reason.strip())
    told = Given(
        kind=Kind.PERCENT,
        worth=replace(worth, per_period=None),
        reason=giving.reason,
        because=because,
        percent_off=percent,
        periods=periods,
    )
    return given.note(row, told, made={"coupon_use_id": use.pk}, role=role, actor=actor, now=now)
