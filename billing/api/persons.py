"""`/subscribers/{id}/export` and `/erase`: what a person may ask for by the GDPR."""

from __future__ import annotations

import tempfile
from typing import cast

from django.http import FileResponse
from rest_framework.request import Request
from rest_framework.response import Response

from billing.flows import erase
from billing.flows.person_export import name_of_export, write_export
from merchants.http.bodies import Body
from merchants.http.fields import Text
from merchants.http.operations import operation
from merchants.http.views import ApiView
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers import shapes
from subscribers.selectors import people
from subscribers.selectors.answers import SubscriberShape

IN_MEMORY = 1_000_000
"""Bytes of an export that are held in memory; what is larger goes to a file that nobody else sees."""


class EraseBody(Body):
    """Why: kept in the history, so no personal value in it."""

    reason = Text(max_length=400)


class ExportSubscriber(ApiView):
    """All that is held on a person."""

    scopes = {"GET": "subscribers:read"}
    scope = False

    @operation("Export a subscriber", media_type="application/zip")
    def get(self, request: Request, subscriber: str) -> FileResponse:
        """One ZIP: `data.json`, `index.html` in their language, and their printed documents. Only this merchant's rows,
        as payer and as beneficiary."""
        made = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the answer closes it
        with tenant(self.caller.merchant_id):
            row = self.find(people.visible(), subscriber)
            write_export(row, self.merchant, made, now=now_for(self.merchant, row.test_clock_id))
        made.seek(0)
        return FileResponse(made, as_attachment=True, filename=name_of_export(row), content_type="application/zip")


class EraseSubscriber(ApiView):
    """Erasing a person for good."""

    scopes = {"POST": "subscribers:write"}
    scope = False

    @operation("Erase a subscriber", answer=SubscriberShape, body=EraseBody)
    def post(self, request: Request, subscriber: str) -> Response:
        """Who they are goes, here and at the payment provider; documents stay ten years, as the law asks. It cannot be
        taken back. 409, with the way out, while something is under way: `subscription_live`, `pays_for_others`,
        `purchase_open`, `payment_in_flight`, `invoice_open`, `balance_left`. Asked twice it answers the same."""
        with tenant(self.caller.merchant_id):
            row = self.find(people.visible(), subscriber)
        done = erase.erase(
            merchant_id=self.caller.merchant_id, subscriber_id=row.pk, actor=self.actor, reason=self.body["reason"]
        )
        return Response(cast(SubscriberShape, shapes.subscriber(done)))
