"""A life through `decide` as a bank statement."""

from __future__ import annotations

from datetime import date

from billing.engine.decide import catch_up


def statement(snapshot, until):
    """The steps to a day as a bank statement: date, kind, then each line's days and amount."""
    rows = []
    for step in catch_up(snapshot, date.fromisoformat(until)):
        rows.append(f"{step.on} {step.kind.value}")
        for draft in step.drafts:
            for line in draft.lines:
                days = f" {line.period.start:%m-%d}..{line.period.end:%m-%d}" if line.period else ""
                rows.append(f"    {line.kind.value}{days} {line.formula}")
    return "\n".join(rows) + "\n"
