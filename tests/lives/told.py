"""Lives told whole: every line that they billed with its rule, inputs and formula, what was given back of it, and how
they stand at the end. A rule that changes shows here first, line by line, in a file that people read."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

from billing.engine.lives import live
from billing.engine.step import Step, StepKind
from invoices.calculations import computes, is_plain, say, say_days, say_discounts
from invoices.drafts import DraftInvoice, DraftLine
from invoices.wording import say_period
from subscribers.snapshots import SubscriptionSnapshot
from tests.lives.acts import changes, renewals, resumptions
from tests.lives.moments import moments
from tests.lives.numbers import drawn
from tests.lives.one_life import CATALOGUE, Line
from tests.lives.pure import play

SEED = 20270101
TOLD = Path(__file__).with_name("told.txt")
MOMENTS = Path(__file__).with_name("moments.txt")
ACTS = Path(__file__).with_name("acts.txt")
UNTIL = date(2026, 6, 20)
UNSAID = {"id", "payer", "beneficiary", "offer", "tax", "zone", "usage", "scheduled", "owes_nothing"}
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


def tell_moments() -> str:
    """Each moment with all its steps of five months, and how it stands after each."""
    told = []
    for name, snapshot in moments():
        told.append(f"# {name}")
        for one in live(snapshot, UNTIL, catalogue=CATALOGUE):
            step = one.step
            told.append(_step(step))
            if step.drafted:
                said = {each.name: getattr(step.drafted, each.name) for each in fields(step.drafted)}
                told.append(f"  bills {_plain({**said, 'lines': [line.amount for line in step.drafted.lines]})}")
                for line in step.drafted.lines:
                    told.append(f"  line {line.period} {_drafted(line)}")
                    told += [f"    {_words(line, language)}" for language in ("en", "fr")]
            told.append(f"  ends {','.join(step.ended_options)}; next {step.next_action_at}")
            told.append(f"  stands {_stands(one.after)}")
        told.append("")
    return "\n".join(told) + "\n"


def tell_acts() -> str:
    """Each act: its document line by line, what it gives up, and what of the subscription it changes."""
    told: list[str] = []
    for name, before, done in changes():
        told.append(f"# {name}")
        if isinstance(done, str):
            told += [f"  refused {done}", ""]
            continue
        step = done.step
        told.append(f"  {_step(step)}; gives up {sorted(done.gives_up)} {done.whole} {done.opens}")
        told += _document(step.drafted)
        told += [f"  waits {_drafted(line)}" for line in done.held]
        told += [f"  ends {','.join(step.ended_options)}; next {step.next_action_at}", _differs(before, step.after), ""]
    for name, before, (after, added) in renewals():
        told += [f"# {name}", *_document(added), _differs(before, after), ""]
    for name, snapshot in resumptions():
        told.append(f"# {name}")
        before = snapshot
        for one in live(snapshot, UNTIL, catalogue=CATALOGUE):
            told += [f"  {_step(one.step)}", *_document(one.step.drafted), _differs(before, one.after)]
            before = one.after
            if one.step.kind is StepKind.resume:
                break
        told.append("")
    return "\n".join(told) + "\n"


def _document(drafted: DraftInvoice | None) -> list[str]:
    if drafted is None:
        return []
    said = {each.name: getattr(drafted, each.name) for each in fields(drafted)}
    lines = [f"  line {line.kind} {line.fact} {line.formula} {_plain(line.discounts)}" for line in drafted.lines]
    return [f"  bills {_plain({**said, 'lines': [line.charged for line in drafted.lines]})}", *lines]


def _differs(before: SubscriptionSnapshot, after: SubscriptionSnapshot) -> str:
    """The fields that are others now."""
    names = [each.name for each in fields(after) if getattr(before, each.name) != getattr(after, each.name)]
    found = {name: getattr(after, name) for name in names if name != "offer"}
    for many in ("options", "coupons", "charges"):
        if many in found:
            found[many] = [_kept(one) for one in found[many]]
    return f"  becomes {after.offer.reference} {_plain(found)}"


def _kept(one: Any) -> tuple[object, ...]:
    return tuple(getattr(one, name, None) for name in ("id", "quantity", "starts_on", "ends_on", "periods_used"))


def _words(line: DraftLine, language: str) -> str:
    """What a person reads of it: the calculation, its short form, its discounts, its days."""
    inputs, amount = line.inputs, line.amount
    said = [say(line.rule, inputs, amount=amount, language=language)]
    said += [say_days(inputs, amount=amount, language=language), *say_discounts(inputs, language=language)]
    return " | ".join([*said, say_period(inputs, language=language), str(computes(inputs)), str(is_plain(inputs))])


def _stands(snapshot: SubscriptionSnapshot) -> str:
    read = {each.name: getattr(snapshot, each.name) for each in fields(snapshot)}
    options = [(one.id, one.quantity, one.ends_on, one.periods_used) for one in snapshot.options]
    coupons = [(one.id, one.periods_used) for one in snapshot.coupons]
    kept = {name: value for name, value in read.items() if name not in UNSAID}
    return _plain({**kept, "options": options, "coupons": coupons})


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
    if isinstance(value, date | Decimal | Fraction | UUID):
        return str(value)
    return value
