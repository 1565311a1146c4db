"""Subscribers moved to the current version of their offer, in the office: who has which, seen, begun, watched,
cancelled."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.flows import campaigns
from billing.models import Campaign, CampaignMember
from billing.pages.campaign_forms import MoveForm
from billing.pages.dialogs import who_of
from billing.readable import readable
from billing.selectors.campaign_answers import STATES, campaigns_shown, with_state
from billing.tasks import carry_campaign_on_soon
from merchants import ids
from merchants.http import cursors
from merchants.http.frame import OfficeRequest, beside, office_page, office_render, put_beside
from merchants.http.references import find
from merchants.languages import said_in
from merchants.models import Offer, OfferVersion, Site
from merchants.money import round_ratio
from merchants.permissions import Permission
from merchants.refusals import Conflict, Invalid, Refusal
from merchants.wording import long_date_text

PAGE = 50
MOST = 200
"""Campaigns, sites or versions that a page lists."""
Status = Campaign.Status
MOVING = (Status.PLANNING, Status.CANCELLING)


@require_safe
@office_page(permission="see_catalogue")
def offer_versions(request: OfficeRequest, offer: str) -> HttpResponse:
    """The versions of an offer with how many subscriptions each has: a fragment of the offer's page, or a page."""
    row = find(Offer.objects.all(), offer)
    held = campaigns.held(row)
    versions = list(OfferVersion.objects.filter(offer=row).select_related("site").order_by("-number"))
    newest = next(one for one in versions if one.site_id is None)
    general = {one.number for one in versions if one.site_id is None} - {newest.number}
    older = sum(count for number, count in held.items() if number in general)
    context = {
        **_of(request, row, newest),
        "versions": [{"row": one, "held": held.get(one.number, 0)} for one in versions],
        "older": older,
        "new_url": request.office.url("campaign-new", offer=offer) if older and _may(request) else "",
        "is_fragment": bool(request.headers.get("HX-Request")),
    }
    whole = "billing/offer_versions_page.html"
    return office_render(request, "billing/offer_versions.html" if context["is_fragment"] else whole, context)


@require_safe
@office_page(permission="see_catalogue")
def campaign_list(request: OfficeRequest, offer: str) -> HttpResponse:
    """The campaigns of an offer, newest first."""
    row = find(Offer.objects.all(), offer)
    rows = list(Campaign.objects.filter(offer=row).select_related("to_version").order_by("-id")[:MOST])
    shown = campaigns_shown(rows)
    version = _current(row)
    held = campaigns.held(row)
    older = any(number != version.number for number in held)
    context = {
        **_of(request, row, version),
        "lines": [
            {"row": one, "counts": said["counts"], "url": _url(request, one)}
            for one, said in zip(rows, shown, strict=True)
        ],
        "new_url": request.office.url("campaign-new", offer=offer) if older and _may(request) else "",
    }
    return office_render(request, "billing/campaigns.html", context)


@office_page(permission="edit_catalogue")
def campaign_new(request: OfficeRequest, offer: str) -> HttpResponse:
    """The form; with its fields in the address, who would move and what that changes; POST begins it."""
    office = request.office
    row = find(Offer.objects.all(), offer)
    version = _current(row)
    form = _form(request, row, version, request.POST if request.method == "POST" else request.GET or None)
    context: dict[str, object] = {**_of(request, row, version), "form": form}
    status = 200
    if request.method == "POST":
        begun = None
        if form.is_valid():
            with beside(form, form.places()):
                try:
                    begun = campaigns.begin(
                        merchant_id=office.merchant.pk,
                        moving=form.moving(),
                        actor=office.actor,
                        campaign_id=ids.read("cam", request.POST.get("once", "")),
                    )
                except Refusal as refusal:
                    raise _said(refusal) from refusal
        if begun is not None and form.is_valid():
            carry_campaign_on_soon(office.merchant.pk, begun.pk)
            messages.success(request, _("It is being announced. This page can be left: it goes on by itself."))
            return redirect(_url(request, begun))
        status = 422
    elif form.is_bound:
        if form.is_valid():
            _foresee(request, form, context)
        status = 200 if form.is_valid() else 422
    return office_render(request, "billing/campaign_new.html", context, status=status)


