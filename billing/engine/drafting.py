"""From a snapshot and a period to the lines of a document (domain 5 to 8, 13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from billing.engine.discounts import discounted
from billing.engine.proration import price_of
from invoices.calculations import Rule, formula
from invoices.drafts import DraftInvoice, DraftLine, LineKind, unit_price
from merchants.money import exponent
from subscribers.periods import Part
from subscribers.snapshots import (
    Billing,
    ChargeSnapshot,
    CouponSnapshot,
    OptionSnapshot,
    StageSnapshot,
    SubscriptionSnapshot,
)
from subscribers.taxes import Texts

SETUP: Texts = {"en": "setup", "fr": "mise en service"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """A document to be, or None where there is nothing to say; options and coupons with what it used of them, and the
    charges that still wait."""

    invoice: DraftInvoice | None
    options: tuple[OptionSnapshot, ...]
    coupons: tuple[CouponSnapshot, ...]
    charges: tuple[ChargeSnapshot, ...] = ()


def draft(
    snapshot: SubscriptionSnapshot,
    *,
    on: date,
    opens: Part | None = None,
    closes: tuple[StageSnapshot, Part] | None = None,
    first: bool = False,
) -> Drafted:
    """The document of one day: a period that ends (its stage in arrears), one that begins (`opens`, in the snapshot's
    stage), with the setup fee where it is the first, one-off options not yet billed, and all charges that wait.

    Parts are given whole; an end known before billing shortens them here (domain 5).
    """
    stop = snapshot.bills_until
    closing: list[DraftLine] = []
    closed = closes[1].within(None, stop) if closes else None
    if closes and closed:
        closing.append(stage_line(snapshot, closes[0], closed, on=on))
    opened = opens.within(None, stop) if opens else None
    opening: list[DraftLine] = []
    if first and snapshot.offer.setup_amount:
        opening.append(setup_line(snapshot, on=on))
    paid_in_advance = opened is not None and snapshot.stage.billing is Billing.advance
    if opened and paid_in_advance:
        opening.append(stage_line(snapshot, snapshot.stage, opened, on=on))
    options = []
    for option in snapshot.options:
        line, after = option_line(snapshot, option, opened, on=on)
        opening.extend([line] if line else [])
        options.append(after)
    opening.extend(charge_line(snapshot, charge, on=on) for charge in snapshot.charges)
    lines, coupons = _less_coupons(
        closing,
        opening,
        snapshot.coupons,
        closed=closed if closes and not closes[0].is_free else None,
        opened=opened if paid_in_advance and not snapshot.stage.is_free else None,
    )
    if not lines:
        return Drafted(invoice=None, options=tuple(options), coupons=coupons)
    used = {coupon.id: coupon.periods_used for coupon in snapshot.coupons}
    spanned = opened or closed
    invoice = DraftInvoice(
        payer=snapshot.payer,
        subscription=snapshot.id,
        currency=snapshot.offer.currency,
        tax_behavior=snapshot.offer.tax_behavior,
        on=on,
        lines=lines,
        period=spanned.period if spanned else None,
        coupons_counted=tuple(c.id for c in coupons for _ in range(c.periods_used - used[c.id])),
        even_if_zero=snapshot.offer.zero_invoices,
    )
    return Drafted(invoice=invoice, options=tuple(options), coupons=coupons)


def _less_coupons(
    closing: Sequence[DraftLine],
    opening: Sequence[DraftLine],
    coupons: tuple[CouponSnapshot, ...],
    *,
    closed: Part | None,
    opened: Part | None,
) -> tuple[tuple[DraftLine, ...], tuple[CouponSnapshot, ...]]:
    """Coupons on a document that bills no, one or two paid periods. Two (from a stage in arrears to one in advance)
    are discounted one after the other, so that a coupon's last period is not given twice."""
    if closed and opened:
        ended, coupons = discounted(closing, coupons, paid_period=True, share=closed.share)
        begun, coupons = discounted(opening, coupons, paid_period=True, share=opened.share)
        return (*ended, *begun), coupons
    paid = closed or opened
    return discounted(
        (*closing, *opening), coupons, paid_period=paid is not None, share=paid.share if paid else Fraction(1)
    )


