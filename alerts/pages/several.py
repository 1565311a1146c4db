"""Several alerts at once: those that are ticked, or all of one kind."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.utils.translation import get_language, ngettext
from django.views.decorators.http import require_POST

from alerts.models import Alert
from alerts.rules import DEFAULTS
from alerts.services import settling
from merchants.http.frame import OfficeRequest, office_page
from merchants.ids import read
from merchants.wording import number_text

MOST = 100
"""Ticked alerts taken at once: a page's worth."""


@require_POST
@office_page(permission="see_alerts", post="settle_alerts")
def several(request: OfficeRequest) -> HttpResponse:
    """POST `act=acknowledge|resolve` with `alert=alr_…` for each ticked one, or `act=resolve_kind` with `kind`."""
    act, kind, now = request.POST.get("act", ""), request.POST.get("kind", ""), request.office.now
    ids = _ticked(request)
    if act == "resolve_kind" and kind in DEFAULTS:
        count = settling.resolve_kind(kind, now=now)
    else:
        count = settling.acknowledge_all(ids, now=now) if act == "acknowledge" else settling.resolve_all(ids, now=now)
    shown = {"count": number_text(count, get_language() or "en")}
    if act == "acknowledge":
        told = ngettext("%(count)s noted: somebody is at it.", "%(count)s noted: somebody is at them.", count)
    else:
        told = ngettext("%(count)s is done with.", "%(count)s are done with.", count)
    messages.success(request, told % shown)
    kept = {name: value for name in ("view", "kind") if (value := request.POST.get(name))}
    where = request.office.url("alerts")
    return redirect(f"{where}?{urlencode(kept)}" if kept else where)


def _ticked(request: OfficeRequest) -> list[UUID]:
    """The alerts that are named; an id that is none of the merchant's is as good as none."""
    found = (read("alr", shown) for shown in request.POST.getlist("alert")[:MOST])
    return list(Alert.objects.filter(id__in=[id_ for id_ in found if id_]).values_list("id", flat=True))
