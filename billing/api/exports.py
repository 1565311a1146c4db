"""`/exports`: rows as a file, made by a worker; then a link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.exports.kinds import KINDS
from billing.exports.narrowing import rows_named
from billing.flows.export import Wanted, begin
from billing.flows.export_link import link_to
from billing.models import Export
from billing.selectors.export_answers import ExportLinkShape, ExportShape, exports_shown
from billing.tasks import export_soon
from merchants.actors import Channel
from merchants.http.authentication import Caller, scope_missing
from merchants.http.bodies import Body, Filters
from merchants.http.fields import Choice, Day, Flag, PublicId, Text
from merchants.http.operations import operation
from merchants.http.references import find
from merchants.http.texts import LANGUAGES
from merchants.http.views import ApiView
from merchants.selectors.shapes import instant_text


class ExportFiltersBody(Body):
    """What narrows the rows, as far as the kind has it: `status` and `q` as in the lists of the office."""

    status = Text(max_length=20, required=False)
    q = Text(max_length=200, required=False)
    subscriber = PublicId("cus", required=False)
    site = PublicId("sit", required=False)
    offer = PublicId("off", required=False)
    channel = Choice(choices=[channel.value for channel in Channel], required=False)
    run = PublicId("run", required=False)
    legal_entity = PublicId("ent", required=False)


class ExportBody(Body):
    """Which rows, of which days of the merchant's calendar (the last included, ten years at most; left out: all there
    are), in which form. `locale` decides on French CSV (semicolons, decimal commas) and a workbook's words; left out,
    it is the merchant's. `bom`: CSV begins with a byte order mark, by which Excel knows UTF-8. `fec` is `txt` and needs
    the days of a fiscal year and `filters.legal_entity`; `archive` is `zip` and needs a calendar year and the same."""

    kind = Choice(choices=list(KINDS))
    to = Day(required=False)
    format = Choice(choices=list(Export.Format.values))
    filters = ExportFiltersBody(required=False)
    locale = Choice(choices=LANGUAGES, required=False)
    bom = Flag(required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """With `from`, which is no name in Python."""
        fields = super().get_fields()
        return {"kind": fields.pop("kind"), "from": Day(required=False), **fields}


class ExportFilters(Filters):
    """Which exports."""

    kind = Choice(choices=list(KINDS), required=False)
    status = Choice(choices=list(Export.Status.values), required=False)


class Exports(ApiView):
    """All exports."""

    scopes = {"GET": "exports:read", "POST": "exports:write"}

    @operation("List exports", answer=ExportShape, page=True, filters=ExportFilters)
    def get(self, request: Request) -> Response:
        """Newest first. One stays in the list when its file is gone."""
        return self.page(Export.objects.filter(**self.filters), exports_shown)

    @operation("Begin an export", answer=ExportShape, body=ExportBody, status=202)
    def post(self, request: Request) -> Response:
        """A worker makes the file: read the export until its `status` is `ready`, then ask for its link. The key also
        needs the scope by which it could read the rows one by one (`invoices:read`, `payments:read`,
        `subscribers:read`, `accounting:read`). 409 `too_many_exports`: three at once."""
        given = self.body
        _may_read(self.caller, given["kind"])
        row = begin(
            Wanted(
                kind=given["kind"],
                format=given["format"],
                from_on=given.get("from"),
                to_on=given.get("to"),
                filters=_found(given.get("filters", {})),
                locale=given.get("locale", self.merchant.locale),
                bom=given.get("bom", False),
            ),
            merchant=self.merchant,
            actor=self.actor,
            now=self.now,
        )
        export_soon(self.merchant.pk, row.pk)
        address = reverse("api:export", kwargs={"export": row.public_id})
        return Response(exports_shown([row])[0], status=202, headers={"Location": address})


class OneExport(ApiView):
    """One export."""

    scopes = {"GET": "exports:read"}

    @operation("Read an export", answer=ExportShape)
    def get(self, request: Request, export: str) -> Response:
        """How far it is: `waiting`, `making` with the `rows` written so far, `ready`, `failed`, `expired`."""
        return Response(exports_shown([self.find(Export.objects.all(), export)])[0])


class DownloadExport(ApiView):
    """An export's file."""

    scopes = {"GET": "exports:read"}

    @operation("Get a link to an export's file", answer=ExportLinkShape)
    def get(self, request: Request, export: str) -> Response:
        """The link opens for 15 minutes, without a key. 409 `export_not_ready` with `Retry-After`, `export_failed`,
        `export_expired`."""
        row = self.find(Export.objects.all(), export)
        _may_read(self.caller, row.kind)
        link = link_to(row)
        shown: ExportLinkShape = {
            "object": "export_link",
            "export": row.public_id,
            "url": link.url,
            "expires_at": instant_text(link.expires_at),
        }
        return Response(shown)


def _may_read(caller: Caller, kind: str) -> None:
    """Raises PermissionDenied (403, scope_missing) for a key that may not read such rows."""
    needed = KINDS[kind].scope
    if not caller.may(needed):
        raise scope_missing(needed)


def _found(given: Mapping[str, str]) -> dict[str, str]:
    """The filters with every id looked for, and public. Raises Invalid (422) for an id that names nothing."""
    named = rows_named()
    return {
        name: find(named[name], value, field=f"filters.{name}").public_id if name in named else value
        for name, value in given.items()
    }
