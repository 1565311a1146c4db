"""`/coupons`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from merchants.api.parts import Listing, listed, narrowed
from merchants.http.bodies import Body
from merchants.http.fields import (
    Choice,
    Currency,
    DecimalText,
    Flag,
    Instant,
    LocaleText,
    Metadata,
    Minor,
    PublicId,
    Reference,
    Text,
    Whole,
)
from merchants.http.operations import operation
from merchants.http.references import find_all
from merchants.http.views import ApiView, created
from merchants.models import Coupon, Offer, Option
from merchants.selectors.coupons import CouponShape, show_coupons
from merchants.services.coupons import (
    MOST_PERIODS,
    MOST_TARGETS,
    MOST_USES,
    CouponTerms,
    create_coupon,
    update_coupon,
)


class AppliesToBody(Body):
    """What the coupon names. One that names nothing applies to all lines."""

    offers = listed(PublicId("off"), MOST_TARGETS, required=False)
    options = listed(PublicId("opt"), MOST_TARGETS, required=False)


class CouponLimits(Body):
    """How often and how long it can be used."""

    title = LocaleText()
    max_uses = Whole(least=1, most=MOST_USES, required=False, allow_null=True)
    max_uses_per_subscriber = Whole(least=1, most=MOST_USES, required=False, allow_null=True)
    valid_until = Instant(required=False, allow_null=True)
    metadata = Metadata(required=False)


class CouponBody(CouponLimits):
    """A new coupon: `percent_off`, or `amount_off` in minor units of `currency`."""

    reference = Reference()
    code = Text(max_length=60)
    percent_off = DecimalText(decimals=3, least=Decimal(0), most=Decimal(100), required=False, allow_null=True)
    amount_off = Minor(required=False, allow_null=True)
    currency = Currency(required=False, allow_null=True)
    duration = Choice(choices=Coupon.Duration.choices)
    periods = Whole(least=1, most=MOST_PERIODS, required=False, allow_null=True)
    applies_to = AppliesToBody(required=False)


class CouponChanges(CouponLimits):
    """What changes. What it takes off never does."""

    archived = Flag(required=False)


class CouponListing(Listing):
    """Which coupons; `code` without regard to case."""

    code = Text(max_length=60, required=False)


def _terms(body: Mapping[str, Any]) -> CouponTerms:
    plain = {name: value for name, value in body.items() if name not in ("reference", "applies_to", "currency")}
    targets: dict[str, Any] = {}
    for name, rows in (("offers", Offer.objects.all()), ("options", Option.objects.all())):
        texts = body.get("applies_to", {}).get(name, ())
        named = {f"applies_to.{name}[{place}]": text for place, text in enumerate(texts)}
        targets[name] = tuple(row.pk for row in find_all(rows, named).values())
    return CouponTerms(**plain, **targets, currency=body.get("currency") or "")


class Coupons(ApiView):
    """All coupons."""

    scopes = {"GET": "coupons:read", "POST": "coupons:write"}

    @operation("List coupons", answer=CouponShape, page=True, filters=CouponListing)
    def get(self, request: Request) -> Response:
        """Newest first."""
        return self.page(
            narrowed(Coupon.objects.filter(is_gesture=False), self.filters, code="code__iexact"), show_coupons
        )

    @operation("Create a coupon", answer=CouponShape, body=CouponBody, status=201)
    def post(self, request: Request) -> Response:
        """What it takes off never changes. Codes are compared without regard to case."""
        terms = _terms(self.body)
        coupon = create_coupon(reference=self.body["reference"], terms=terms, actor=self.actor, now=self.now)
        return created(show_coupons([coupon])[0])


class OneCoupon(ApiView):
    """One coupon."""

    scopes = {"GET": "coupons:read", "PATCH": "coupons:write"}

    @operation("Read a coupon", answer=CouponShape)
    def get(self, request: Request, coupon: str) -> Response:
        """What it takes off, and how often it was used."""
        return Response(show_coupons([self.find(Coupon.objects.filter(is_gesture=False), coupon)])[0])

    @operation("Change a coupon", answer=CouponShape, body=CouponChanges)
    def patch(self, request: Request, coupon: str) -> Response:
        """Its limits, or whether it can still be used. Who has it keeps it."""
        found = self.find(Coupon.objects.filter(is_gesture=False), coupon)
        found = update_coupon(found, **self.body, actor=self.actor, now=self.now)
        return Response(show_coupons([found])[0])
