"""What the pages of statistics are asked for: which days, which site, which seller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from merchants import ids
from merchants.http.frame import OfficeRequest
from merchants.models import Membership, Site
from merchants.wording import month_text

MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A month, or the last twelve. `end` is the first day after it."""

    start: date
    end: date
    value: str
    words: str


def name_of(member: Membership) -> str:
    """Who somebody of the staff is."""
    return member.user.name or member.user.email


def span_asked(request: OfficeRequest, today: date) -> Span:
    """The month or year that the address names; this month otherwise."""
    asked = request.GET.get("span", "")
    return next((one for one in spans(today) if one.value == asked), spans(today)[1])


def spans(today: date) -> list[Span]:
    """The last twelve months, and each of them, newest first."""
    year = last_year(today)
    each = [
        Span(start=day, end=next_month(day), value=f"{day:%Y-%m}", words=month_text(day, get_language() or "en"))
        for day in reversed(days_of(year))
    ]
    return [year, *each]


def last_year(today: date) -> Span:
    """The twelve months up to this one."""
    first = today.replace(day=1)
    start = first.replace(year=first.year - 1)
    return Span(start=next_month(start), end=next_month(first), value="year", words=_("The last twelve months"))


def days_of(year: Span) -> Sequence[date]:
    """The first day of each month of it."""
    found = [year.start]
    while len(found) < MONTHS:
        found.append(next_month(found[-1]))
    return found


def next_month(first: date) -> date:
    """The first day of the month after."""
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


def site_asked(request: OfficeRequest) -> Site | None:
    """The site that the address names, if it is one."""
    key = ids.read("sit", request.GET.get("site", ""))
    found: Site | None = Site.objects.filter(id=key).first() if key else None
    return found


def seller_asked(request: OfficeRequest) -> Membership | None:
    """The member that the address names, if it is one."""
    key = ids.read("mem", request.GET.get("seller", ""))
    found: Membership | None = Membership.objects.select_related("user").filter(id=key).first() if key else None
    return found
