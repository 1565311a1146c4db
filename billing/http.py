"""A report to the administration as a file: what the API and the pages share."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.http import content_disposition_header


def report_response(content: bytes, media_type: str, name: str) -> HttpResponse:
    """A file that is saved, never shown: nothing in it is run."""
    answer = HttpResponse(content, content_type=media_type)
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
