"""`/checkout_sessions`: a purchase on the merchant's site, until it is paid for or lapses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import connection
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.bodies import CheckoutSessionBody, CheckoutSessionFilters
from billing.api.named import named_coupons, named_options
from billing.flows import checkout, expire
from billing.flows.checkout import Wish, form_url
from billing.models import CheckoutSession
from billing.selectors.answers import CheckoutSessionShape, session_shown
from merchants.http.operations import operation
from merchants.http.references import find
from merchants.http.shared import AddressBody
from merchants.http.views import ApiView, created, refuse
from merchants.models import Offer
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber
from subscribers.selectors import people
from subscribers.services import belonging, enrolment


def show_sessions(rows: list[CheckoutSession]) -> list[CheckoutSessionShape]:
    """Sessions with their quote; an open one with the address of its form."""
    return [session_shown(row, form_url(row) if row.status == CheckoutSession.Status.OPEN else None) for row in rows]


class CheckoutSessions(ApiView):
    """All purchases under way, done and lapsed."""

    scopes = {"GET": "checkout_sessions:read", "POST": "checkout_sessions:write"}

    @operation("List checkout sessions", answer=CheckoutSessionShape, page=True, filters=CheckoutSessionFilters)
    def get(self, request: Request) -> Response:
        """Newest first."""
        given = self.filters
        rows = people.of_shown_people(CheckoutSession.objects.select_related("quote"))
        if "subscriber" in given:
            rows = rows.filter(subscriber=find(people.visible(), given["subscriber"], field="subscriber"))
        if "status" in given:
            rows = rows.filter(status=given["status"])
        if "created_after" in given:
            rows = rows.filter(created_at__gt=given["created_after"])
        return self.page(rows, show_sessions)

    @operation("Open a checkout session", answer=CheckoutSessionShape, body=CheckoutSessionBody, status=201)
    def post(self, request: Request) -> Response:
        """Prices the purchase and answers `url`, the payment form to send the visitor to. It stays open for 23 hours;
        no document is made before it is paid for."""
        body = self.body
        if ("subscriber" in body) is ("subscriber_data" in body):
            raise refuse("subscriber", "subscriber_or_data", gettext_noop("Give subscriber or subscriber_data."))
        offer = find(Offer.objects.all(), body["offer"], field="offer")
        options, coupons = named_options(body), named_coupons(body)
        wish = Wish(
            subscriber=self._subscriber(body),
            offer=offer,
            options=options,
            coupons=coupons,
            quantity=body.get("quantity", 1),
            success_url=body.get("success_url", ""),
            failure_url=body.get("failure_url", ""),
            cancel_url=body.get("cancel_url", ""),
            locale=body.get("locale", ""),
            allow_codes=body.get("allow_codes", False),
            metadata=body.get("metadata", {}),
            reference=body.get("reference"),
        )
        session = checkout.open_session(merchant_id=self.merchant.pk, wish=wish, actor=self.actor)
        return created(show_sessions([session])[0])

    def _subscriber(self, body: Mapping[str, Any]) -> Subscriber:
        if "subscriber" in body:
            row = find(people.visible(), body["subscriber"], field="subscriber")
        else:
            row = self._by_data(body["subscriber_data"])
        if row.erased_at is not None:
            raise Conflict(gettext_noop("This subscriber was erased."), code="subscriber_erased")
        return row

    def _by_data(self, given: Mapping[str, Any]) -> Subscriber:
        """Find by reference or enrol. Two requests for one new reference wait for each other."""
        values = {name: value for name, value in given.items() if name != "address"} | dict(given.get("address", {}))
        reference = values.pop("reference", "")
        known = None
        if reference:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{self.merchant.pk}:{reference}"]
                )
            known = Subscriber.objects.filter(reference=reference).first()
        try:
            if known is None:
                enrolling = {**values, "reference": reference} if reference else values
                return enrolment.enrol(enrolling, merchant=self.merchant, actor=self.actor, now=self.now)
            row = belonging.lock([known.pk])[known.pk]
            if row.erased_at is None and values:
                now = now_for(self.merchant, row.test_clock_id)
                return enrolment.revise(row, values, actor=self.actor, now=now)
        except Invalid as refusal:
            raise _within(refusal) from refusal
        return row


class OneCheckoutSession(ApiView):
    """One purchase."""

    scopes = {"GET": "checkout_sessions:read"}

    @operation("Read a checkout session", answer=CheckoutSessionShape)
    def get(self, request: Request, checkout_session: str) -> Response:
        """Its status and quote; `invoice` once it is complete."""
        row = self.find(people.of_shown_people(CheckoutSession.objects.select_related("quote")), checkout_session)
        return Response(show_sessions([row])[0])


class ExpireCheckoutSession(ApiView):
    """Ending a purchase before its time."""

    scopes = {"POST": "checkout_sessions:write"}
    scope = False

    @operation("Expire a checkout session", answer=CheckoutSessionShape)
    def post(self, request: Request, checkout_session: str) -> Response:
        """The provider's page is closed first. One that was paid meanwhile is complete, and answered so with 409."""
        with tenant(self.caller.merchant_id):
            row = self.find(people.of_shown_people(CheckoutSession.objects.all()), checkout_session)
        expire.expire(merchant_id=self.caller.merchant_id, session_id=row.pk, actor=self.actor)
        with tenant(self.caller.merchant_id):
            row = CheckoutSession.objects.select_related("quote").get(id=row.pk)
        return Response(show_sessions([row])[0])


def _within(refusal: Invalid) -> Invalid:
    """The same refusal, its fields below `subscriber_data`."""
    places = {str(name): f"address.{name}" for name in AddressBody().fields}
    errors = [
        replace(error, field=f"subscriber_data.{places.get(error.field, error.field)}") for error in refusal.errors
    ]
    return Invalid(code=refusal.code, errors=errors)