def stage_line(snapshot: SubscriptionSnapshot, stage: StageSnapshot, part: Part, *, on: date) -> DraftLine:
    """The price of a stage for a period or a part of one."""
    return _line(
        snapshot,
        kind=LineKind.stage,
        title=joined(snapshot.offer.title, stage.label),
        unit_amount=stage.amount,
        quantity=snapshot.quantity,
        part=part,
        rule=Rule.free if stage.is_free else _rule(part),
        tax_code=snapshot.offer.tax_code,
        catalogue_id=snapshot.offer.offer_id,
        fact=f"stage:{snapshot.id}:{part.period.start.isoformat()}",
        on=on,
    )


def setup_line(snapshot: SubscriptionSnapshot, *, on: date) -> DraftLine:
    """The setup fee: once, whatever the quantity."""
    return _line(
        snapshot,
        kind=LineKind.setup,
        title=joined(snapshot.offer.title, SETUP),
        unit_amount=snapshot.offer.setup_amount,
        quantity=1,
        part=None,
        rule=Rule.once,
        tax_code=snapshot.offer.tax_code,
        catalogue_id=snapshot.offer.offer_id,
        fact=f"setup:{snapshot.id}",
        on=on,
    )


def charge_line(snapshot: SubscriptionSnapshot, charge: ChargeSnapshot, *, on: date) -> DraftLine:
    """A charge that waited: once, at the amount that was rounded when it was made."""
    tax = snapshot.tax.rate(charge.tax_code, on)
    inputs = {**_charge_inputs(charge, snapshot.offer.currency), **tax.told}
    return DraftLine(
        kind=LineKind.charge,
        title=charge.title,
        amount=charge.amount,
        currency=snapshot.offer.currency,
        tax_code=charge.tax_code,
        tax=tax,
        rule=Rule.once.value,
        inputs=inputs,
        formula=formula(Rule.once, inputs, amount=charge.amount),
        quantity=int(charge.quantity) if charge.quantity == int(charge.quantity) else charge.quantity,
        unit_price=charge.unit_price,
        fact=f"charge:{charge.id}",
        subscription_id=snapshot.id,
    )


def _charge_inputs(charge: ChargeSnapshot, currency: str) -> dict[str, Any]:
    """Whole numbers where both are whole (a unit of the currency's minor unit), else decimal strings."""
    unit = Decimal(charge.unit_price).scaleb(exponent(currency))
    if unit == int(unit) and charge.quantity == int(charge.quantity):
        return {"currency": currency, "unit_amount": int(unit), "quantity": int(charge.quantity)}
    quantity = f"{charge.quantity.normalize():f}"
    return {"currency": currency, "unit_price": charge.unit_price, "quantity": quantity}


def option_line(
    snapshot: SubscriptionSnapshot, option: OptionSnapshot, opened: Part | None, *, on: date
) -> tuple[DraftLine | None, OptionSnapshot]:
    """An option's line on this document, if it has one, and the option with what it used of its term.

    A recurring option shares the stage's periods. Its term counts whole periods; having begun the last one, it ends
    with it. In a free stage whose interval it has no price for, it is free too, and its term has not begun.
    """
    if option.is_one_off:
        if not option.is_due_once or not option.lives(on):
            return None, option
        return _option_line(snapshot, option, None, option.one_off_amount, on=on), replace(option, periods_used=1)
    part = opened.within(option.starts_on, option.ends_on) if opened else None
    if part is None:
        return None, option
    price = option.price(snapshot.stage.interval)
    if price is None and not option.complimentary and not snapshot.stage.is_free:
        return None, option
    line = _option_line(snapshot, option, part, price, on=on)
    begun = part.period.start == part.whole.start and (price is not None or option.complimentary)
    if not begun or option.term is None:
        return line, option
    used, ends_on = option.periods_used + 1, option.ends_on
    if used >= option.term:
        ends_on = min(part.whole.end, ends_on or part.whole.end)
    return line, replace(option, periods_used=used, ends_on=ends_on)


