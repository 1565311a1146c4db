"""`/charges`: one-off amounts that wait for a subscription's next document."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, TypedDict, cast

from rest_framework.request import Request
from rest_framework.response import Response

from billing import shapes
from billing.flows import charges
from billing.flows.charges import ChargeTerms
from billing.models import Charge
from billing.selectors.answers import PeriodShape
from merchants.http.bodies import Body, Filters
from merchants.http.fields import Choice, DecimalText, Instant, LocaleText, Metadata, Minor, PublicId, Text
from merchants.http.operations import operation
from merchants.http.references import find
from merchants.http.views import ApiView, created
from merchants.money import AMOUNT_LIMIT, UNIT_DECIMALS
from merchants.selectors.shapes import DecimalString, InstantText, Says, Texts
from subscribers.models import Subscription
from subscribers.selectors import people

LARGEST = Decimal(AMOUNT_LIMIT)
MOST_OF_IT = Decimal(1_000_000_000)


class ChargeBody(Body):
    """What is charged, in the offer's own terms of tax: `amount` in minor units, or `quantity` × `unit_price`."""

    subscription = PublicId("sub")
    title = LocaleText()
    amount = Minor(required=False)
    quantity = DecimalText(decimals=6, least=Decimal(0), most=MOST_OF_IT, required=False)
    unit_price = DecimalText(
        decimals=UNIT_DECIMALS, least=Decimal(0), most=LARGEST, required=False, help_text="In the currency's major unit"
    )
    tax_code = Text(max_length=40, required=False, help_text="Left out: the offer's")
    metadata = Metadata(required=False)


class ChargeFilters(Filters):
    """Which charges."""

    subscription = PublicId("sub", required=False)
    status = Choice(choices=list(Charge.Status.values), required=False)
    created_after = Instant(required=False)


class ChargeShape(TypedDict):
    """What waits for a subscription's next document: a one-off that was added, or (`origin` is `change`) a line of a
    change asked for with `invoice: next`, for the days of `period`, after its discounts. `amount` is quantity ×
    unit_price, rounded once, in minor units; `invoice` once it is billed."""

    id: str
    object: Annotated[str, Says(one_of=("charge",))]
    subscription: str
    title: Texts
    quantity: DecimalString
    unit_price: DecimalString
    amount: int
    currency: str
    tax_code: str
    origin: Annotated[str, Says(one_of=("charge", "change"))]
    period: PeriodShape | None
    status: Annotated[str, Says(one_of=tuple(Charge.Status.values))]
    invoice: str | None
    metadata: dict[str, str]
    created_at: InstantText
    settled_at: InstantText | None


def show_charges(rows: list[Charge]) -> list[ChargeShape]:
    """Charges as the API shows them."""
    return [cast(ChargeShape, shapes.charge(row)) for row in rows]


class Charges(ApiView):
    """All charges."""

    scopes = {"GET": "charges:read", "POST": "charges:write"}

    @operation("List charges", answer=ChargeShape, page=True, filters=ChargeFilters)
    def get(self, request: Request) -> Response:
        """Newest first."""
        given = dict(self.filters)
        rows = people.on_shown_clocks(Charge.objects.all(), "subscription__test_clock")
        if "subscription" in given:
            named = given.pop("subscription")
            rows = rows.filter(
                subscription=find(people.on_shown_clocks(Subscription.objects.all()), named, field="subscription")
            )
        if "created_after" in given:
            rows = rows.filter(created_at__gt=given.pop("created_after"))
        return self.page(rows.filter(**given), show_charges)

    @operation("Create a charge", answer=ChargeShape, body=ChargeBody, status=201)
    def post(self, request: Request) -> Response:
        """It waits for the subscription's next document: the next period's invoice, or the one that closes it. Nothing
        is asked for before. 409 `subscription_over` where there is no next document."""
        body: dict[str, Any] = dict(self.body)
        row = find(people.on_shown_clocks(Subscription.objects.all()), body.pop("subscription"), field="subscription")
        if "unit_price" in body:
            body["unit_price"] = f"{body['unit_price']:f}"
        terms = ChargeTerms(**body)
        charge = charges.add_charge(merchant_id=self.merchant.pk, subscription_id=row.pk, terms=terms, actor=self.actor)
        return created(show_charges([charge])[0])


class OneCharge(ApiView):
    """One charge."""

    scopes = {"GET": "charges:read"}

    @operation("Read a charge", answer=ChargeShape)
    def get(self, request: Request, charge: str) -> Response:
        """Whether it still waits, and the invoice that it stands on."""
        return Response(show_charges([self.find(Charge.objects.all(), charge)])[0])


class RevokeCharge(ApiView):
    """Taking a charge back."""

    scopes = {"POST": "charges:write"}

    @operation("Revoke a charge", answer=ChargeShape, body=Body)
    def post(self, request: Request, charge: str) -> Response:
        """While it waits; asked twice it stays as it is. 409 `charge_billed` where an invoice has it already."""
        row = self.find(Charge.objects.all(), charge)
        done = charges.revoke_charge(merchant_id=self.merchant.pk, charge_id=row.pk, actor=self.actor)
        return Response(show_charges([done])[0])
