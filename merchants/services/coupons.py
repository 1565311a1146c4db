"""Make a coupon, change its limits, withdraw it. What it takes off never changes: it was promised."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from merchants.actors import Actor
from merchants.ids import new_id
from merchants.journal import record
from merchants.models import Coupon, CouponTarget, Offer, Option
from merchants.money import AMOUNT_LIMIT, EXPONENTS
from merchants.now import Now
from merchants.refusals import FieldError, gettext_noop
from merchants.selectors.coupons import show_coupons
from merchants.services.violations import refusing
from merchants.terms import fault, refuse_if

_CODE = re.compile(r"[A-Za-z0-9_-]{1,60}", re.ASCII)
MOST_TARGETS, MOST_PERIODS, MOST_USES = 100, 1_200, 10**6
DECIMALS = Decimal("0.001")


@dataclass(frozen=True, slots=True, kw_only=True)
class CouponTerms:
    """What a coupon says. Percent (0 < p ≤ 100, three decimals) or amount in minor units of `currency`."""

    code: str
    title: Mapping[str, str]
    duration: str
    percent_off: Decimal | None = None
    amount_off: int | None = None
    currency: str = ""
    periods: int | None = None
    offers: tuple[UUID, ...] = ()
    options: tuple[UUID, ...] = ()
    max_uses: int | None = None
    max_uses_per_subscriber: int | None = None
    valid_until: datetime | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


def coupon_faults(terms: CouponTerms) -> list[FieldError]:
    """Everything wrong with a coupon that can be seen without the database.

    >>> terms = CouponTerms(code="WELCOME", title={"en": "Welcome"}, duration="repeating", percent_off=Decimal(101))
    >>> [(fault.field, fault.code) for fault in coupon_faults(terms)]
    [('percent_off', 'percent_out_of_range'), ('periods', 'required')]
    """
    found = []
    if not _CODE.fullmatch(terms.code):
        detail = gettext_noop("A code has 1 to 60 letters, digits, - and _.")
        found.append(fault("code", "code_malformed", detail))
    if not any(text.strip() for text in terms.title.values()):
        found.append(fault("title", "required", gettext_noop("Give a title in at least one language.")))
    found += _discount(terms)
    if terms.duration not in Coupon.Duration.values:
        words = ", ".join(Coupon.Duration.values)
        found.append(fault("duration", "invalid_choice", gettext_noop("One of: %(words)s."), words=words))
    elif terms.duration == Coupon.Duration.REPEATING and terms.periods is None:
        found.append(fault("periods", "required", gettext_noop("Say how many paid periods it lasts.")))
    elif terms.duration != Coupon.Duration.REPEATING and terms.periods is not None:
        detail = gettext_noop("Only a repeating coupon has a number of periods.")
        found.append(fault("periods", "periods_not_expected", detail))
    for name, most in (("periods", MOST_PERIODS), ("max_uses", MOST_USES), ("max_uses_per_subscriber", MOST_USES)):
        value = getattr(terms, name)
        if value is not None and not 1 <= value <= most:
            detail = gettext_noop("A whole number from %(least)s to %(most)s.")
            found.append(fault(name, "out_of_range", detail, least=1, most=most))
    return found


def _discount(terms: CouponTerms) -> list[FieldError]:
    if (terms.percent_off is None) == (terms.amount_off is None):
        detail = gettext_noop("A coupon takes off a percentage or an amount: give one of them.")
        return [fault("percent_off", "percentage_or_amount", detail)]
    percent, amount = terms.percent_off, terms.amount_off
    if percent is not None:
        found = []
        if not 0 < percent <= 100 or percent != percent.quantize(DECIMALS):
            detail = gettext_noop("A percentage is above 0, at most 100, with up to three decimals.")
            found.append(fault("percent_off", "percent_out_of_range", detail))
        if terms.currency:
            detail = gettext_noop("A percentage has no currency.")
            found.append(fault("currency", "currency_not_expected", detail))
        return found
    found = []
    if amount is not None and not 0 < amount < AMOUNT_LIMIT:
        detail = gettext_noop("An amount here is above 0 and below 10^15 minor units.")
        found.append(fault("amount_off", "amount_out_of_range", detail))
    if terms.currency not in EXPONENTS:
        detail = gettext_noop("Not a currency code of ISO 4217, in three capitals.")
        found.append(fault("currency", "currency_unknown", detail))
    return found


def _target_faults(terms: CouponTerms) -> list[FieldError]:
    found = []
    named = (("offers", Offer, terms.offers), ("options", Option, terms.options))
    for name, model, ids in named:
        known = set(model.objects.filter(pk__in=ids).values_list("pk", flat=True))
        for place, each in enumerate(ids):
            if each not in known:
                detail = gettext_noop("There is nothing under that id.")
                found.append(fault(f"applies_to.{name}[{place}]", "not_found", detail))
            elif each in ids[:place]:
                detail = gettext_noop("This stands in the list already.")
                found.append(fault(f"applies_to.{name}[{place}]", "listed_twice", detail))
    if len(terms.offers) + len(terms.options) > MOST_TARGETS:
        found.append(fault("applies_to", "too_many", gettext_noop("At most %(most)s here."), most=MOST_TARGETS))
    return found


def create_coupon(*, reference: str, terms: CouponTerms, actor: Actor, now: Now) -> Coupon:
    """A coupon. Raises Invalid, and Conflict: `reference_taken`, or `a_coupon_code_is_unique` (among coupons that are
    not withdrawn, without regard to case)."""
    faults = coupon_faults(terms) + _target_faults(terms)
    if terms.valid_until is not None and terms.valid_until <= now.at:
        faults.append(fault("valid_until", "in_the_past", gettext_noop("This moment is past.")))
    refuse_if(faults)
    with refusing():
        coupon: Coupon = Coupon.objects.create(
            reference=reference,
            code=terms.code,
            title=dict(terms.title),
            percent_off=terms.percent_off,
            amount_off=terms.amount_off,
            currency=terms.currency,
            duration=terms.duration,
            periods=terms.periods,
            max_uses=terms.max_uses,
            max_uses_per_subscriber=terms.max_uses_per_subscriber,
            valid_until=terms.valid_until,
            metadata=dict(terms.metadata),
            created_at=now.at,
        )
        CouponTarget.objects.bulk_create(
            [CouponTarget(coupon=coupon, offer_id=each) for each in terms.offers]
            + [CouponTarget(coupon=coupon, option_id=each) for each in terms.options]
        )
    _tell("coupon.created", coupon, actor, now)
    return coupon


CHANGEABLE = ("title", "max_uses", "max_uses_per_subscriber", "valid_until", "metadata")


def update_coupon(coupon: Coupon, *, actor: Actor, now: Now, archived: bool | None = None, **columns: object) -> Coupon:
    """Change what CHANGEABLE names, or withdraw it: who has it keeps it. Raises Invalid, and Conflict where it was used
    more often than the new limit, or its code is in use again."""
    coupon = Coupon.objects.select_for_update().get(pk=coupon.pk)
    before = show_coupons([coupon])[0]
    for name in CHANGEABLE:
        if name in columns:
            setattr(coupon, name, columns[name])
    faults = []
    if not any(text.strip() for text in coupon.title.values()):
        faults.append(fault("title", "required", gettext_noop("Give a title in at least one language.")))
    if coupon.max_uses is not None and coupon.max_uses < coupon.uses:
        detail = gettext_noop("It was used %(uses)s times already.")
        faults.append(fault("max_uses", "used_more_often", detail, uses=coupon.uses))
    refuse_if(faults)
    if archived is not None and archived != (coupon.archived_at is not None):
        coupon.archived_at = now.at if archived else None
    if show_coupons([coupon])[0] != before:
        with refusing():
            coupon.save()
        _tell("coupon.updated", coupon, actor, now)
    return coupon


def _tell(kind: str, coupon: Coupon, actor: Actor, now: Now) -> None:
    record(kind=kind, object_id=coupon.pk, data={"object": show_coupons([coupon])[0]}, actor=actor, now=now)


GESTURE_TITLE = {"en": "Complimentary", "fr": "Geste commercial"}
"""How a discount that is a gesture is called."""


def gesture_coupon(*, percent_off: Decimal, periods: int, now: Now) -> Coupon:
    """The discount of a gesture: withdrawn from the first, so that nobody types it, and in no list. It is told by the
    gesture that it is for."""
    id_ = new_id()
    row: Coupon = Coupon.objects.create(
        id=id_,
        reference=f"gesture-{id_}",
        code="GESTURE",
        title=GESTURE_TITLE,
        percent_off=percent_off,
        duration=Coupon.Duration.ONCE if periods == 1 else Coupon.Duration.REPEATING,
        periods=None if periods == 1 else periods,
        is_gesture=True,
        created_at=now.at,
        archived_at=now.at,
    )
    return row
