"""Coupons on the lines of a document (domain 7; I5): before tax, in the order attached, each on what is left."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from invoices.drafts import DiscountShare, DraftLine
from merchants.money import largest_remainder, round_half_away
from subscribers.snapshots import CouponSnapshot, Duration


def discounted(
    lines: Sequence[DraftLine], coupons: Sequence[CouponSnapshot], *, paid_period: bool, share: Fraction = Fraction(1)
) -> tuple[tuple[DraftLine, ...], tuple[CouponSnapshot, ...]]:
    """Lines less what coupons take off, and the coupons with their paid periods counted.

    A coupon that lasts a number of periods counts paid periods, not documents or free stages: where `paid_period` is
    False it waits, so that it is never given more often than said; one for ever always applies. A percentage is rounded
    once on the sum of the lines that it covers; an amount is at most that sum, and, where it is given every period,
    prorated with it (`share`). Either is split by largest remainder, ties to the earlier line; no line goes below zero.
    """
    if not coupons:
        return tuple(lines), ()
    left = [line.charged for line in lines]
    shares: list[list[DiscountShare]] = [[] for _ in lines]
    after = []
    for coupon in coupons:
        counts = coupon.duration is not Duration.forever
        if coupon.is_spent or (counts and not paid_period):
            after.append(coupon)
            continue
        covered = [at for at, line in enumerate(lines) if left[at] > 0 and coupon.covers(line.catalogue_id)]
        off = amount_off(coupon, sum(left[at] for at in covered), share=share)
        if off:
            for at, part in zip(covered, largest_remainder(off, [left[at] for at in covered]), strict=True):
                left[at] -= part
                shares[at].append(
                    DiscountShare(coupon_id=coupon.id, code=coupon.code, amount=part, percent=coupon.percent_off)
                )
        after.append(coupon.counted() if counts else coupon)
    return tuple(line.less(*own) if own else line for line, own in zip(lines, shares, strict=True)), tuple(after)


def amount_off(coupon: CouponSnapshot, eligible: int, *, share: Fraction = Fraction(1)) -> int:
    """What a coupon takes off a sum of `eligible` minor units.

    >>> from decimal import Decimal
    >>> third = CouponSnapshot(id="c", code="THIRD", duration=Duration.forever, percent_off=Decimal("33.333"))
    >>> amount_off(third, 1000)                                                 # 333.33
    333
    >>> five = CouponSnapshot(id="c", code="FIVE", duration=Duration.forever, amount_off=500)
    >>> amount_off(five, 1000, share=Fraction(18, 31)), amount_off(five, 200)    # 290.32
    (290, 200)
    """
    if coupon.percent_off is not None:
        return round_half_away(eligible * Fraction(coupon.percent_off) / 100)
    prorated = Fraction(coupon.amount_off or 0) * (1 if coupon.duration is Duration.once else share)
    return min(eligible, round_half_away(prorated))
