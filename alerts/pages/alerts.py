"""Alerts in the office: the list, what one does with each, and the fragment of the home page."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from alerts.models import Alert
from alerts.rules import DEFAULTS
from alerts.selectors.alert_names import NAMES
from alerts.selectors.needs import grouped, needs
from alerts.services import settling
from merchants.http import cursors
from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.http.references import find
from merchants.permissions import Permission
from subscribers.selectors import people

VIEWS: Mapping[str, tuple[Q, Promise]] = {
    "open": (Q(resolved_at=None), pgettext_lazy("alert", "Open")),
    "acknowledged": (Q(resolved_at=None, acknowledged_at__isnull=False), gettext_lazy("Somebody is at it")),
    "resolved": (Q(resolved_at__isnull=False), gettext_lazy("Resolved")),
}
ON_HOME = 200
"""Alerts that the home page looks at; it shows at most SHOWN lines."""
SHOWN = 6


def tabs() -> list[tuple[str, Promise]]:
    """The views and their names."""
    return [(name, words) for name, (_q, words) in VIEWS.items()]


@require_safe
@office_page(permission="see_alerts")
def alerts(request: OfficeRequest) -> HttpResponse:
    """What waits for someone, newest first; or what is done with: `?view=open&kind=card_expiring`."""
    office = request.office
    view = request.GET.get("view", "")
    view = view if view in VIEWS else "open"
    kind = request.GET.get("kind", "")
    kind = kind if kind in NAMES else ""
    listed: QuerySet[Alert] = people.of_shown_people(Alert.objects.filter(VIEWS[view][0]))
    counts = dict(listed.values_list("kind").annotate(count=Count("id")).order_by())
    rows = listed.filter(kind=kind) if kind else listed
    found = cursors.page(rows, cursor=request.GET.get("cursor"), limit=cursors.LIMIT)
    context = {
        "needs": needs(found.rows, merchant=office.merchant.public_id, language=get_language() or "en"),
        "view": view,
        "views": tabs(),
        "kind": kind,
        "kinds": [(one, str(NAMES[one]), counts.get(one, 0)) for one in DEFAULTS if counts.get(one) or one == kind],
        "count": counts.get(kind, 0) if kind else sum(counts.values()),
        "next_cursor": found.next_cursor,
        "may_settle": office.may(Permission.settle_alerts),
    }
    return office_render(request, "alerts/alerts.html", context)


@require_POST
@office_page(permission="see_alerts", post="settle_alerts")
def acknowledge(request: OfficeRequest, alert: str) -> HttpResponse:
    """Somebody is at it."""
    settling.acknowledge(find(Alert.objects.select_for_update(), alert), now=request.office.now)
    messages.success(request, _("Noted: somebody is at it."))
    return redirect(request.office.url("alerts"))


@require_POST
@office_page(permission="see_alerts", post="settle_alerts")
def resolve(request: OfficeRequest, alert: str) -> HttpResponse:
    """It is done with."""
    settling.resolve(find(Alert.objects.select_for_update(), alert), now=request.office.now)
    messages.success(request, _("Done with. It stands under “Resolved”."))
    return redirect(request.office.url("alerts"))


@require_safe
@office_page(permission="see_office")
def home_alerts(request: OfficeRequest) -> HttpResponse:
    """The part of the home page that says what needs someone today; nothing for who may not see alerts."""
    office = request.office
    if not office.may(Permission.see_alerts):
        return HttpResponse()
    waiting = people.of_shown_people(Alert.objects.filter(resolved_at=None, acknowledged_at=None))
    waiting = waiting.exclude(severity=Alert.Severity.INFO)
    rows = list(waiting.order_by("severity", "-id")[:ON_HOME])
    told = grouped(rows, merchant=office.merchant.public_id, language=get_language() or "en")
    return office_render(request, "alerts/home_alerts.html", {"needs": told[:SHOWN], "more": len(told) > SHOWN})
