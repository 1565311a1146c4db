"""The back office's menu: words, no icons; only what is routed, and what one may open, is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import template
from django.http import HttpRequest, QueryDict
from django.template.context import Context
from django.urls import NoReverseMatch, Resolver404, ResolverMatch, resolve, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

register = template.Library()


@dataclass(frozen=True)
class Entry:
    """One place of the menu: its key, its words, and how the names of its pages begin."""

    key: str
    words: str | Promise
    stem: str


MENU: tuple[tuple[Entry, ...], ...] = (
    (
        Entry("home", _("Home"), "home"),
        Entry("subscribers", _("Subscribers"), "subscriber"),
        Entry("subscriptions", _("Subscriptions"), "subscription"),
        Entry("gestures", _("Gestures"), "gesture"),
    ),
    (
        Entry("offers", _("Offers"), "offer"),
        Entry("invoices", _("Invoices"), "invoice"),
        Entry("payments", _("Payments"), "payment"),
        Entry("sites", _("Sites"), "site"),
        Entry("tills", _("Tills"), "till"),
    ),
    (
        Entry("alerts", _("Alerts"), "alert"),
        Entry("statistics", _("Statistics"), "statistic"),
        Entry("runs", _("Billing runs"), "run"),
        Entry("exports", _("Exports"), "export"),
    ),
    (
        Entry("developers", _("Developers"), "developer"),
        Entry("settings", _("Settings"), "setting"),
    ),
)


def office_url(name: str, match: ResolverMatch | None, **given: str) -> str:
    """The address of `office:<name>`, or nothing where it is not routed. Pages that stand under one merchant's path
    hand its part on (`merchant` among the current page's arguments).
    """
    for arguments in ({}, {key: value for key, value in (match.kwargs if match else {}).items() if key == "merchant"}):
        try:
            return reverse(f"office:{name}", kwargs={**arguments, **given})
        except NoReverseMatch:
            continue
    return ""


def may_open(url: str, request: HttpRequest | None) -> bool:
    """Whether the member who asks may open an office page: its view says what it needs (`office_page`)."""
    office = getattr(request, "office", None)
    if office is None:
        return True
    try:
        needed = getattr(resolve(url).func, "office_permission", None)
    except Resolver404:
        return False
    return needed is None or bool(office.may(needed))


def _is_current(entry: Entry, chosen: str, match: ResolverMatch | None) -> bool:
    if chosen:
        return entry.key == chosen
    if match is None or "office" not in match.namespaces:
        return False
    return (match.url_name or "").startswith(entry.stem)


@register.inclusion_tag("components/nav.html", takes_context=True)
def nav(context: Context) -> dict[str, Any]:
    """`{% nav %}` in the office's frame. The page may set `nav_current` (a key such as `"offers"`); else the name of
    its URL decides. `nav_counts` maps keys to numbers shown beside the words (`alerts` as urgent).
    """
    request: HttpRequest | None = context.get("request")
    match = request.resolver_match if request else None
    counts: Mapping[str, int] = context.get("nav_counts") or {}
    groups = []
    for group in MENU:
        shown = [
            {
                "words": entry.words,
                "url": url,
                "current": _is_current(entry, context.get("nav_current") or "", match),
                "count": counts.get(entry.key),
                "urgent": entry.key == "alerts",
            }
            for entry in group
            if (url := office_url(entry.key, match)) and may_open(url, request)
        ]
        if shown:
            groups.append(shown)
    return {"groups": groups}


@register.simple_tag(takes_context=True)
def office_link(context: Context, name: str, **given: str) -> str:
    """`{% office_link "search" as search_url %}`: the address of an office page, or nothing where it is not routed;
    `{% office_link "entity-sample" entity=… %}` where it names something.
    """
    request: HttpRequest | None = context.get("request")
    return office_url(name, request.resolver_match if request else None, **given)


EXPORTED = {
    "view": "status",
    "q": "q",
    "subscriber": "subscriber",
    "run": "run",
    "site": "site",
    "offer": "offer",
    "channel": "channel",
}
"""Parameters of lists that narrow their export, and what they are called there."""


@register.simple_tag(takes_context=True)
def export_link(context: Context, kind: str) -> str:
    """`{% export_link "invoices" as export_url %}`: where what this list shows is exported, with the filters of the
    address; nothing where the reader may not."""
    request: HttpRequest | None = context.get("request")
    url = office_url("export-new", request.resolver_match if request else None)
    if request is None or not url or not may_open(url, request):
        return ""
    query = QueryDict(mutable=True)
    query["kind"] = kind
    for name, said in EXPORTED.items():
        if value := request.GET.get(name):
            query[said] = value
    return f"{url}?{query.urlencode()}"
