"""How a line's amount came about: its rule and inputs as a formula, and said in the reader's language (domain 5).

Pure. `inputs` is what a line stores beside its rule, JSON all the way down:

    currency, unit_amount, quantity             minor units, whole number
    currency, unit_price, quantity              instead, where either is no whole number: decimal strings, major units
    from, until, days, whole_days               dates (until is the first day without), where there is a period
    whole_from, whole_until                     the whole period's dates, where only a part of it is billed
    instead_of                                  what something given would have cost, minor units
    discounts                                   [{coupon, code, percent or null, amount}] in the order applied
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from invoices.wording import decimal_words, price_words, quantity_words
from merchants.languages import language_of
from merchants.money import decimal_text, exponent
from merchants.wording import amount_text, figure_text, percent_text, period_text

Inputs = Mapping[str, Any]

MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"
SPACE = "\N{NO-BREAK SPACE}"


class Rule(StrEnum):
    """By which rule an amount was found."""

    whole_period = "whole_period"
    part_of_period = "part_of_period"
    once = "once"
    free = "free"
    complimentary = "complimentary"


def formula(rule: str, inputs: Inputs, *, amount: int) -> str:
    """The calculation in figures, the same in every language: what is stored.

    `amount` is the line's before discounts, in minor units.

    >>> inputs = {"currency": "EUR", "unit_amount": 2990, "quantity": 1, "days": 18, "whole_days": 31}
    >>> formula("part_of_period", inputs, amount=1736)
    '29.90 × 18/31 = 17.36'
    >>> formula("whole_period", {"currency": "EUR", "unit_amount": 1490, "quantity": 3}, amount=4470)
    '3 × 14.90 = 44.70'
    >>> formula("whole_period", {"currency": "EUR", "unit_amount": 1299, "quantity": 1,
    ...     "discounts": [{"coupon": "c", "code": "RENTREE", "percent": "10", "amount": 130}]}, amount=1299)
    '12.99 − 1.30 = 11.69'
    >>> formula("once", {"currency": "EUR", "unit_price": "0.0125", "quantity": "333"}, amount=416)
    '333 × 0.0125 = 4.16'
    """
    currency = str(inputs["currency"])
    unit = str(inputs["unit_price"]) if "unit_price" in inputs else decimal_text(int(inputs["unit_amount"]), currency)
    written = [decimal_text(figure, currency) for figure in _amounts(inputs, amount)]
    return _figures(rule, inputs, f"{_quantity(inputs):f}", unit, written)


def computes(inputs: Inputs) -> bool:
    """True where inputs say how an amount was computed, so that `say` and its like can tell it."""
    return "unit_amount" in inputs or "unit_price" in inputs


def is_plain(inputs: Inputs) -> bool:
    """True where nothing was computed: one of something, whole, without a discount.

    >>> is_plain({"quantity": 1}), is_plain({"quantity": "1.5"}), is_plain({"quantity": 1, "days": 3, "whole_days": 31})
    (True, False, False)
    """
    return inputs.get("days") == inputs.get("whole_days") and _quantity(inputs) == 1 and not _discounts(inputs)


def say(rule: str, inputs: Inputs, *, amount: int, language: str, by: str = "") -> str:
    """The calculation as a person reads it, with the days one has; `by` may add who or what caused it.

    >>> inputs = {"currency": "EUR", "unit_amount": 2990, "quantity": 1, "days": 18, "whole_days": 31,
    ...           "from": "2026-05-14", "until": "2026-06-01"}
    >>> say("part_of_period", inputs, amount=1736, language="fr")
    '29,90 × 18/31 = 17,36, du 14 au 31 mai'
    >>> say("part_of_period", inputs, amount=1736, language="en", by="changed by Julie at the call centre")
    '29.90 × 18/31 = 17.36, 14 to 31 May, changed by Julie at the call centre'
    >>> given = {"currency": "EUR", "unit_amount": 400, "quantity": 1, "instead_of": 400}
    >>> say("complimentary", given, amount=0, language="fr").replace(SPACE, "_")
    'offert, au lieu de 4,00_€'
    """
    currency, own = str(inputs["currency"]), language_of(language)
    if rule == Rule.complimentary:
        said = own.given
        if inputs.get("instead_of"):
            said = own.given_instead.format(amount=amount_text(int(inputs["instead_of"]), currency, language))
    elif rule == Rule.free:
        said = own.free
    else:
        locale = own.code
        if "unit_price" in inputs:
            unit = decimal_words(Decimal(inputs["unit_price"]), exponent(currency), locale)
        else:
            unit = figure_text(int(inputs["unit_amount"]), currency, language)
        figures = [figure_text(figure, currency, language) for figure in _amounts(inputs, amount)]
        said = _figures(rule, inputs, quantity_words(_quantity(inputs), locale), unit, figures)
    days = say_period(inputs, language=language)
    return ", ".join(part for part in (said, days, by) if part)


def say_days(inputs: Inputs, *, amount: int, language: str) -> str:
    """The short form for a column beside the amount: price, days had, days of the whole; empty where nothing was
    computed.

    >>> inputs = {"currency": "EUR", "unit_amount": 1799, "quantity": 1, "days": 17, "whole_days": 31}
    >>> say_days(inputs, amount=987, language="fr").replace(SPACE, "_")
    '17,99_€ × 17 jours sur 31'
    >>> say_days(inputs, amount=987, language="en")
    '€17.99 × 17 days of 31'
    >>> say_days({"currency": "EUR", "unit_price": "0.0125", "quantity": "333"}, amount=416, language="en")
    '333 × €0.0125'
    """
    currency, quantity, locale = str(inputs["currency"]), _quantity(inputs), language_of(language).code
    factors = [quantity_words(quantity, locale)] if quantity != 1 else []
    if "unit_price" in inputs:
        factors.append(price_words(Decimal(inputs["unit_price"]), currency, locale))
    else:
        factors.append(amount_text(int(inputs["unit_amount"]), currency, language))
    days, whole = inputs.get("days"), inputs.get("whole_days")
    if days is not None and days != whole:
        own = language_of(language)
        factors.append((own.one_day if days == 1 else own.several_days).format(days=days, whole=whole))
    return f" {TIMES} ".join(factors) if len(factors) > 1 else ""


def say_discounts(inputs: Inputs, *, language: str) -> list[str]:
    """Each discount in words, in the order applied.

    >>> say_discounts({"currency": "EUR", "discounts": [
    ...     {"coupon": "c", "code": "RENTREE", "percent": "10", "amount": 130}]}, language="en")
    ['RENTREE, 10%: −€1.30']
    """
    colon = language_of(language).before_colon
    said = []
    for discount in _discounts(inputs):
        percent = f", {percent_text(Decimal(discount['percent']), language)}" if discount.get("percent") else ""
        taken = amount_text(-int(discount["amount"]), str(inputs["currency"]), language)
        said.append(f"{discount['code']}{percent}{colon}: {taken}")
    return said


def _amounts(inputs: Inputs, amount: int) -> list[int]:
    """The figures that a formula names after its unit, in order: amount, then each discount, then what remains."""
    taken = [int(discount["amount"]) for discount in _discounts(inputs) if discount["amount"]]
    return [amount, *taken, amount - sum(taken)]


def _quantity(inputs: Inputs) -> Decimal:
    return Decimal(str(inputs.get("quantity", 1)))


def _figures(rule: str, inputs: Inputs, quantity: str, unit: str, written: Sequence[str]) -> str:
    product, *rest = written
    if rule in (Rule.complimentary, Rule.free):
        return product
    days, whole = inputs.get("days"), inputs.get("whole_days")
    factors = [quantity] if _quantity(inputs) != 1 else []
    factors.append(unit)
    if days is not None and days != whole:
        factors.append(f"{days}/{whole}")
    said = f" {TIMES} ".join(factors)
    if len(factors) > 1:
        said = f"{said} = {product}"
    *taken, left = rest
    if taken:
        start = f"{said}, {product}" if len(factors) > 1 else product
        said = f" {MINUS} ".join([start, *taken]) + f" = {left}"
    return said


def _discounts(inputs: Inputs) -> Sequence[Mapping[str, Any]]:
    return inputs.get("discounts") or ()


def say_period(inputs: Inputs, *, language: str) -> str:
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
