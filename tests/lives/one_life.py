"""A life by the engine alone: what is sold, and what a flow would read from documents, kept as lines (what each
billed, and what of it was given back)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from billing.engine.change_terms import STAGE, How, Stood
from billing.engine.changing import change_now
from billing.engine.leaving import Billed, Refunding, given_back
from billing.engine.lives import Taken, live
from billing.engine.step import Step
from billing.engine.wishes import Catalogue, WishKind
from invoices.credit_formulas import CreditRule
from invoices.drafts import DraftLine, LineKind
from subscribers.lifecycle import MOVES
from subscribers.periods import Alignment, Period
from subscribers.snapshots import CouponSnapshot, Duration, Scheduled, SubscriptionSnapshot
from tests.unit.pictures import (
    DAY,
    MONTH,
    QUARTER,
    WEEK,
    YEAR,
    arrears,
    euros_off,
    offer,
    option,
    percent,
    stage,
)

SOLD = {
    one.version_id: one
    for one in (
        offer(*stages, version_id=f"ofv_{name}", offer_id=f"off_{name}", reference=name, title={"en": name}, **more)
        for name, stages, more in (
            ("basic", [stage(29_90)], {}),
            ("pro", [stage(59_99)], {"included": frozenset({"opt_extra"})}),
            ("year", [stage(299_00, YEAR)], {}),
            ("quarter", [stage(80_00, QUARTER)], {}),
            ("week", [stage(7_77, WEEK)], {}),
            ("trial", [stage(0, DAY, 14), stage(19_99)], {}),
            ("steps", [stage(9_99, MONTH, 3), stage(12_99, MONTH, 2), stage(15_99)], {}),
            ("later", [arrears(45_00)], {}),
            ("free", [stage(0)], {}),
            ("first", [stage(30_00)], {"alignment": Alignment.calendar}),
        )
    )
}
PRICES = {MONTH.key: 3_33, QUARTER.key: 9_00, YEAR.key: 33_00}
OPTIONS = {
    f"opv_{name}": replace(option(name), version_id=f"opv_{name}", prices=PRICES, **more)
    for name, more in (("extra", {}), ("other", {}), ("two", {"term": 2}))
}
CATALOGUE = Catalogue(offers=SOLD, options=OPTIONS)
COUPONS = [percent("33.333"), percent("50", Duration.once), euros_off(5_00, Duration.repeating, periods=3)]


@dataclass(slots=True)
class Line:
    """What a document billed, and what of it was given back: how much, and from which day on (its own first day where
    all of it was)."""

    drafted: DraftLine
    key: str
    period: Period
    credited: int = 0
    given_from: date | None = None
    forgiven: bool = False

    @property
    def had(self) -> Period | None:
        """The days that were kept."""
        end = self.given_from or self.period.end
        return Period(self.period.start, end) if self.period.start < end else None


@dataclass(slots=True)
class Life:
    """One subscription, by the engine alone."""

    snapshot: SubscriptionSnapshot
    today: date
    lines: list[Line] = field(default_factory=list)
    once: list[DraftLine] = field(default_factory=list)
    stood: Stood | None = None
    stood_on: date | None = None
    acts: int = 0
    refused: int = 0
    paid_then: set[int] = field(default_factory=set)
    steps: list[Step] = field(default_factory=list)

    def take(self, step: Step) -> None:
        """Keep what a step billed. Free days stand on drafts too: they are no hole."""
        self.steps.append(step)
        for line in step.drafted.lines if step.drafted else ():
            if line.period is None:
                self.once.append(line)
            else:
                key = STAGE if line.kind is LineKind.stage else str(line.subscription_option_id)
                self.lines.append(Line(line, key, line.period))
        before, after = self.snapshot.status, step.after.status
        assert after is before or after in MOVES[before], (before, after)

    def taken(self, taken: Sequence[Taken]) -> None:
        """Keep what steps billed, and where they lead."""
        for one in taken:
            self.take(one.step)
            self.snapshot = one.after

    def pass_days(self, days: int) -> None:
        """Let time pass: one late run, or one a day."""
        self.today += timedelta(days=days)
        self.taken(live(self.snapshot, self.today, catalogue=CATALOGUE))

    def change(self, wish: Scheduled, how: How) -> None:
        """A change that counts now, as the flow makes it."""
        running = [line for line in self.lines if line.period.end > self.today]
        if self.stood_on != self.today:
            self.stood = None
        kind = wish.kind == WishKind.change_offer
        before = replace(
            self.snapshot, scheduled=tuple(one for one in self.snapshot.scheduled if one.kind != wish.kind)
        )
        carried: dict[str, CouponSnapshot] = {}
        for line in running:
            for share in line.drafted.discounts:
                carried[share.coupon_id] = next(one for one in COUPONS if one.id == share.coupon_id)
        how = replace(
            how,
            facts=frozenset(line.drafted.fact or "" for line in self.lines),
            carried=tuple(carried.values()),
            stood=self.stood,
        )
        changed = change_now(before, wish, how=how, catalogue=CATALOGUE)
        if kind and self.stood is None and changed.step.after.offer.version_id != before.offer.version_id:
            self.stood, self.stood_on = Stood(snapshot=self.snapshot), self.today
            self.paid_then = {
                id(line) for line in running if line.given_from is None and line.credited < line.drafted.charged
            }
        backs = self.give_back(running, changed.gives_up, Refunding.full if changed.whole else Refunding.prorated)
        for line, _amount in backs:
            line.forgiven = changed.whole
        if self.stood is not None:
            paid = self.paid_then
            credited = dict(self.stood.credited)
            for line, amount in backs:
                if id(line) in paid:
                    credited[line.key] = credited.get(line.key, 0) + amount
            then = {line.key: int(line.drafted.quantity) for line in self.lines if id(line) in paid}
            kept = frozenset(then.keys() - credited.keys())
            self.stood = replace(self.stood, credited=credited, kept=kept, quantities=then)
        self.take(changed.step)
        self.snapshot = changed.step.after

    def give_back(
        self, running: Sequence[Line], only: frozenset[str] | None, refund: Refunding
    ) -> list[tuple[Line, int]]:
        """Credit what is given up, as the flow reads it from documents."""
        given = []
        period = self.snapshot.current_period
        begun = period.start if period is not None else self.today
        for line in running:
            if only is not None and line.key not in only:
                continue
            if line.given_from is not None and (refund is not Refunding.full or line.given_from <= begun):
                continue
            charged = line.drafted.charged
            ask = given_back(
                Billed(
                    charged=charged,
                    left=charged - line.credited,
                    start=line.period.start,
                    end=line.period.end,
                    inputs=line.drafted.inputs,
                ),
                self.today,
                refund,
            )
            if ask is None:
                continue
            line.credited += ask.amount
            given.append((line, ask.amount))
            whole = ask.rule is CreditRule.rest_of_line and refund is Refunding.full
            line.given_from = line.period.start if whole else max(line.period.start, self.today)
        return given

    def cancel_now(self, refund: Refunding) -> None:
        """It ends this day, and gives back what `refund` says."""
        running = [line for line in self.lines if line.period.end > self.today]
        ended = replace(self.snapshot, service_ends_on=self.today, billing_ends_on=self.today)
        self.taken(live(ended, self.today, catalogue=CATALOGUE))
        for line, _amount in self.give_back(running, None, refund):
            line.forgiven = refund is Refunding.full
