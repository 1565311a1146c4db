"""The days that an invoice bills of a period, from its lines: what the strip of days draws (domain 5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.utils.translation import override, pgettext

from invoices.calculations import Rule
from invoices.paper import DayCount, Locale, Span, Stretch
from invoices.wording import span_words


def day_count(lines: Iterable[tuple[str, str, Mapping[str, Any]]], locale: Locale) -> DayCount | None:
    """The strip of a document from each line's title, rule and inputs; None where nothing is prorated, where prorated
    lines bill different days (one drawing could not be true of all), and for lines of before inputs told the whole
    period. Its title is the first prorated line's.

    >>> told = {"from": "2026-05-14", "until": "2026-06-01", "whole_from": "2026-05-01", "whole_until": "2026-06-01"}
    >>> [stretch.span.days for stretch in day_count([("Hifi", "part_of_period", told)], "en").stretches]
    [13, 18]
    >>> day_count([("Hifi", "part_of_period", {"from": "2026-05-14", "until": "2026-06-01"})], "en")
    """
    parts = [(title, inputs) for title, rule, inputs in lines if rule == Rule.part_of_period]
    told = {tuple(inputs.get(name) for name in ("whole_from", "from", "until", "whole_until")) for _, inputs in parts}
    if len(told) != 1:
        return None
    bounds = told.pop()
    if not all(bounds):
        return None
    first, start, end, last = (date.fromisoformat(str(bound)) for bound in bounds)
    with override(locale):
        # Translators: under the strip of days: those of the period that this invoice does not bill
        other = pgettext("paper", "Not on this invoice")
        # Translators: above the strip of days; the period reads "1 to 31 May 2026", "du 1er au 31 mai 2026"
        why = pgettext("paper", "The whole period is %(period)s; the days in colour are billed here.")
    found = [
        Stretch(title=title, span=Span(since, until), billed=billed)
        for title, since, until, billed in (
            (other, first, start, False),
            (parts[0][0], start, end, True),
            (other, end, last, False),
        )
        if since < until
    ]
    return DayCount(why=why % {"period": span_words(Span(first, last), locale)}, stretches=tuple(found))
