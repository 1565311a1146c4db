"""Usage: told in batches, counted once, billed when its period has ended; late while the invoice is not final."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.flows import change, suspend
from billing.flows.asks import ChangeOffer
from billing.flows.cancel import Leaving, cancel, foresee
from billing.flows.renew import renew
from billing.flows.usage import Reported, Told, record_usage
from invoices.models import InvoiceLine
from merchants.metered import TierTerm, UsageTerm, usage_json
from merchants.models import Feature, TestClock
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription, UsageRecord
from tests.stories.statements import World, _utc
from tests.worlds import TESTER, Shop

pytestmark = pytest.mark.django_db(transaction=True)

PER_CALL = {"model": "per_unit", "unit_price": "0.0125"}
TIERS = {
    "model": "graduated",
    "tiers": (
        TierTerm(unit_price="0", up_to="100"),
        TierTerm(unit_price="0.10", up_to="1000"),
        TierTerm(unit_price="0.05", flat_amount=5_00),
    ),
}


def metered(shop: Shop, reference: str = "calls", aggregation: str = "sum") -> Feature:
    """A metered feature, titled as its reference."""
    with tenant(shop.id):
        return Feature.objects.create(
            reference=reference,
            kind="metered",
            aggregation=aggregation,
            title={"en": reference, "fr": reference},
            created_at=shop.now().at,
        )


def priced(*prices: tuple[Feature, dict[str, Any]]) -> dict[str, Any]:
    """The columns of a stage with usage prices."""
    return {"usage": usage_json([UsageTerm(feature=feature.pk, **price) for feature, price in prices])}


def use(
    world: World, sub: Subscription, feature: Feature, *days: str | tuple[str, str], value: str = "", key: str = ""
) -> Sequence[Told]:
    """Records of some days at noon, each a day or `(day, quantity)`; keys are the days unless told otherwise."""
    records = []
    for each in days:
        day, quantity = each if isinstance(each, tuple) else (each, None)
        at = _utc(day, "12:00", world.shop.merchant.timezone)
        records.append(
            Reported(
                subscription=sub.pk,
                feature=feature.pk,
                at=at,
                key=key or f"{feature.reference} {value} {day}",
                quantity=Decimal(quantity) if quantity else None,
                value=value,
            )
        )
    return record_usage(merchant_id=world.shop.id, records=records, actor=TESTER)


def outcomes(told: Sequence[Told]) -> list[str]:
    """What became of each: the code where it was refused."""
    return [one.error.code if one.error else one.outcome for one in told]


def lines(world: World, sub: Subscription) -> list[tuple[str, int]]:
    """Formula and amount of each line of usage, in order."""
    with tenant(world.shop.id):
        rows = InvoiceLine.objects.filter(subscription_id=sub.pk, kind="usage").order_by(
            "invoice__sequence", "position"
        )
        return list(rows.values_list("formula", "amount"))


def test_a_period_in_advance_and_its_use_in_arrears(shop):
    calls = metered(shop)
    offer = shop.offer("api", ("month", None, 20_00, priced((calls, TIERS))))
    world = World.on(shop, "2026-01-10")
    sub = world.subscribe(offer)
    world.until("2026-02-05")
    assert outcomes(use(world, sub, calls, ("2026-01-10", "600"), ("2026-02-05", "900"))) == ["accepted", "accepted"]
    assert outcomes(use(world, sub, calls, ("2026-01-10", "600"), ("2026-01-10", "601"))) == [
        "duplicate",
        "usage_key_reused",
    ]
    world.until("2026-03-12")
    assert world.statement(sub) == (
        "2026-01-10  api          01-10..02-10           20.00\n"
        "2026-02-10  api, calls   01-10..02-10          120.00\n"
        "            api          02-10..03-10           20.00\n"
        "2026-03-10  api          03-10..04-10           20.00\n"
    )
    assert lines(world, sub) == [("100 × 0 + 900 × 0.10 + 500 × 0.05 + 5.00 = 120.00", 120_00)]
    assert world.captured() == [20_00, 140_00, 20_00]


def test_late_records_count_while_the_invoice_is_not_final_and_not_after(shop):
    calls = metered(shop)
    world = World.on(shop, "2026-01-10")
    sub = world.subscribe(shop.offer("api", ("month", None, 0, priced((calls, PER_CALL)))))
    assert outcomes(use(world, sub, calls, ("2026-01-09", "1"), ("2026-01-11", "1"))) == [
        "at_before_start",
        "at_in_future",
    ]
    with tenant(shop.id):
        TestClock.objects.update(time=_utc("2026-03-20", "12:00", shop.merchant.timezone))
    days = (("2026-01-20", "1000"), ("2026-02-10", "200"), ("2026-03-10", "7"))
    assert outcomes(use(world, sub, calls, *days)) == ["accepted"] * 3
    world.late("2026-03-20")
    assert world.statement(sub) == (
        "2026-03-20  api, calls   01-10..02-10           12.50\n"
        "            api          02-10..03-10            0.00\n"
        "2026-03-20  api, calls   02-10..03-10            2.50\n"
        "            api          03-10..04-10            0.00\n"
    )
    again = use(world, sub, calls, *days, ("2026-03-09", "1"))
    assert outcomes(again) == ["duplicate", "duplicate", "duplicate", "period_billed"]
    assert lines(world, sub) == [("1000 × 0.0125 = 12.50", 12_50), ("200 × 0.0125 = 2.50", 2_50)]


def test_what_was_used_is_billed_with_the_end_that_day_s_use_included(shop):
    calls, seats = metered(shop), metered(shop, "seats", "unique")
    package = {"model": "package", "unit_price": "5.00", "package_size": "10"}
    coupon = shop.coupon("HALF", percent_off=50, duration="forever")
    offer = shop.offer("api", ("month", None, 20_00, priced((calls, PER_CALL), (seats, package))))
    world = World.on(shop, "2026-01-10")
    sub = world.subscribe(offer, coupons=[coupon])
    world.until("2026-01-15", "14:00")
    use(world, sub, calls, ("2026-01-12", "333"), ("2026-01-15", "67"))
    for name in ("ada", "bob", "ada"):
        use(world, sub, seats, "2026-01-14", value=name, key=f"{name} {len(name)}")
    with tenant(shop.id):
        before = [list(model.objects.order_by("pk").values()) for model in (UsageRecord, InvoiceLine)]
        now = world.now
        seen = foresee(sub, Leaving(when="now"), merchant=shop.merchant, now=now)
        assert [list(model.objects.order_by("pk").values()) for model in (UsageRecord, InvoiceLine)] == before
    cancel(merchant_id=shop.id, subscription_id=sub.pk, leaving=Leaving(when="now"), actor=TESTER)
    with tenant(shop.id):
        drafted = [(line.formula, line.charged) for document in seen.documents for line in document.lines]
    assert drafted == [
        ("400 × 0.0125 = 5.00, 5.00 − 2.50 = 2.50", 2_50),
        ("2 / 10 → 1 × 5.00 = 5.00, 5.00 − 2.50 = 2.50", 2_50),
    ]
    assert lines(world, sub) == [(formula, 5_00) for formula, _ in drafted]
    assert world.statement(sub) == (
        "2026-01-10  api          01-10..02-10           10.00\n"
        "2026-01-15  api, calls   01-10..01-15            2.50\n"
        "            api, seats   01-10..01-15            2.50\n"
        "            open                                 5.00\n"
        "2026-01-15  ended: cancelled\n"
    )
    again = use(world, sub, calls, ("2026-01-12", "333"), ("2026-01-13", "1"), ("2026-01-15", "1"))
    assert outcomes(again) == ["duplicate", "subscription_over", "usage_key_reused"]


def test_a_change_of_offer_bills_the_old_period_at_the_old_price(shop):
    calls = metered(shop, aggregation="max")
    small = shop.offer("small", ("month", None, 10_00, priced((calls, PER_CALL))))
    volume = {"model": "volume", "tiers": (TierTerm(unit_price="1", up_to="10"), TierTerm(unit_price="0.5"))}
    large = shop.offer("large", ("month", None, 30_00, priced((calls, volume))))
    world = World.on(shop, "2026-01-31")
    sub = world.subscribe(small)
    world.plan(sub, ChangeOffer(offer=large))
    world.until("2026-02-20")
    use(world, sub, calls, ("2026-02-01", "80"), ("2026-02-20", "40"))
    world.until("2026-03-05")
    assert outcomes(use(world, sub, calls, ("2026-02-27", "99"), ("2026-02-28", "10"))) == ["period_billed", "accepted"]
    world.until("2026-04-01")
    assert world.statement(sub) == (
        "2026-01-31  small        01-31..02-28           10.00\n"
        "2026-02-28  small, calls 01-31..02-28            1.00\n"
        "            large        02-28..03-31           30.00\n"
        "2026-03-31  large, calls 02-28..03-31           10.00\n"
        "            large        03-31..04-30           30.00\n"
    )


def test_a_stage_without_prices_bills_no_use_and_local_midnight_parts_the_periods(shop):
    calls = metered(shop, aggregation="count")
    offer = shop.offer(
        "api",
        ("month", 1, 0),
        ("month", None, 10_00, {"billing": "arrears", **priced((calls, {"model": "per_unit", "unit_price": "1"}))}),
    )
    world = World.on(shop, "2026-05-01")
    sub = world.subscribe(offer)
    world.until("2026-05-20")
    use(world, sub, calls, "2026-05-10")
    world.until("2026-07-01", "00:30")
    at = {"subscription": sub.pk, "feature": calls.pk}
    sent = [
        Reported(at=_utc("2026-06-01", "00:00", "Europe/Paris"), key="first", **at),
        Reported(at=_utc("2026-05-31", "23:59", "Europe/Paris"), key="trial", **at),
        Reported(at=_utc("2026-07-01", "00:00", "Europe/Paris"), key="next", **at),
    ]
    assert outcomes(record_usage(merchant_id=shop.id, records=sent, actor=TESTER)) == [
        "period_billed",
        "period_billed",
        "accepted",
    ]
    world.until("2026-08-01")
    assert world.statement(sub) == (
        "2026-07-01  api          06-01..07-01           10.00\n"
        "2026-08-01  api          07-01..08-01           10.00\n"
        "            api, calls   07-01..08-01            1.00\n"
    )


def test_a_change_now_bills_what_was_used_before_that_day_and_the_day_itself_with_the_new_price(shop):
    calls = metered(shop)
    small = shop.offer("small", ("month", None, 10_00, priced((calls, PER_CALL))))
    large = shop.offer("large", ("month", None, 41_00, priced((calls, {"model": "per_unit", "unit_price": "0.01"}))))
    world = World.on(shop, "2026-01-01")
    sub = world.subscribe(small)
    world.until("2026-01-11", "14:00")
    use(world, sub, calls, ("2026-01-05", "800"), ("2026-01-11", "300"))
    act = {"merchant_id": shop.id, "subscription_id": sub.pk, "ask": ChangeOffer(offer=large)}
    seen = change.foresee(**act, changing=change.Changing(when="now"))
    assert [(line.formula, line.amount) for line in seen.documents[0].lines if line.kind == "usage"] == [
        ("800 × 0.0125 = 10.00", 10_00)
    ]
    change.change(**act, changing=change.Changing(when="now"), actor=TESTER)
    assert outcomes(use(world, sub, calls, ("2026-01-10", "1"), ("2026-01-11", "300"))) == [
        "period_billed",
        "duplicate",
    ]
    world.until("2026-02-01")
    assert lines(world, sub) == [("800 × 0.0125 = 10.00", 10_00), ("300 × 0.01 = 3.00", 3_00)]
    with tenant(shop.id):
        spans = (
            InvoiceLine.objects.filter(kind="usage").order_by("period_start").values_list("period_start", "period_end")
        )
        assert [(start.isoformat(), end.isoformat()) for start, end in spans] == [
            ("2026-01-01", "2026-01-11"),
            ("2026-01-11", "2026-02-01"),
        ]


def test_a_run_asks_the_database_as_often_for_many_records_as_for_one(shop):
    calls, seats = metered(shop), metered(shop, "seats", "unique")
    offer = shop.offer("api", ("month", None, 20_00, priced((calls, TIERS), (seats, PER_CALL))))
    counts = []
    for many in (1, 6):
        world = World.on(shop, "2026-01-10", "13:00")
        subs = [world.subscribe(offer, world.person(f"p{many}{place}", card=None)) for place in range(many)]
        for sub in subs:
            days = [(f"2026-01-10 {place}", str(place + 1)) for place in range(many)]
            for key, quantity in days:
                use(world, sub, calls, ("2026-01-10", quantity), key=f"{sub.pk} {key}")
                use(world, sub, seats, "2026-01-10", value=key, key=f"{sub.pk} seat {key}")
        with tenant(shop.id):
            TestClock.objects.filter(id=world.clock_id).update(time=_utc("2026-02-10", "12:00", "Europe/Paris"))
        batch = [sub.pk for sub in subs]
        with CaptureQueriesContext(connection) as seen:
            renewed = renew(merchant_id=shop.id, batch=batch, now=world.now, actor=TESTER)
        counts.append(sum("subscribers_usagerecord" in query["sql"] for query in seen.captured_queries))
        assert (len(renewed.taken), len(lines(world, subs[-1]))) == (many, 2)
    assert counts == [1, 1]


def test_no_use_is_taken_while_a_suspension_stops_billing_and_what_was_used_before_is_billed(shop):
    calls = metered(shop)
    world = World.on(shop, "2026-01-01")
    sub = world.subscribe(shop.offer("api", ("month", None, 31_00, priced((calls, PER_CALL)))))
    world.until("2026-01-10", "14:00")
    use(world, sub, calls, ("2026-01-08", "800"))
    asked = suspend.Suspending(from_on=date(2026, 1, 10), until_on=date(2026, 2, 15), stops_billing=True)
    suspend.suspend(merchant_id=shop.id, subscription_id=sub.pk, asked=asked, actor=TESTER)
    world.until("2026-01-20")
    assert outcomes(use(world, sub, calls, ("2026-01-12", "5"))) == ["usage_not_billed"]
    world.until("2026-02-20")
    late = use(world, sub, calls, ("2026-01-12", "5"), ("2026-02-05", "5"), ("2026-02-16", "80"))
    assert outcomes(late) == ["period_billed", "period_billed", "accepted"]
    world.until("2026-03-02")
    assert lines(world, sub) == [("800 × 0.0125 = 10.00", 10_00), ("80 × 0.0125 = 1.00", 1_00)]
