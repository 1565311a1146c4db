"""Acts on subscriptions within their period, each told whole: another offer, quantity, options, coupons, now or with
the next document, there and back; another renewal; a suspension that ends (`told.py` tells them, one file holds them).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import product

from billing.engine.change_terms import How, Stood
from billing.engine.changing import Changed, change_now
from billing.engine.held import with_held
from billing.engine.lives import live
from billing.engine.moving import Anchoring
from billing.engine.pausing import added_draft, moved
from billing.engine.transitions import Proration
from merchants.refusals import Refusal
from subscribers.lifecycle import MakesGood, Suspension
from subscribers.periods import Alignment
from subscribers.snapshots import Duration, Scheduled, SubscriptionSnapshot, UsageSpan
from tests.lives.moments import CALLS, CHARGE, FIRST, TWELVE, opened
from tests.lives.one_life import CATALOGUE, OPTIONS, SOLD
from tests.unit.pictures import DAY, MONTH, WEEK, YEAR, euros_off, offer, option, percent, purchase, stage

D = date.fromisoformat
DAY_OF = D("2026-01-25")
MORE = {
    f"ofv_{name}": offer(*stages, version_id=f"ofv_{name}", offer_id=f"off_{name}", reference=name, **more)
    for name, stages, more in (
        ("taste", [stage(0, DAY, 20), stage(9_00)], {}),
        ("short", [stage(0, DAY, 5), stage(0, WEEK, 1), stage(9_00)], {}),
        ("months", [stage(0, MONTH, 3), stage(9_00)], {}),
        ("aligned", [stage(120_00, YEAR)], {"alignment": Alignment.calendar}),
    )
}
SOLD_NOW = replace(
    CATALOGUE,
    offers={**CATALOGUE.offers, **MORE},
    coupons={"cpn_10": percent("10", Duration.repeating, periods=2)},
)
NAMES = (
    "pro",
    "year",
    "week",
    "later",
    "free",
    "first",
    "trial",
    "steps",
    *(name.removeprefix("ofv_") for name in MORE),
)


def wish(kind: str, **payload: object) -> Scheduled:
    return Scheduled(id="sch_1", kind=kind, effective_on=DAY_OF, payload=payload)


def to(name: str, **more: object) -> Scheduled:
    return wish("change_offer", offer_version=f"ofv_{name}", **more)


def _brought(snapshot: SubscriptionSnapshot) -> SubscriptionSnapshot:
    """It as it stands on the day of the acts."""
    taken = live(snapshot, DAY_OF, catalogue=CATALOGUE)
    return taken[-1].after if taken else snapshot


def running() -> Iterator[tuple[str, SubscriptionSnapshot]]:
    """Subscriptions that run on 25 January 2026, each in another way."""
    extra, other = OPTIONS["opv_extra"], OPTIONS["opv_other"]
    two = replace(OPTIONS["opv_two"], ends_on=D("2026-02-15"), periods_used=1)
    coupons = (percent("33.333"), euros_off(5_00, Duration.repeating, periods=3))
    basic = SOLD["ofv_basic"]
    full = opened(purchase(basic, options=(extra, two), coupons=coupons, quantity=2))
    yield "monthly with options and coupons", replace(full, charges=(CHARGE,))
    yield "monthly on the fifth", opened(purchase(basic, billing_day=5, options=(other,)))
    yield "calendar month", opened(purchase(SOLD["ofv_first"], coupons=(percent("50", Duration.once),)))
    yield "in arrears", opened(purchase(SOLD["ofv_later"], options=(extra,), coupons=coupons[:1]))
    used = (UsageSpan(start=FIRST, until=DAY_OF, used=(TWELVE,)),)
    yield "with usage", replace(opened(purchase(offer({**stage(31_00), "usage": (CALLS,)}))), usage=used)
    trial = _brought(opened(purchase(SOLD["ofv_trial"], options=(extra,))))
    yield "on trial", trial
    yield (
        "on trial, cancelled",
        replace(trial, service_ends_on=D("2026-03-01"), billing_ends_on=D("2026-03-01")),
    )
    yield "free for two months", opened(purchase(offer(stage(0, MONTH, 2), stage(9_00))))
    yield "yearly", opened(purchase(SOLD["ofv_year"], options=(extra,)))
    yield "weekly", _brought(opened(purchase(SOLD["ofv_week"])))
    yield "free", opened(purchase(SOLD["ofv_free"], options=(option("gift", 5_00, complimentary=True, reason="why"),)))
    ending = replace(full, service_ends_on=D("2026-02-05"), billing_ends_on=D("2026-02-05"))
    yield "cancelled within its period", ending
    planned = Scheduled(id="sch_9", kind="set_quantity", effective_on=D("2026-02-15"), payload={"quantity": 7})
    later = Scheduled(id="sch_8", kind="remove_option", effective_on=D("2026-03-15"), payload={"options": []})
    yield "with plans", replace(opened(purchase(basic)), scheduled=(planned, later))
    line = change_now(full, wish("set_quantity", quantity=3), how=How(on=FIRST, bills_now=False), catalogue=CATALOGUE)
    yield "with a line that waits", with_held(full, line.held)


ACTS: tuple[tuple[str, Scheduled, dict[str, object]], ...] = (
    *((f"to {name}", to(name), {}) for name in NAMES),
    ("to year, old day kept", to("year"), {"anchoring": Anchoring.keep}),
    ("to pro, nothing given back", to("pro"), {"proration": Proration.none}),
    ("to pro, all of it, with a fee", to("pro", quantity=5), {"proration": Proration.full, "fee": 10_00}),
    ("to pro with a coupon", to("pro", coupons_on=["cpn_10"], coupons_off=["cpn_33.333"]), {}),
    ("to basic with an option", to("basic", options=[{"id": "sop_new", "version": "opv_other", "quantity": 2}]), {}),
    ("four of them", wish("set_quantity", quantity=4), {}),
    ("one of them", wish("set_quantity", quantity=1), {}),
    ("an option more", wish("add_option", options=[{"id": "sop_new", "version": "opv_other", "quantity": 3}]), {}),
    ("the first option less", wish("remove_option", options=["sop_extra"]), {}),
)


def changes() -> Iterator[tuple[str, SubscriptionSnapshot, Changed | str]]:
    """Each subscription, each act, now and billed with the next document; a refusal by its code."""
    for (who, before), (what, wanted, how) in product(running(), ACTS):
        yield f"{who}: {what}", before, _changed(before, wanted, how)
    who, before = next(running())
    for what, wanted, how in ACTS[-4:]:
        yield f"{who}: {what}, with the next", before, _changed(before, wanted, {**how, "bills_now": False})
    yield from _back(before)


def _changed(before: SubscriptionSnapshot, wanted: Scheduled, how: dict[str, object]) -> Changed | str:
    carried = tuple(coupon for coupon in before.coupons if coupon.most_periods is None)
    facts = frozenset({f"stage:sub_1:{DAY_OF}", f"option:sop_new:{DAY_OF}"})
    try:
        return change_now(before, wanted, how=How(on=DAY_OF, carried=carried, facts=facts, **how), catalogue=SOLD_NOW)
    except Refusal as refusal:
        return refusal.code


def _back(before: SubscriptionSnapshot) -> Iterator[tuple[str, SubscriptionSnapshot, Changed | str]]:
    """To another offer and back on the same day: what was credited, kept, or is had in another quantity since."""
    for name in ("pro", "year", "week"):
        there = change_now(before, to(name), how=How(on=DAY_OF), catalogue=CATALOGUE).step.after
        for credited, quantities in (
            ({"stage": 12_34, "sop_extra": 1_23}, {"stage": 2, "sop_extra": 1, "sop_two": 1}),
            ({"stage": 12_34}, {"stage": 1}),
            ({}, {}),
        ):
            kept = frozenset(quantities.keys() - credited.keys())
            stood = Stood(snapshot=before, credited=credited, kept=kept, quantities=quantities)
            new = option("today", 7_00, starts_on=DAY_OF)
            between = replace(there, options=(*there.options, new))
            told = f"back from {name}, {len(credited)} credited, {len(quantities)} paid"
            yield told, between, _changed(between, to("basic"), {"stood": stood})


def renewals() -> Iterator[tuple[str, SubscriptionSnapshot, tuple[SubscriptionSnapshot, object]]]:
    """Each subscription with its renewal on another day, and the document of what that adds."""
    for who, before in running():
        for day in (D("2026-02-01"), D("2026-03-31"), D("2027-02-28")):
            after = moved(before, day)
            period = before.current_period
            added = added_draft(before, day, on=DAY_OF) if period is not None and day > period.end else None
            yield f"{who}: renews on {day}", before, (after, added)


def resumptions() -> Iterator[tuple[str, SubscriptionSnapshot]]:
    """Subscriptions whose suspension ends on 10 March, however it makes good."""
    for (who, before), good, stops in product(running(), MakesGood, (True, False)):
        pause = Suspension(from_on=D("2026-02-03"), until_on=D("2026-03-10"), stops_billing=stops, makes_good=good)
        how = "billing stops" if stops else "billing goes on"
        yield f"{who}: suspended, {how}, {good.value}", replace(before, suspension=pause)
        if good is MakesGood.none:
            owes = replace(before, suspension=pause, debt_suspends=True)
            yield f"{who}: suspended, {how}, and in debt", owes
