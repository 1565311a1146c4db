"""An export's file behind its link: no log-in, signed, for some minutes, streamed from the store."""

from __future__ import annotations

import logging

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing.exports.forms import MEDIA_TYPES
from billing.flows.export_link import opened

SECONDS = 30
"""After which a file may be asked for again, where the store does not answer."""
log = logging.getLogger(__name__)


@require_safe
@never_cache
def export_file(request: HttpRequest, token: str) -> HttpResponseBase:
    """The file, to be saved. A link that is not ours or has lapsed answers 404, as does one whose file is gone; a
    store that does not answer 503."""
    row = opened(token)
    if row is None:
        raise Http404
    try:
        file = default_storage.open(row.path)
    except FileNotFoundError as missing:
        log.exception("the file of export %s is not in the store", row.pk)
        raise Http404 from missing
    except OSError:
        log.exception("the store of files does not answer")
        text = _("The store of files does not answer. Try again in a moment.")
        return HttpResponse(
            text, status=503, content_type="text/plain; charset=utf-8", headers={"Retry-After": SECONDS}
        )
    answer = FileResponse(file, content_type=MEDIA_TYPES[row.format])
    answer["Content-Length"] = str(row.size)
    answer["Content-Disposition"] = content_disposition_header(True, row.name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["X-Robots-Tag"] = "noindex"
    return answer
