"""The coupons of a purchase: found by what was typed, checked, and counted while it is paid (domain 7)."""

from __future__ import annotations

from collections.abc import Container, Sequence
from uuid import UUID

from django.db.models import F, Q

from billing.flows.coupon_uses import had_by
from billing.models import CheckoutSession
from merchants.models import Coupon
from merchants.now import Now
from merchants.refusals import FieldError, Invalid, gettext_noop


def coupon_by_code(code: str) -> Coupon | None:
    """A coupon as people type it: case and blanks do not count."""
    return Coupon.objects.filter(code__iexact=code.strip(), archived_at=None).first()


def check_coupons(coupons: Sequence[Coupon], payer_id: UUID, now: Now, *, known: Container[UUID] = ()) -> None:
    """Refuse coupons that are over, used up, or had too often by this payer; not those `known` already. Raises Invalid
    naming each.

    The last word is the database's when the purchase completes: a use is counted under the coupon's lock.
    """
    ids = [coupon.pk for coupon in coupons]
    had = had_by(payer_id, ids)
    errors = []
    for at, coupon in enumerate(coupons):
        field = f"coupons[{at}]"
        if coupon.pk in ids[:at]:
            errors.append(FieldError(field=field, code="coupon_twice", detail=gettext_noop("Named twice.")))
        elif coupon.pk in known:
            continue
        elif coupon.archived_at is not None or (coupon.valid_until is not None and coupon.valid_until <= now.at):
            errors.append(FieldError(field=field, code="coupon_expired", detail=gettext_noop("This coupon is over.")))
        elif coupon.max_uses is not None and coupon.uses >= coupon.max_uses:
            errors.append(
                FieldError(field=field, code="coupon_used_up", detail=gettext_noop("This coupon has been used up."))
            )
        elif coupon.max_uses_per_subscriber is not None and had[coupon.pk] >= coupon.max_uses_per_subscriber:
            errors.append(
                FieldError(
                    field=field, code="coupon_already_used", detail=gettext_noop("This coupon has already been used.")
                )
            )
    if errors:
        raise Invalid(code=errors[0].code, errors=errors)


def hold_coupons(session: CheckoutSession) -> None:
    """Count one use of each coupon of the session's quote for the payment about to be asked, in id order, under each
    coupon's lock. Raises Invalid where one was used up meanwhile: nothing is held then."""
    wanted = [UUID(coupon) for coupon in session.quote.coupons if coupon not in session.coupons_held]
    count_uses(wanted)
    if wanted:
        session.coupons_held = list(session.quote.coupons)
        session.save(update_fields=["coupons_held"])


def count_uses(coupon_ids: Sequence[UUID]) -> None:
    """Count one use of each coupon, in id order, under each coupon's lock. Raises Invalid where one is used up."""
    for coupon_id in sorted(coupon_ids):
        free = Coupon.objects.filter(id=coupon_id).filter(Q(max_uses=None) | Q(uses__lt=F("max_uses")))
        if not free.update(uses=F("uses") + 1):
            raise Invalid.at("coupons", "coupon_used_up", gettext_noop("This coupon has been used up."))


def release_coupons(session: CheckoutSession) -> None:
    """Give back the uses that were counted for a payment that will not come."""
    for coupon_id in sorted(session.coupons_held):
        Coupon.objects.filter(id=coupon_id, uses__gt=0).update(uses=F("uses") - 1)
    if session.coupons_held:
        session.coupons_held = []
        session.save(update_fields=["coupons_held"])
