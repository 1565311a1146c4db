"""Sites (salons): the list, one site with its tablets and its counter's staff, and the acts on them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from merchants.http.frame import OfficeRequest, beside, office_page, office_render, role_name
from merchants.http.references import find
from merchants.models import Device, Membership, Site
from merchants.pages.site_forms import DeviceForm, HireForm, NewSiteForm, SharingForm, SiteForm
from merchants.permissions import Permission, manages
from merchants.refusals import Forbidden, Invalid
from merchants.services import devices, entities, people, pins, site_staff
from merchants.services.merchants import update_merchant


@office_page(permission=Permission.manage_counter)
def sites(request: OfficeRequest) -> HttpResponse:
    """All sites with their tablets; POST adds one."""
    office = request.office
    form = NewSiteForm(request.POST or None)
    if form.is_valid():
        with beside(form):
            made = entities.create_site(**form.cleaned_data, actor=office.actor, now=office.now)
        if form.is_valid():
            return redirect(office.url("site", site=made.public_id))
    return _all(request, form, SharingForm(initial=SharingForm.standing(office.merchant)))


def _all(request: OfficeRequest, form: NewSiteForm, sharing: SharingForm) -> HttpResponse:
    paired = Device.objects.filter(unpaired_at=None, paired_at__isnull=False).values("site_id").annotate(n=Count("id"))
    counts = dict(paired.values_list("site_id", "n"))
    rows = [{"site": row, "devices": counts.get(row.pk, 0)} for row in Site.objects.order_by("closed_at", "name", "id")]
    context = {"form": form, "rows": rows, "sharing": sharing}
    wrong = form.errors or sharing.errors
    return office_render(request, "merchants/sites.html", context, status=422 if wrong else 200)


@require_POST
@office_page(permission=Permission.manage_counter)
def sites_sharing(request: OfficeRequest) -> HttpResponse:
    """What counters and doors go by: whose members they know, which feature opens, how long one rests between."""
    office, form = request.office, SharingForm(request.POST)
    if form.is_valid():
        with beside(form):
            update_merchant(actor=office.actor, now=office.now, **form.columns)
        if form.is_valid():
            messages.success(request, _("Saved."))
            return redirect(office.url("sites"))
    return _all(request, NewSiteForm(), form)


@office_page(permission=Permission.manage_counter)
def site(request: OfficeRequest, site: str) -> HttpResponse:
    """One site; POST changes what is said of it."""
    office, row = request.office, _site(site)
    initial = {"name": row.name, "city": row.city, "siret": row.siret}
    form = SiteForm(request.POST or None, initial=initial)
    if form.is_valid():
        with beside(form):
            entities.update_site(row, **form.cleaned_data, actor=office.actor, now=office.now)
        if form.is_valid():
            messages.success(request, _("Saved."))
            return redirect(office.url("site", site=row.public_id))
    return _show(request, row, form=form)


@require_POST
@office_page(permission=Permission.manage_counter)
def site_state(request: OfficeRequest, site: str) -> HttpResponse:
    """Close a site, with all its tablets; or open it again."""
    office, row = request.office, _site(site)
    closes = request.POST.get("closed") == "yes"
    entities.update_site(row, closed=closes, actor=office.actor, now=office.now)
    if closes:
        for device in Device.objects.filter(site=row, unpaired_at=None):
            devices.unpair(device, actor=office.actor, now=office.now)
    return redirect(office.url("site", site=row.public_id))


@require_POST
@office_page(permission=Permission.manage_counter)
def site_device(request: OfficeRequest, site: str) -> HttpResponse:
    """Register a tablet, or give one a new code. The code is shown in the answer and nowhere else."""
    office, row = request.office, _site(site)
    known = request.POST.get("device", "")
    if known:
        made = devices.new_code(_device(row, known), actor=office.actor, now=office.now)
        return _show(request, row, registered=made)
    form = DeviceForm(request.POST)
    if form.is_valid():
        with beside(form, {"name": "device_name"}):
            made = devices.register(
                site=row, name=form.cleaned_data["device_name"], by=request.user, actor=office.actor, now=office.now
            )
        if form.is_valid():
            return _show(request, row, registered=made)
    return _show(request, row, device_form=form)


@require_POST
@office_page(permission=Permission.manage_counter)
def site_device_unpair(request: OfficeRequest, site: str) -> HttpResponse:
    """Shut a tablet out, from its next request on."""
    office, row = request.office, _site(site)
    device = _device(row, request.POST.get("device", ""))
    devices.unpair(device, actor=office.actor, now=office.now)
    messages.success(request, _("%(name)s is no longer paired.") % {"name": device.name})
    return redirect(office.url("site", site=row.public_id))


@require_POST
@office_page(permission=Permission.manage_counter)
def site_hire(request: OfficeRequest, site: str) -> HttpResponse:
    """Take somebody on by name, for this site, with a PIN."""
    office, row = request.office, _site(site)
    form = HireForm(request.POST, by=office.membership)
    if form.is_valid():
        with beside(form, {"name": "staff_name"}):
            member = pins.hire(
                name=form.cleaned_data["staff_name"],
                role=form.cleaned_data["role"],
                sites=[row],
                by=office.membership,
                now=office.now,
            )
            pins.set_pin(member, form.cleaned_data["pin"], actor=office.actor, now=office.now)
        if form.is_valid():
            messages.success(request, _("%(name)s may sign in here.") % {"name": member.user.name})
            return redirect(office.url("site", site=row.public_id))
    return _show(request, row, hire_form=form)


@require_POST
@office_page(permission=Permission.manage_counter)
def site_staff_act(request: OfficeRequest, site: str) -> HttpResponse:
    """On a member: a new PIN, no PIN, work here too, work here only, leave this site."""
    office, row = request.office, _site(site)
    member, act = people.member(request.POST.get("member", "")), request.POST.get("act", "")
    name = member.user.name or member.user.email
    if not manages(office.role, member.role) and member.pk != office.membership.pk:
        raise Forbidden
    if act == "pin":
        try:
            pins.set_pin(member, request.POST.get("pin", "").strip(), actor=office.actor, now=office.now)
        except Invalid as refusal:
            return _show(request, row, pin_error=(member.public_id, refusal.errors[0].say(_)))
        messages.success(request, _("%(name)s has a new PIN.") % {"name": name})
    elif act == "no_pin":
        pins.set_pin(member, "", actor=office.actor, now=office.now)
        messages.success(request, _("%(name)s can no longer sign in at a counter.") % {"name": name})
    elif act == "join":
        site_staff.add_to_site(member, row, by=office.membership)
    elif act == "only_here":
        site_staff.keep_to_site(member, row, by=office.membership)
    elif act == "leave":
        site_staff.leave_site(member, row, by=office.membership, now=office.now)
        messages.success(request, _("%(name)s no longer works here.") % {"name": name})
    return redirect(office.url("site", site=row.public_id))


def _show(
    request: OfficeRequest,
    row: Site,
    *,
    form: SiteForm | None = None,
    device_form: DeviceForm | None = None,
    hire_form: HireForm | None = None,
    registered: devices.Registered | None = None,
    pin_error: tuple[str, str] | None = None,
) -> HttpResponse:
    office = request.office
    form = form or SiteForm(initial={"name": row.name, "city": row.city, "siret": row.siret})
    staff = [one for one in people.members() if one.role in pins.AT_COUNTERS]
    context = {
        "site": row,
        "form": form,
        "device_form": device_form or DeviceForm(initial={"device_name": _("Till %(number)s") % {"number": 1}}),
        "hire_form": hire_form or HireForm(by=office.membership),
        "registered": registered,
        "devices": Device.objects.filter(site=row, unpaired_at=None).select_related("member__user").order_by("id"),
        "staff": [
            _staff_row(one, row, office.role, office.membership, pin_error) for one in staff if _is_here(one, row)
        ],
        "others": [(one.public_id, one.user.name or one.user.email) for one in staff if not _is_here(one, row)],
    }
    bad = any(one is not None and one.errors for one in (form, device_form, hire_form)) or pin_error
    return office_render(request, "merchants/site.html", context, status=422 if bad else 200)


def _is_here(member: Membership, site: Site) -> bool:
    return not member.sites or site.pk in member.sites


def _staff_row(
    member: Membership, site: Site, role: str, me: Membership, pin_error: tuple[str, str] | None
) -> dict[str, Any]:
    return {
        "id": member.public_id,
        "name": member.user.name or member.user.email,
        "role": role_name(member.role),
        "everywhere": not member.sites,
        "only_here": list(member.sites) == [site.pk],
        "has_pin": bool(member.pin),
        "keepable": not member.sites and member.role != "owner" and manages(role, member.role) and member.pk != me.pk,
        "mine": manages(role, member.role) or member.pk == me.pk,
        "error": pin_error[1] if pin_error and pin_error[0] == member.public_id else "",
    }


def _site(shown: str) -> Site:
    return find(Site.objects.all(), shown)


def _device(site: Site, shown: str) -> Device:
    return find(Device.objects.select_related("site").filter(site=site), shown)
