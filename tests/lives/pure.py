"""Random lives on the pure engine: whatever somebody does to a subscription, its bills add up (reliability §5).

A life is a purchase and up to forty events, each three whole numbers read modulo what can be chosen: so that any list
of numbers is a life, hypothesis can shorten it, and a seed tells it again. What flows read from documents is kept here
as lines: what each billed, and what of it was given back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from billing.engine.change_terms import STAGE, How, Stood
from billing.engine.changing import change_now
from billing.engine.leaving import Billed, Refunding, given_back
from billing.engine.lives import Taken, live
from billing.engine.moving import Anchoring
from billing.engine.opening import open_subscription
from billing.engine.step import Step
from billing.engine.transitions import Proration
from billing.engine.wishes import Catalogue, WishKind, paid_until
from invoices.crediting import CreditRule
from invoices.drafts import DraftLine, LineKind
from merchants.refusals import Refusal
from subscribers.lifecycle import LIVE, MOVES, MakesGood, Status, Suspension
from subscribers.periods import Alignment, Period
from subscribers.snapshots import CouponSnapshot, Duration, Scheduled, SubscriptionSnapshot
from tests.lives.numbers import Event
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
    purchase,
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


def begin(first: Event, day: date) -> Life:
    """A purchase: an offer, a quantity, options and coupons."""
    which, many, more = first
    sold = list(SOLD.values())[which % len(SOLD)]
    bought = purchase(
        sold,
        quantity=1 + many % 3,
        options=tuple(
            replace(one, id=f"sop_{one.option_id}")
            for at, one in enumerate(OPTIONS.values())
            if more >> at & 1 and (one.price(sold.stages[-1].interval) is not None)
        ),
        coupons=tuple(one for at, one in enumerate(COUPONS) if more >> (3 + at) & 1),
        billing_day=1 + many % 31 if more >> 6 & 1 else None,
    )
    opened = open_subscription(bought, id="sub_1", payer="cus_1", beneficiary="cus_1", today=day)
    life = Life(snapshot=replace(opened.after, scheduled=()), today=day)
    life.once += [line for line in opened.invoice.lines if line.period is None] if opened.invoice else []
    for line in opened.invoice.lines if opened.invoice else ():
        if line.period is not None:
            key = STAGE if line.kind is LineKind.stage else str(line.subscription_option_id)
            life.lines.append(Line(line, key, line.period))
    return life


def act(life: Life, event: Event) -> None:
    """One event. What the rules refuse is counted, and changes nothing."""
    which, a, b = event
    life.acts += 1
    if life.snapshot.status not in LIVE:
        return
    kinds = (
        *(_days, _days, _days, _days, _offer_now, _quantity_now),
        *(_add_now, _drop_now, _later, _cancel, _undo, _pause, _resume),
    )
    before = life.snapshot
    try:
        kinds[which % len(kinds)](life, a, b)
    except Refusal:
        life.refused += 1
        assert life.snapshot is before


def _days(life: Life, a: int, b: int) -> None:
    life.pass_days((0, 1, 3, 14, 28, 31, 35, 59, 100)[a % 9])


def _wish(life: Life, kind: WishKind, day: date, **payload: object) -> Scheduled:
    return Scheduled(id=f"sch_{life.acts:03}", kind=kind.value, effective_on=day, payload=payload)


def _may_change(life: Life) -> bool:
    wish = life.snapshot.suspension
    if life.snapshot.status is Status.suspended or (wish is not None and wish.stops_billing):
        return False
    return life.snapshot.current_period is not None and life.today in life.snapshot.current_period


def _offer_now(life: Life, a: int, b: int) -> None:
    sold = list(SOLD)[a % len(SOLD)]
    if not _may_change(life) or life.snapshot.ends_on is not None or sold == life.snapshot.offer.version_id:
        return
    how = How(
        on=life.today,
        anchoring=Anchoring.keep if b & 1 else Anchoring.restart,
        proration=(Proration.days, Proration.days, Proration.full, Proration.none)[b // 2 % 4],
    )
    life.change(_wish(life, WishKind.change_offer, life.today, offer_version=sold), how)


def _quantity_now(life: Life, a: int, b: int) -> None:
    if _may_change(life) and 1 + a % 5 != life.snapshot.quantity:
        life.change(_wish(life, WishKind.set_quantity, life.today, quantity=1 + a % 5), How(on=life.today))


def _add_now(life: Life, a: int, b: int) -> None:
    version, pattern = list(OPTIONS.items())[a % len(OPTIONS)]
    held = next((one for one in life.snapshot.options if one.option_id == pattern.option_id and not one.ends_on), None)
    if not _may_change(life) or pattern.option_id in life.snapshot.offer.included:
        return
    if pattern.price(life.snapshot.stage.interval) is None or (held and held.quantity == 1 + b % 3):
        return
    named = [{"id": held.id if held else f"sop_{life.acts}", "version": version, "quantity": 1 + b % 3}]
    life.change(_wish(life, WishKind.add_option, life.today, options=named), How(on=life.today))


def _drop_now(life: Life, a: int, b: int) -> None:
    held = [one for one in life.snapshot.options if one.lives(life.today)]
    if held and _may_change(life):
        gone = [held[a % len(held)].id]
        life.change(_wish(life, WishKind.remove_option, life.today, options=gone), How(on=life.today))


def _later(life: Life, a: int, b: int) -> None:
    due = paid_until(life.snapshot)
    if due is None or life.snapshot.ends_on is not None or due <= life.today:
        return
    if a & 1:
        wish = _wish(life, WishKind.set_quantity, due, quantity=1 + b % 5)
    else:
        wish = _wish(life, WishKind.change_offer, due, offer_version=list(SOLD)[b % len(SOLD)])
    others = tuple(one for one in life.snapshot.scheduled if one.kind != wish.kind)
    life.snapshot = replace(life.snapshot, scheduled=(*others, wish))


def _cancel(life: Life, a: int, b: int) -> None:
    if a % 4 == 0:
        life.cancel_now(list(Refunding)[b % 3])
    else:
        end = paid_until(life.snapshot)
        if end is not None and life.snapshot.ends_on is None:
            life.snapshot = replace(life.snapshot, service_ends_on=end, billing_ends_on=end)


def _pause(life: Life, a: int, b: int) -> None:
    """Suspended from today or soon, for some days or until it is resumed; in half of them billing stops."""
    if life.snapshot.suspension is not None or life.snapshot.current_period is None or life.snapshot.ends_on:
        return
    begins = life.today + timedelta(days=b % 3 * 5)
    ends = begins + timedelta(days=1 + a % 45) if b & 4 else None
    wish = Suspension(from_on=begins, until_on=ends, stops_billing=bool(a & 1), makes_good=MakesGood.none)
    life.snapshot = replace(life.snapshot, suspension=wish)
    life.pass_days(0)


def _resume(life: Life, a: int, b: int) -> None:
    wish = life.snapshot.suspension
    if wish is not None and wish.begun and wish.from_on < life.today:
        life.snapshot = replace(life.snapshot, suspension=replace(wish, until_on=life.today))
        life.pass_days(0)


def _undo(life: Life, a: int, b: int) -> None:
    if life.snapshot.ends_on is not None and life.snapshot.ends_on > life.today:
        life.snapshot = replace(life.snapshot, service_ends_on=None, billing_ends_on=None)
    life.snapshot = replace(life.snapshot, scheduled=())


def check(life: Life) -> None:
    """The invariants that hold after every event: I1, I2, I4, I5, I12."""
    by_key: dict[str, list[Line]] = {}
    for line in life.lines:
        charged = line.drafted.charged
        assert 0 <= line.credited <= charged <= line.drafted.amount
        by_key.setdefault(line.key, []).append(line)
        inputs = line.drafted.inputs
        if "unit_amount" in inputs and not line.drafted.discounts and line.drafted.rule != "restored" and line.had:
            price = Fraction(int(inputs["unit_amount"]) * int(inputs["quantity"]), int(inputs["whole_days"]))
            assert abs(charged - line.credited - price * line.had.days) <= 1, line
    for lines in by_key.values():
        paid = sorted((line.had.start, line.had.end) for line in lines if line.had and line.drafted.charged)
        for (_, end), (start, _) in pairwise(paid):
            assert end <= start, f"billed twice from {start}"
    facts = [line.drafted.fact for line in life.lines]
    assert len(set(facts)) == len(facts)
    _no_hole(life, by_key.get(STAGE, []))
    for coupon in life.snapshot.coupons:
        assert coupon.most_periods is None or coupon.periods_used <= coupon.most_periods


def _no_hole(life: Life, lines: Sequence[Line]) -> None:
    """Every day since it began is on a line, free ones too; in arrears up to the running period."""
    snapshot = life.snapshot
    until = life.today
    if snapshot.bills_until is not None:
        until = min(until, snapshot.bills_until)
    if snapshot.current_period is not None and snapshot.stage.billing.value == "arrears":
        until = min(until, snapshot.current_period.start)
    if snapshot.suspension is not None and snapshot.suspension.begun and snapshot.suspension.stops_billing:
        until = min(until, snapshot.current_period.end if snapshot.current_period else snapshot.suspension.from_on)
    spans = [(line.period.start, line.had.end if line.had else line.period.start) for line in lines]
    spans += [(line.period.start, line.period.end) for line in lines if line.forgiven]
    spans += [(span.start, span.end) for span in snapshot.unbilled]
    covered = snapshot.start_on
    for start, end in sorted(spans):
        if start > covered:
            break
        covered = max(covered, end)
    assert covered >= min(until, life.today), f"nothing bills {covered}, it is {life.today}"


def play(first: Event, day: date, events: Sequence[Event]) -> Life:
    """A whole life, checked after every event."""
    life = begin(first, day)
    check(life)
    for event in events:
        act(life, event)
        check(life)
    return life
