"""`/subscribers`: a merchant's customers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from rest_framework.request import Request
from rest_framework.response import Response

from merchants.http.operations import operation
from merchants.http.references import find
from merchants.http.shared import PastFilters
from merchants.http.views import ApiView, created
from merchants.models import LegalEntity, Site, TestClock
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers import shapes
from subscribers.api.bodies import SubscriberBody, SubscriberChanges, SubscriberFilters, columns_of
from subscribers.models import Subscriber
from subscribers.registers import register
from subscribers.selectors import past, people
from subscribers.selectors.answers import SubscriberShape
from subscribers.selectors.moments import NotThereThen, Past
from subscribers.services import belonging, enrolment


def show_subscribers(rows: Sequence[Subscriber]) -> list[SubscriberShape]:
    """Subscribers with their personal values."""
    return [cast(SubscriberShape, shapes.subscriber(row)) for row in rows]


class Subscribers(ApiView):
    """The merchant's subscribers."""

    scopes = {"GET": "subscribers:read", "POST": "subscribers:write"}

    @operation("List subscribers", answer=SubscriberShape, page=True, filters=SubscriberFilters)
    def get(self, request: Request) -> Response:
        """Newest first. `q` finds words in name, company, e-mail, phone and reference, without accents and case."""
        given = self.filters
        rows = people.visible()
        if "q" in given:
            rows = people.searched(rows, given["q"])
        if "reference" in given:
            rows = rows.filter(reference=given["reference"])
        if "email" in given:
            rows = rows.filter(email=given["email"].lower())
        if "created_after" in given:
            rows = rows.filter(created_at__gt=given["created_after"])
        return self.page(rows, show_subscribers)

    @operation("Enrol a subscriber", answer=SubscriberShape, body=SubscriberBody, status=201)
    def post(self, request: Request) -> Response:
        """A reference that another subscriber has is refused: 409 `reference_taken`."""
        body = dict(self.body)
        clock = None
        if body.get("test_clock"):
            if not self.merchant.is_sandbox:
                detail = gettext_noop("Test clocks exist in sandboxes only.")
                raise Invalid.at("test_clock", "sandbox_only", detail)
            clocks = TestClock.objects.filter(deleted_at=None).select_for_update(no_key=True)  # none is released now
            clock = find(clocks, body["test_clock"], field="test_clock")
            if clock.status == TestClock.Status.RELEASED:
                detail = gettext_noop("This test clock was released: its subscribers live in real time.")
                raise Invalid.at("test_clock", "clock_released", detail)
        payer_id = None
        if body.get("payer"):
            named = find(people.visible(), body["payer"], field="payer")
            payer = belonging.lock([named.pk])[named.pk]
            payer_id = belonging.check_payer(payer, subscriber_id=None, test_clock_id=clock.pk if clock else None)
        row = enrolment.enrol(
            columns_of(body),
            merchant=self.merchant,
            actor=self.actor,
            now=now_for(self.merchant, clock.pk if clock else None),
            site_id=_site_id(body),
            payer_id=payer_id,
            test_clock_id=clock.pk if clock else None,
        )
        return created(show_subscribers([row])[0])


class OneSubscriber(ApiView):
    """One subscriber."""

    scopes = {"GET": "subscribers:read", "PATCH": "subscribers:write"}

    @operation("Read a subscriber", answer=SubscriberShape, filters=PastFilters)
    def get(self, request: Request, subscriber: str) -> Response:
        """With `as_of` or `known_at`: as they were then. Where there was nobody yet: 404 `not_there_then`. A moment
        that has not come: 422 `moment_to_come`. What was erased since says `erased`."""
        row = self.find(people.visible(), subscriber)
        asked = Past.asked(self.filters, now_for(self.merchant, row.test_clock_id).at) if self.filters else None
        if asked is not None:
            then = past.row_at(row, as_of=asked.as_of, known_at=asked.known_at)
            if then is None:
                raise NotThereThen.of(row)
            row = then
        return Response(show_subscribers([row])[0])

    @operation("Change a subscriber", answer=SubscriberShape, body=SubscriberChanges)
    def patch(self, request: Request, subscriber: str) -> Response:
        """Only what is named changes; each change is kept in the history, with what stood before. Another `site` is
        refused (422 `site_by_move`): `POST /subscribers/{id}/move` takes a reason, and their subscriptions along."""
        row = self.find(people.visible(), subscriber)
        body = dict(self.body)
        named = find(people.visible(), body["payer"], field="payer") if body.get("payer") else None
        locked = belonging.lock({row.pk, named.pk} if named else {row.pk})
        row = locked[row.pk]
        values = columns_of(body)
        if "payer" in body:
            values["payer_id"] = named and belonging.check_payer(
                locked[named.pk], subscriber_id=row.pk, test_clock_id=row.test_clock_id
            )
        if "site" in body and _site_id(body) != row.site_id:
            detail = gettext_noop("A subscriber is moved with a reason: POST /subscribers/{id}/move.")
            raise Invalid.at("site", "site_by_move", detail)
        if row.erased_at is not None:
            raise Conflict(gettext_noop("This subscriber was erased."), code="subscriber_erased")
        now = now_for(self.merchant, row.test_clock_id)
        return Response(show_subscribers([enrolment.revise(row, values, actor=self.actor, now=now)])[0])


class VatCheckOfSubscriber(ApiView):
    """The register of VAT numbers, asked about a subscriber's."""

    scopes = {"POST": "subscribers:write"}
    scope = False  # the register is asked outside any transaction

    @operation("Look a VAT number up", answer=SubscriberShape)
    def post(self, request: Request, subscriber: str) -> Response:
        """Asks the register and keeps its answer: `vat_check` of the subscriber. What it says no to counts as no
        number from then on; what it cannot say now (`unknown`) changes nothing. 409 where there is no number
        (`vat_number_missing`) or no register (`vat_register_off`)."""
        with tenant(self.caller.merchant_id):
            row = self.find(people.visible(), subscriber)
            entity = LegalEntity.objects.order_by("-is_default", "id").first()
        asking = register()
        if not row.vat_number:
            raise Conflict(gettext_noop("This subscriber has no VAT number."), code="vat_number_missing")
        if not asking.asks:
            raise Conflict(
                gettext_noop("No register of VAT numbers is asked here."),
                code="vat_register_off",
                way_out=gettext_noop("Set VAT_REGISTER to vies."),
            )
        answer = asking.look_up(row.vat_number, requester=entity.vat_number if entity else "")
        with tenant(self.caller.merchant_id):
            row = belonging.lock([row.pk])[row.pk]
            now = now_for(self.merchant, row.test_clock_id)
            enrolment.keep_answer(row, answer, actor=self.actor, now=now)
            return Response(show_subscribers([row])[0])


def _site_id(body: dict[str, Any]) -> Any:
    return find(Site.objects.all(), body["site"], field="site").pk if body.get("site") else None
