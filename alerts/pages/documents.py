"""An invoice's PDF behind the link of a letter: no log-in, signed, for a while."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from alerts.services.letters import DOCUMENT
from invoices.models import DocumentFile
from invoices.services import files
from merchants.links import check
from merchants.tenancy.scope import tenant


@require_safe
@never_cache
def document(request: HttpRequest, token: str) -> HttpResponseBase:
    """The PDF. A link that is not ours, has lapsed, or whose PDF is not printed yet answers 404; a store
    that does not answer, or has lost the file, 503 with when to ask again."""
    opened = check(DOCUMENT, token)
    if opened is None:
        raise Http404
    merchant_id, invoice_id = opened
    with tenant(merchant_id):
        file = (
            DocumentFile.objects.filter(invoice_id=invoice_id, format="pdf", made_at__isnull=False)
            .select_related("invoice")
            .first()
        )
    if file is None or file.invoice is None:
        raise Http404
    name = f"{(file.invoice.number or 'invoice').replace('/', '-')}.pdf"
    try:
        content = files.opened(file)
    except files.DocumentNotReady as refusal:
        wait = {"Retry-After": str(refusal.retry_after)}
        text = f"{refusal.say(gettext)} {refusal.say_way_out(gettext)}"
        return HttpResponse(text, status=503, content_type="text/plain; charset=utf-8", headers=wait)
    answer = FileResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = content_disposition_header(False, name) or "inline"
    answer["X-Robots-Tag"] = "noindex"
    return answer
