"""The worked examples of the rules, as mutation testing needs them: those of the rules' own names, and of no mutant."""

from __future__ import annotations

import doctest
import importlib

import pytest

RULES = (
    "billing.engine.changing",
    "billing.engine.committing",
    "billing.engine.decide",
    "billing.engine.discounts",
    "billing.engine.due",
    "billing.engine.early_end",
    "billing.engine.leaving",
    "billing.engine.lines",
    "billing.engine.moving",
    "billing.engine.pausing",
    "billing.engine.proration",
    "billing.engine.schedule",
    "billing.engine.spans",
    "billing.engine.transitions",
    "billing.engine.withdrawing",
    "invoices.calculations",
    "invoices.totals",
    "subscribers.lifecycle",
    "subscribers.periods.anchors",
    "subscribers.periods.boundaries",
    "subscribers.periods.intervals",
    "subscribers.periods.period",
)
"""What `pyproject.toml` names for mutmut."""


@pytest.mark.parametrize("name", RULES)
def test_the_examples_of_a_rule_are_true(name: str) -> None:
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for found in doctest.DocTestFinder(exclude_empty=True).find(module, name):
        if "__mutmut_" not in found.name:
            runner.run(found)
    assert runner.summarize(verbose=False).failed == 0
