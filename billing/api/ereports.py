"""`/ereports` and `/legal_entities/{id}/ereporting`: what is reported to the administration, and how."""

from __future__ import annotations

from typing import Annotated, TypedDict, cast

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from billing.engine.reporting import Regime, ReportKind
from billing.flows.ereport_sending import xml_of
from billing.flows.ereporting import reporting_of, set_ereporting, shown
from billing.flows.ereports import again
from billing.http import report_response
from billing.models import EReport
from billing.platforms.registry import KINDS
from billing.selectors.ereports import (
    EReportShape,
    WholeEReportShape,
    reports,
    show_ereport,
    show_ereports,
    show_whole,
)
from billing.tasks import hand_on_soon
from merchants.http.bodies import Body, Filters
from merchants.http.fields import Choice, Day, Flag, PublicId, Text
from merchants.http.operations import operation
from merchants.http.references import find
from merchants.http.views import ApiView
from merchants.models import LegalEntity
from merchants.selectors.shapes import DayText, Says


class EReportFilters(Filters):
    """Which reports."""

    legal_entity = PublicId("ent", required=False)
    kind = Choice(choices=list(ReportKind), required=False)
    state = Choice(choices=list(EReport.State.values), required=False)


class EReportingBody(Body):
    """What changes. `since` counts while nothing was reported yet."""

    is_on = Flag(required=False)
    regime = Choice(choices=list(Regime), required=False)
    since = Day(required=False)
    platform = Choice(choices=list(KINDS), required=False)
    platform_code = Text(max_length=4, required=False, allow_blank=True)
    platform_name = Text(max_length=100, required=False, allow_blank=True)


class EReportingShape(TypedDict):
    """How a company's sales and receipts are reported: its regime of VAT, from which day, through which platform."""

    object: Annotated[str, Says(one_of=("ereporting",))]
    legal_entity: str
    is_on: bool
    regime: Annotated[str, Says(one_of=tuple(Regime))]
    since: DayText | None
    platform: Annotated[str, Says(one_of=KINDS)]
    platform_code: str
    platform_name: str


class EReports(ApiView):
    """All reports."""

    scopes = {"GET": "ereports:read"}

    @operation("List reports to the administration", answer=EReportShape, page=True, filters=EReportFilters)
    def get(self, request: Request) -> Response:
        """Newest first, without what they tell."""
        given = dict(self.filters)
        rows = reports()
        if "legal_entity" in given:
            named = find(LegalEntity.objects.all(), given.pop("legal_entity"), field="legal_entity")
            rows = rows.filter(legal_entity=named)
        return self.page(rows.filter(**given), show_ereports)


class OneEReport(ApiView):
    """One report."""

    scopes = {"GET": "ereports:read"}

    @operation("Read a report to the administration", answer=WholeEReportShape)
    def get(self, request: Request, ereport: str) -> Response:
        """With all that it tells and leaves out."""
        return Response(show_whole(self.find(reports(), ereport)))


class EReportXml(ApiView):
    """The report in the reform's format."""

    scopes = {"GET": "ereports:read"}

    @operation("Get a report's XML", media_type="application/xml")
    def get(self, request: Request, ereport: str) -> HttpResponse:
        """Flux 10, as the platform gets it."""
        row = self.find(reports(), ereport)
        return report_response(xml_of(row), "application/xml", f"{row.public_id}.xml")


class SendEReport(ApiView):
    """Handing a report on again."""

    scopes = {"POST": "ereports:write"}

    @operation("Send a report again", answer=EReportShape, body=Body)
    def post(self, request: Request, ereport: str) -> Response:
        """A worker hands it on. Where the books say something else by now, a new report of its days is made and takes
        its place: that one is answered."""
        _checked = self.body
        row = again(self.find(reports(), ereport), actor=self.actor, now=self.now)
        hand_on_soon(self.merchant.pk, row.pk)
        return Response(show_ereport(row))


class EntityEReporting(ApiView):
    """How one company reports."""

    scopes = {"GET": "ereporting:read", "PATCH": "ereporting:write"}

    @operation("Read a legal entity's e-reporting", answer=EReportingShape)
    def get(self, request: Request, legal_entity: str) -> Response:
        """Off until it is turned on."""
        entity = self.find(LegalEntity.objects.all(), legal_entity)
        return Response(cast(EReportingShape, shown(entity, reporting_of(entity))))

    @operation("Change a legal entity's e-reporting", answer=EReportingShape, body=EReportingBody)
    def patch(self, request: Request, legal_entity: str) -> Response:
        """Reports are made by themselves when their days are over. 409 `siren_missing`, `not_in_france`."""
        entity = self.find(LegalEntity.objects.all(), legal_entity)
        row = set_ereporting(entity, actor=self.actor, now=self.now, **self.body)
        return Response(cast(EReportingShape, shown(entity, row)))