def _option_line(
    snapshot: SubscriptionSnapshot, option: OptionSnapshot, part: Part | None, price: int | None, *, on: date
) -> DraftLine:
    if option.complimentary:
        rule = Rule.complimentary
    elif not price:
        rule = Rule.free
    else:
        rule = _rule(part)
    instead = price_of(price, option.quantity, part) if option.complimentary and price else None
    start = part.period.start.isoformat() if part else "once"
    return _line(
        snapshot,
        kind=LineKind.one_off if option.is_one_off else LineKind.option,
        title=option.title,
        unit_amount=0 if option.complimentary else price or 0,
        quantity=option.quantity,
        part=part,
        rule=rule,
        tax_code=option.tax_code or snapshot.offer.tax_code,
        catalogue_id=option.option_id,
        fact=f"option:{option.id}:{start}",
        on=on,
        option_id=option.id,
        instead_of=instead,
        reason=option.reason if option.complimentary else "",
    )


def _rule(part: Part | None) -> Rule:
    if part is None:
        return Rule.once
    return Rule.whole_period if part.is_whole else Rule.part_of_period


def _line(
    snapshot: SubscriptionSnapshot,
    *,
    kind: LineKind,
    title: Texts,
    unit_amount: int,
    quantity: int,
    part: Part | None,
    rule: Rule,
    tax_code: str,
    catalogue_id: str,
    fact: str,
    on: date,
    option_id: str | None = None,
    instead_of: int | None = None,
    reason: str = "",
) -> DraftLine:
    currency = snapshot.offer.currency
    amount = price_of(unit_amount, quantity, part)
    inputs: dict[str, Any] = {"currency": currency, "unit_amount": unit_amount, "quantity": quantity}
    if part is not None:
        inputs |= {
            "from": part.period.start.isoformat(),
            "until": part.period.end.isoformat(),
            "days": part.period.days,
            "whole_days": part.whole.days,
        }
        if not part.is_whole:
            inputs |= {"whole_from": part.whole.start.isoformat(), "whole_until": part.whole.end.isoformat()}
    if instead_of is not None:
        inputs["instead_of"] = instead_of
    if reason:
        inputs["reason"] = reason
    tax = snapshot.tax.rate(tax_code, on)
    inputs |= tax.told
    return DraftLine(
        kind=kind,
        title=title,
        amount=amount,
        currency=currency,
        tax_code=tax_code,
        tax=tax,
        rule=rule.value,
        inputs=inputs,
        formula=formula(rule, inputs, amount=amount),
        quantity=quantity,
        unit_price=unit_price(unit_amount, currency),
        period=part.period if part else None,
        fact=fact,
        catalogue_id=catalogue_id,
        subscription_id=snapshot.id,
        subscription_option_id=option_id,
    )


def joined(title: Texts, label: Texts) -> Texts:
    """A title with what follows it, per locale; a locale that one of them lacks takes its first.

    >>> joined({"en": "Onde Hifi", "fr": "Onde Hifi"}, {"fr": "prix normal", "en": "normal price"})["fr"]
    'Onde Hifi, prix normal'
    >>> joined({"fr": "Soleil"}, {})
    {'fr': 'Soleil'}
    """
    if not any(label.values()):
        return dict(title)
    locales = [*title, *(locale for locale in label if locale not in title)]
    return {locale: ", ".join(part for part in (_in(title, locale), _in(label, locale)) if part) for locale in locales}


def _in(texts: Texts, locale: str) -> str:
    return texts.get(locale) or next((text for text in texts.values() if text), "")
