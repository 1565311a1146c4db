"""Lives told whole: every line that they billed with its rule, inputs and formula, what was given back of it, and how
they stand at the end. A rule that changes shows here first, line by line, in a file that people read."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any

from billing.engine.decide import Step
from invoices.drafts import DraftLine
from tests.lives.numbers import drawn
from tests.lives.pure import Line, play

SEED = 20270101
TOLD = Path(__file__).with_name("told.txt")
UNSAID = {"id", "payer", "beneficiary", "offer", "tax", "zone", "usage", "scheduled"}
"""What is the same in all lives, or the catalogue's."""
KNOWN = {
    "currency",
    "tax",
    "tax_code",
    "title",
    "catalogue_id",
    "subscription_id",
    "subscription_option_id",
    "discounts",
}
"""Of a line, what its key or its inputs say already."""


def tell(lives: int) -> str:
    """So many lives, one after the other."""
    return "".join(_life(number) for number in range(lives))


def _life(number: int) -> str:
    first, day, events = drawn(SEED, number)
    life = play(first, day, events)
    said = [f"# life {number}, from {day}, {life.acts} acts, {life.refused} refused"]
    said += [_step(step) for step in life.steps]
    said += [_line(line) for line in life.lines]
    said += [f"once {_drafted(line)}" for line in life.once]
    stands = {each.name: getattr(life.snapshot, each.name) for each in fields(life.snapshot)}
    said += [f"stands on {life.today}: {_plain({k: v for k, v in stands.items() if k not in UNSAID})}"]
    return "\n".join([*said, "", ""])


def _step(step: Step) -> str:
    metered = f" {_plain(step.metered)}" if step.metered else ""
    changes = f" {','.join(wish.kind for wish in step.changes)}" if step.changes else ""
    return f"{step.on} {step.kind.value}, {step.why}{changes}{metered} → {step.after.status.value}"


def _line(line: Line) -> str:
    back = f" back {line.credited} from {line.given_from}" if line.credited or line.given_from else ""
    return f"{line.key} {line.period.start}..{line.period.end}{back} {_drafted(line.drafted)}"


def _drafted(line: DraftLine) -> str:
    read = _read(line)
    return _plain({name: value for name, value in read.items() if name not in {*KNOWN, "period"}})


def _plain(value: Any) -> str:
    return json.dumps(_read(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _read(value: Any) -> Any:
    """A value in JSON's own kinds; what is empty is left out."""
    if is_dataclass(value) and not isinstance(value, type):
        return _read({each.name: getattr(value, each.name) for each in fields(value)})
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {str(name): _read(one) for name, one in value.items() if one not in (None, (), [], {}, "", frozenset())}
    if isinstance(value, list | tuple):
        return [_read(one) for one in value]
    if isinstance(value, frozenset | set):
        return sorted(_read(one) for one in value)
    if isinstance(value, date | Fraction) or type(value).__name__ == "Decimal":
        return str(value)
    return value
