"""Test clocks in the office: a year lived in a minute. Listed, made, advanced, released, deleted."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from billing.flows import clocks
from merchants.clock import instant
from merchants.http import cursors
from merchants.http.frame import OfficeRequest, beside, office_page, office_render
from merchants.http.references import find
from merchants.models import TestClock
from merchants.now import local_instant
from merchants.permissions import Permission
from merchants.refusals import Invalid
from merchants.services import clocks as making
from merchants.services.keys import prefix_of
from subscribers.models import Subscriber
from subscribers.selectors import people

PAGE = 50
LEAPS = ("day", "month", "year")


class NewClockForm(forms.Form):
    """A clock's name, and the time at which it stands."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=120, required=False, help_text=gettext_lazy("What you try out with it.")
    )
    time = forms.DateTimeField(
        label=gettext_lazy("Stands at"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        help_text=gettext_lazy("Its subscribers' life begins then."),
    )


class AdvanceForm(forms.Form):
    """How far to go: one of LEAPS, or, where none is named, to a date."""

    by = forms.ChoiceField(choices=[(leap, leap) for leap in LEAPS], required=False)
    to_on = forms.DateField(
        label=gettext_lazy("Or to the"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": gettext_lazy("Choose a date.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to_on"].required = self.data.get("by") not in LEAPS


def onward(time: datetime, zone: str, leap: str, day: date | None = None) -> datetime:
    """The same local time of day, a day, a month or a year later, or on a date. Short months are clamped.

    >>> from datetime import UTC
    >>> onward(datetime(2027, 1, 31, 9, 0, tzinfo=UTC), "Europe/Paris", "month").isoformat()
    '2027-02-28T09:00:00+00:00'
    >>> onward(datetime(2027, 3, 27, 9, 0, tzinfo=UTC), "Europe/Paris", "day").isoformat()    # the 28th has 23 hours
    '2027-03-28T08:00:00+00:00'
    """
    local = time.astimezone(ZoneInfo(zone))
    if day is None and leap == "day":
        day = local.date() + timedelta(days=1)
    elif day is None:
        months = local.year * 12 + local.month - 1 + (1 if leap == "month" else 12)
        year, month = divmod(months, 12)
        day = date(year, month + 1, min(local.day, monthrange(year, month + 1)[1]))
    return local_instant(day, local.time(), zone)


@office_page(permission="see_developers", post="edit_developers")
def developer_clocks(request: OfficeRequest) -> HttpResponse:
    """The clocks of a sandbox; POST makes one."""
    if request.method != "POST":
        return _list(request, NewClockForm(initial={"time": request.office.now.at}))
    form = NewClockForm(request.POST)
    if form.is_valid():
        made = None
        with beside(form):
            made = making.create_test_clock(
                merchant=request.office.merchant,
                name=form.cleaned_data["name"],
                time=form.cleaned_data["time"],
                actor=request.office.actor,
                now=request.office.now,
            )
        if made is not None:
            return redirect(request.office.url("developer_clock", clock=made.public_id))
    return _list(request, form, status=422)


def _list(request: OfficeRequest, form: NewClockForm, *, status: int = 200) -> HttpResponse:
    rows = TestClock.objects.filter(deleted_at=None)
    try:
        page = cursors.page(rows, cursor=request.GET.get("cursor") or None, limit=PAGE)
    except Invalid:  # a cursor of another list: from the beginning
        page = cursors.page(rows, cursor=None, limit=PAGE)
    lives = Subscriber.objects.filter(test_clock__in=[row.pk for row in page.rows]).order_by()
    counts = dict(lives.values_list("test_clock").annotate(n=Count("pk")))
    office = request.office
    context = {
        "rows": [(row, counts.get(row.pk, 0)) for row in page.rows],
        "next_cursor": page.next_cursor,
        "is_moving": any(row.status == TestClock.Status.ADVANCING for row in page.rows),
        "is_sandbox": office.merchant.is_sandbox,
        "may_edit": office.may(Permission.edit_developers) and office.merchant.is_sandbox,
        "form": form,
    }
    return office_render(request, "billing/clocks.html", context, status=status)


def _clock(shown: str) -> TestClock:
    """The clock that an address names. Raises NotFound."""
    return find(TestClock.objects.filter(deleted_at=None), shown)


@require_safe
@office_page(permission="see_developers")
def developer_clock(request: OfficeRequest, clock: str) -> HttpResponse:
    """One clock: where it stands, who lives on it, and how to move it."""
    return _page(request, _clock(clock), AdvanceForm())


def _page(request: OfficeRequest, row: TestClock, form: AdvanceForm, *, status: int = 200) -> HttpResponse:
    office, present = request.office, instant()
    lives = people.visible().filter(test_clock=row).order_by("-id")
    context = {
        "clock": row,
        "form": form,
        "is_moving": row.status == TestClock.Status.ADVANCING,
        "stands": row.status == TestClock.Status.READY,
        "came_to_present": row.time <= present <= row.time + clocks.NEAR,
        "is_ahead": row.time > present,
        "lives": people.rows_of(list(lives[:PAGE])),
        "count": people.count(lives),
        "example": example_of(row, f"{prefix_of(office.merchant)}_…"),
        "may_edit": office.may(Permission.edit_developers),
    }
    return office_render(request, "billing/clock.html", context, status=status)


def example_of(clock: TestClock, secret: str) -> str:
    """Someone enrolled on this clock, and the clock advanced: as it can be run."""
    api, a_month_on = f"{settings.PUBLIC_URL}/api/v1", onward(clock.time, "UTC", "month")
    head = f'  -H "Authorization: Bearer {secret}" -H "Content-Type: application/json" \\\n'
    return (
        f"curl {api}/subscribers \\\n{head}"
        f'  -d \'{{"name": "Ada", "test_clock": "{clock.public_id}"}}\'\n\n'
        f"curl {api}/test_clocks/{clock.public_id}/advance \\\n{head}"
        f'  -d \'{{"to": "{a_month_on:%Y-%m-%dT%H:%M:%SZ}"}}\''
    )


@require_POST
@office_page(permission="see_developers", post="edit_developers")
def developer_clock_advance(request: OfficeRequest, clock: str) -> HttpResponse:
    """Send the clock on its way; the page it leads back to shows how far it is."""
    row, form = _clock(clock), AdvanceForm(request.POST)
    if form.is_valid():
        leap, day, office = form.cleaned_data["by"], form.cleaned_data["to_on"], request.office
        to = onward(row.time, office.merchant.timezone, leap, None if leap else day)
        with beside(form, {"to": "to_on"}):
            clocks.advance(merchant_id=office.merchant.pk, clock_id=row.pk, to=to, actor=office.actor)
    if form.is_valid():
        return redirect(request.office.url("developer_clock", clock=row.public_id))
    return _page(request, row, form, status=422)


@require_POST
@office_page(permission="see_developers", post="edit_developers")
def developer_clock_release(request: OfficeRequest, clock: str) -> HttpResponse:
    """Let its subscribers live in real time."""
    row = _clock(clock)
    clocks.release(merchant_id=request.office.merchant.pk, clock_id=row.pk, actor=request.office.actor)
    return redirect(request.office.url("developer_clock", clock=row.public_id))


@require_POST
@office_page(permission="see_developers", post="edit_developers")
def developer_clock_delete(request: OfficeRequest, clock: str) -> HttpResponse:
    """Delete it: its subscribers are hidden."""
    row = _clock(clock)
    making.delete_test_clock(row, actor=request.office.actor, now=request.office.now)
    messages.success(request, _("The test clock is deleted, and its subscribers are hidden."))
    return redirect(request.office.url("developer_clocks"))
