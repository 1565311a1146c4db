"""A gesture in words: what was given, and for how long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from uuid import UUID

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from merchants.languages import said_in
from merchants.templatetags.texts import short_date
from merchants.wording import amount_text, percent_text
from subscribers.models import Gesture
from subscribers.selectors.pictures import WantedOption, newest_option_versions, option_pictures


def titles_of(rows: Iterable[Gesture]) -> Mapping[UUID, str]:
    """The titles of the options that these give: four queries, however many."""
    newest = newest_option_versions({row.option_id for row in rows if row.option_id})
    language = get_language() or "en"
    pictures = option_pictures([WantedOption(id=id_, version_id=id_) for id_ in newest.values()])
    return {UUID(one.option_id): said_in(one.title, language) or one.reference for one in pictures}


def said(row: Gesture, titles: Mapping[UUID, str] | None = None) -> str:
    """What was given: `Live concerts for 3 periods`, `5 days`, `20% off, once`, `€10.00 to the balance`."""
    language = get_language() or "en"
    if row.kind == Gesture.Kind.DAYS:
        return ngettext("%(count)s day", "%(count)s days", row.days or 0) % {"count": row.days}
    if row.kind == Gesture.Kind.AMOUNT:
        amount = amount_text(row.amount or 0, row.currency, language)
        return _("%(amount)s to the balance") % {"amount": amount}
    if row.kind == Gesture.Kind.PERCENT and row.percent_off is not None:
        percent = percent_text(row.percent_off, language)
        return _("%(percent)s off, %(how_long)s") % {"percent": percent, "how_long": _how_long(row)}
    known = titles if titles is not None else titles_of([row])
    title = known.get(row.option_id, "") if row.option_id else ""
    many = f" × {row.quantity}" if (row.quantity or 1) > 1 else ""
    return f"{title}{many}, {_how_long(row)}"


def _how_long(row: Gesture) -> str:
    if row.until is not None:
        return _("until %(day)s") % {"day": short_date(row.until - timedelta(days=1))}
    if row.periods is None:
        return _("for ever")
    return ngettext("for %(count)s period", "for %(count)s periods", row.periods) % {"count": row.periods}
