"""How the documents of a legal entity look: a sample, which its settings link to."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from invoices.http import file_response
from invoices.pages.words import language
from invoices.pdf import render
from invoices.samples import sample
from invoices.selectors.paper_parties import account_of, issuer_of, paper_language
from invoices.services.files import Printed
from invoices.services.issuing import issuer
from merchants.http.frame import OfficeRequest, office_page
from merchants.http.references import find
from merchants.models import LegalEntity


@require_safe
@office_page(permission="see_settings")
def entity_sample(request: OfficeRequest, entity: str) -> HttpResponse:
    """A sample invoice of a company, as its documents look from now on; `?language=` is that of its reader."""
    office = request.office
    row = find(LegalEntity.objects.all(), entity)
    frozen = issuer(row, office.merchant)
    shown = issuer_of(frozen, office.merchant)
    paper = sample(
        shown,
        account=account_of(frozen, shown),
        footer=row.footer,
        contact=row.email or office.merchant.support_email,
        today=office.now.today,
        locale=paper_language(request.GET.get("language", language())),
    )
    # Translators: the name of a file
    name = pgettext("file", "sample-invoice")
    return file_response(Printed(name=f"{name}.pdf", content=render(paper)))
