"""A subscriber: the complete view, as it is now or as it was on a past day; and the history as a fragment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse, QueryDict
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from merchants import ids
from merchants.actors import Channel
from merchants.http.frame import Office, OfficeRequest, office_page, office_render
from merchants.languages import said_in
from merchants.now import Now, local_instant
from merchants.permissions import Permission
from merchants.refusals import Invalid, NotFound, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.templatetags.statuses import WORDS
from subscribers.models import Subscriber, Subscription
from subscribers.pages.acts import acts, in_sight, routed
from subscribers.pages.entries import Days, days_of
from subscribers.pages.features import feature_rows
from subscribers.pages.listing import name_of
from subscribers.pages.stages import stage_rows
from subscribers.pages.titles import TOLD_BY_A_CHANGE
from subscribers.pages.verdict import cells, expires_on, next_charge
from subscribers.pages.words import CODES, vat_check_said
from subscribers.selectors import people
from subscribers.selectors.lives import Life, past_life, present_life
from subscribers.selectors.moments import over
from subscribers.selectors.names import method_name
from subscribers.selectors.pictures import anchor_of
from subscribers.selectors.timeline import opened, sealed, timeline
from subscribers.snapshots import OfferSnapshot

PAGE = 30
KINDS: dict[str, tuple[str, ...]] = {
    "": (),
    "change": ("change", "life"),
    "money": ("money",),
    "message": ("message",),
    "alert": ("alert",),
}
"""The filters of the history, as kinds of entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The past instant that the address asks for. `known_then`: with what was known then, else with all we know."""

    as_of: datetime
    known_then: bool

    @property
    def known_at(self) -> datetime | None:
        """Up to when what was written down counts."""
        return self.as_of if self.known_then else None


def found(shown: str) -> Subscriber:
    """The subscriber whose id stands in the address. Raises NotFound."""
    id_ = ids.read("cus", shown)
    row = people.visible().filter(id=id_).first() if id_ else None
    if row is None:
        raise NotFound
    return row


def moment_of(query: QueryDict, now: Now) -> Moment | None:
    """`?as_of=2026-10-05T14:00`, a local time; None where the page shows the present. Raises Invalid."""
    text = query.get("as_of", "")
    if not text:
        return None
    return Moment(as_of=local_moment("as_of", text, now), known_then=query.get("known", "") == "then")


def local_moment(field: str, text: str, now: Now) -> datetime:
    """A past instant from a local day (at its end; today: now) or time. Raises Invalid: `as_of_malformed`, and
    `moment_to_come` for one that has not come."""
    try:
        local = datetime.fromisoformat(text)
        if local.tzinfo is not None or not 1970 <= local.year <= 2199:
            raise ValueError
    except ValueError:
        detail = gettext_noop("Write a day and time such as 2026-10-05T14:00.")
        raise Invalid.at(field, "as_of_malformed", detail) from None
    at = local_instant(local.date(), local.time(), now.zone)
    if len(text) == 10:  # a day alone: at its end
        at = local_instant(local.date() + timedelta(days=1), local.time(), now.zone) - timedelta(microseconds=1)
        at = min(at, now.at) if local.date() == now.today else at
    return min(over(field, at, now.at) or at, at, now.at)


@office_page(permission="see_subscribers")
def subscriber(request: OfficeRequest, subscriber: str) -> HttpResponse:
    """The complete view."""
    row, office = found(subscriber), request.office
    language = get_language() or "en"
    present = now_for(office.merchant, row.test_clock_id)
    asked = moment_of(request.GET, present)
    life = present_life(row, present)
    if asked is not None:
        then = past_life(row, as_of=asked.as_of, known_at=asked.known_at, zone=present.zone)
        if then is None:
            context = {"subscriber": row, "name": name_of(row), "asked": asked, "present": present, "never": True}
            return office_render(request, "subscribers/not_yet.html", context)
        life = then
    money = office.may(Permission.see_documents) and asked is None
    context = {
        "subscriber": life.subscriber,
        "vat_said": vat_check_said(life.subscriber),
        "row": row,
        "name": name_of(life.subscriber),
        "contact": _contact(life.subscriber),
        "life": life,
        "asked": asked,
        "present": present,
        "today": life.now.today,
        "cells": cells(life, language),
        "acts": in_sight(acts(office, life)) if asked is None else None,
        "subscriptions": [_subscription(one, life, language) for one in life.open],
        "ended": [_ended(one, language) for one in life.subscriptions if one not in life.open],
        "features": feature_rows(life, language, office if asked is None else None),
        "set_url": _set_url(office, row) if asked is None else "",
        "planned": [(CODES["kind"].get(one.kind, one.kind), one.due_on) for one in life.planned],
        "method": _method(life),
        "coming_url": routed(office, "subscriber-coming", subscriber=subscriber) if asked is None else "",
        "money_url": routed(office, "subscriber-money", subscriber=subscriber) if money else "",
        "documents_url": routed(office, "subscriber-documents", subscriber=subscriber) if money else "",
        **_history(request, row, present, asked),
    }
    return office_render(request, "subscribers/page.html", context)


@office_page(permission="see_subscribers")
def subscriber_history(request: OfficeRequest, subscriber: str) -> HttpResponse:
    """The history as a fragment: whole for new filters, or what follows where a cursor is given."""
    row = found(subscriber)
    present = now_for(request.office.merchant, row.test_clock_id)
    asked = moment_of(request.GET, present)
    context = {"subscriber": row, "asked": asked, **_history(request, row, present, asked)}
    template = "subscribers/entries.html" if request.GET.get("cursor") else "subscribers/history.html"
    return office_render(request, template, context)


def _history(request: OfficeRequest, row: Subscriber, present: Now, asked: Moment | None) -> dict[str, Any]:
    """What `subscribers/history.html` reads."""
    kind = request.GET.getlist("kind")[-1] if request.GET.getlist("kind") else ""
    channel = request.GET.get("channel", "")
    kind, channel = kind if kind in KINDS else "", channel if channel in WORDS["channel"] else ""
    try:
        after = opened(row.pk, request.GET.get("cursor"))
    except Invalid:
        after = None
    page = timeline(
        row.pk,
        kinds=KINDS[kind],
        channel=channel,
        without=TOLD_BY_A_CHANGE,
        until=asked.as_of if asked else None,
        after=after,
        limit=PAGE,
    )
    days: list[Days] = days_of(page.entries, today=present.today, zone=present.zone)
    words = {
        "": _("Everything"),
        "change": _("Changes"),
        "money": _("Money"),
        "message": _("Messages"),
        "alert": _("Alerts"),
    }
    kept = {"kind": kind, "channel": channel, **({"as_of": request.GET["as_of"]} if asked else {})}
    if asked and asked.known_then:
        kept["known"] = "then"
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in kept.items() if value})
    query["cursor"] = sealed(row.pk, page.after) or ""
    return {
        "days": days,
        "kinds": [(key, words[key], key == kind) for key in KINDS],
        "kind": kind,
        "channel": channel,
        "channels": [(one.value, WORDS["channel"][one.value]) for one in Channel],
        "more": query.urlencode() if page.after else "",
        "history_url": request.office.url("subscriber_history", subscriber=row.public_id),
        "page_url": request.office.url("subscriber", subscriber=row.public_id),
        "is_filtered": bool(kind or channel),
    }


def _set_url(office: Office, row: Subscriber) -> str:
    """Where a feature is set by hand, for who may."""
    if row.erased_at is not None or not office.may(Permission.give_gestures):
        return ""
    return office.url("subscriber_feature_set", subscriber=row.public_id)


def _contact(row: Subscriber) -> list[str]:
    """How to reach them, and where they live."""
    parts = [row.email, row.phone, row.city, row.company if row.name else ""]
    return [part for part in parts if part]


def _method(life: Life) -> dict[str, Any] | None:
    if life.method is None:
        return None
    last, due = expires_on(life.method), next_charge(life)
    return {
        "name": method_name(life.method),
        "kind": life.method.kind,
        "expires": last,
        "too_soon": bool(last and due and last < due[0]),
    }


def _subscription(row: Subscription, life: Life, language: str) -> dict[str, Any]:
    """One subscription that is not over, as the page shows it."""
    offer = life.offers[row.offer_version_id]
    return {
        "row": row,
        "title": said_in(row.offer_version.title, language),
        "last_day": row.service_ends_on - timedelta(days=1) if row.service_ends_on else None,
        "line": _line(row, offer),
        "stages": stage_rows(row, offer, today=life.now.today, language=language, entered=life.entered.get(row.pk)),
        "options": [
            {"row": option, "title": said_in(option.option_version.title, language)}
            for option in life.options.get(row.pk, [])
            if option.ends_on is None or option.ends_on > life.now.today
        ],
        "coupons": life.coupons.get(row.pk, []),
    }


def _line(row: Subscription, offer: OfferSnapshot) -> str:
    """Commitment, day of renewal, quantity and version, in one line."""
    parts = [_("No commitment")]
    if offer.commitment and offer.commitment.intervals:
        count = offer.commitment.intervals
        parts = [
            ngettext("Committed for %(count)s period", "Committed for %(count)s periods", count) % {"count": count}
        ]
    anchor = anchor_of(row)
    if anchor is not None and anchor.day is not None and anchor.month is None:
        first = _("renewed on the first of the month")
        parts.append(first if anchor.day == 1 else _("renewed on day %(day)s of the month") % {"day": anchor.day})
    if row.quantity > 1:
        parts.append(_("quantity %(count)s") % {"count": row.quantity})
    parts.append(_("version %(number)s of the offer") % {"number": row.offer_version.number})
    return " · ".join(parts)


def _ended(row: Subscription, language: str) -> dict[str, Any]:
    return {"title": said_in(row.offer_version.title, language), "start": row.start_on, "end": row.ended_at, "row": row}
