"""The uses of a quota: a dialog on a subscriber's page that lists them, and takes one back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from merchants.http.frame import OfficeRequest, office_page
from merchants.selectors.clocks import now_for
from subscribers.models import Consumption
from subscribers.pages.features import value_of
from subscribers.pages.listing import name_of
from subscribers.pages.overriding import dialog, feature_of, title_of
from subscribers.pages.page import found
from subscribers.selectors.rights import held
from subscribers.services import consuming

SHOWN = 20
"""Of all uses, so many newest are shown; the API lists all."""


@office_page(permission="see_subscribers", post="edit_subscribers")
def subscriber_feature_uses(request: OfficeRequest, subscriber: str, feature: str) -> HttpResponse:
    """The newest uses; POST with a `key` takes that one back."""
    office, row, wanted = request.office, found(subscriber), feature_of(feature)
    now = now_for(office.merchant, row.test_clock_id)
    if request.method == "POST":
        key, why = request.POST.get("key", ""), request.POST.get("reason", "").strip()[:200]
        consuming.undo(row, wanted, key=key, reason=why, actor=office.actor, now=now)
        messages.success(request, _("The use is taken back."))
        return redirect(office.url("subscriber", subscriber=subscriber))
    counted = Consumption.objects.filter(subscriber=row, feature=wanted, undoes=None)
    uses = list(counted.order_by("-id")[: SHOWN + 1])
    undone = {one.undoes_id: one for one in Consumption.objects.filter(undoes__in=[use.pk for use in uses])}
    right = held(row.pk, now, feature_id=wanted.pk).rights.get(wanted.reference)
    context = {
        "title": title_of(wanted),
        "name": name_of(row),
        "action": office.url("subscriber_feature_uses", subscriber=subscriber, feature=feature),
        "today": now.today,
        "right": right,
        "value": value_of(right) if right else "",
        "last_day": right.period.last_day if right and right.period else None,
        "uses": [{"row": use, "undone": undone.get(use.pk)} for use in uses[:SHOWN]],
        "more": len(uses) > SHOWN,
        "may_do": office.may("edit_subscribers"),
    }
    return dialog(request, "subscribers/uses.html", row, context)
