"""Subscriptions that stand just before something happens: each way in which a step can go, for `told.py`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from billing.engine.opening import open_subscription
from merchants.early_end import EarlyEnd
from merchants.metered import Aggregation, UsageTerm
from subscribers.lifecycle import MakesGood, Suspension
from subscribers.periods import Alignment, Period
from subscribers.snapshots import (
    ChargeSnapshot,
    Commitment,
    Duration,
    PurchaseSnapshot,
    Scheduled,
    SubscriptionSnapshot,
    UsageSpan,
    Used,
)
from tests.lives.one_life import OPTIONS
from tests.unit.pictures import DAY, MONTH, WEEK, YEAR, arrears, euros_off, offer, option, percent, purchase, stage

D = date.fromisoformat
FIRST = D("2026-01-15")
CALLS = UsageTerm(feature=UUID(int=7), model="per_unit", unit_price="0.10")
CHARGE = ChargeSnapshot(
    id="cha_1", title={"en": "Visit"}, amount=50_00, unit_price="25.00", tax_code="book", quantity=Decimal(2)
)
TWELVE = Used(
    feature=str(CALLS.feature),
    reference="calls",
    title={"en": "Calls"},
    aggregation=Aggregation.sum,
    quantity=Decimal(12),
)
SPANS = (("2026-01-15", "2026-02-15"), ("2026-02-15", "2026-03-15"), ("2026-01-15", "2026-02-01"))
PRO = {"offer_version": "ofv_pro"}


def opened(bought: PurchaseSnapshot, today: date = FIRST) -> SubscriptionSnapshot:
    at = datetime(today.year, today.month, today.day, 9, 30, tzinfo=UTC)
    return open_subscription(bought, id="sub_1", payer="cus_1", beneficiary="cus_2", today=today, at=at).after


def moments() -> Iterator[tuple[str, SubscriptionSnapshot]]:
    """Each with what it is called; all live on from 15 January 2026."""
    club = offer(stage(31_00), title={"en": "Club", "fr": "Club"})
    late = offer(arrears(31_00))
    extra = OPTIONS["opv_extra"]
    days = offer(stage(0, DAY, 10), stage(9_00))
    yield "begins in March", opened(purchase(club, start_on=D("2026-03-03"), quantity=2))
    yield (
        "begins in March with free days",
        opened(purchase(days, start_on=D("2026-03-03"))),
    )
    begins = opened(purchase(club, start_on=D("2026-03-03")))
    yield "over before it begins", replace(begins, service_ends_on=D("2026-02-01"), billing_ends_on=D("2026-02-01"))
    yield (
        "withdrawn before it begins, a charge waits",
        replace(
            begins,
            service_ends_on=D("2026-02-01"),
            billing_ends_on=D("2026-02-01"),
            end_reason="withdrawn",
            charges=(CHARGE,),
        ),
    )
    weeks = offer(stage(0, WEEK, 2), stage(9_00), setup_amount=5_00)
    yield (
        "back after its end",
        opened(purchase(weeks, reactivates=True)),
    )
    yield "free days, then paid", opened(purchase(offer(stage(0, DAY, 14), stage(19_99), setup_amount=5_00)))
    yield "a fixed term", opened(purchase(offer(stage(10_00, MONTH, 2))))
    first = offer(stage(31_00), alignment=Alignment.calendar)
    yield (
        "a first part of a calendar month",
        opened(purchase(first, quantity=3)),
    )
    yield "a charge waits", replace(opened(purchase(club)), charges=(CHARGE,))
    for name, sold in (("in advance", club), ("in arrears", late)):
        held = opened(purchase(sold, options=(extra,), coupons=(percent("10", Duration.repeating, periods=2),)))
        yield f"{name}, cancelled", replace(held, service_ends_on=D("2026-03-01"), billing_ends_on=D("2026-03-01"))
        yield (
            f"{name}, billed until February and had until April",
            replace(
                held, billing_ends_on=D("2026-02-10"), service_ends_on=D("2026-04-01"), charges=(CHARGE,), unbilled=()
            ),
        )
        for good in MakesGood:
            pause = Suspension(from_on=D("2026-02-01"), until_on=D("2026-03-10"), stops_billing=True, makes_good=good)
            yield f"{name}, billing stands still, {good.value}", replace(held, suspension=pause)
        yield (
            f"{name}, suspended, billing goes on",
            replace(held, suspension=Suspension(from_on=D("2026-02-01"), until_on=D("2026-03-10"))),
        )
        yield (
            f"{name}, suspended without end, then cancelled",
            replace(
                held,
                suspension=Suspension(from_on=D("2026-02-01"), stops_billing=True),
                service_ends_on=D("2026-04-01"),
                billing_ends_on=D("2026-04-01"),
            ),
        )
        yield f"{name}, days not billed", replace(held, unbilled=(Period(D("2026-02-20"), D("2026-03-01")),))
        wishes = (
            Scheduled(id="sch_1", kind="set_quantity", effective_on=D("2026-02-15"), payload={"quantity": 4}),
            Scheduled(
                id="sch_2", kind="change_offer", effective_on=D("2026-03-15"), payload={"offer_version": "ofv_pro"}
            ),
            Scheduled(
                id="sch_3",
                kind="remove_option",
                effective_on=D("2026-04-15"),
                payload={"options": [{"id": extra.id, "version": "opv_extra", "quantity": 1}]},
            ),
        )
        yield f"{name}, three wishes", replace(held, scheduled=wishes)
        metered = offer({**(stage(31_00) if sold is club else arrears(31_00)), "usage": (CALLS,)})
        used = tuple(UsageSpan(start=D(start), until=D(until), used=(TWELVE,)) for start, until in SPANS)
        counted = replace(opened(purchase(metered)), usage=used)
        yield f"{name}, used", counted
        yield (
            f"{name}, used until February",
            replace(counted, billing_ends_on=D("2026-02-01"), service_ends_on=D("2026-03-20")),
        )
        bound = Commitment(intervals=6, early_end=EarlyEnd(formula="remaining", percent=Decimal(50)))
        leaves = replace(held, offer=replace(sold, commitment=bound), owes_early_end=True)
        yield f"{name}, leaves early", replace(leaves, service_ends_on=D("2026-02-20"), billing_ends_on=D("2026-02-20"))
    yearly = opened(purchase(offer(stage(300_00, YEAR)), options=(option("two", 3_00, term=2),)))
    yield "an option without a price for a year", yearly
    given = option("live", 5_00, complimentary=True, reason="an outage", term=2)
    once = option("box", None, one_off_amount=12_00)
    less = (euros_off(4_00),)
    yield (
        "given for two periods, and something once",
        opened(purchase(club, options=(given, once), coupons=less)),
    )
    steps = offer(stage(0, MONTH, 1), stage(10_00, MONTH, 2), arrears(20_00))
    half = (percent("50", Duration.once),)
    yield (
        "from free to advance to arrears",
        opened(purchase(steps, options=(extra,), coupons=half)),
    )
