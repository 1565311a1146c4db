"""How a line's amount came about: its rule and inputs as a formula, and said in the reader's language (domain 5).

Pure. `inputs` is what a line stores beside its rule, JSON all the way down:

    currency, unit_amount, quantity             minor units, whole number
    currency, unit_price, quantity              instead, where either is no whole number: decimal strings, major units
    from, until, days, whole_days               dates (until is the first day without), where there is a period
    whole_from, whole_until                     the whole period's dates, where only a part of it is billed
    feature, aggregation, used                  of usage: which, how its records add up, the quantity (a decimal string)
    parts                                       of usage: [{quantity, unit_price, flat_amount}], how prices split it
    package_size                                of usage sold in packages: how many are in one
    instead_of                                  what something given would have cost, minor units
    discounts                                   [{coupon, code, percent or null, amount}] in the order applied
    early_end                                   what a commitment's early end costs (`engine.early_end`): formula, its
                                                parts or figures, what was left to pay, committed_until
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from invoices.early_end import early_end
from invoices.wording import quantity_words, say_period
from merchants.languages import language_of
from merchants.money import decimal_text, exponent
from merchants.wording import (
    amount_text,
    decimal_words,
    figure_text,
    long_date_text,
    percent_text,
    price_words,
)

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
    per_unit = "per_unit"
    package = "package"
    graduated = "graduated"
    volume = "volume"
    restored = "restored"
    early_end = "early_end"


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
    >>> formula("graduated", {"currency": "EUR", "used": "1500", "parts": [
    ...     {"quantity": "1000", "unit_price": "0.10", "flat_amount": 0},
    ...     {"quantity": "500", "unit_price": "0.05", "flat_amount": 500}]}, amount=13000)
    '1000 × 0.10 + 500 × 0.05 + 5.00 = 130.00'
    >>> formula("package", {"currency": "EUR", "used": "1200.5", "package_size": "100", "parts": [
    ...     {"quantity": "13", "unit_price": "5.00", "flat_amount": 0}]}, amount=6500)
    '1200.5 / 100 → 13 × 5.00 = 65.00'
    """
    currency = str(inputs["currency"])
    if "parts" in inputs:
        return _usage_figures(inputs, amount, str, str, lambda figure: decimal_text(figure, currency))
    if rule == Rule.early_end:
        return early_end(inputs["early_end"], amount, lambda figure: decimal_text(figure, currency), _percent)
    unit = str(inputs["unit_price"]) if "unit_price" in inputs else decimal_text(int(inputs["unit_amount"]), currency)
    written = [decimal_text(figure, currency) for figure in _amounts(inputs, amount)]
    return _figures(rule, inputs, f"{_quantity(inputs):f}", unit, written)


def computes(inputs: Inputs) -> bool:
    """True where inputs say how an amount was computed, so that `say` and its like can tell it."""
    return "unit_amount" in inputs or "unit_price" in inputs or "parts" in inputs


def is_plain(inputs: Inputs) -> bool:
    """True where nothing was computed: one of something, whole, without a discount.

    >>> is_plain({"quantity": 1}), is_plain({"quantity": "1.5"}), is_plain({"quantity": 1, "days": 3, "whole_days": 31})
    (True, False, False)
    """
    if "parts" in inputs or "early_end" in inputs:
        return False
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
    >>> used = {"currency": "EUR", "used": "1200.5", "package_size": "100", "from": "2026-05-01", "until": "2026-06-01",
    ...         "parts": [{"quantity": "13", "unit_price": "5.00", "flat_amount": 0}]}
    >>> say("package", used, amount=6500, language="fr").replace(SPACE, "_")
    '1_200,5 en lots de 100_: 13 × 5,00 = 65,00, du 1er au 31 mai'
    >>> say("package", used, amount=6500, language="en")
    '1,200.5 in packages of 100: 13 × 5.00 = 65.00, 1 to 31 May'
    """
    currency, own = str(inputs["currency"]), language_of(language)
    if "parts" in inputs:
        said = _usage_words(inputs, amount, language)
    elif rule == Rule.complimentary:
        said = own.given
        if inputs.get("instead_of"):
            said = own.given_instead.format(amount=amount_text(int(inputs["instead_of"]), currency, language))
    elif rule == Rule.free:
        said = own.free
    elif rule == Rule.restored:
        said = own.restored
    elif rule == Rule.early_end:
        return _say_early_end(inputs, amount, language)
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
    if "parts" in inputs:
        return _usage_words(inputs, None, language)
    currency, quantity, locale = str(inputs["currency"]), _quantity(inputs), language_of(language).code
    if "early_end" in inputs:
        return _say_early_end(inputs, amount, language)
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


def _percent(text: str) -> str:
    return f"{text}%"


def _say_early_end(inputs: Inputs, amount: int, language: str) -> str:
    """The fee's calculation, and until when the commitment would have lasted."""
    told, currency = inputs["early_end"], str(inputs["currency"])
    said = early_end(
        told,
        amount,
        lambda figure: figure_text(figure, currency, language),
        lambda text: percent_text(Decimal(text), language),
    )
    last = date.fromisoformat(told["committed_until"]) - timedelta(days=1)
    words = language_of(language).committed_until.format(day=long_date_text(last, language))
    return f"{said}, {words}"


def _amounts(inputs: Inputs, amount: int) -> list[int]:
    """The figures that a formula names after its unit, in order: amount, then each discount, then what remains."""
    taken = [int(discount["amount"]) for discount in _discounts(inputs) if discount["amount"]]
    return [amount, *taken, amount - sum(taken)]


def _quantity(inputs: Inputs) -> Decimal:
    return Decimal(str(inputs.get("quantity", 1)))


def _figures(rule: str, inputs: Inputs, quantity: str, unit: str, written: Sequence[str]) -> str:
    product, *rest = written
    if rule in (Rule.complimentary, Rule.free, Rule.restored):
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


def _usage_words(inputs: Inputs, amount: int | None, language: str) -> str:
    """How usage was priced, as a person reads it; without an `amount`, only what it is the sum of."""
    currency, own = str(inputs["currency"]), language_of(language)
    return _usage_figures(
        inputs,
        amount,
        lambda quantity: quantity_words(Decimal(quantity), own.code),
        lambda price: decimal_words(Decimal(price), exponent(currency), own.code),
        lambda figure: figure_text(figure, currency, language),
        packages=own.packages + own.before_colon + ": ",
    )


def _usage_figures(
    inputs: Inputs,
    amount: int | None,
    quantity: Callable[[str], str],
    price: Callable[[str], str],
    money: Callable[[int], str],
    *,
    packages: str = "{used} / {size} → ",
) -> str:
    """Each part's quantity times its price, with what is flat, to the sum; then what discounts leave."""
    terms = []
    for part in inputs["parts"]:
        terms.append(f"{quantity(part['quantity'])} {TIMES} {price(part['unit_price'])}")
        if part.get("flat_amount"):
            terms.append(money(int(part["flat_amount"])))
    said = " + ".join(terms)
    if inputs.get("package_size"):
        said = packages.format(used=quantity(inputs["used"]), size=quantity(inputs["package_size"])) + said
    if amount is None:
        return said
    product, *rest = [money(figure) for figure in _amounts(inputs, amount)]
    said = f"{said} = {product}"
    *taken, left = rest
    return f" {MINUS} ".join([f"{said}, {product}", *taken]) + f" = {left}" if taken else said


def _discounts(inputs: Inputs) -> Sequence[Mapping[str, Any]]:
    return inputs.get("discounts") or ()
