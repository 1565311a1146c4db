"""What waits for a subscription's next step: wishes for a day, charges for a document, and usage that was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from merchants.metered import Aggregation
from subscribers.taxes import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """A wish for the future that falls due on a day; its flow knows how to carry it out (domain 12)."""

    id: str
    kind: str
    effective_on: date
    payload: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeSnapshot:
    """A one-off that waits for the next document. `unit_price` is a decimal string in major units, in the offer's own
    terms; `amount` is it times the quantity, rounded once, in minor units. `held` is the frozen line of a change that
    is billed with the next document (domain 12, `invoice: next`): after its discounts, `amount` being what it comes
    to."""

    id: str
    title: Texts
    amount: int
    unit_price: str
    tax_code: str
    quantity: Decimal = Decimal(1)
    held: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What was had of one metered feature in one span: its records added up as the feature's aggregation says."""

    feature: str
    reference: str
    title: Texts
    aggregation: Aggregation
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageSpan:
    """Some days of usage as they were read: from `start` to before `until` (None: to this day, where it ends)."""

    start: date
    until: date | None
    used: tuple[Used, ...] = ()
