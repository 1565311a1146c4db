"""One-offs that wait for a subscription's next document: made, and taken back while they wait (domain 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from billing.flows.cancel import lock
from billing.flows.not_running import not_running
from billing.models import Charge
from merchants.actors import Actor
from merchants.models import Merchant
from merchants.money import check_amount, decimal_text, exponent, parse_unit_price, round_half_away
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.services.catalogue.rules import tax_code_faults
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from subscribers.selectors.taxing import tax_profile
from subscribers.taxes import Texts

MOST_WAITING = 100
"""Charges that may wait for one document: what does not fit a page is a file to import, not a list of surprises."""


@dataclass(frozen=True, kw_only=True)
class ChargeTerms:
    """What is charged: `amount` in minor units, or `quantity` × `unit_price` (a decimal string of major units), in the
    offer's own terms of tax. An empty `tax_code` is the offer's."""

    title: Texts
    amount: int | None = None
    quantity: Decimal | None = None
    unit_price: str | None = None
    tax_code: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Priced:
    """A charge with its figures: `amount` is quantity × unit price, rounded once, in minor units."""

    quantity: Decimal
    unit_price: str
    amount: int


def price_charge(terms: ChargeTerms, currency: str) -> Priced:
    """The figures of a charge. Raises Invalid naming the field.

    >>> price_charge(ChargeTerms(title={"en": "Calls"}, quantity=Decimal(333), unit_price="0.0125"), "EUR")
    Priced(quantity=Decimal('333'), unit_price='0.0125', amount=416)
    >>> price_charge(ChargeTerms(title={"en": "Card"}, amount=500), "EUR").unit_price
    '5.00'
    """
    if (terms.amount is None) is (terms.unit_price is None):
        raise Invalid.at("amount", "amount_or_unit_price", gettext_noop("Give amount, or quantity and unit_price."))
    if terms.amount is not None:
        if terms.quantity is not None:
            detail = gettext_noop("A quantity goes with a unit_price, not with an amount.")
            raise Invalid.at("quantity", "quantity_without_unit_price", detail)
        amount = check_amount(terms.amount)
        quantity, unit_price = Decimal(1), decimal_text(amount, currency)
    else:
        quantity, unit_price = terms.quantity if terms.quantity is not None else Decimal(1), str(terms.unit_price)
        if quantity <= 0:
            raise Invalid.at("quantity", "quantity_out_of_range", gettext_noop("A quantity is above 0."))
        exact = parse_unit_price(unit_price, currency)
        unit = exact * 10 ** exponent(currency)
        amount = check_amount(round_half_away(unit * Fraction(quantity)), field="unit_price")
        if unit.denominator == 1:
            unit_price = decimal_text(int(unit), currency)
    if not amount:
        name = "amount" if terms.amount is not None else "unit_price"
        raise Invalid.at(name, "amount_zero", gettext_noop("A charge is of something: this comes to 0."))
    return Priced(quantity=quantity, unit_price=unit_price, amount=amount)


def add_charge(*, merchant_id: UUID, subscription_id: UUID, terms: ChargeTerms, actor: Actor) -> Charge:
    """A charge that waits for the subscription's next document, at the latest the one that closes it.

    Raises Invalid, Conflict (`subscription_over`: ended, or never paid for; `tax_rate_missing`; `too_many_charges`).
    """
    with tenant(merchant_id):
        subscription = lock(subscription_id)
        now = now_for(Merchant.objects.get(id=merchant_id), subscription.test_clock_id)
        _check_open(subscription)
        priced = price_charge(terms, subscription.currency)
        tax_code = terms.tax_code or subscription.offer_version.tax_code
        faults = tax_code_faults(tax_code)
        if faults:
            raise Invalid(code=faults[0].code, errors=faults)
        tax_profile(subscription.legal_entity, subscription.payer).rate(tax_code, now.today)
        waiting = Charge.objects.filter(subscription=subscription, status=Charge.Status.WAITING)
        if waiting.count() >= MOST_WAITING:
            raise Conflict(
                gettext_noop("%(most)s charges wait for this subscription already."),
                code="too_many_charges",
                params={"most": MOST_WAITING},
                way_out=gettext_noop("Add them up to fewer, or wait for the next document."),
            )
        charge = Charge(
            subscription=subscription,
            title=dict(terms.title),
            quantity=priced.quantity,
            unit_price=priced.unit_price,
            amount=priced.amount,
            currency=subscription.currency,
            tax_code=tax_code,
            metadata=dict(terms.metadata),
            created_by=actor.label[:120],
            created_at=now.at,
        )
        charge.save(force_insert=True)
        return charge


def _check_open(subscription: Subscription) -> None:
    if subscription.status in (Subscription.Status.ENDED, Subscription.Status.INCOMPLETE):
        raise not_running(subscription, code="subscription_over")


def revoke_charge(*, merchant_id: UUID, charge_id: UUID, actor: Actor) -> Charge:
    """Take a charge back while it waits; asked twice it stays as it is. Raises Conflict (`charge_billed`)."""
    with tenant(merchant_id):
        known = Charge.objects.get(id=charge_id)
        subscription = lock(known.subscription_id)
        charge = Charge.objects.select_for_update(of=("self",)).select_related("subscription").get(id=charge_id)
        if charge.status == Charge.Status.REVOKED:
            return charge
        if charge.status == Charge.Status.BILLED:
            raise Conflict(
                gettext_noop("This charge stands on an invoice already."),
                code="charge_billed",
                way_out=gettext_noop("Credit the invoice's line."),
            )
        now = now_for(Merchant.objects.get(id=merchant_id), subscription.test_clock_id)
        charge.status, charge.settled_at = Charge.Status.REVOKED, now.at
        charge.save(update_fields=["status", "settled_at"])
        return charge
