"""`/invoices/{id}/pay` and `/invoices/{id}/send`: an open invoice tried now, or a link written that pays it."""

from __future__ import annotations

from typing import cast

from rest_framework.request import Request
from rest_framework.response import Response

from billing.flows import owed, try_now
from invoices import shapes
from invoices.models import Invoice
from invoices.selectors.answers import InvoiceShape, PaymentShape
from merchants.http.bodies import Body
from merchants.http.fields import PublicId
from merchants.http.operations import operation
from merchants.http.references import find
from merchants.http.views import ApiView
from merchants.tenancy.scope import tenant
from subscribers.models import PaymentMethod
from subscribers.selectors import people


class PayBody(Body):
    """Which of the payer's methods is charged; left out: the one that the invoice is collected on."""

    payment_method = PublicId("pm", required=False)


class PayInvoice(ApiView):
    """Trying an invoice now."""

    scopes = {"POST": "payments:write"}
    scope = False

    @operation("Pay an invoice now", answer=PaymentShape, body=PayBody)
    def post(self, request: Request, invoice: str) -> Response:
        """Charges what is due, once, and answers the payment with its outcome, a refusal included (`failed`, with its
        `code`). 409 `payment_in_flight` while another payment is under way, `nothing_owed`, `payment_method_missing`
        where there is nothing to charge."""
        with tenant(self.caller.merchant_id):
            row = self.find(people.on_shown_clocks(Invoice.objects.exclude(status=Invoice.Status.DRAFT)), invoice)
            named = self.body.get("payment_method")
            ours = PaymentMethod.objects.filter(subscriber_id=row.payer_id, detached_at=None)
            method = find(ours, named, field="payment_method") if named else None
        done = try_now.try_now(
            merchant_id=self.caller.merchant_id,
            invoice_id=row.pk,
            asked_by=self.actor.label,
            method_id=method.pk if method else None,
        )
        return Response(cast(PaymentShape, shapes.payment(done)))


class SendInvoice(ApiView):
    """Sending the payment link."""

    scopes = {"POST": "invoices:write"}

    @operation("Send an invoice's payment link", answer=InvoiceShape, body=Body)
    def post(self, request: Request, invoice: str) -> Response:
        """Writes the payer an e-mail with a link that pays the invoice in one step, and tells `invoice.sent`. 409
        `nothing_owed`, `subscriber_without_email`; `sent_just_now` within ten minutes of the last one."""
        row = self.find(people.on_shown_clocks(Invoice.objects.exclude(status=Invoice.Status.DRAFT)), invoice)
        sent = owed.send_link(merchant_id=self.merchant.pk, invoice_id=row.pk, actor=self.actor)
        return Response(cast(InvoiceShape, shapes.invoice(sent)))
