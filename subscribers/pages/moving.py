"""Another site looks after a subscriber: a dialog on their page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from merchants.http.frame import OfficeRequest, beside, office_page
from merchants.models import Site
from merchants.selectors.clocks import now_for
from subscribers.models import Subscriber
from subscribers.pages.listing import name_of
from subscribers.pages.overriding import dialog
from subscribers.pages.page import found
from subscribers.services import moving


class MoveForm(forms.Form):
    """Where to, and why."""

    site = forms.ChoiceField(label=lazy("Site"))
    reason = forms.CharField(
        label=lazy("Reason"), max_length=400, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, subscriber: Subscriber, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Site.objects.filter(closed_at=None).order_by("name", "id")
        self.sites = {row.public_id: row for row in rows if row.pk != subscriber.site_id}
        field = self.fields["site"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "—"), *((key, row.name) for key, row in self.sites.items())]


@office_page(permission="see_subscribers", post="edit_subscribers")
def subscriber_move(request: OfficeRequest, subscriber: str) -> HttpResponse:
    """The dialog; POST moves them with the subscriptions that have not ended."""
    office, row = request.office, found(subscriber)
    form = MoveForm(request.POST if request.method == "POST" else None, subscriber=row)
    if request.method == "POST" and form.is_valid():
        site = form.sites[form.cleaned_data["site"]]
        with beside(form):
            now = now_for(office.merchant, row.test_clock_id)
            moving.move(row.pk, site, reason=form.cleaned_data["reason"], actor=office.actor, now=now)
        if form.is_valid():
            messages.success(request, _("%(site)s looks after them from now on.") % {"site": site.name})
            return redirect(office.url("subscriber", subscriber=subscriber))
    context = {
        "action": office.url("subscriber_move", subscriber=subscriber),
        "title": _("Move to another site"),
        "name": name_of(row),
        "form": form,
        "may_do": office.may("edit_subscribers"),
        "here": Site.objects.filter(id=row.site_id).first() if row.site_id else None,
    }
    return dialog(request, "subscribers/move.html", row, context, status=422 if request.method == "POST" else 200)
