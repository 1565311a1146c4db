"""Random lives on the pure engine: whatever somebody does to a subscription, its bills add up (reliability §5).

A life is a purchase and up to forty events, each three whole numbers read modulo what can be chosen: so that any list
of numbers is a life, hypothesis can shorten it, and a seed tells it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from billing.engine.change_terms import STAGE, How
from billing.engine.leaving import Refunding
from billing.engine.moving import Anchoring
from billing.engine.opening import open_subscription
from billing.engine.transitions import Proration
from billing.engine.wishes import WishKind, paid_until
from invoices.drafts import LineKind
from merchants.refusals import Refusal
from subscribers.lifecycle import LIVE, MakesGood, Status, Suspension
from subscribers.snapshots import Scheduled
from tests.lives.numbers import Event
from tests.lives.one_life import COUPONS, OPTIONS, SOLD, Life, Line
from tests.unit.pictures import purchase


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
