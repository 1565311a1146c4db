"""Filters for amounts, dates and periods in the reader's language; the words are `merchants.wording`'s.

Blank is an answer: nothing in, nothing out. Instants are shown in the active time zone, which the faces set to the
merchant's.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from merchants import wording
from merchants.money import exponent

register = template.Library()


class Span(Protocol):
    """Anything with a first day and a first day without it."""

    @property
    def start(self) -> date: ...

    @property
    def end(self) -> date: ...


def language() -> str:
    """The active language's code; English where translations are off."""
    return get_language() or "en"


def local_day(value: date | datetime) -> date:
    """The calendar day of a date, or of an instant in the active time zone."""
    if isinstance(value, datetime):
        return (timezone.localtime(value) if timezone.is_aware(value) else value).date()
    return value


def _today(value: date | datetime | str | None) -> date | None:
    return local_day(value) if isinstance(value, date) else None


@register.filter
def amount(value: int | None, currency: str) -> str:
    """`{{ invoice.total|amount:invoice.currency }}`: minor units as money."""
    return "" if value is None else wording.amount_text(value, currency, language())


@register.filter
def movement(value: int | None, currency: str) -> str:
    """As `amount`, with a plus sign for what comes in: movements only."""
    return "" if value is None else wording.amount_text(value, currency, language(), plus=True)


@register.filter
def figure(value: int | None, currency: str) -> str:
    """Minor units without the currency's sign: the terms of a formula."""
    return "" if value is None else wording.figure_text(value, currency, language())


@register.simple_tag
def quiet_cents(value: int, currency: str) -> SafeString:
    """A large figure whose decimals step back: `€48,897<span>.40</span>` (inside `.measure-value`)."""
    text = wording.amount_text(value, currency, language())
    decimals = exponent(currency)
    digits = [place for place, sign in enumerate(text) if sign.isdigit()]
    if not decimals:
        return format_html("{}", text)
    start, end = digits[-decimals] - 1, digits[-1] + 1
    return format_html("{}<span>{}</span>{}", text[:start], text[start:end], text[end:])


@register.simple_tag
def padded_amount(value: int | None, currency: str, decimals: int) -> SafeString:
    """An amount in a column whose currencies differ: missing decimals are held open, so that points align."""
    if value is None:
        return SafeString("")
    text = wording.amount_text(value, currency, language())
    missing = decimals - exponent(currency)
    if missing <= 0:
        return format_html("{}", text)
    last = max(place for place, sign in enumerate(text) if sign.isdigit()) + 1
    point = "" if exponent(currency) else wording.decimal_sign(language())
    return format_html('{}<span class="amount-pad">{}{}</span>{}', text[:last], point, "0" * missing, text[last:])


@register.filter
def number(value: int | Decimal | None) -> str:
    """A count, grouped: `4,318`."""
    return "" if value is None else wording.number_text(value, language())


@register.filter
def percent(rate: Decimal | int | str | None) -> str:
    """A rate in percent: `{{ "5.5"|percent }}`."""
    return "" if rate in (None, "") else wording.percent_text(Decimal(str(rate)), language())


@register.filter
def short_date(value: date | datetime | None, today: date | None = None) -> str:
    """`{{ d|short_date }}` says the year; `{{ d|short_date:today }}` leaves this year's out."""
    return "" if not value else wording.short_date_text(local_day(value), language(), today=_today(today))


@register.filter
def long_date(value: date | datetime | None, today: date | None = None) -> str:
    """`{{ d|long_date }}`: 20 November 2026."""
    return "" if not value else wording.long_date_text(local_day(value), language(), today=_today(today))


@register.filter
def weekday_date(value: date | datetime | None) -> str:
    """`{{ today|weekday_date }}`: Tuesday 3 November."""
    return "" if not value else wording.weekday_text(local_day(value), language())


@register.filter
def month_name(value: date | datetime | None) -> str:
    """`{{ d|month_name }}`: August 2026, a heading of the history."""
    return "" if not value else wording.month_text(local_day(value), language())


@register.filter
def clock_time(value: datetime | None) -> str:
    """Hours and minutes in the active time zone: 10:41."""
    return "" if not value else f"{timezone.localtime(value) if timezone.is_aware(value) else value:%H:%M}"


@register.filter
def moment(value: datetime | None, today: date | None = None) -> str:
    """`{{ at|moment:today }}`: 22 Oct 06:00; with the year where it is another one or no day is given."""
    return "" if not value else f"{short_date(value, today)} {clock_time(value)}"


@register.filter
def iso(value: date | datetime | None) -> str:
    """For `<time datetime="…">`."""
    return "" if not value else value.isoformat()


@register.filter
def period_words(span: Span | None, today: date | None = None) -> str:
    """`{{ line.period|period_words:today }}`: 3 to 19 November, the last day included."""
    return "" if span is None else wording.period_text(span.start, span.end, language(), today=_today(today))


@register.filter
def period_short(span: Span | None, today: date | None = None) -> str:
    """`{{ line.period|period_short:today }}`: 20 Nov – 19 Dec, for a column."""
    return "" if span is None else wording.short_period_text(span.start, span.end, language(), today=_today(today))


@register.simple_tag
def period(start: date, end: date, today: date | None = None, *, short: bool = False) -> str:
    """`{% period line.start line.end today short=True %}`, where start and end stand apart."""
    say: Any = wording.short_period_text if short else wording.period_text
    return str(say(start, end, language(), today=_today(today)))
