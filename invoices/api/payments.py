"""`/payments/{id}`: money asked for, and its outcome. The list is billing's, which records payments too."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from invoices.models import Payment
from invoices.selectors.answers import PaymentShape
from invoices.showing import LOADERS, show_payments
from merchants.http.expand import expand
from merchants.http.operations import operation
from merchants.http.views import ApiView
from subscribers.selectors import people

EXPANDS = ("subscriber",)


class OnePayment(ApiView):
    """One payment."""

    scopes = {"GET": "payments:read"}

    @operation("Read a payment", answer=PaymentShape, expand=EXPANDS)
    def get(self, request: Request, payment: str) -> Response:
        """`unknown` is an outcome: the provider is asked until it says which; nothing is charged again meanwhile."""
        shown = show_payments([self.find(people.on_shown_clocks(Payment.objects.all()), payment)])
        expand(shown, self.expand, LOADERS)  # type: ignore[arg-type]
        return Response(shown[0])
