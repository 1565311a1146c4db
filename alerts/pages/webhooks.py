"""Webhooks in the office: endpoints, their secrets (shown once), their deliveries, and what one does about them."""

from __future__ import annotations

import json
import re
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from alerts import envelope
from alerts.models import Delivery, WebhookEndpoint
from alerts.selectors.shapes import endpoint_status
from alerts.services import endpoints
from alerts.services.claims import personal_values, told
from merchants.http import cursors
from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.http.references import find
from merchants.models import Event
from merchants.permissions import Permission

STATES = {"waiting", "delivered", "failed"}


class EndpointForm(forms.Form):
    """Where to, and which events."""

    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        help_text=gettext_lazy("On your site: it gets each event as a signed POST."),
    )
    description = forms.CharField(label=gettext_lazy("Note"), max_length=200, required=False)
    events = forms.MultipleChoiceField(
        label=gettext_lazy("Events"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(kind, kind) for kind in (*endpoints.FAMILIES, *endpoints.KINDS)],
        help_text=gettext_lazy("None ticked: all of them."),
    )


def breakable(url: str) -> SafeString:
    """An address that may be broken into lines after its signs: a phone is narrower than most.

    >>> breakable("https://shop.example/<in>")
    'https:/<wbr>/<wbr>shop.<wbr>example/<wbr>&lt;in&gt;'
    """
    return format_html_join("", "{}{}", ((part, mark_safe("<wbr>") if part in "/.-" else "") for part in _parts(url)))


def _parts(url: str) -> list[str]:
    return [part for part in re.split(r"([/.\-])", url) if part]


def _list(request: OfficeRequest, form: EndpointForm, *, made: Any = None, status: int = 200) -> HttpResponse:
    rows = endpoints.kept().order_by("-id")
    context = {
        "rows": [
            {"endpoint": row, "status": endpoint_status(row), "breakable_url": breakable(row.url)} for row in rows
        ],
        "form": form,
        "made": made,
        "may_edit": request.office.may(Permission.edit_developers),
        "nav_current": "developers",
    }
    return office_render(request, "alerts/webhooks.html", context, status=status)


@office_page(permission="see_developers", post="edit_developers")
def webhooks(request: OfficeRequest) -> HttpResponse:
    """All endpoints; POST makes one and shows its secret, in this answer and never again."""
    if request.method != "POST":
        return _list(request, EndpointForm())
    form = EndpointForm(request.POST)
    if form.is_valid():
        made = None
        with beside(form):
            endpoint, secret = endpoints.create(
                **form.cleaned_data, merchant=request.office.merchant, now=request.office.now
            )
            made = {"endpoint": endpoint, "secret": secret}
        if made is not None:
            return _list(request, EndpointForm(), made=made)
    return _list(request, form, status=422)


def _one(
    request: OfficeRequest,
    endpoint: WebhookEndpoint,
    form: EndpointForm | None = None,
    *,
    secret: str = "",
    status: int = 200,
) -> HttpResponse:
    rows = Delivery.objects.filter(endpoint=endpoint).select_related("event")
    state = request.GET.get("status", "")
    if state in STATES:
        rows = rows.filter(status=state)
    found = cursors.page(rows, cursor=request.GET.get("cursor"), limit=cursors.LIMIT)
    known = {"url": endpoint.url, "description": endpoint.description, "events": endpoint.events}
    context = {
        "endpoint": endpoint,
        "breakable_url": breakable(endpoint.url),
        "status": endpoint_status(endpoint),
        "deliveries": [{"row": row, "status": delivery_status(row)} for row in found.rows],
        "next_cursor": found.next_cursor,
        "state": state if state in STATES else "",
        "waiting": Delivery.objects.filter(endpoint=endpoint, status=Delivery.Status.WAITING).count(),
        "given_up": Delivery.objects.filter(endpoint=endpoint, status=Delivery.Status.FAILED).count(),
        "form": form or EndpointForm(initial=known),
        "secret": secret,
        "may_edit": request.office.may(Permission.edit_developers) and endpoint.deleted_at is None,
        "nav_current": "developers",
    }
    return office_render(request, "alerts/webhook.html", context, status=status)


def delivery_status(delivery: Delivery) -> str:
    """The word of a delivery's state: one that waits after a failed try is being tried again.

    >>> delivery_status(Delivery(status="waiting", tries=0)), delivery_status(Delivery(status="waiting", tries=2))
    ('waiting', 'retrying')
    """
    if delivery.status == Delivery.Status.WAITING:
        return "retrying" if delivery.tries else "waiting"
    return str(delivery.status)