def _foresee(request: OfficeRequest, form: MoveForm, context: dict[str, object]) -> None:
    """Who would move and what that changes; where it cannot be, why, beside the field."""
    office = request.office
    try:
        seen = campaigns.foresee(merchant_id=office.merchant.pk, moving=form.moving())
    except (Invalid, Conflict) as refusal:
        put_beside(form, _said(refusal), form.places())
        return
    before, after = round_ratio(seen.yearly_before, 12), round_ratio(seen.yearly_after, 12)
    context |= {
        "seen": seen,
        "once": ids.show("cam", ids.new_id()),
        "before": before,
        "after": after,
        "difference": after - before,
        "left_out": [
            {"why": _(detail), "count": count, "first": [_person(request, one) for one in seen.left_first[code]]}
            for code, (detail, count) in seen.left_out.items()
        ],
        "sample": [{**_person(request, one), "move": found, "currency": one.currency} for one, found in seen.sample],
        "sent": [(name, value) for name, values in request.GET.lists() for value in values if name in form.fields],
    }


def _form(request: OfficeRequest, row: Offer, version: OfferVersion, data: QueryDict | None) -> MoveForm:
    held = campaigns.held(row)
    numbers = OfferVersion.objects.filter(offer=row).exclude(pk=version.pk).order_by("-number")
    older = [number for number in numbers.values_list("number", flat=True) if held.get(number)][:MOST]
    return MoveForm(
        data,
        offer=row,
        to=version.number,
        versions=[(number, _held_words(number, held[number])) for number in older],
        sites=list(Site.objects.order_by("name")[:MOST]),
    )


def _held_words(number: int, count: int) -> str:
    said = ngettext("Version %(number)s: %(count)s subscription", "Version %(number)s: %(count)s subscriptions", count)
    return said % {"number": number, "count": count}


@require_safe
@office_page(permission="see_catalogue")
def campaign(request: OfficeRequest, offer: str, campaign: str) -> HttpResponse:
    """One campaign: how far it has come, what was foreseen, and each of its members."""
    row = _find(offer, campaign)
    members = with_state(CampaignMember.objects.filter(campaign=row)).select_related("subscription__subscriber")
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    if state:
        members = members.filter(state=state)
    try:
        page = cursors.page(members, cursor=request.GET.get("cursor") or None, limit=PAGE)
    except Invalid:  # a cursor of another list: from the beginning
        page = cursors.page(members, cursor=None, limit=PAGE)
    wanted = {UUID(id_) for id_ in row.population.get("sites", ())}
    before, after = (round_ratio(row.foreseen[name], 12) for name in ("yearly_before", "yearly_after"))
    context = {
        **_of(request, row.offer, row.to_version),
        **_progress(request, row),
        "before": before,
        "after": after,
        "difference": after - before,
        "currency": row.to_version.currency,
        "sites": list(Site.objects.filter(id__in=wanted).order_by("name").values_list("name", flat=True)),
        "members": [
            {**_person(request, one.subscription), "row": one, "why": _(one.detail) if one.detail else ""}
            for one in page.rows
        ],
        "next_cursor": page.next_cursor,
        "chosen": state,
        "states": STATES,
        "cancel_url": request.office.url("campaign-cancel", offer=offer, campaign=campaign)
        if _may(request) and row.status in (Status.PLANNING, Status.ANNOUNCED)
        else "",
    }
    return office_render(request, "billing/campaign.html", context)


@require_safe
@office_page(permission="see_catalogue")
def campaign_progress(request: OfficeRequest, offer: str, campaign: str) -> HttpResponse:
    """How far it has come: a fragment that asks for itself again until it is over, then for the page."""
    row = _find(offer, campaign)
    answer = office_render(request, "billing/campaign_progress.html", _progress(request, row))
    if row.status not in MOVING:
        answer["HX-Refresh"] = "true"  # it is over: the whole page tells
    return answer


