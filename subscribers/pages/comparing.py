"""Two moments of a life compared, for a person: what differs, before and after, and who made it so, why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponse, QueryDict
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext

from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.now import Now, local_date, local_instant
from merchants.refusals import Invalid, gettext_noop
from merchants.selectors.clocks import now_for
from subscribers.models import Change
from subscribers.pages.columns import COLUMNS, label_of
from subscribers.pages.entries import FROM_THE_START, by_whom
from subscribers.pages.listing import name_of
from subscribers.pages.page import found, local_moment
from subscribers.pages.words import value_said
from subscribers.selectors.compared import Compared, Differs, Subject, life_compared
from subscribers.selectors.moments import NotThereThen, Span
from subscribers.selectors.names import Names, names_for

MONTH = timedelta(days=30)
"""So far back one looks who does not say from when."""
TITLES: Mapping[str, Promise] = {
    "subscriber": gettext_lazy("Profile"),
    "subscription": gettext_lazy("Subscription %(name)s"),
    "option": gettext_lazy("Option %(name)s"),
    "coupon": gettext_lazy("Coupon %(name)s"),
    "grant": gettext_lazy("Feature %(name)s"),
    "payment_method": gettext_lazy("Means of payment %(name)s"),
    "mandate": gettext_lazy("SEPA mandate"),
    "scheduled_change": gettext_lazy("Planned"),
    "gesture": gettext_lazy("Gesture"),
}
"""What a comparison calls each kind of thing; in this order it names them."""
WHAT: Mapping[str, Promise] = {
    "added": gettext_lazy("new since then"),
    "removed": gettext_lazy("gone since then"),
    "changed": gettext_lazy("changed"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field: its name, before and after, the newest change that made it so, and how many others there were."""

    label: str
    before: str
    after: str
    by: str
    why: str
    others: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that is not as it was."""

    title: str
    what: str
    is_new: bool
    rows: Sequence[Row]


def span_of(query: QueryDict, now: Now) -> Span:
    """`?from=` and `?to=`, local days (at their ends) or times; the last 30 days unless said. Raises Invalid."""
    month_ago = local_instant(local_date(now.at - MONTH, now.zone), time(), now.zone)
    asked_since, asked_until = query.get("from", ""), query.get("to", "")
    since = local_moment("from", asked_since, now) if asked_since else month_ago
    until = local_moment("to", asked_until, now) if asked_until else now.at
    if until < since:
        raise Invalid.at("to", "span_reversed", gettext_noop("The end of a span lies not before its start."))
    return Span(since=since, until=until, known_at=until if query.get("known") == "then" else None)


@office_page(permission="see_subscribers")
def subscriber_compare(request: OfficeRequest, subscriber: str) -> HttpResponse:
    """What differs between two moments."""
    row = found(subscriber)
    present = now_for(request.office.merchant, row.test_clock_id)
    span = span_of(request.GET, present)
    try:
        parts = parts_of(life_compared(row, span), present)
    except NotThereThen:
        parts = []
    context = {
        "subscriber": row,
        "name": name_of(row),
        "span": span,
        "present": present,
        "nobody": row.created_at > span.until,
        "since": request.GET.get("from") or _written(span.since, present),
        "until": request.GET.get("to", ""),
        "parts": parts,
    }
    return office_render(request, "subscribers/compare.html", context)


def _written(at: datetime, now: Now) -> str:
    """An instant as a field of a local time holds it."""
    return at.astimezone(ZoneInfo(now.zone)).strftime("%Y-%m-%dT%H:%M")


def parts_of(compared: Compared, now: Now) -> list[Part]:
    """What differs in words, in the order of TITLES. A fixed number of queries."""
    language = get_language() or "en"
    names = names_for(compared.changes, language)
    order = list(TITLES)
    parts = []
    for subject in sorted(compared.subjects, key=lambda one: order.index(one.kind)):
        rows = [_row(subject.kind, each, names, now) for each in _worth_saying(subject)]
        if rows:
            name = names.of_subject(subject.kind, subject.id, then=subject.columns)
            title = (str(TITLES[subject.kind]) % {"name": name}).strip()
            parts.append(Part(title=title, what=str(WHAT[subject.what]), is_new=subject.what == "added", rows=rows))
    return parts


def _worth_saying(subject: Subject) -> list[Differs]:
    """The fields that have a name; of what is new, those that its title does not say already."""
    fields = {each.column: each for each in subject.fields if label_of(subject.kind, each.column)}
    known = FROM_THE_START.get(subject.kind) if subject.what == "added" else None
    said = [name for name in (known or COLUMNS[subject.kind]) if name in fields]
    return [fields[name] for name in said]


def _row(kind: str, each: Differs, names: Names, now: Now) -> Row:
    newest: Change | None = each.changes[-1] if each.changes else None
    others = len(each.changes) - 1 + each.more
    return Row(
        label=label_of(kind, each.column),
        before=_value(kind, each.column, each.before, names),
        after=_value(kind, each.column, each.after, names),
        by=by_whom(newest, today=now.today, zone=now.zone) if newest else "",
        why=newest.reason if newest else "",
        others=ngettext("and %(count)s change before", "and %(count)s changes before", others) % {"count": others}
        if others > 0
        else "",
    )


def _value(kind: str, column: str, value: Any, names: Names) -> str:
    return value_said(kind, column, value, names)
