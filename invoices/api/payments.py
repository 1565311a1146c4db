"""`/payments`: money asked for, and its outcome."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from invoices.api.showing import LOADERS, PaymentFilters, narrowed, show_payments
from invoices.models import Payment
from invoices.selectors.answers import PaymentShape
from merchants.http.expand import expand
from merchants.http.operations import operation
from merchants.http.views import ApiView
from subscribers.selectors import people

EXPANDS = ("subscriber",)


class Payments(ApiView):
    """All payments."""

    scopes = {"GET": "payments:read"}

    @operation("List payments", answer=PaymentShape, page=True, filters=PaymentFilters, expand=EXPANDS)
    def get(self, request: Request) -> Response:
        """Newest first."""
        answer = self.page(narrowed(people.on_shown_clocks(Payment.objects.all()), self.filters), show_payments)
        expand(answer.data["data"], self.expand, LOADERS)
        return answer


class OnePayment(ApiView):
    """One payment."""

    scopes = {"GET": "payments:read"}

    @operation("Read a payment", answer=PaymentShape, expand=EXPANDS)
    def get(self, request: Request, payment: str) -> Response:
        """`unknown` is an outcome: the provider is asked until it says which; nothing is charged again meanwhile."""
        shown = show_payments([self.find(people.on_shown_clocks(Payment.objects.all()), payment)])
        expand(shown, self.expand, LOADERS)  # type: ignore[arg-type]
        return Response(shown[0])
