"""The list of subscribers: views by state, filters in the address bar, pages by keyset; and their part of the home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from merchants import ids
from merchants.actors import Channel
from merchants.http import cursors
from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.languages import said_in
from merchants.models import Offer, Site, TestClock
from merchants.now import local_date
from merchants.permissions import Permission
from merchants.refusals import Invalid
from merchants.templatetags.statuses import WORDS
from merchants.templatetags.texts import number
from merchants.wording import short_date_text
from subscribers.models import Subscriber
from subscribers.selectors import people
from subscribers.selectors.names import method_name, offers_to_choose
from subscribers.selectors.people import LIVE, Count
from subscribers.selectors.rights import verdict_of

PAGE = 50
FILTERED_UP_TO = 1_000
VIEWS: Mapping[str, Promise] = {
    "all": gettext_lazy("All"),
    "active": gettext_lazy("Active"),
    "trial": gettext_lazy("Free stage"),
    "ending": gettext_lazy("Leaving"),
    "unpaid": gettext_lazy("Unpaid"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A saved view: its words, its address, how many it shows."""

    words: str
    url: str
    count: str
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A filter that is set, and the address without it."""

    name: str
    value: str
    url: str


def count_text(found: Count) -> str:
    """A count as it is shown: exact, or “more than”."""
    text = number(found.number)
    return _("more than %(number)s") % {"number": text} if found.more else text


def _without(query: QueryDict, *names: str, **changes: str) -> str:
    """The address's query with some parameters changed; a page of the former list is forgotten."""
    kept = query.copy()
    for name in (*names, "cursor"):
        kept.pop(name, None)
    for name, value in changes.items():
        kept[name] = value
    return f"?{kept.urlencode()}" if kept else "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address bar asks for; what it says wrongly is passed over."""

    q: str
    view: str
    offer: Offer | None
    site: Site | None
    channel: str

    @classmethod
    def of(cls, query: QueryDict) -> Asked:
        """Read from the address."""
        view, channel = query.get("view", ""), query.get("channel", "")
        offer_id, site_id = ids.read("off", query.get("offer", "")), ids.read("sit", query.get("site", ""))
        return cls(
            q=query.get("q", "").replace("\x00", "").strip()[:200],
            view=view if view in VIEWS else "all",
            offer=Offer.objects.filter(id=offer_id).first() if offer_id else None,
            site=Site.objects.filter(id=site_id).first() if site_id else None,
            channel=channel if channel in WORDS["channel"] else "",
        )

    @property
    def rows(self) -> Any:
        """The subscribers asked for."""
        rows = people.in_view(people.searched(people.visible(), self.q), self.view)
        if self.offer is not None:
            rows = people.on_offer(rows, self.offer.pk)
        if self.site is not None:
            rows = rows.filter(site=self.site)
        return rows.filter(channel=self.channel) if self.channel else rows

    @property
    def narrowed(self) -> bool:
        """Whether more is asked than a view."""
        return bool(self.q or self.offer or self.site or self.channel)


@office_page(permission="see_subscribers")
def subscribers(request: OfficeRequest) -> HttpResponse:
    """The list."""
    asked, language = Asked.of(request.GET), get_language() or "en"
    counts = people.view_counts()
    try:
        page = cursors.page(asked.rows, cursor=request.GET.get("cursor") or None, limit=PAGE)
    except Invalid:  # a cursor of another list: from the beginning
        page = cursors.page(asked.rows, cursor=None, limit=PAGE)
    found = people.count(asked.rows, FILTERED_UP_TO) if asked.narrowed else counts[asked.view]
    offers = offers_to_choose(language)
    context = {
        "tabs": _tabs(request.GET, asked.view, counts),
        "chips": _chips(request.GET, asked, dict(offers)),
        "asked": asked,
        "rows": _shown(request, page.rows, language),
        "offers": offers,
        "sites": [(site.public_id, site.name) for site in Site.objects.filter(closed_at=None).order_by("name")],
        "channels": [(channel.value, WORDS["channel"][channel.value]) for channel in Channel],
        "found": ngettext("%(count)s subscriber", "%(count)s subscribers", found.number) % {"count": count_text(found)},
        "next_cursor": page.next_cursor,
        "nobody": counts["all"].number == 0,
        "may_import": request.office.may(Permission.manage_counter),
        "may_edit": request.office.may(Permission.edit_subscribers),
        "is_filtered": asked.narrowed or asked.view != "all",
    }
    return office_render(request, "subscribers/list.html", context)


