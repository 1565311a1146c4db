"""Coupons as the API shows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, TypedDict
from uuid import UUID

from merchants.models import Coupon, CouponTarget
from merchants.selectors.shapes import DecimalString, InstantText, Says, Texts, decimal_string, instant_text, show


class AppliesToShape(TypedDict):
    """What a coupon names. One that names nothing applies to all lines."""

    offers: list[str]
    options: list[str]


class CouponShape(TypedDict):
    """A discount, in percent or as an amount in minor units of `currency`; with limits."""

    id: str
    object: str
    reference: str
    code: str
    title: Texts
    percent_off: DecimalString | None
    amount_off: int | None
    currency: str | None
    duration: Annotated[str, Says(one_of=("once", "repeating", "forever"))]
    periods: int | None
    applies_to: AppliesToShape
    max_uses: int | None
    max_uses_per_subscriber: int | None
    uses: int
    valid_until: InstantText | None
    archived: bool
    metadata: dict[str, str]
    created_at: InstantText


def show_coupons(coupons: Sequence[Coupon]) -> list[CouponShape]:
    """Coupons as the API shows them, in one query whatever their number."""
    named: dict[UUID, AppliesToShape] = defaultdict(lambda: {"offers": [], "options": []})
    for target in CouponTarget.objects.filter(coupon_id__in=[coupon.pk for coupon in coupons]).order_by("id"):
        if target.offer_id is not None:
            named[target.coupon_id]["offers"].append(show("off", target.offer_id))
        elif target.option_id is not None:
            named[target.coupon_id]["options"].append(show("opt", target.option_id))
    return [
        {
            "id": coupon.public_id,
            "object": "coupon",
            "reference": coupon.reference,
            "code": coupon.code,
            "title": coupon.title,
            "percent_off": None if coupon.percent_off is None else decimal_string(coupon.percent_off),
            "amount_off": coupon.amount_off,
            "currency": coupon.currency or None,
            "duration": coupon.duration,
            "periods": coupon.periods,
            "applies_to": named[coupon.pk],
            "max_uses": coupon.max_uses,
            "max_uses_per_subscriber": coupon.max_uses_per_subscriber,
            "uses": coupon.uses,
            "valid_until": instant_text(coupon.valid_until),
            "archived": coupon.archived_at is not None,
            "metadata": coupon.metadata,
            "created_at": instant_text(coupon.created_at),
        }
        for coupon in coupons
    ]
