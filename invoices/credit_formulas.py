"""How a credited line's amount came about: its rule and inputs as a formula, and in the reader's language (domain 18).

Pure. `inputs` is what the credit note's line stores beside its rule, JSON all the way down, minor units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from invoices import calculations
from invoices.wording import say_period
from merchants.money import decimal_text
from merchants.wording import figure_text


class CreditRule(StrEnum):
    """By which rule the amount of a credited line was found; a line may also have one of `calculations.Rule`."""

    rest_of_line = "rest_of_line"
    part_of_line = "part_of_line"
    share_of_amount = "share_of_amount"
    days_not_had = "days_not_had"


def formula(rule: str, inputs: Mapping[str, Any], *, amount: int) -> str:
    """How a credited line's amount came about, in figures; empty where nothing was computed.

    >>> formula("rest_of_line", {"currency": "EUR", "charged": 1299, "credited": 300}, amount=999)
    '12.99 − 3.00 = 9.99'
    >>> formula("share_of_amount", {"currency": "EUR", "given": 1000, "left": 1299, "of": 1798}, amount=722)
    '10.00 × 12.99/17.98 = 7.22'
    """
    if rule not in set(CreditRule):
        return calculations.formula(rule, inputs, amount=amount)
    currency = str(inputs["currency"])
    return _figures(rule, inputs, amount, lambda figure: decimal_text(figure, currency))


def say(rule: str, inputs: Mapping[str, Any], *, amount: int, language: str) -> str:
    """The same in the reader's language.

    >>> say("rest_of_line", {"currency": "EUR", "charged": 1299, "credited": 300}, amount=999, language="fr")
    '12,99 − 3,00 = 9,99'
    >>> days = {"from": "2026-05-14", "until": "2026-06-01", "days": 18, "whole_days": 31}
    >>> say("days_not_had", {"currency": "EUR", "of": 2990, **days}, amount=1736, language="en")
    '29.90 × 18/31 = 17.36, 14 to 31 May'
    """
    if rule not in set(CreditRule):
        return calculations.say(rule, inputs, amount=amount, language=language)
    currency = str(inputs["currency"])
    said = _figures(rule, inputs, amount, lambda figure: figure_text(figure, currency, language))
    days = say_period(inputs, language=language) if rule == CreditRule.days_not_had else ""
    return ", ".join(part for part in (said, days) if part)


def _figures(rule: str, inputs: Mapping[str, Any], amount: int, write: Callable[[int], str]) -> str:
    if rule == CreditRule.rest_of_line and inputs["credited"]:
        return f"{write(inputs['charged'])} {calculations.MINUS} {write(inputs['credited'])} = {write(amount)}"
    if rule == CreditRule.share_of_amount and inputs["left"] != inputs["of"]:
        share = f"{write(inputs['left'])}/{write(inputs['of'])}"
        return f"{write(inputs['given'])} {calculations.TIMES} {share} = {write(amount)}"
    if rule == CreditRule.days_not_had:
        share = f"{inputs['days']}/{inputs['whole_days']}"
        return f"{write(inputs['of'])} {calculations.TIMES} {share} = {write(amount)}"
    return ""
