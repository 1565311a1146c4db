"""Amounts, dates and rates as a person reads them on a document: French as in France, English as in Britain.

Always all decimals, the sign of the currency always there, a true minus. French thousands and the space before the sign
are U+00A0: the faces that documents are printed with have no narrow one.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache

from babel.dates import format_date
from django.utils.translation import gettext, pgettext

from invoices.paper import Locale, Span
from merchants.money import decimal_text, exponent

MINUS, SPACE = "\u2212", "\u00a0"
_SIGNS: dict[str, dict[str, str]] = {
    "fr": {"EUR": "€", "GBP": "£", "USD": "$US", "JPY": "¥"},
    "en": {"EUR": "€", "GBP": "£", "USD": "US$", "JPY": "¥"},
}
_BABEL = {"fr": "fr_FR", "en": "en_GB"}


def number_words(plain: str, locale: Locale) -> str:
    """A plain decimal string with the separators of the language.

    >>> number_words("-1234.50", "fr").replace(SPACE, "_"), number_words("1234.5", "en")
    ('−1_234,50', '1,234.5')
    """
    sign = MINUS if plain.startswith("-") else ""
    whole, _, part = plain.lstrip("-").partition(".")
    grouped = f"{int(whole):,}"
    if locale == "fr":
        grouped = grouped.replace(",", SPACE)
    point = "," if locale == "fr" else "."
    return f"{sign}{grouped}{point}{part}" if part else f"{sign}{grouped}"


def _with_sign(number: str, currency: str, locale: Locale) -> str:
    sign = _SIGNS[locale].get(currency, currency)
    if locale == "fr":
        return f"{number}{SPACE}{sign}"
    minus, bare = (MINUS, number[1:]) if number.startswith(MINUS) else ("", number)
    return f"{minus}{sign}{SPACE if sign.isalpha() else ''}{bare}"


def amount_words(amount: int, currency: str, locale: Locale) -> str:
    """Minor units as an amount.

    >>> amount_words(987, "EUR", "en"), amount_words(-200, "EUR", "en"), amount_words(1234, "TND", "en")
    ('€9.87', '−€2.00', 'TND\\xa01.234')
    >>> amount_words(123456, "EUR", "fr"), amount_words(500, "JPY", "fr")
    ('1\\xa0234,56\\xa0€', '500\\xa0¥')
    """
    return _with_sign(number_words(decimal_text(amount, currency), locale), currency, locale)


def price_words(price: Decimal, currency: str, locale: Locale) -> str:
    """A unit price in major units with at least the currency's decimals.

    >>> price_words(Decimal("0.0125"), "EUR", "en"), price_words(Decimal("18"), "EUR", "en")
    ('€0.0125', '€18.00')
    """
    return _with_sign(number_words(_at_least(price, exponent(currency)), locale), currency, locale)


def quantity_words(quantity: Decimal, locale: Locale) -> str:
    """A quantity without decimals that say nothing.

    >>> quantity_words(Decimal("2.000"), "fr"), quantity_words(Decimal("1.5"), "fr")
    ('2', '1,5')
    """
    return number_words(_at_least(quantity, 0), locale)


def rate_words(rate: Decimal, locale: Locale) -> str:
    """A VAT rate in percent, two decimals or more.

    >>> rate_words(Decimal("5.5"), "fr"), rate_words(Decimal("20"), "en")
    ('5,50\\xa0%', '20.00%')
    """
    return number_words(_at_least(rate, 2), locale) + (f"{SPACE}%" if locale == "fr" else "%")


def _at_least(value: Decimal, decimals: int) -> str:
    whole, _, part = f"{value:f}".partition(".")
    part = part.rstrip("0").ljust(decimals, "0")
    return f"{whole}.{part}" if part else whole


@lru_cache(maxsize=4096)
def date_words(day: date, locale: Locale, *, short: bool = False, year: bool = True) -> str:
    """A date with the month in letters.

    >>> date_words(date(2026, 11, 3), "en"), date_words(date(2026, 11, 1), "fr"), date_words(date(2026, 11, 3), "fr",
    ...     short=True, year=False)
    ('3 November 2026', '1er novembre 2026', '3 nov.')
    """
    pattern = f"d {'MMM' if short else 'MMMM'}{' y' if year else ''}"
    words = format_date(day, pattern, locale=_BABEL[locale])
    return f"1er{words[1:]}" if locale == "fr" and day.day == 1 else words


def span_words(span: Span, locale: Locale, *, short: bool = False) -> str:
    """A period with both ends as days one has, what they share said once; in the active language.

    >>> span_words(Span(date(2026, 11, 3), date(2026, 11, 20)), "en")
    '3 to 19 November 2026'
    """
    first, last = span.start, span.last
    end = date_words(last, locale, short=short)
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        start = "1er" if locale == "fr" and first.day == 1 else str(first.day)
    else:
        start = date_words(first, locale, short=short, year=first.year != last.year)
    # Translators: a period, "3 au 19 novembre 2026"
    return pgettext("period", "%(first)s to %(last)s") % {"first": start, "last": end}


def had_words(span: Span, locale: Locale) -> str:
    """A period as a sentence has it; in the active language: "from 3 to 19 November 2026"."""
    if span.days == 1:
        # Translators: one day, "le 3 novembre 2026"
        return pgettext("one day", "on %(day)s") % {"day": date_words(span.start, locale)}
    # Translators: %(span)s is "3 au 19 novembre 2026": "du 3 au 19 novembre 2026"
    return gettext("from %(span)s") % {"span": span_words(span, locale)}
