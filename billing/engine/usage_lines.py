"""The lines of usage: one for each metered feature that was used in a period that has ended (domain 8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from billing.engine.lines import joined
from billing.engine.metering import Priced, amount_of, priced
from invoices.calculations import Rule, formula
from invoices.drafts import DraftLine, LineKind, unit_price
from merchants.metered import QUANTITY_MOST, PriceModel, UsageTerm
from subscribers.periods import Period
from subscribers.snapshots import StageSnapshot, SubscriptionSnapshot, Used


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """A span whose usage is billed now, at the prices of the stage that it was had in. `until` None: through the day
    on which it ends, that day's use before the end included. `period` is what was billed or free for the same days."""

    stage: StageSnapshot
    period: Period
    until: date | None


def ending(snapshot: SubscriptionSnapshot, *, on: date | None = None) -> Metered | None:
    """The running period's usage, where the stage prices any and it is not on a document already. With `on`, the day
    that ends everything: what was used on it before the end is in."""
    part = snapshot.current_part
    if part is None or not snapshot.stage.usage:
        return None
    if on is None:
        return Metered(stage=snapshot.stage, period=part.period, until=part.period.end)
    last = max(part.period.start + timedelta(days=1), min(part.period.end, on))
    return Metered(stage=snapshot.stage, period=Period(part.period.start, last), until=None)


def so_far(snapshot: SubscriptionSnapshot, day: date) -> Metered | None:
    """The running period's usage before a day within it, where the stage prices any: the day belongs to what comes
    after it. None where the period begins that day."""
    part = snapshot.current_part
    if part is None or not snapshot.stage.usage or not part.period.start < day <= part.period.end:
        return None
    return Metered(stage=snapshot.stage, period=Period(part.period.start, day), until=day)


def usage_lines(snapshot: SubscriptionSnapshot, metered: Metered, *, on: date) -> Iterator[DraftLine]:
    """A line for each feature that was used, in the order of the stage's prices; none for what was not."""
    had = {used.feature: used for used in snapshot.used(metered.period.start, metered.until)}
    for term in metered.stage.usage:
        used = had.get(str(term.feature))
        if used is not None and used.quantity > 0:
            yield usage_line(snapshot, metered, term, used, on=on)


def usage_line(snapshot: SubscriptionSnapshot, metered: Metered, term: UsageTerm, used: Used, *, on: date) -> DraftLine:
    """What a feature's use comes to. One price and nothing flat: so many at so much; else one lot at its sum."""
    currency, parts = snapshot.offer.currency, priced(term, used.quantity)
    amount, rule = amount_of(parts, currency), Rule[PriceModel(term.model).name]
    tax = snapshot.tax.rate(snapshot.offer.tax_code, on)
    inputs = {**_inputs(metered, term, used, parts, currency), **tax.told}
    alone = parts[0] if len(parts) == 1 and not parts[0].flat and parts[0].quantity < QUANTITY_MOST else None
    return DraftLine(
        kind=LineKind.usage,
        title=joined(snapshot.offer.title, used.title),
        amount=amount,
        currency=currency,
        tax_code=snapshot.offer.tax_code,
        tax=tax,
        rule=rule.value,
        inputs=inputs,
        formula=formula(rule, inputs, amount=amount),
        quantity=_shortest(alone.quantity) if alone else 1,
        unit_price=alone.unit_price if alone else unit_price(amount, currency),
        period=metered.period,
        fact=f"usage:{snapshot.id}:{used.feature}:{metered.period.start.isoformat()}",
        catalogue_id=snapshot.offer.offer_id,
        subscription_id=snapshot.id,
    )


def _inputs(metered: Metered, term: UsageTerm, used: Used, parts: tuple[Priced, ...], currency: str) -> dict[str, Any]:
    inputs: dict[str, Any] = {
        "currency": currency,
        "feature": used.reference,
        "aggregation": used.aggregation.value,
        "used": f"{_shortest(used.quantity):f}",
        "parts": [
            {"quantity": f"{_shortest(part.quantity):f}", "unit_price": part.unit_price, "flat_amount": part.flat}
            for part in parts
        ],
        "from": metered.period.start.isoformat(),
        "until": metered.period.end.isoformat(),
    }
    if term.package_size is not None:
        inputs["package_size"] = term.package_size
    return inputs


def _shortest(quantity: Decimal) -> Decimal:
    """Without zeros that say nothing, and without an exponent."""
    short = quantity.normalize()
    return short if int(short.as_tuple().exponent) <= 0 else short.quantize(Decimal(1))
