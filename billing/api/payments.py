"""`/payments`: money asked for, money that people brought, and taking the latter back."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from billing.flows.reverse_payment import reverse
from billing.flows.take_payment import take
from invoices import shapes
from invoices.models import Invoice, Payment
from invoices.selectors.answers import PaymentShape
from invoices.services.by_hand import BY_HAND
from invoices.showing import LOADERS, PaymentFilters, narrowed, show_payments
from merchants.http.bodies import Body
from merchants.http.expand import expand
from merchants.http.fields import Choice, Day, Minor, PublicId, Text
from merchants.http.operations import operation
from merchants.http.references import find
from merchants.http.views import ApiView, created
from merchants.models import Site
from merchants.refusals import Invalid, gettext_noop
from merchants.tenancy.scope import tenant
from subscribers.selectors import people

EXPANDS = ("subscriber",)


class PaymentBody(Body):
    """Money that came: `amount` in minor units of the invoice's currency; `received_on` left out is today."""

    invoice = PublicId("inv")
    means = Choice(choices=[means.value for means in BY_HAND])
    amount = Minor()
    currency = Text(max_length=3, required=False, help_text="Where given, it must be the invoice's")
    received_on = Day(required=False)
    site = PublicId("sit", required=False)
    note = Text(max_length=400, required=False)


class ReverseBody(Body):
    """Why it is taken back."""

    reason = Text(max_length=400)


class Payments(ApiView):
    """All payments; recording one."""

    scopes = {"GET": "payments:read", "POST": "payments:write"}
    scope = False

    @operation("List payments", answer=PaymentShape, page=True, filters=PaymentFilters, expand=EXPANDS)
    def get(self, request: Request) -> Response:
        """Newest first."""
        with tenant(self.caller.merchant_id):
            answer = self.page(narrowed(people.on_shown_clocks(Payment.objects.all()), self.filters), show_payments)
            expand(answer.data["data"], self.expand, LOADERS)
            return answer

    @operation("Record a payment", answer=PaymentShape, body=PaymentBody, status=201)
    def post(self, request: Request) -> Response:
        """Writes down cash, a cheque, a transfer or a terminal's payment for an open invoice: part of what is due, all
        of it, or more (the rest goes to the payer's balance). A page that is open at the provider is closed first. 409
        `nothing_owed`; `payment_under_way` while a provider is taking money for it. 422 beside the field:
        `amount_out_of_range`, `cash_above_the_limit` (1,000.00 EUR in France), `received_in_the_future`,
        `received_too_long_ago`, `site_closed`, `currency_differs`."""
        given = self.body
        with tenant(self.caller.merchant_id):
            ours = people.on_shown_clocks(Invoice.objects.exclude(status=Invoice.Status.DRAFT))
            invoice = find(ours, given["invoice"], field="invoice")
            site = find(Site.objects.all(), given["site"], field="site") if given.get("site") else None
            if given.get("currency", invoice.currency) != invoice.currency:
                detail = gettext_noop("The invoice is in %(currency)s.")
                raise Invalid.at("currency", "currency_differs", detail, {"currency": invoice.currency})
        taken = take(
            merchant_id=self.caller.merchant_id,
            invoice_id=invoice.pk,
            means=given["means"],
            amount=given["amount"],
            received_on=given.get("received_on"),
            site=site,
            note=given.get("note", ""),
            actor=self.actor,
            key=cast("UUID | None", self.claim_id),
        )
        return created(cast(PaymentShape, shapes.payment(taken.payment)))


class ReversePayment(ApiView):
    """Taking back a payment that was recorded."""

    scopes = {"POST": "payments:write"}
    scope = False

    @operation("Take back a recorded payment", answer=PaymentShape, body=ReverseBody)
    def post(self, request: Request, payment: str) -> Response:
        """Writes a reversing entry, once: the payment stays as it was recorded, with `reversed_at`; its invoice is owed
        again, and what it put on the balance is taken back. 409 `payment_not_by_hand`, `payment_reversed`,
        `invoice_credited`, `payment_under_way`, `balance_too_low`; `till_closed` where it was rung up at a till that is
        closed now."""
        with tenant(self.caller.merchant_id):
            row = self.find(people.on_shown_clocks(Payment.objects.all()), payment)
        done = reverse(
            merchant_id=self.caller.merchant_id, payment_id=row.pk, reason=self.body["reason"], actor=self.actor
        )
        return Response(cast(PaymentShape, shapes.payment(done)))
