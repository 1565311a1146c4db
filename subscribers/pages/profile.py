"""Enrolling somebody, and changing what is known of them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.refusals import NotFound
from merchants.selectors.clocks import now_for
from subscribers.pages.forms import ADDRESS, ProfileForm
from subscribers.pages.listing import name_of
from subscribers.pages.page import found
from subscribers.services import belonging, enrolment


@office_page(permission="edit_subscribers")
def subscriber_new(request: OfficeRequest) -> HttpResponse:
    """A new subscriber."""
    office = request.office
    form = ProfileForm(request.POST or None, initial={"locale": office.merchant.locale})
    if request.method == "POST" and form.is_valid():
        row = None
        with beside(form):
            row = enrolment.enrol(
                form.columns,
                merchant=office.merchant,
                actor=office.actor,
                now=office.now,
                site_id=form.site_id,
            )
        if row is not None and form.is_valid():
            messages.success(request, _("%(name)s is enrolled.") % {"name": name_of(row)})
            return redirect(office.url("subscriber", subscriber=row.public_id))
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "address": ADDRESS, "back_url": office.url("subscribers")}
    return office_render(request, "subscribers/form.html", context, status=status)


@office_page(permission="edit_subscribers")
def subscriber_edit(request: OfficeRequest, subscriber: str) -> HttpResponse:
    """Change the profile; what changed is kept in the history with what stood before."""
    office, row = request.office, found(subscriber)
    if row.erased_at is not None:
        raise NotFound
    form = ProfileForm(request.POST, moves=False) if request.method == "POST" else ProfileForm.of(row)
    if request.method == "POST" and form.is_valid():
        with beside(form):
            row = belonging.lock([row.pk])[row.pk]
            now = now_for(office.merchant, row.test_clock_id)
            enrolment.revise(row, form.columns, actor=office.actor, now=now)
        if form.is_valid():
            messages.success(request, _("The profile is saved."))
            return redirect(office.url("subscriber", subscriber=subscriber))
    context = {
        "form": form,
        "address": ADDRESS,
        "row": row,
        "name": name_of(row),
        "back_url": office.url("subscriber", subscriber=subscriber),
    }
    return office_render(request, "subscribers/form.html", context, status=422 if request.method == "POST" else 200)
