"""What a subscriber signed, as PDF, for the office."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from invoices.http import file_response
from invoices.models import SignedPaper
from invoices.services.signed_files import paper_file
from merchants.http.frame import OfficeRequest, office_page
from merchants.http.references import find


@require_safe
@office_page(permission="see_documents")
def signed_paper(request: OfficeRequest, signed_paper: str) -> HttpResponse:
    """A contract or mandate as it was signed."""
    row = find(SignedPaper.objects.select_related("site", "device", "member__user"), signed_paper)
    return file_response(paper_file(row, request.office.merchant))