@office_page(permission="edit_catalogue")
def campaign_cancel(request: OfficeRequest, offer: str, campaign: str) -> HttpResponse:
    """The dialog that cancels a campaign; POST does it, and a worker takes planned moves back."""
    office = request.office
    row = _find(offer, campaign)
    if request.method == "POST":
        campaigns.cancel(merchant_id=office.merchant.pk, campaign_id=row.pk, actor=office.actor)
        carry_campaign_on_soon(office.merchant.pk, row.pk)
        messages.success(request, _("It is being cancelled. This page can be left: it goes on by itself."))
        return redirect(_url(request, row))
    context: dict[str, object] = {
        **_progress(request, row),
        "title": _("Cancel the campaign"),
        "action": office.url("campaign-cancel", offer=offer, campaign=campaign),
        "dialog": "billing/campaign_cancel.html",
        "back": _url(request, row),
    }
    is_fragment = request.headers.get("HX-Request") == "true"
    return office_render(request, "billing/campaign_cancel.html" if is_fragment else "billing/alone.html", context)


def _find(offer: str, campaign: str) -> Campaign:
    rows = Campaign.objects.filter(offer=find(Offer.objects.all(), offer))
    return find(rows.select_related("to_version", "offer"), campaign)


def _current(row: Offer) -> OfferVersion:
    return OfferVersion.objects.filter(offer=row, site=None).latest("number")


def _may(request: OfficeRequest) -> bool:
    return request.office.may(Permission.edit_catalogue)


def _url(request: OfficeRequest, row: Campaign) -> str:
    return request.office.url("campaign", offer=ids.show("off", row.offer_id), campaign=row.public_id)


def _of(request: OfficeRequest, row: Offer, version: OfferVersion) -> dict[str, Any]:
    """What every page here says of its offer."""
    office = request.office
    return {
        "offer": row,
        "version": version,
        "title": said_in(version.title, get_language() or "en") or row.reference,
        "offer_url": office.url("offer", offer=row.public_id),
        "list_url": office.url("campaigns", offer=row.public_id),
    }


def _person(request: OfficeRequest, row: Any) -> dict[str, Any]:
    url = request.office.url("subscriber", subscriber=row.subscriber.public_id)
    return {"who": who_of(row), "url": url}


def _progress(request: OfficeRequest, row: Campaign) -> dict[str, Any]:
    counts = campaigns_shown([row])[0]["counts"]
    total = sum((counts["waiting"], counts["scheduled"], counts["moved"], counts["left"], counts["skipped"]))
    done = total - (counts["scheduled"] if row.status == Status.CANCELLING else counts["waiting"])
    shown = (
        (_("Waiting"), counts["waiting"]),
        (_("Planned moves"), counts["scheduled"]),
        (_("Already moved"), counts["moved"]),
        (_("Left or chose otherwise"), counts["left"]),
        (_("Left out"), counts["skipped"]),
    )
    return {
        "campaign": row,
        "is_moving": row.status in MOVING,
        "counts": counts,
        "total": total,
        "done": done,
        "share": done / total if total else 1,
        "progress_url": request.office.url(
            "campaign-progress", offer=ids.show("off", row.offer_id), campaign=row.public_id
        ),
        "measures": [{"name": name, "text": str(count)} for name, count in shown if count][:4],
    }


def _said(refusal: Refusal) -> Refusal:
    """The same, its days as people write them."""
    if isinstance(refusal, Conflict):
        return readable(refusal)
    for at, error in enumerate(refusal.errors):
        if "first" in error.params:
            day = long_date_text(date.fromisoformat(str(error.params["first"])), get_language() or "en")
            refusal.errors[at] = replace(error, params={**error.params, "first": day})
    return refusal
