"""The history as rows: who changed what of whom, when, through which channel and why, with what stood before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from billing.exports.asked import Asked
from billing.exports.columns import Row, instant, text
from billing.exports.reading import Source
from merchants.ids import show
from subscribers.models import Change
from subscribers.selectors import people
from subscribers.selectors.history_answers import change_shown
from subscribers.selectors.timeline import CHANGE, Entry, say

COLUMNS = (
    instant("recorded_at", _("Written at")),
    instant("effective_at", _("Counts from")),
    text("subscriber", _("Subscriber’s id"), 28),
    text("reference", _("Reference"), 16),
    text("subscription", _("Subscription’s id"), 28),
    text("kind", _("Kind"), 16),
    text("subject", _("Subject’s id"), 28),
    text("verb", _("What happened"), 18),
    text("before", _("Before"), 40),
    text("after", _("After"), 40),
    text("actor_kind", _("Kind of actor"), 11),
    text("actor", _("Actor"), 22),
    text("channel", _("Channel"), 12),
    text("reason", _("Reason"), 24),
    text("request_id", _("Request’s id"), 28),
    text("id", _("Id"), 28),
)


def _rows(asked: Asked) -> QuerySet[Change]:
    given, rows = asked.filters, people.of_shown_people(Change.objects.filter(asked.instants("recorded_at")))
    if "subscriber" in given:
        rows = rows.filter(subscriber_id=given["subscriber"])
    if "site" in given:
        rows = rows.filter(subscriber__site_id=given["site"])
    if "channel" in given:
        rows = rows.filter(channel=given["channel"])
    if asked.sites:
        rows = rows.filter(subscriber__site_id__in=asked.sites)
    return rows.select_related("subscriber")


def _show(rows: Sequence[Change], asked: Asked) -> list[Row]:
    say([Entry(at=row.recorded_at, id=row.pk, kind=CHANGE, change=row) for row in rows])
    return [_line(row, change_shown(row)) for row in rows]


def _line(row: Change, shown: Any) -> Row:
    return (
        row.recorded_at,
        row.effective_at,
        show("cus", row.subscriber_id),
        row.subscriber.reference,
        show("sub", row.subscription_id) if row.subscription_id else None,
        row.subject_kind,
        shown["subject"],
        row.verb,
        _json(shown["before"]),
        _json(shown["after"]),
        row.actor_kind,
        row.actor_label or None,
        row.channel,
        row.reason or None,
        row.request_id or None,
        row.public_id,
    )


def _json(value: Any) -> str | None:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str) if value else None


SOURCES = (Source(model=Change, rows=_rows, show=_show, by_id=True),)
