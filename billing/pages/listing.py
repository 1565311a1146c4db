"""The list of subscriptions: views by state, one filter by offer, pages by keyset, a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpResponse, QueryDict
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy

from merchants import ids
from merchants.http import cursors
from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.languages import said_in
from merchants.models import Offer
from merchants.refusals import Invalid
from subscribers.models import Subscription
from subscribers.selectors.names import offers_to_choose

PAGE = 50
Status = Subscription.Status
LIVE = (Status.TRIALING, Status.ACTIVE, Status.SUSPENDED)
VIEWS: Mapping[str, tuple[Promise, Q]] = {
    "live": (gettext_lazy("Running"), Q(status__in=LIVE)),
    "trial": (gettext_lazy("Free stage"), Q(status=Status.TRIALING)),
    "ending": (gettext_lazy("Leaving"), Q(status__in=LIVE, service_ends_on__isnull=False)),
    "unpaid": (gettext_lazy("Unpaid"), Q(status__in=LIVE, payment_state__in=("retrying", "overdue"))),
    "ended": (gettext_lazy("Over"), Q(status=Status.ENDED) & ~Q(end_reason="not_paid")),
    "incomplete": (gettext_lazy("Not paid yet"), Q(status=Status.INCOMPLETE)),
}
"""Views, as what a subscription must be. A purchase that lapsed unpaid is in none of them."""


@office_page(permission="see_subscribers")
def subscriptions(request: OfficeRequest) -> HttpResponse:
    """The list, newest first."""
    view = request.GET.get("view", "")
    view = view if view in VIEWS else "live"
    offer_id = ids.read("off", request.GET.get("offer", ""))
    offer = Offer.objects.filter(id=offer_id).first() if offer_id else None
    rows = Subscription.objects.filter(VIEWS[view][1]).filter(Q(test_clock=None) | Q(test_clock__deleted_at=None))
    if offer is not None:
        rows = rows.filter(offer_version__offer=offer)
    rows = rows.select_related("subscriber", "offer_version")
    try:
        page = cursors.page(rows, cursor=request.GET.get("cursor") or None, limit=PAGE)
    except Invalid:  # a cursor of another list: from the beginning
        page = cursors.page(rows, cursor=None, limit=PAGE)
    language = get_language() or "en"
    context = {
        "tabs": [_tab(request.GET, key, words, key == view) for key, (words, _rule) in VIEWS.items()],
        "view": view,
        "offers": offers_to_choose(language),
        "offer": offer,
        "rows": _shown(request, page.rows, language),
        "next_cursor": page.next_cursor,
        "none_at_all": not page.rows and view == "live" and offer is None and not Subscription.objects.exists(),
    }
    return office_render(request, "billing/subscriptions.html", context)


def _tab(query: QueryDict, key: str, words: Promise, current: bool) -> dict[str, Any]:
    kept = query.copy()
    kept.pop("cursor", None)
    kept["view"] = key
    return {"words": str(words), "url": f"?{kept.urlencode()}", "current": current}


def _shown(request: OfficeRequest, rows: Sequence[Subscription], language: str) -> list[dict[str, Any]]:
    """Each row as its line says it."""
    return [
        {
            "row": row,
            "name": row.subscriber.name or row.subscriber.company or row.subscriber.reference,
            "note": row.reference or row.subscriber.email,
            "url": request.office.url("subscriber", subscriber=row.subscriber.public_id),
            "offer": said_in(row.offer_version.title, language),
            "last_day": row.service_ends_on - timedelta(days=1) if row.service_ends_on else None,
            "next": _next(row),
        }
        for row in rows
    ]


def _next(row: Subscription) -> Any:
    """The day of the next charge, where there is one."""
    over = row.billing_ends_on or row.service_ends_on
    day = row.current_period_end
    return day if row.status in LIVE and day and (over is None or over > day) else None
