"""What was signed at this counter, as PDF: to be printed or sent."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from billing.counter.frame import CounterRequest, counter_page
from invoices.http import file_response
from invoices.models import SignedPaper
from invoices.selectors.signed import WORDS
from invoices.services.signed_files import paper_file
from merchants import ids
from merchants.permissions import Permission
from merchants.refusals import NotFound


@counter_page(permission=Permission.sell)
@require_GET
def signed_paper(request: CounterRequest, paper: str) -> HttpResponse:
    """A contract or mandate that was signed at this site."""
    key = ids.read("pap", paper)
    rows = SignedPaper.objects.select_related("site", "device", "member__user").filter(site=request.counter.site)
    row = rows.filter(id=key).first() if key else None
    if row is None:
        raise NotFound
    return file_response(paper_file(row, request.counter.merchant))


def paper_links(rows: list[SignedPaper]) -> list[tuple[str, str]]:
    """Each paper's word and id."""
    return [(str(WORDS[row.kind]), row.public_id) for row in rows]
