"""Amounts, dates and periods as a person reads them, in any language of `merchants.languages`. Pure: the language is
an argument.

Rules of the look: the currency's sign always stands, all its decimals too; the minus is U+2212; French groups and the
space before the sign are U+00A0, because the web cut of Inter has no U+202F. A period `[start, end)` is said with the
last day that one has, never with its end (domain, preface).
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_date
from babel.numbers import (
    NumberPattern,
    format_decimal,
    format_percent,
    get_currency_symbol,
    get_decimal_symbol,
    parse_pattern,
)

from merchants.languages import language_of
from merchants.money import exponent

MINUS = "\N{MINUS SIGN}"
SPACE = "\N{NO-BREAK SPACE}"
EN_DASH = "\N{EN DASH}"


def locale_of(language: str) -> Locale:
    """The form of figures and dates of a language code; English where we have no other.

    >>> str(locale_of("fr")), str(locale_of("fr-ca")), str(locale_of("de"))
    ('fr_FR', 'fr_FR', 'en_GB')
    """
    return _locale(language_of(language).locale)


@lru_cache(maxsize=32)
def _locale(name: str) -> Locale:
    return Locale.parse(name)


def _ours(text: str) -> str:
    return text.replace("-", MINUS).replace("\u202f", SPACE)


@lru_cache(maxsize=64)
def _money_pattern(locale: Locale, currency: str) -> tuple[NumberPattern, str]:
    decimals = exponent(currency)
    pattern = parse_pattern(locale.currency_formats["standard"].pattern)
    pattern.frac_prec = (decimals, decimals)
    return pattern, get_currency_symbol(currency, locale=locale)


def amount_text(amount: int, currency: str, language: str, *, plus: bool = False) -> str:
    """Minor units as money. `plus` writes the sign of what comes in too (movements only).

    Raises `Invalid` where the currency is unknown.

    >>> amount_text(-383, "EUR", "fr"), amount_text(4889740, "EUR", "en")
    ('−3,83\\xa0€', '€48,897.40')
    >>> amount_text(1234567, "TND", "en"), amount_text(1200, "JPY", "fr"), amount_text(150, "EUR", "en", plus=True)
    ('TND\\xa01,234.567', '1\\xa0200\\xa0JPY', '+€1.50')
    """
    locale = locale_of(language)
    pattern, symbol = _money_pattern(locale, currency)
    major = Decimal(amount).scaleb(-exponent(currency))
    text = _ours(pattern.apply(major, locale, currency=currency, currency_digits=False))
    if symbol[-1:].isalpha():
        at = text.find(symbol) + len(symbol)
        text = text if at == len(text) or not text[at].isdigit() else text[:at] + SPACE + text[at:]
    return f"+{text}" if plus and amount > 0 else text


def figure_text(amount: int, currency: str, language: str) -> str:
    """Minor units without the currency's sign, for formulas where every figure is of one currency.

    >>> figure_text(1799, "EUR", "fr"), figure_text(-150, "EUR", "en")
    ('17,99', '−1.50')
    """
    decimals = exponent(currency)
    pattern = "#,##0." + "0" * decimals if decimals else "#,##0"
    major = Decimal(amount).scaleb(-decimals)
    return _ours(format_decimal(major, format=pattern, locale=locale_of(language)))


def number_text(value: int | Decimal, language: str) -> str:
    """A count or a plain decimal, grouped.

    >>> number_text(4318, "en"), number_text(4318, "fr")
    ('4,318', '4\\xa0318')
    """
    return _ours(format_decimal(value, locale=locale_of(language)))


def percent_text(rate: Decimal, language: str) -> str:
    """A rate in percent, with no decimal more than it needs.

    >>> percent_text(Decimal("20"), "fr"), percent_text(Decimal("5.5"), "en")
    ('20\\xa0%', '5.5%')
    """
    return _ours(format_percent(rate / 100, locale=locale_of(language), decimal_quantization=False))


def decimal_sign(language: str) -> str:
    """What stands between units and decimals.

    >>> decimal_sign("fr"), decimal_sign("en")
    (',', '.')
    """
    return str(get_decimal_symbol(locale_of(language)))


def decimal_words(value: Decimal, decimals: int, language: str) -> str:
    """A decimal grouped and pointed as in the language, with so many decimals or as many as it has.

    >>> decimal_words(Decimal("0.0125"), 2, "fr"), decimal_words(Decimal("4"), 2, "en")
    ('0,0125', '4.00')
    """
    whole, _, part = f"{abs(value):f}".partition(".")
    part = part.rstrip("0").ljust(decimals, "0")
    point = decimal_sign(language)
    text = number_text(int(whole), language) + (f"{point}{part}" if part else "")
    return f"\N{MINUS SIGN}{text}" if value < 0 else text


def price_words(price: Decimal, currency: str, language: str) -> str:
    """A unit price in major units, with at least the currency's decimals.

    >>> price_words(Decimal("0.0125"), "EUR", "en"), price_words(Decimal("1718"), "EUR", "fr")
    ('€0.0125', '1\\xa0718,00\\xa0€')
    """
    decimals = exponent(currency)
    zero = amount_text(0, currency, language)
    bare = decimal_words(Decimal(0), decimals, language)
    return zero.replace(bare, decimal_words(price, decimals, language))


def percent_of(figure: str, language: str) -> str:
    """A figure that is written already, as so many percent.

    >>> percent_of("5,50", "fr"), percent_of("5.50", "en")
    ('5,50\\xa0%', '5.50%')
    """
    before, _, rest = _ours(locale_of(language).percent_formats[None].pattern.split(";")[0]).partition("#")
    return before + figure + rest.lstrip("#,.0")


def _pattern(day: date, text: str, language: str) -> str:
    written = format_date(day, text, locale=locale_of(language))
    first = language_of(language).first_of_month if day.day == 1 and "d" in text else ""
    return re.sub(r"\b1\b\.?", first, written, count=1) if first else written


def day_text(day: date, language: str) -> str:
    """The number of a day in its month, before the rest of the date.

    >>> day_text(date(2026, 12, 1), "fr"), day_text(date(2026, 12, 1), "en"), day_text(date(2026, 12, 3), "fr")
    ('1er', '1', '3')
    """
    return _pattern(day, language_of(language).day, language)


def short_date_text(day: date, language: str, *, today: date | None = None) -> str:
    """`20 Nov 2026`; without its year where `today` is given and of the same year.

    >>> short_date_text(date(2026, 11, 20), "fr"), short_date_text(date(2026, 11, 20), "en", today=date(2026, 1, 2))
    ('20 nov. 2026', '20 Nov')
    """
    own = language_of(language)
    return _pattern(day, own.short_day if today and today.year == day.year else own.short_day + own.year, language)


def long_date_text(day: date, language: str, *, today: date | None = None) -> str:
    """`20 November 2026`; without its year where `today` is given and of the same year.

    >>> long_date_text(date(2026, 12, 1), "fr"), long_date_text(date(2026, 12, 1), "en", today=date(2026, 1, 2))
    ('1er décembre 2026', '1 December')
    """
    own = language_of(language)
    return _pattern(day, own.long_day if today and today.year == day.year else own.long_day + own.year, language)


def weekday_text(day: date, language: str) -> str:
    """The day by its name: for today, and for what comes within days.

    >>> weekday_text(date(2026, 11, 3), "en"), weekday_text(date(2026, 11, 20), "fr")
    ('Tuesday 3 November', 'vendredi 20 novembre')
    """
    return _pattern(day, language_of(language).weekday, language)


def month_text(day: date, language: str) -> str:
    """A month as a heading.

    >>> month_text(date(2026, 8, 20), "fr"), month_text(date(2026, 8, 20), "en")
    ('Août 2026', 'August 2026')
    """
    text = month_inside(day, language)
    return text[:1].upper() + text[1:]


def month_inside(day: date, language: str) -> str:
    """A month inside a sentence.

    >>> month_inside(date(2026, 8, 20), "fr"), month_inside(date(2026, 8, 20), "en")
    ('août 2026', 'August 2026')
    """
    return format_date(day, "LLLL y", locale=locale_of(language))


def period_text(start: date, end: date, language: str, *, today: date | None = None) -> str:
    """A half-open span in words, its last day included (domain, preface): what is alike is said once.

    >>> period_text(date(2026, 11, 3), date(2026, 11, 20), "fr")
    'du 3 au 19 novembre 2026'
    >>> period_text(date(2026, 11, 20), date(2026, 12, 20), "en", today=date(2026, 11, 3))
    '20 November to 19 December'
    >>> period_text(date(2026, 11, 3), date(2026, 11, 4), "en")
    '3 November 2026'
    """
    last = end - timedelta(days=1)
    if last <= start:
        return long_date_text(start, language, today=today)
    if (start.year, start.month) == (last.year, last.month):
        first = day_text(start, language)
    elif start.year == last.year:
        first = long_date_text(start, language, today=start)
    else:
        first = long_date_text(start, language)
        today = None
    return language_of(language).period.format(first=first, last=long_date_text(last, language, today=today))


def short_period_text(start: date, end: date, language: str, *, today: date | None = None) -> str:
    """A half-open span for a column of a table.

    >>> short_period_text(date(2026, 11, 20), date(2026, 12, 20), "fr", today=date(2026, 11, 3))
    '20 nov. – 19 déc.'
    """
    last = end - timedelta(days=1)
    if last <= start:
        return short_date_text(start, language, today=today)
    if start.year == last.year:
        first = short_date_text(start, language, today=start)
    else:
        first, today = short_date_text(start, language), None
    return f"{first} {EN_DASH} {short_date_text(last, language, today=today)}"
