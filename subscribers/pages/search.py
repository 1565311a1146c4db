"""The search of every page: a subscriber by name, e-mail, phone, reference or card; a document by number."""

from __future__ import annotations

import re

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.permissions import Permission
from subscribers.models import Subscriber
from subscribers.pages.acts import routed
from subscribers.pages.listing import name_of
from subscribers.selectors import people

_NUMBER = re.compile(r"[A-Za-z0-9]{0,12}(?:[-/][A-Za-z0-9]{1,12}){1,4}")
LEAST, LEAST_TYPED = 2, 3
"""Fewer characters find everybody; while one types, answers begin where the trigram index does."""


@office_page(permission="see_subscribers")
def search(request: OfficeRequest) -> HttpResponse:
    """A page of answers, or to `HX-Request` the few that drop down under the field."""
    query = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    fragment = request.headers.get("HX-Request") == "true"
    least = LEAST_TYPED if fragment else LEAST
    rows = people.quick_search(query) if len(query) >= least else []
    document = _document(request, query)
    if document and not rows and not fragment:
        return redirect(document)
    context = {
        "query": query,
        "search_value": query,
        "answers": [
            {
                "name": name_of(row),
                "what": _what(row),
                "url": request.office.url("subscriber", subscriber=row.public_id),
            }
            for row in rows
        ],
        "document": document,
        "too_short": 0 < len(query) < least,
    }
    return office_render(request, "subscribers/answers.html" if fragment else "subscribers/search.html", context)


def _document(request: OfficeRequest, query: str) -> str:
    """The address that looks for a document of that number; empty where it cannot be one, or none may be seen."""
    if not request.office.may(Permission.see_documents) or not _NUMBER.fullmatch(query) or not re.search(r"\d", query):
        return ""
    return routed(request.office, "invoice-by-number", number=query)


def _what(row: Subscriber) -> str:
    """What tells people of one name apart."""
    shown = [row.email or row.phone, row.reference if row.name or row.company else ""]
    return " · ".join(part for part in shown if part) or _("subscriber")
