"""`/invoices` and `/credit_notes`: numbered documents, as they are for ever, and how they were settled."""

from __future__ import annotations

from typing import cast

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from invoices import shapes
from invoices.api.crediting import CreditBody, as_named, wanted_of
from invoices.http import file_response
from invoices.models import CreditNote, Invoice
from invoices.selectors.answers import CreditNoteShape, InvoiceShape
from invoices.services.credits import credit_invoice
from invoices.services.files import electronic, printed
from invoices.showing import (
    LOADERS,
    CreditNoteFilters,
    InvoiceFilters,
    narrowed,
    show_credit_notes,
    show_invoices,
)
from merchants.http.authentication import scope_missing
from merchants.http.expand import expand
from merchants.http.operations import operation
from merchants.http.references import find
from merchants.http.views import ApiView, created
from merchants.selectors.clocks import now_for
from subscribers.selectors import people

EXPANDS = ("subscriber",)


class Invoices(ApiView):
    """All invoices."""

    scopes = {"GET": "invoices:read"}

    @operation("List invoices", answer=InvoiceShape, page=True, filters=InvoiceFilters, expand=EXPANDS)
    def get(self, request: Request) -> Response:
        """Newest first, without their lines."""
        answer = self.page(narrowed(people.on_shown_clocks(Invoice.objects.all()), self.filters), show_invoices)
        expand(answer.data["data"], self.expand, LOADERS)
        return answer


class OneInvoice(ApiView):
    """One invoice."""

    scopes = {"GET": "invoices:read"}

    @operation("Read an invoice", answer=InvoiceShape, expand=EXPANDS)
    def get(self, request: Request, invoice: str) -> Response:
        """With its lines, each with the calculation that made it, and its VAT by rate."""
        found = self.find(people.on_shown_clocks(Invoice.objects.all()), invoice)
        lines, taxes = found.lines.order_by("position"), found.taxes.order_by("-tax_percent", "category")
        shown = shapes.invoice(found, list(lines), list(taxes))
        expand([shown], self.expand, LOADERS)
        return Response(cast(InvoiceShape, shown))


class InvoicePdf(ApiView):
    """The printed invoice."""

    scopes = {"GET": "invoices:read"}

    @operation("Get an invoice's PDF", media_type="application/pdf")
    def get(self, request: Request, invoice: str) -> HttpResponse:
        """While it is being made: 409 `document_not_ready`, with `Retry-After`."""
        return file_response(printed(self.find(people.on_shown_clocks(Invoice.objects.all()), invoice)))


class InvoiceXml(ApiView):
    """The electronic invoice."""

    scopes = {"GET": "invoices:read"}

    @operation("Get an invoice's XML", media_type="application/xml")
    def get(self, request: Request, invoice: str) -> HttpResponse:
        """EN 16931 in the syntax of Factur-X (CII), as the PDF carries it. While that is being made: 409
        `document_not_ready`, with `Retry-After`; where the standard cannot carry it: 409 `no_electronic_invoice`."""
        return file_response(electronic(self.find(people.on_shown_clocks(Invoice.objects.all()), invoice)))


class CreditNotes(ApiView):
    """All credit notes."""

    scopes = {"GET": "invoices:read", "POST": "invoices:write"}

    @operation("List credit notes", answer=CreditNoteShape, page=True, filters=CreditNoteFilters, expand=EXPANDS)
    def get(self, request: Request) -> Response:
        """Newest first, without their lines."""
        answer = self.page(narrowed(people.on_shown_clocks(CreditNote.objects.all()), self.filters), show_credit_notes)
        expand(answer.data["data"], self.expand, LOADERS)
        return answer

    @operation("Credit an invoice", answer=CreditNoteShape, body=CreditBody, status=201)
    def post(self, request: Request) -> Response:
        """The only correction of a finalised invoice: all that is left of it, an amount, or lines. It first settles
        what is owed on the invoice itself. `to: refund` also needs `payments:write`. 409 `nothing_to_credit`; 422
        `credit_exceeds_invoice`, `credit_exceeds_line`, `line_unknown`."""
        to = self.body.get("to", "balance")
        if to == "refund" and not self.caller.may("payments:write"):
            raise scope_missing("payments:write")
        rows = people.on_shown_clocks(Invoice.objects.all())
        invoice = find(rows, self.body["invoice"], field="invoice")
        with as_named(self.body):
            note = credit_invoice(
                invoice.pk,
                wanted_of(self.body),
                reason=self.body["reason"],
                to=to,
                actor=self.actor,
                now=now_for(self.merchant, invoice.test_clock_id),
            )
        lines, taxes = note.lines.order_by("position"), note.taxes.order_by("-tax_percent", "category")
        return created(shapes.credit_note(note, list(lines), list(taxes)))


class OneCreditNote(ApiView):
    """One credit note."""

    scopes = {"GET": "invoices:read"}

    @operation("Read a credit note", answer=CreditNoteShape, expand=EXPANDS)
    def get(self, request: Request, credit_note: str) -> Response:
        """With its lines and its VAT by rate. `settled` says where its total went."""
        found = self.find(people.on_shown_clocks(CreditNote.objects.all()), credit_note)
        lines, taxes = found.lines.order_by("position"), found.taxes.order_by("-tax_percent", "category")
        shown = shapes.credit_note(found, list(lines), list(taxes))
        expand([shown], self.expand, LOADERS)
        return Response(cast(CreditNoteShape, shown))


class CreditNotePdf(ApiView):
    """The printed credit note."""

    scopes = {"GET": "invoices:read"}

    @operation("Get a credit note's PDF", media_type="application/pdf")
    def get(self, request: Request, credit_note: str) -> HttpResponse:
        """While it is being made: 409 `document_not_ready`, with `Retry-After`."""
        return file_response(printed(self.find(people.on_shown_clocks(CreditNote.objects.all()), credit_note)))


class CreditNoteXml(ApiView):
    """The electronic credit note."""

    scopes = {"GET": "invoices:read"}

    @operation("Get a credit note's XML", media_type="application/xml")
    def get(self, request: Request, credit_note: str) -> HttpResponse:
        """As an invoice's XML: type 381, its amounts above zero."""
        return file_response(electronic(self.find(people.on_shown_clocks(CreditNote.objects.all()), credit_note)))
