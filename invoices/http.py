"""A printed document or its XML as a response: what the API and the pages share."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from invoices.services.files import Printed

PDF_POLICY = "frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
"""A PDF's own content security policy: ours for pages forbids plugins, by which browsers show it."""


XML_POLICY = "default-src 'none'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'; sandbox"


def file_response(found: Printed, *, attached: bool = False) -> HttpResponse:
    """A document's file: shown in the browser, or saved under its number where `attached`."""
    answer = HttpResponse(found.content, content_type=found.media_type)
    answer["Content-Disposition"] = content_disposition_header(attached, found.name) or "inline"
    answer["Content-Security-Policy"] = PDF_POLICY if found.media_type == "application/pdf" else XML_POLICY
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
