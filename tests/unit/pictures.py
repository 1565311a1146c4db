"""Snapshots for tests of the engine, with as little to say as each test needs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from billing.engine.opening import open_subscription
from subscribers.periods import Interval, Unit
from subscribers.snapshots import (
    Billing,
    CouponSnapshot,
    Duration,
    OfferSnapshot,
    OptionSnapshot,
    PurchaseSnapshot,
    StageSnapshot,
    SubscriptionSnapshot,
    TaxBehavior,
)
from subscribers.taxes import TaxProfile, TaxRate, TaxRow

DAY, WEEK, MONTH, YEAR = (Interval(unit) for unit in (Unit.day, Unit.week, Unit.month, Unit.year))
QUARTER = Interval(Unit.month, 3)

FRENCH = TaxProfile(
    country="FR",
    table=(
        TaxRow(tax_code="electronic", rate=TaxRate(rate=Decimal(20))),
        TaxRow(tax_code="book", rate=TaxRate(rate=Decimal("5.5"))),
    ),
)


def stage(amount: int, interval: Interval = MONTH, times: int | None = None, **more: Any) -> dict[str, Any]:
    return {"amount": amount, "interval": interval, "recurrences": times, **more}


def arrears(amount: int, interval: Interval = MONTH, times: int | None = None) -> dict[str, Any]:
    return stage(amount, interval, times, billing=Billing.arrears)


def offer(*stages: dict[str, Any], **more: Any) -> OfferSnapshot:
    numbered = tuple(StageSnapshot(position=at, **one) for at, one in enumerate(stages))
    settings: dict[str, Any] = {
        "version_id": "ofv_1",
        "offer_id": "off_1",
        "reference": "hifi",
        "title": {"en": "Hifi", "fr": "Hifi"},
        "currency": "EUR",
        "tax_behavior": TaxBehavior.inclusive,
        "tax_code": "electronic",
    }
    return OfferSnapshot(**{**settings, **more}, stages=numbered)


def option(name: str = "device", price: int | None = 200, *, every: Interval = MONTH, **more: Any) -> OptionSnapshot:
    prices = {} if price is None or "one_off_amount" in more else {every.key: price}
    settings: dict[str, Any] = {
        "id": f"sop_{name}",
        "option_id": f"opt_{name}",
        "reference": name,
        "title": {"en": name.title()},
        "prices": prices,
    }
    return OptionSnapshot(**{**settings, **more})


def percent(off: str, duration: Duration = Duration.forever, **more: Any) -> CouponSnapshot:
    return CouponSnapshot(
        **{"id": f"cpn_{off}", "code": f"P{off}", **more}, duration=duration, percent_off=Decimal(off)
    )


def euros_off(off: int, duration: Duration = Duration.forever, **more: Any) -> CouponSnapshot:
    return CouponSnapshot(
        **{"id": f"cpn_e{off}", "code": f"E{off}", **more}, duration=duration, amount_off=off, currency="EUR"
    )


def purchase(sold: OfferSnapshot, **more: Any) -> PurchaseSnapshot:
    return PurchaseSnapshot(**{"offer": sold, "tax": FRENCH, "zone": "Europe/Paris", **more})


def begun(sold: OfferSnapshot, start: str, **more: Any) -> SubscriptionSnapshot:
    """A subscription that begins on `start`, with its first period made and billed."""
    today = date.fromisoformat(start)
    return open_subscription(purchase(sold, **more), id="sub_1", payer="cus_1", beneficiary="cus_1", today=today).after
