"""A printed document as a response: what the API and the pages share."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from invoices.services.files import Printed

POLICY = "frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
"""A PDF's own content security policy: ours for pages forbids plugins, by which browsers show it."""


def pdf_response(found: Printed, *, attached: bool = False) -> HttpResponse:
    """A PDF: shown in the browser, or saved under its number where `attached`."""
    answer = HttpResponse(found.content, content_type="application/pdf")
    answer["Content-Disposition"] = content_disposition_header(attached, found.name) or "inline"
    answer["Content-Security-Policy"] = POLICY
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