def _tabs(query: QueryDict, view: str, counts: Mapping[str, Count]) -> list[Tab]:
    return [
        Tab(
            words=str(words),
            url=_without(query, "view") if key == "all" else _without(query, view=key),
            count=count_text(counts[key]),
            current=key == view,
        )
        for key, words in VIEWS.items()
    ]


def _chips(query: QueryDict, asked: Asked, offers: Mapping[str, str]) -> list[Chip]:
    chips = []
    if asked.q:
        chips.append(Chip(name=_("Search"), value=asked.q, url=_without(query, "q")))
    if asked.offer is not None:
        title = offers.get(asked.offer.public_id, asked.offer.reference)
        chips.append(Chip(name=_("Offer"), value=title, url=_without(query, "offer")))
    if asked.site is not None:
        chips.append(Chip(name=_("Site"), value=asked.site.name, url=_without(query, "site")))
    if asked.channel:
        said = str(WORDS["channel"][asked.channel])
        chips.append(Chip(name=_("Enrolled by"), value=said, url=_without(query, "channel")))
    return chips


def name_of(row: Subscriber) -> str:
    """What someone is called where a name is needed: theirs, their company's, or the reference."""
    return row.name or row.company or row.reference


def _shown(request: OfficeRequest, rows: Sequence[Subscriber], language: str) -> list[dict[str, Any]]:
    """The lines of a list, each at its subscriber's own present: four queries, however many."""
    clocks = TestClock.objects.in_bulk({row.test_clock_id for row in rows if row.test_clock_id})
    times = {id_: clock.time for id_, clock in clocks.items() if clock.status != TestClock.Status.RELEASED}
    present = request.office.now
    return [
        _row(
            request,
            found,
            local_date(times.get(found.subscriber.test_clock_id or found.subscriber.pk, present.at), present.zone),
            language,
        )
        for found in people.rows_of(rows)
    ]


def _row(request: OfficeRequest, found: people.Row, today: date, language: str) -> dict[str, Any]:
    """One line of the list."""
    row, subscription = found.subscriber, found.subscription
    shown: dict[str, Any] = {
        "name": name_of(row),
        "note": row.email or row.phone or (row.reference if row.name else ""),
        "url": request.office.url("subscriber", subscriber=row.public_id),
        "at": row.created_at,
        "method": method_name(found.method) if found.method else "",
        "others": found.others,
        "subscription": subscription,
    }
    if subscription is not None:
        verdict = verdict_of(subscription, today)
        shown |= {
            "offer": said_in(subscription.offer_version.title, language),
            "access": verdict.access.value,
            "until": _until(verdict.until, language, today),
            "live": subscription.status in LIVE,
            "next": _next(subscription),
        }
    return shown


def _until(day: date | None, language: str, today: date) -> str:
    """Until which last day."""
    if day is None:
        return ""
    return _("until %(when)s") % {"when": short_date_text(day - timedelta(days=1), language, today=today)}


def _next(subscription: Any) -> Any:
    over = subscription.billing_ends_on or subscription.service_ends_on
    day = subscription.current_period_end
    return day if subscription.status in LIVE and day and (over is None or over > day) else None


@office_page(permission="see_subscribers")
def home_subscribers(request: OfficeRequest) -> HttpResponse:
    """The home page's part about subscribers: how many, and who came last."""
    counts = people.view_counts()
    language = get_language() or "en"
    merchant = {"merchant": request.office.merchant.public_id}
    listing = reverse("office:subscribers", kwargs=merchant)
    measures = [
        {"name": str(VIEWS[key]), "text": count_text(counts[key]), "url": f"{listing}?view={key}"}
        for key in ("active", "trial", "ending", "unpaid")
    ]
    newest = list(people.visible().order_by("-id")[:5])
    context = {
        "measures": measures,
        "rows": _shown(request, newest, language),
        "listing": listing,
        "total": count_text(counts["all"]),
        "may_edit": request.office.may(Permission.edit_subscribers),
    }
    return office_render(request, "subscribers/home.html", context)
