"""The history as a page shows it: changes of one act together, with before and after in words, by day and month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from merchants.models import Event
from merchants.now import local_date
from merchants.templatetags.statuses import CHANNEL_ICONS, WORDS
from merchants.templatetags.texts import moment, month_name, short_date, weekday_date
from merchants.wording import amount_text
from subscribers.models import Change
from subscribers.pages.columns import COLUMNS, label_of
from subscribers.pages.titles import EVENTS, change_title, event_title
from subscribers.pages.words import value_said
from subscribers.selectors.names import Names, names_for
from subscribers.selectors.timeline import Entry

FROM_THE_START = {
    "subscription": ("status", "start_on", "current_period_end", "free_until", "quantity"),
    "option": ("quantity", "complimentary", "reason", "periods"),
    "scheduled_change": ("kind", "due_on"),
    "gesture": ("kind", "days", "percent_off", "quantity", "periods", "until", "incident"),
}
"""Of a row that begins to be, these columns are said; the rest is what its title and the page say already."""
OF_THE_CALENDAR = dict.fromkeys(
    ("activated", "renewed"),
    ("status", "stage_position", "current_period_end", "free_until", "quantity", "payment_state", "end_reason"),
)
"""Of a subscription that goes its way, these say enough; the rest of its calendar follows from them."""
EXPIRY = {"exp_month", "exp_year"}
NOT_WORTH_SAYING = {("quantity", 1), ("complimentary", False)}


@dataclass(frozen=True, slots=True)
class Moved:
    """One column before and after."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One entry, as `components/entry.html` reads it."""

    icon: str
    channel: str
    title: str
    meta: str
    url: str = ""
    changes: list[Moved] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    amount: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Days:
    """Entries under one heading: today, or a month."""

    heading: str
    entries: list[Shown]


def days_of(entries: Sequence[Entry], *, today: date, zone: str) -> list[Days]:
    """Entries in words, under headings; their names in a fixed number of queries, however many entries."""
    language = get_language() or "en"
    names = names_for([entry.change for entry in entries if entry.change], language)
    found: list[Days] = []
    for _key, together in groupby(entries, key=_act):
        group = list(together)
        day = local_date(group[0].at, zone)
        heading = month_name(day)
        if day == today:
            heading = _("Today, %(day)s") % {"day": weekday_date(day)}
        if not found or found[-1].heading != heading:
            found.append(Days(heading, []))
        found[-1].entries.append(_shown(group, names, today=today, zone=zone))
    return found


def _act(entry: Entry) -> object:
    """Changes of one kind and verb made at one instant of one transaction are one entry."""
    change = entry.change
    return entry.id if change is None else (str(change.txid), entry.at, change.subject_kind, change.verb)


def _shown(group: Sequence[Entry], names: Names, *, today: date, zone: str) -> Shown:
    event = group[0].event
    if event is not None:
        return _event(event, today=today, language=names.language)
    changes = [entry.change for entry in group if entry.change is not None]
    return _changes(changes, names, today=today, zone=zone)


def _changes(changes: Sequence[Change], names: Names, *, today: date, zone: str) -> Shown:
    first = changes[0]
    kind = first.subject_kind
    named = [names.of_change(change) for change in reversed(changes)]
    if kind == "grant":
        moved = [_right(change, names) for change in reversed(changes)]
    else:
        moved = [one for change in reversed(changes) for one in _moved(change, names)]
    details = sorted({change.reason for change in changes if change.reason})
    return Shown(
        icon=_icon(first),
        channel=_channel(first.channel),
        title=change_title(kind, _verb(first), ", ".join(dict.fromkeys(filter(None, named)))),
        meta=by_whom(first, today=today, zone=zone),
        changes=moved,
        details=[_("Reason: %(why)s") % {"why": why} for why in details],
    )


def _verb(change: Change) -> str:
    return "reactivated" if change.after.get("reactivates_id") and not change.before else change.verb


