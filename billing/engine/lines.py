"""The lines of a document, one of each kind: a stage, the setup fee, an option, a charge (domain 5, 6, 8, 13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from billing.engine.proration import price_of
from invoices.calculations import Rule, formula
from invoices.drafts import DraftLine, LineKind, unit_price
from merchants.languages import said_in
from merchants.money import exponent
from subscribers.periods import Part
from subscribers.snapshots import Billing, ChargeSnapshot, OptionSnapshot, StageSnapshot, SubscriptionSnapshot
from subscribers.taxes import Texts

EARLY_END: Texts = {"en": "early end of the commitment", "fr": "fin anticipée de l’engagement"}
SETUP: Texts = {"en": "setup", "fr": "mise en service"}
CHANGE: Texts = {"en": "change of offer", "fr": "changement d’offre"}


def stage_line(snapshot: SubscriptionSnapshot, stage: StageSnapshot, part: Part, *, on: date) -> DraftLine:
    """The price of a stage for a period or a part of one. Days that were given up, billed in advance, may be billed in
    arrears when they end: another fact."""
    fact = f"stage:{snapshot.id}:{part.period.start.isoformat()}"
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
        fact=f"{fact}:arrears" if stage.billing is Billing.arrears else fact,
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


def fee_line(snapshot: SubscriptionSnapshot, amount: int, *, on: date) -> DraftLine:
    """What the merchant asks for a change of offer, by its transition policy: once, whatever the quantity."""
    return _line(
        snapshot,
        kind=LineKind.one_off,
        title=joined(snapshot.offer.title, CHANGE),
        unit_amount=amount,
        quantity=1,
        part=None,
        rule=Rule.once,
        tax_code=snapshot.offer.tax_code,
        catalogue_id=snapshot.offer.offer_id,
        fact=f"fee:{snapshot.id}:{on.isoformat()}",
        on=on,
    )


def restored_line(line: DraftLine, amount: int) -> DraftLine:
    """A line for days whose credit is taken back: at exactly what was credited, after discount, in minor units."""
    days = {name: line.inputs[name] for name in ("currency", "from", "until", "days", "tax") if name in line.inputs}
    inputs = {**days, "unit_amount": amount, "quantity": 1, "whole_days": line.inputs["days"]}
    return replace(
        line,
        amount=amount,
        quantity=1,
        unit_price=unit_price(amount, line.currency),
        discounts=(),
        rule=Rule.restored.value,
        inputs=inputs,
        formula=formula(Rule.restored, inputs, amount=amount),
    )


def early_end_line(snapshot: SubscriptionSnapshot, amount: int, told: Mapping[str, Any], *, on: date) -> DraftLine:
    """The fee for leaving before a commitment is over: once. It is taxed as the offer is: what is paid to leave early
    is part of the price of the service (CJEU C-295/17 MEO, C-43/19 Vodafone Portugal)."""
    tax = snapshot.tax.rate(snapshot.offer.tax_code, on)
    currency = snapshot.offer.currency
    inputs = {"currency": currency, "unit_amount": amount, "quantity": 1, "early_end": dict(told), **tax.told}
    return DraftLine(
        kind=LineKind.early_end,
        title=joined(snapshot.offer.title, EARLY_END),
        amount=amount,
        currency=currency,
        tax_code=snapshot.offer.tax_code,
        tax=tax,
        rule=Rule.early_end.value,
        inputs=inputs,
        formula=formula(Rule.early_end, inputs, amount=amount),
        quantity=1,
        unit_price=unit_price(amount, currency),
        fact=f"early_end:{snapshot.id}",
        catalogue_id=snapshot.offer.offer_id,
        subscription_id=snapshot.id,
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
    """A title with what follows it, per locale; a locale that one of them lacks takes what `said_in` finds.

    >>> joined({"en": "Onde Hifi", "fr": "Onde Hifi"}, {"fr": "prix normal", "en": "normal price"})["fr"]
    'Onde Hifi, prix normal'
    >>> joined({"fr": "Soleil"}, {})
    {'fr': 'Soleil'}
    """
    if not any(label.values()):
        return dict(title)
    locales = [*title, *(locale for locale in label if locale not in title)]
    return {
        locale: ", ".join(part for part in (said_in(title, locale), said_in(label, locale)) if part)
        for locale in locales
    }
