"""A subscription brought up to the present: every step that is due, in order, its wishes carried out on their day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from billing.engine.decide import MOST_STEPS, catch_up
from billing.engine.schedule import is_steady, walk
from billing.engine.step import Step, StepKind
from billing.engine.wishes import Catalogue, apply_wishes
from invoices.drafts import DraftInvoice
from invoices.totals import totals
from merchants.refusals import Refusal
from subscribers.snapshots import SubscriptionSnapshot

AHEAD = 400
"""Steps looked at to say what comes next: a free year of days, and some."""
FAULTS = (Refusal, ArithmeticError, LookupError, ValueError)
"""What the engine says of a subscription that it cannot bring up to date: that one is parked, the others go on."""
BEGINS = frozenset({StepKind.activate, StepKind.renew, StepKind.next_stage})
"""Steps with which a period begins."""


class TooFarBehind(ValueError):  # noqa: N818 - said as people say it
    """More steps are due than one run may make: somebody has to look at it first."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One step, and how the subscription stood before and stands after it, its wishes carried out. `not_before`: the
    instant at which somebody asked for it, on the day of the step itself."""

    step: Step
    before: SubscriptionSnapshot
    after: SubscriptionSnapshot
    not_before: datetime | None = None

    @property
    def drafts(self) -> tuple[DraftInvoice, ...]:
        """The invoices to issue."""
        return self.step.drafts


def live(
    snapshot: SubscriptionSnapshot,
    today: date,
    *,
    at: datetime | None = None,
    catalogue: Catalogue | None = None,
    most: int = MOST_STEPS,
) -> tuple[Taken, ...]:
    """All that is due up to `today`, a local date, each step with its own dates. Raises `TooFarBehind` beyond `most`
    steps, and whatever a refusal of the engine says; then nothing of it counts."""
    taken: list[Taken] = []

    def carried_out(step: Step) -> SubscriptionSnapshot:
        after = apply_wishes(step.after, step.changes, catalogue=catalogue or Catalogue())
        taken[-1] = Taken(step, taken[-1].before, after)
        return after

    standing = snapshot
    for step in catch_up(snapshot, today, at=at, apply=carried_out, most=most):
        if step.kind is StepKind.park:
            raise TooFarBehind(f"more than {len(taken)} steps are due, the next one on {step.on}")
        taken.append(Taken(step, taken[-1].after if taken else standing, step.after))
    return tuple(taken)


def repeats_on(snapshot: SubscriptionSnapshot, draft: DraftInvoice) -> date | None:
    """The day on which the document of the period that has just begun, a whole one, is made again just so; None where
    something differs then, or may, where use is metered."""
    period = snapshot.current_period if not snapshot.stage.usage else None
    return period.end if period is not None and is_steady(snapshot) and _repeats(draft) else None


def next_charge(snapshot: SubscriptionSnapshot, *, catalogue: Catalogue | None = None) -> tuple[date, int] | None:
    """When something is charged next, and how much, tax included, in minor units; None where nothing will be.

    What is planned is counted in with the `catalogue` that it names; without it nothing is said beyond that day. Raises
    whatever a refusal of the engine says of a day ahead.
    """
    for step in islice(walk(snapshot, catalogue=catalogue), AHEAD):
        if step.drafted is not None and step.drafted.charged:
            return step.on, totals(step.drafted.lines, step.drafted.tax_behavior).gross
    return None


def _repeats(draft: DraftInvoice) -> bool:
    """True where the next period's document says the same: only prices of whole periods, with what always comes off."""
    kinds = {line.kind.value for line in draft.lines}
    return kinds <= {"stage", "option"} and bool(draft.charged) and not draft.coupons_counted