def _moved(change: Change, names: Names) -> list[Moved]:
    kind = change.subject_kind
    if not change.before:
        said = [name for name in FROM_THE_START.get(kind, ()) if change.after.get(name) not in (None, "")]
        said = [name for name in said if (name, change.after[name]) not in NOT_WORTH_SAYING]
    else:
        worth = OF_THE_CALENDAR.get(change.verb) if kind == "subscription" else None
        said = [name for name in COLUMNS.get(kind, {}) if name in change.after and label_of(kind, name)]
        said = [name for name in said if worth is None or name in worth]
    moved = []
    if set(said) >= EXPIRY:
        said = [name for name in said if name not in EXPIRY]
        moved.append(Moved(_("Expires"), _expiry(change.before), _expiry(change.after)))
    if kind == "gesture" and not change.before and change.after.get("amount"):
        given = amount_text(change.after["amount"], change.after["currency"], names.language)
        moved.append(Moved(_("Amount"), value_said(kind, "amount", None, names), given))
    return moved + [
        Moved(
            label_of(kind, name),
            value_said(kind, name, change.before.get(name), names),
            value_said(kind, name, change.after[name], names),
        )
        for name in said
    ]


def _expiry(patch: Mapping[str, Any]) -> str:
    """A card's end, its two columns as it is printed on it: 11/2026."""
    month, year = patch.get("exp_month"), patch.get("exp_year")
    return f"{month:02}/{year}" if month and year else _("no end")


def _right(change: Change, names: Names) -> Moved:
    """A right opened or closed: what one had of the feature before and after."""
    name = names.of_change(change)
    if change.before:
        until = value_said("grant", "ends_at", change.after.get("ends_at"), names)
        return Moved(name, _("yes"), _("until %(when)s") % {"when": until})
    after = change.after
    if after.get("level"):
        had = str(after["level"])
    elif after.get("quota") is not None:
        had = value_said("grant", "quota", after["quota"], names)
    else:
        had = _("yes")
    return Moved(name, _("no"), f"+{had}" if after.get("adds") else had)


def _event(event: Event, *, today: date, language: str) -> Shown:
    told = event.data.get("object") or {}
    title = EVENTS.get(event.kind)
    amount = told.get(title.amount) if title and title.amount else None
    currency = told.get("currency")
    return Shown(
        icon=title.icon if title else CHANNEL_ICONS.get(event.channel, "system"),
        channel=_channel(event.channel),
        title=event_title(event.kind, told),
        meta=_meta(event.created_at, event.actor, event.channel, today=today),
        amount=amount_text(amount, currency, language) if amount is not None and currency else "",
        mark=title.mark if title else "",
    )


def _icon(change: Change) -> str:
    if change.subject_kind in ("payment_method", "mandate"):
        return "card"
    if change.after.get("source") == "gesture" or change.after.get("complimentary") is True:
        return "gift"
    return CHANNEL_ICONS.get(change.channel, "system")


def _channel(channel: str) -> str:
    return str(WORDS["channel"].get(channel, channel))


def by_whom(change: Change, *, today: date, zone: str) -> str:
    """When a change was written, by whom, through which channel; and from when it counts, where that is another day."""
    return _meta(change.recorded_at, change.actor_label, change.channel, today=today) + _effect(change, today, zone)


def _meta(at: datetime, who: str, channel: str, *, today: date) -> str:
    by = [str(WORDS["system"].get(who, who))] if channel == "system" else [who, _channel(channel)]
    return ", ".join(part for part in [moment(at, today), *by] if part)


def _effect(change: Change, today: date, zone: str) -> str:
    """When it counts, where that is another day than the one on which it was written."""
    day = local_date(change.effective_at, zone)
    if day == local_date(change.recorded_at, zone):
        return ""
    return ", " + _("counts from %(day)s") % {"day": short_date(day, today)}
