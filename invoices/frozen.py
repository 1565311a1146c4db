"""A draft as it lies in a quote: plain JSON, and back without loss."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from invoices.drafts import DiscountShare, DraftInvoice, DraftLine, LineKind
from subscribers.periods import Period
from subscribers.snapshots import TaxBehavior
from subscribers.taxes import TaxRate


def freeze(draft: DraftInvoice) -> dict[str, Any]:
    """The draft as JSON: dates as ISO text, decimals as text.

    >>> terms = {"currency": "EUR", "tax_behavior": TaxBehavior.inclusive}
    >>> empty = DraftInvoice(payer="p", on=date(2026, 5, 1), lines=(), **terms)
    >>> thaw(freeze(empty)) == empty
    True
    """
    return {
        "payer": draft.payer,
        "subscription": draft.subscription,
        "currency": draft.currency,
        "tax_behavior": draft.tax_behavior.value,
        "on": draft.on.isoformat(),
        "period": _frozen_period(draft.period),
        "coupons_counted": list(draft.coupons_counted),
        "even_if_zero": draft.even_if_zero,
        "lines": [freeze_line(line) for line in draft.lines],
    }


def thaw(stored: Mapping[str, Any]) -> DraftInvoice:
    """The draft again."""
    return DraftInvoice(
        payer=stored["payer"],
        subscription=stored["subscription"],
        currency=stored["currency"],
        tax_behavior=TaxBehavior(stored["tax_behavior"]),
        on=date.fromisoformat(stored["on"]),
        period=_thawed_period(stored["period"]),
        coupons_counted=tuple(stored["coupons_counted"]),
        even_if_zero=stored["even_if_zero"],
        lines=tuple(thaw_line(line) for line in stored["lines"]),
    )


def _frozen_period(period: Period | None) -> list[str] | None:
    return [period.start.isoformat(), period.end.isoformat()] if period else None


def _thawed_period(stored: list[str] | None) -> Period | None:
    return Period(date.fromisoformat(stored[0]), date.fromisoformat(stored[1])) if stored else None


def _frozen_tax(tax: TaxRate) -> dict[str, Any]:
    return {
        "rate": str(tax.rate),
        "category": tax.category,
        "mention": dict(tax.mention),
        "reason": tax.reason,
        "place": tax.place,
    }


def _thawed_tax(stored: Mapping[str, Any]) -> TaxRate:
    """The rate again; a quote from before reasons were kept has none."""
    why = {name: stored[name] for name in ("reason", "place") if name in stored}
    return TaxRate(rate=Decimal(stored["rate"]), category=stored["category"], mention=stored["mention"], **why)


def freeze_line(line: DraftLine) -> dict[str, Any]:
    """One line as JSON: of a draft, or by itself where it waits for a document."""
    return {
        "kind": line.kind.value,
        "title": dict(line.title),
        "amount": line.amount,
        "currency": line.currency,
        "tax_code": line.tax_code,
        "tax": _frozen_tax(line.tax),
        "rule": line.rule,
        "inputs": dict(line.inputs),
        "formula": line.formula,
        "quantity": str(line.quantity),
        "unit_price": line.unit_price,
        "period": _frozen_period(line.period),
        "discounts": [
            [share.coupon_id, share.code, share.amount, None if share.percent is None else str(share.percent)]
            for share in line.discounts
        ],
        "fact": line.fact,
        "catalogue_id": line.catalogue_id,
        "subscription_id": line.subscription_id,
        "subscription_option_id": line.subscription_option_id,
    }


def thaw_line(stored: Mapping[str, Any]) -> DraftLine:
    """The line again."""
    quantity = Decimal(stored["quantity"])
    return DraftLine(
        kind=LineKind(stored["kind"]),
        title=stored["title"],
        amount=stored["amount"],
        currency=stored["currency"],
        tax_code=stored["tax_code"],
        tax=_thawed_tax(stored["tax"]),
        rule=stored["rule"],
        inputs=stored["inputs"],
        formula=stored["formula"],
        quantity=int(quantity) if quantity == quantity.to_integral_value() else quantity,
        unit_price=stored["unit_price"],
        period=_thawed_period(stored["period"]),
        discounts=tuple(
            DiscountShare(
                coupon_id=coupon, code=code, amount=amount, percent=None if percent is None else Decimal(percent)
            )
            for coupon, code, amount, percent in stored["discounts"]
        ),
        fact=stored["fact"],
        catalogue_id=stored["catalogue_id"],
        subscription_id=stored["subscription_id"],
        subscription_option_id=stored["subscription_option_id"],
    )
