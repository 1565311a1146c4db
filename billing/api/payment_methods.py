"""`/payment_methods`: what a payer is charged on."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.bodies import PaymentMethodBody, PaymentMethodFilters
from billing.flows import methods
from billing.selectors.answers import PaymentMethodShape, methods_shown
from merchants.http.operations import operation
from merchants.http.references import find
from merchants.http.views import ApiView, created
from merchants.refusals import Conflict, gettext_noop
from merchants.tenancy.scope import tenant
from subscribers.models import PaymentMethod
from subscribers.selectors import people


class PaymentMethods(ApiView):
    """All payment methods."""

    scopes = {"GET": "payment_methods:read", "POST": "payment_methods:write"}

    @property
    def scope(self) -> bool:  # type: ignore[override] # a constant elsewhere: here the method decides
        """A new method is asked of the provider, outside any transaction."""
        return self.request.method != "POST"

    @operation("List payment methods", answer=PaymentMethodShape, page=True, filters=PaymentMethodFilters)
    def get(self, request: Request) -> Response:
        """Newest first; detached ones with `detached=true` only."""
        given = self.filters
        rows = PaymentMethod.objects.filter(detached_at__isnull=not given.get("detached", False))
        rows = people.of_shown_people(rows)
        if "subscriber" in given:
            rows = rows.filter(subscriber=find(people.visible(), given["subscriber"], field="subscriber"))
        return self.page(rows, methods_shown)

    @operation("Attach a payment method", answer=PaymentMethodShape, body=PaymentMethodBody, status=201)
    def post(self, request: Request) -> Response:
        """From a token of the provider's. It becomes the one that is charged."""
        with tenant(self.caller.merchant_id):
            payer = find(people.visible(), self.body["subscriber"], field="subscriber")
            if payer.erased_at is not None:
                raise Conflict(gettext_noop("This subscriber was erased."), code="subscriber_erased")
        made = methods.attach(
            merchant_id=self.caller.merchant_id,
            subscriber_id=payer.pk,
            kind=self.body["type"],
            token=self.body["token"],
            actor=self.actor,
        )
        return created(methods_shown([made])[0])


class OnePaymentMethod(ApiView):
    """One payment method."""

    scopes = {"GET": "payment_methods:read"}

    @operation("Read a payment method", answer=PaymentMethodShape)
    def get(self, request: Request, payment_method: str) -> Response:
        """What the provider lets us show of it."""
        return Response(
            methods_shown([self.find(people.of_shown_people(PaymentMethod.objects.all()), payment_method)])[0]
        )


class DetachPaymentMethod(ApiView):
    """Forgetting a method."""

    scopes = {"POST": "payment_methods:write"}
    scope = False

    @operation("Detach a payment method", answer=PaymentMethodShape)
    def post(self, request: Request, payment_method: str) -> Response:
        """For good, here and at the provider. 409 `payment_method_needed` where a running subscription is charged to
        it: attach another one first."""
        with tenant(self.caller.merchant_id):
            row = self.find(people.of_shown_people(PaymentMethod.objects.all()), payment_method)
        done = methods.detach(merchant_id=self.caller.merchant_id, method_id=row.pk, actor=self.actor)
        return Response(methods_shown([done])[0])


class DefaultPaymentMethod(ApiView):
    """Choosing the method that is charged."""

    scopes = {"POST": "payment_methods:write"}
    scope = False

    @operation("Make a payment method the default", answer=PaymentMethodShape)
    def post(self, request: Request, payment_method: str) -> Response:
        """All later charges of its subscriber go to it, and what they owe is charged to it at once."""
        with tenant(self.caller.merchant_id):
            row = self.find(people.of_shown_people(PaymentMethod.objects.all()), payment_method)
        done = methods.make_default(merchant_id=self.caller.merchant_id, method_id=row.pk, actor=self.actor)
        return Response(methods_shown([done])[0])
