"""What a run would make: by count and sum, day by day, and who; on a page, and on the home page for seven days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.models import BillingRun
from billing.pages.run_words import steps_words, sums_words
from billing.selectors.due import due_rows
from billing.selectors.forecast import (
    BY_DATE,
    MOST_FOR_A_PAGE,
    Due,
    Forecast,
    end_of,
    forecast,
    outlook,
)
from merchants.http import cursors
from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.languages import said_in
from merchants.permissions import Permission
from merchants.refusals import Invalid
from merchants.wording import amount_text, number_text

PAGE = 50
FURTHEST = timedelta(days=400)
HOME_DAYS, MOST_DAYS = 7, 35
"""Days of which the home page tells, and those of which the preview makes a line each."""


@require_safe
@office_page(permission="see_runs")
def run_preview(request: OfficeRequest) -> HttpResponse:
    """If it ran now, or at the end of `?date=`: sums first, then who."""
    office, now = request.office, request.office.now
    day, problem = _day(request.GET.get("date", ""), now.today)
    due_by = end_of(day, now.zone) if day else now.at
    found = forecast(merchant=office.merchant, due_by=due_by, now=now.at, most=MOST_FOR_A_PAGE)
    rows = due_rows(due_by).select_related("subscriber", "offer_version")
    by = cursors.Keyset(BY_DATE)
    try:
        page = cursors.page(rows, cursor=request.GET.get("cursor") or None, limit=PAGE, by=by)
    except Invalid:  # a cursor of another list: from the beginning
        page = cursors.page(rows, cursor=None, limit=PAGE, by=by)
    language = get_language() or "en"
    context = {
        "day": day,
        "problem": problem,
        "earliest": now.today,
        "latest": now.today + FURTHEST,
        "found": found,
        "measures": _measures(found, office.merchant.currency, language),
        "faults": [{"why": each.fault.say(_), "count": each.count} for each in found.faults],
        "days": _days(found, office.merchant.currency)
        if 1 < len({each.on for each in found.days}) <= MOST_DAYS
        else [],
        "rows": [_line(request, due, language) for due in outlook(page.rows, office.merchant, due_by, now.at)],
        "next_cursor": page.next_cursor,
        "may_run": office.may(Permission.run_billing) and day is None and found.subscriptions > 0,
        "is_running": BillingRun.objects.filter(status=BillingRun.Status.RUNNING, test_clock=None).exists(),
        "act": _act(found),
    }
    return office_render(request, "billing/run_preview.html", context)


@require_safe
@office_page(permission="see_runs")
def home_runs(request: OfficeRequest) -> HttpResponse:
    """What runs are expected to bill in the next seven days, a line a day. Nothing where nothing will fall due."""
    office, now = request.office, request.office.now
    last = now.today + timedelta(days=HOME_DAYS)
    found = forecast(merchant=office.merchant, due_by=end_of(last, now.zone), now=now.at, most=MOST_FOR_A_PAGE)
    context = {
        "days": _days(found, office.merchant.currency, first=now.today + timedelta(days=1), last=last),
        "found": found,
        "total": sums_words([(each.currency, each.gross) for each in found.sums]),
        "count": found.invoices,
        "runs_url": office.url("runs"),
    }
    return office_render(request, "billing/home_runs.html", context)


def _day(typed: str, today: date) -> tuple[date | None, str]:
    """The day that the address asks for, or None for now; and what is wrong with it."""
    if not typed:
        return None, ""
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        return None, _("This is no date: it looks like 2026-12-01.")
    if not today <= day <= today + FURTHEST:
        return None, _("A date from today on, up to 400 days ahead.")
    return day, ""


def _measures(found: Forecast, currency: str, language: str) -> list[dict[str, Any]]:
    own = next((each for each in found.sums if each.currency == currency), None)
    shown = own or (found.sums[0] if found.sums else None)
    others = [(each.currency, each.gross) for each in found.sums if each is not shown]
    tax = amount_text(shown.tax, shown.currency, language) if shown else ""
    notes = [_("of which VAT %(tax)s") % {"tax": tax} if shown else "", sums_words(others)]
    ended = ngettext("%(n)s ends", "%(n)s end", found.ended) % {"n": number_text(found.ended, language)}
    before = ngettext("%(n)s is parked already", "%(n)s are parked already", found.parked_before)
    return [
        {
            "name": _("To bill"),
            "amount": shown.gross if shown else 0,
            "currency": shown.currency if shown else currency,
            "note": " · ".join(note for note in notes if note),
        },
        {"name": _("Invoices"), "text": number_text(found.invoices, language), "note": ""},
        {
            "name": _("Subscriptions"),
            "text": number_text(found.subscriptions, language),
            "note": ended if found.ended else "",
        },
        {
            "name": _("Would be left aside"),
            "text": number_text(found.parked, language),
            "note": before % {"n": number_text(found.parked_before, language)} if found.parked_before else "",
        },
    ]


def _days(
    found: Forecast, currency: str, *, first: date | None = None, last: date | None = None
) -> list[dict[str, Any]]:
    """A line a day with its bar; what other currencies come to stands in its note. Days before `first` (late work) are
    on the first line's; without bounds, the days that have something."""
    lines: dict[date, dict[str, Any]] = {}
    if first and last:
        lines = {first + timedelta(days=at): _empty_day() for at in range((last - first).days + 1)}
    for each in found.days:
        line = lines.setdefault(max(each.on, first) if first else each.on, _empty_day())
        line["invoices"] += each.invoices
        if each.currency == currency:
            line["gross"] += each.gross
        else:
            line["others"][each.currency] = line["others"].get(each.currency, 0) + each.gross
    most = max((line["gross"] for line in lines.values()), default=0)
    return [
        {
            "on": on,
            "invoices": line["invoices"],
            "amount": line["gross"],
            "currency": currency,
            "note": sums_words(sorted(line["others"].items())),
            "share": line["gross"] / most if most else 0,
        }
        for on, line in sorted(lines.items())
    ]


def _empty_day() -> dict[str, Any]:
    return {"invoices": 0, "gross": 0, "others": {}}


def _line(request: OfficeRequest, due: Due, language: str) -> dict[str, Any]:
    """One subscription as its line says it."""
    row, person = due.row, due.row.subscriber
    periods = [draft.period for draft in due.drafts if draft.period]
    return {
        "row": row,
        "name": person.name or person.company or person.reference,
        "url": request.office.url("subscriber", subscriber=person.public_id),
        "offer": said_in(row.offer_version.title, language),
        "on": due.steps[0].on if due.steps else None,
        "what": steps_words(due.steps),
        "period": periods[-1] if periods else None,
        "amount": due.amount if due.drafts else None,
        "fault": due.fault.say(_) if due.fault else "",
    }


def _act(found: Forecast) -> str:
    """The words of the button, with the sum."""
    sums = sums_words([(each.currency, each.gross) for each in found.sums])
    if not found.sums:
        return _("Run now")
    return _("Bill %(sums)s now") % {"sums": sums}
