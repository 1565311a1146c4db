"""What the dialogs of a subscription share: how they are shown, and how its offer is called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import TypeVar

from django.http import HttpResponse
from django.utils.translation import get_language

from merchants.http.frame import OfficeRequest, office_render, role_name
from merchants.languages import said_in
from merchants.refusals import Refusal
from merchants.templatetags.statuses import status_word
from merchants.wording import long_date_text
from subscribers.models import Gesture, Subscription

DAY = re.compile(r"\d{4}-\d\d-\d\d")


def show_dialog(
    request: OfficeRequest, template: str, row: Subscription, context: dict[str, object], *, status: int = 200
) -> HttpResponse:
    """The dialog for the page that asked for it, or on a page of its own where its address was opened."""
    if request.headers.get("HX-Request") == "true":
        return office_render(request, template, context, status=status)
    back = request.office.url("subscriber", subscriber=row.subscriber.public_id)
    return office_render(request, "billing/alone.html", {**context, "dialog": template, "back": back}, status=status)


def title_of(row: Subscription) -> str:
    """Its offer in the reader's language."""
    return said_in(row.offer_version.title, get_language() or "en") or row.offer_version.offer.reference


def who_of(row: Subscription | Gesture) -> str:
    """Whose it is."""
    who = row.subscriber
    return str(who.name or who.company or who.reference)


R = TypeVar("R", bound=Refusal)


def readable(refusal: R) -> R:
    """The same, its days as people write them its status and roles in words of theirs; so of each field."""
    refusal.params = _people_s(refusal.params)
    refusal.errors = [replace(error, params=_people_s(error.params)) for error in refusal.errors]
    return refusal


def _people_s(params: Mapping[str, object]) -> dict[str, object]:
    said, language = dict(params), get_language() or "en"
    for name, value in params.items():
        if isinstance(value, str) and DAY.fullmatch(value):
            said[name] = long_date_text(date.fromisoformat(value), language)
    if "status" in said:
        word = status_word("subscription", str(said["status"]))
        said["status"] = word[:1].lower() + word[1:]
    if "who" in said:
        said["who"] = ", ".join(role_name(role) for role in str(said["who"]).split(", ") if role)
    return said
