"""Usage: told in batches, counted once, billed when its period has ended; late while the invoice is not final."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from billing.flows.usage import Reported, Told, record_usage
from invoices.models import InvoiceLine
from merchants.metered import TierTerm, UsageTerm, usage_json
from merchants.models import Feature
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
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
