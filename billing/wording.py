"""How billing says intervals and charges to come, on hosted pages and in the office. In the active language."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.engine.quoting import Later
from merchants.wording import figure_text
from subscribers.snapshots import OfferSnapshot


def each(unit: str, count: int) -> str:
    """How often: each month, every 3 months."""
    if count == 1:
        return {"day": _("each day"), "week": _("each week"), "month": _("each month"), "year": _("each year")}[unit]
    said = {
        "day": ngettext("every %(n)s day", "every %(n)s days", count),
        "week": ngettext("every %(n)s week", "every %(n)s weeks", count),
        "month": ngettext("every %(n)s month", "every %(n)s months", count),
        "year": ngettext("every %(n)s year", "every %(n)s years", count),
    }
    return said[unit] % {"n": count}


def how_often(unit: str, count: int, times: int | None) -> str:
    """How often and how many times: each month, 3 times. Once needs no interval."""
    if times is None:
        return each(unit, count)
    if times == 1:
        return _("once")
    often = each(unit, count)
    return ngettext("%(often)s, %(n)s time", "%(often)s, %(n)s times", times) % {"often": often, "n": times}


def sum_words(often: str, *, gross: int, tax: int, parts: Sequence[int], currency: str, language: str) -> str:
    """How often, and the sum where there are several terms: each month: 6.99 + 2.00. Amounts in minor units; `parts`
    sum to `gross` where prices include tax, else the tax is a term of its own."""
    if not gross:
        return _("%(often)s: free") % {"often": often}
    figures = [figure_text(part, currency, language) for part in parts if part]
    if tax and sum(parts) != gross:
        figures.append(_("VAT %(amount)s") % {"amount": figure_text(tax, currency, language)})
    if len(figures) < 2:
        return often
    return _("%(often)s: %(sum)s") % {"often": often, "sum": " + ".join(figures)}


def later_words(later: Later, currency: str, language: str) -> str:
    """A charge to come, in words."""
    often = how_often(later.interval.unit.value, later.interval.count, later.times)
    parts = [part.amount for part in later.parts]
    return sum_words(often, gross=later.gross, tax=later.tax, parts=parts, currency=currency, language=language)


def leaving_words(offer: OfferSnapshot) -> str:
    """How an offer may be left: its commitment, its notice, what leaving early costs."""
    if offer.commitment is None:
        return _("No commitment: cancel at any time, and keep it to the end of what is paid")
    said = []
    if offer.commitment.intervals:
        n = offer.commitment.intervals
        said.append(ngettext("A commitment of %(n)s period", "A commitment of %(n)s periods", n) % {"n": n})
    if offer.commitment.notice_days:
        n = offer.commitment.notice_days
        said.append(ngettext("%(n)s day of notice to leave", "%(n)s days of notice to leave", n) % {"n": n})
    if offer.commitment.notice_months:
        n = offer.commitment.notice_months
        said.append(ngettext("%(n)s month of notice to leave", "%(n)s months of notice to leave", n) % {"n": n})
    if offer.commitment.early_end is not None:
        said.append(_("it may be left early for a fee"))
    return ", ".join(said)
