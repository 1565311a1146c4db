"""The receipt of a payment, on a narrow roll to print."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from invoices.models import Payment
from invoices.pages.words import language
from invoices.selectors.receipts import receipt_of
from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.http.references import find
from merchants.refusals import NotFound


@require_safe
@office_page(permission="see_documents")
def receipt(request: OfficeRequest, payment: str) -> HttpResponse:
    """Of any payment that brought money; another has none (404)."""
    office = request.office
    row = find(Payment.objects.select_related("invoice", "site"), payment)
    found = receipt_of(row, office.merchant, language())
    if found is None:
        raise NotFound
    back = office.url("invoice", invoice=row.invoice.public_id) if row.invoice else office.url("payments")
    return office_render(request, "invoices/receipt.html", {"receipt": found, "back": back})