@office_page(permission="see_developers", post="edit_developers")
def webhook(request: OfficeRequest, webhook_endpoint: str) -> HttpResponse:
    """One endpoint with its deliveries; POST changes it."""
    if request.method != "POST":
        return _one(request, find(WebhookEndpoint.objects.all(), webhook_endpoint))
    endpoint = find(endpoints.kept(), webhook_endpoint)
    form = EndpointForm(request.POST)
    if form.is_valid():
        with beside(form):
            endpoints.revise(endpoint, form.cleaned_data, merchant=request.office.merchant)
            messages.success(request, _("Saved."))
        if form.is_valid():
            return redirect(request.office.url("webhook", webhook_endpoint=endpoint.public_id))
        endpoint.refresh_from_db()
    return _one(request, endpoint, form, status=422)


@require_POST
@office_page(permission="see_developers", post="edit_developers")
def webhook_roll(request: OfficeRequest, webhook_endpoint: str) -> HttpResponse:
    """A new secret, shown in this answer and never again; the old one signs beside it for a day."""
    endpoint = find(endpoints.kept(), webhook_endpoint)
    return _one(request, endpoint, secret=endpoints.roll(endpoint))


@require_POST
@office_page(permission="see_developers", post="edit_developers")
def webhook_test(request: OfficeRequest, webhook_endpoint: str) -> HttpResponse:
    """Send a test event to this endpoint."""
    endpoint = find(endpoints.kept(), webhook_endpoint)
    endpoints.test(endpoint, actor=request.office.actor, now=request.office.now)
    messages.success(request, _("A test is on its way: it appears among the deliveries within seconds."))
    return redirect(request.office.url("webhook", webhook_endpoint=endpoint.public_id))


@require_POST
@office_page(permission="see_developers", post="edit_developers")
def webhook_switch(request: OfficeRequest, webhook_endpoint: str) -> HttpResponse:
    """Switch it off, or on again."""
    endpoint = find(endpoints.kept(), webhook_endpoint)
    enabled = endpoint.disabled_at is not None
    endpoints.revise(endpoint, {"enabled": enabled}, merchant=request.office.merchant)
    messages.success(request, _("It is on; what waited is sent first.") if enabled else _("It is off."))
    return redirect(request.office.url("webhook", webhook_endpoint=endpoint.public_id))


@require_POST
@office_page(permission="see_developers", post="edit_developers")
def webhook_replay(request: OfficeRequest, webhook_endpoint: str) -> HttpResponse:
    """Send again all that was given up."""
    endpoint = find(endpoints.kept(), webhook_endpoint)
    count = endpoints.replay(endpoint)
    words = ngettext("%(count)s delivery is sent again.", "%(count)s deliveries are sent again.", count)
    messages.success(request, words % {"count": count})
    return redirect(request.office.url("webhook", webhook_endpoint=endpoint.public_id))


@require_POST
@office_page(permission="see_developers", post="edit_developers")
def webhook_delete(request: OfficeRequest, webhook_endpoint: str) -> HttpResponse:
    """Delete it; what waits for it is given up."""
    endpoints.delete(find(endpoints.kept(), webhook_endpoint))
    messages.success(request, _("The endpoint is deleted."))
    return redirect(request.office.url("webhooks"))


@require_safe
@office_page(permission="see_developers")
def webhook_delivery(request: OfficeRequest, delivery: str) -> HttpResponse:
    """One delivery: what is sent, and what was answered last."""
    row = find(Delivery.objects.select_related("endpoint", "event"), delivery)
    event: Event = row.event
    seen = told(event)
    # Personal values are for who may see subscribers; a developer sees where they stand.
    values = personal_values([seen]) if request.office.may(Permission.see_subscribers) else {}
    context = {
        "row": row,
        "endpoint": row.endpoint,
        "breakable_url": breakable(row.endpoint.url),
        "event": event,
        "status": delivery_status(row),
        "body": json.dumps(envelope.shape(seen, values), ensure_ascii=False, indent=2),
        "may_edit": request.office.may(Permission.edit_developers)
        and row.endpoint.deleted_at is None
        and row.endpoint.disabled_at is None,
        "nav_current": "developers",
    }
    return office_render(request, "alerts/webhook_delivery.html", context)


@require_POST
@office_page(permission="see_developers", post="edit_developers")
def webhook_delivery_retry(request: OfficeRequest, delivery: str) -> HttpResponse:
    """Send it again now."""
    row = endpoints.retry(find(Delivery.objects.all(), delivery))
    messages.success(request, _("It is sent again, with the same webhook-id."))
    return redirect(request.office.url("webhook_delivery", delivery=row.public_id))
