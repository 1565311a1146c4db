"""Which alerts come by e-mail: a table of kinds, with three ways of hearing of each."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from alerts.pages.alerts import tabs
from alerts.rules import Mail
from alerts.selectors.alert_names import NAMES
from alerts.services import choosing
from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.permissions import Permission


@office_page(permission="see_alerts", post="edit_settings")
def alert_mail(request: OfficeRequest) -> HttpResponse:
    """The rules; POST sets those that are given."""
    if request.method == "POST":
        wanted = {rule.kind: request.POST[rule.kind] for rule in choosing.rules() if rule.kind in request.POST}
        choosing.choose(wanted, now=request.office.now)
        messages.success(request, _("Saved. It holds for alerts from now on."))
        return redirect(request.office.url("alert_mail"))
    rows = [
        {"rule": rule, "name": str(NAMES[rule.kind]), "ways": [(way.value, way is rule.mail) for way in Mail]}
        for rule in choosing.rules()
    ]
    context = {
        "rows": rows,
        "views": tabs(),
        "view": "mail",
        "may_edit": request.office.may(Permission.edit_settings),
        "nav_current": "alerts",
    }
    return office_render(request, "alerts/mail.html", context)
