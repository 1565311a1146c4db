"""What the dialogs of a subscription share: how they are shown, and how its offer is called."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import get_language

from merchants.http.frame import OfficeRequest, office_render
from merchants.languages import said_in
from subscribers.models import Gesture, Subscription


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
