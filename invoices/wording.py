"""What documents say beside `merchants.wording`: unit prices, quantities, rates, and a period for a narrow column.

The language is an argument; nothing here is translated.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from unicodedata import bidirectional

from invoices.paper import Locale, Span
from merchants.languages import language_of
from merchants.wording import (
    day_text,
    decimal_words,
    percent_of,
    period_text,
    short_date_text,
)


def isolated(text: str) -> str:
    """A text that may be read from right to left, so that what stands beside it keeps its place: without isolation the
    amount after an Arabic title would be drawn before it (UAX 9).

    >>> isolated("Onde Famille"), isolated("\u05d3\u05d5\u05d3") == "\u2068\u05d3\u05d5\u05d3\u2069"
    ('Onde Famille', True)
    """
    if any(bidirectional(sign) in ("R", "AL") for sign in text):
        return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"
    return text


def net_price(price: Decimal, rate: Decimal) -> Decimal | None:
    """A unit price without the VAT that it contains, to four decimals; None where it contains none.

    >>> net_price(Decimal("29.90"), Decimal(20)), net_price(Decimal("12.00"), Decimal(20))
    (Decimal('24.9167'), Decimal('10.0000'))
    >>> net_price(Decimal(5), Decimal(0))
    """
    if not rate:
        return None
    return (price * 100 / (100 + rate)).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)


def quantity_words(quantity: Decimal, locale: Locale) -> str:
    """A quantity without decimals that say nothing.

    >>> quantity_words(Decimal("2.000"), "fr"), quantity_words(Decimal("1.5"), "fr")
    ('2', '1,5')
    """
    return decimal_words(quantity, 0, locale)


def rate_words(rate: Decimal, locale: Locale) -> str:
    """A VAT rate in percent, two decimals or more: rates stand under one another.

    >>> rate_words(Decimal("5.5"), "fr"), rate_words(Decimal("20"), "en")
    ('5,50\\xa0%', '20.00%')
    """
    return percent_of(decimal_words(rate, 2, locale), locale)


def span_words(span: Span, locale: Locale) -> str:
    """A period as a sentence has it, both ends days that one has.

    >>> from datetime import date
    >>> span_words(Span(date(2026, 11, 3), date(2026, 11, 20)), "fr")
    'du 3 au 19 novembre 2026'
    """
    return period_text(span.start, span.end, locale)


def narrow_span_words(span: Span, locale: Locale) -> str:
    """A period for a narrow column: short months, what both ends share said once.

    >>> from datetime import date
    >>> narrow_span_words(Span(date(2026, 11, 3), date(2026, 11, 20)), "fr")
    '3 au 19 nov. 2026'
    >>> narrow_span_words(Span(date(2026, 12, 20), date(2027, 1, 20)), "en")
    '20 Dec 2026 to 19 Jan 2027'
    """
    first, last = span.start, span.last
    end = short_date_text(last, locale)
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        start = day_text(first, locale)
    else:
        start = short_date_text(first, locale, today=last)
    return language_of(locale).narrow_period.format(first=start, last=end)


def say_period(inputs: Mapping[str, Any], *, language: str) -> str:
    """The days of a line as people write them, the last one included; empty where it has none.

    >>> say_period({"from": "2026-05-14", "until": "2026-06-01"}, language="en")
    '14 to 31 May'
    """
    if not inputs.get("from") or not inputs.get("until"):
        return ""
    start, end = date.fromisoformat(inputs["from"]), date.fromisoformat(inputs["until"])
    words = period_text(start, end, language, today=start)
    if (end - start).days == 1:
        return language_of(language).on_day.format(day=words)
    return words
