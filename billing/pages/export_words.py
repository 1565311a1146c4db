"""Words of exports: their forms, and what narrows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from billing.exports.kinds import KINDS
from billing.models import Export
from merchants import ids
from merchants.models import LegalEntity, Offer, Site
from merchants.templatetags.statuses import WORDS
from subscribers.models import Subscriber
from subscribers.selectors.names import offer_names

FORMATS: Mapping[str, Promise | str] = {
    Export.Format.XLSX: gettext_lazy("Workbook (XLSX)"),
    Export.Format.CSV: "CSV",
    Export.Format.PARQUET: "Parquet",
    Export.Format.TXT: gettext_lazy("Text"),
    Export.Format.ZIP: "ZIP",
}
STATUSES: Mapping[str, Promise] = {
    "open": gettext_lazy("To be paid"),
    "overdue": gettext_lazy("Overdue"),
    "paid": gettext_lazy("Paid"),
    "uncollectible": gettext_lazy("Uncollectible"),
    "cancelled": gettext_lazy("Credited in full"),
    "succeeded": gettext_lazy("Succeeded"),
    "failed": gettext_lazy("Refused"),
    "under_way": gettext_lazy("Under way"),
    "reversed": gettext_lazy("Taken back"),
    "active": gettext_lazy("Active"),
    "trial": gettext_lazy("Free stage"),
    "ending": gettext_lazy("Leaving"),
    "unpaid": gettext_lazy("Unpaid"),
}
"""The views of the lists, as their tabs say them."""


def of_which(row: Export) -> str:
    """What an export holds, in words."""
    return str(KINDS[row.kind].title)


def narrowings(asked: Sequence[Mapping[str, str]]) -> list[list[tuple[str, str]]]:
    """What narrows each of some exports, as names and values that people know: five queries, however many there are."""
    words = {
        "status": _("View"),
        "q": _("Search"),
        "subscriber": _("Subscriber"),
        "site": _("Site"),
        "offer": _("Offer"),
        "channel": _("Enrolled by"),
        "run": _("Made by"),
        "legal_entity": _("Company"),
    }
    known = _names(asked)
    return [[(words[name], _said(name, one[name], known)) for name in words if name in one] for one in asked]


def _said(name: str, value: str, known: Mapping[str, str]) -> str:
    if name == "status":
        return str(STATUSES.get(value, value))
    if name == "channel":
        return str(WORDS["channel"].get(value, value))
    return _("one billing run") if name == "run" else known.get(value, value)


def _names(asked: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The names of all subscribers, sites, companies and offers that are pointed to, by public id."""
    language = get_language() or "en"
    people = Subscriber.objects.filter(id__in=_ids(asked, "subscriber", "cus"))
    sites = Site.objects.filter(id__in=_ids(asked, "site", "sit"))
    entities = LegalEntity.objects.filter(id__in=_ids(asked, "legal_entity", "ent"))
    offers = list(Offer.objects.filter(id__in=_ids(asked, "offer", "off")))
    names = offer_names(offers, language)
    return {
        **{row.public_id: row.name or row.company or row.reference for row in people},
        **{row.public_id: row.name for row in sites},
        **{row.public_id: row.name for row in entities},
        **{row.public_id: names[row.pk] for row in offers},
    }


def _ids(asked: Sequence[Mapping[str, str]], name: str, prefix: str) -> set[UUID]:
    return {id_ for one in asked if name in one and (id_ := ids.read(prefix, one[name]))}
