"""What a purchase costs now and later, before anyone pays: frozen lines, no document (domain 9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from billing.engine.opening import open_subscription
from billing.engine.schedule import is_steady, walk
from billing.engine.step import Step, StepKind
from billing.engine.wishes import Catalogue
from invoices.drafts import DraftInvoice, DraftLine
from invoices.totals import Totals, totals
from merchants.money import check_currency, check_quantity
from merchants.refusals import FieldError, Invalid, gettext_noop
from subscribers.periods import Interval, Period, check_day
from subscribers.snapshots import OptionSnapshot, PurchaseSnapshot, SubscriptionSnapshot, TaxBehavior
from subscribers.taxes import Texts

QUOTED = "quote"
"""The id that a subscription has while it is only quoted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedPart:
    """One line of a charge to come: its title and amount in the document's own terms, minor units."""

    title: Texts
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """A charge to come: from a date, every interval, so many times (None: without end).

    `gross` is all that will be asked for, tax included; `parts` are its lines, which sum to it where prices are
    inclusive; `tax` is what it contains.
    """

    from_on: date
    gross: int
    tax: int
    interval: Interval
    times: int | None
    parts: tuple[QuotedPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteDraft:
    """What is due now and what comes later.

    `due` is the gross to ask the provider for. `invoice` is None where nothing begins today; where its lines are all 0
    it is here for its lines and will make no document. `opened` is the subscription that it would start.
    """

    currency: str
    tax_behavior: TaxBehavior
    start_on: date
    period: Period | None
    lines: tuple[DraftLine, ...]
    totals: Totals
    due: int
    later: tuple[Later, ...]
    invoice: DraftInvoice | None
    opened: SubscriptionSnapshot


def quote(purchase: PurchaseSnapshot, *, today: date, at: datetime | None = None) -> QuoteDraft:
    """Price a purchase that is paid for on `today`, a local date. Raises `Invalid` (`check_purchase`)."""
    check_purchase(purchase)
    opened = open_subscription(purchase, id=QUOTED, payer=QUOTED, beneficiary=QUOTED, today=today, at=at)
    lines = opened.invoice.lines if opened.invoice else ()
    summed = totals(lines, purchase.offer.tax_behavior)
    return QuoteDraft(
        currency=purchase.offer.currency,
        tax_behavior=purchase.offer.tax_behavior,
        start_on=opened.after.start_on,
        period=opened.after.current_period,
        lines=lines,
        totals=summed,
        due=summed.gross,
        later=coming(opened.after),
        invoice=opened.invoice,
        opened=opened.after,
    )


def coming(snapshot: SubscriptionSnapshot, *, catalogue: Catalogue | None = None) -> tuple[Later, ...]:
    """The charges ahead of a subscription as a reader wants them: what is alike is said once, with how often.

    A period that costs nothing is said too, at 0, so that no time is left unexplained. What is planned is counted in
    with the `catalogue` that it names; without it nothing is said beyond that day.
    """
    charges: list[Later] = []
    before = snapshot
    for step in walk(snapshot, catalogue=catalogue):
        charge = _charge(step)
        if charge is not None:
            endless = step.kind is StepKind.renew and is_steady(before) and is_steady(step.after)
            if charges and _alike(charges[-1], charge):
                times = None if endless else (charges[-1].times or 0) + 1
                charges[-1] = replace(charges[-1], times=times)
            else:
                charges.append(replace(charge, times=None) if endless else charge)
            if endless:
                break
        before = step.after
    return tuple(charges)


def _charge(step: Step) -> Later | None:
    invoice = step.drafted
    if invoice is None:
        return None
    summed = totals(invoice.lines, invoice.tax_behavior)
    return Later(
        from_on=step.on,
        gross=summed.gross,
        tax=summed.tax,
        interval=step.after.stage.interval,
        times=1,
        parts=tuple(QuotedPart(title=line.title, amount=line.charged) for line in invoice.lines),
    )


def _alike(one: Later, other: Later) -> bool:
    return (one.gross, one.tax, one.interval, one.parts) == (other.gross, other.tax, other.interval, other.parts)


def check_purchase(purchase: PurchaseSnapshot) -> None:
    """Refuse what cannot be bought. Raises `Invalid` with one error per fault: quantities, an option that is not sold
    for an interval of the offer, a gift without a reason, a coupon in another currency or for nothing of it."""
    errors = [*_faults(purchase)]
    if errors:
        raise Invalid(code=errors[0].code, errors=errors)


def _faults(purchase: PurchaseSnapshot) -> Iterable[FieldError]:
    offer = purchase.offer
    yield from _errors(lambda: check_currency(offer.currency))
    yield from _errors(lambda: check_quantity(purchase.quantity))
    if purchase.start_on is not None:
        yield from _errors(lambda: check_day(purchase.start_on, field="start_on"))
    if purchase.billing_day is not None and not 1 <= purchase.billing_day <= 31:
        yield FieldError(
            field="billing_day", code="billing_day_out_of_range", detail=gettext_noop("A day from 1 to 31.")
        )
    for at, option in enumerate(purchase.options):
        yield from _option_faults(purchase, option, f"options[{at}]")
    bought = {offer.offer_id, *(option.option_id for option in purchase.options)}
    for at, coupon in enumerate(purchase.coupons):
        if coupon.amount_off is not None and coupon.currency != offer.currency:
            yield FieldError(
                field=f"coupons[{at}]",
                code="coupon_currency_mismatch",
                detail=gettext_noop("This coupon is in another currency than the offer."),
            )
        if coupon.applies_to and not coupon.applies_to & bought:
            yield FieldError(
                field=f"coupons[{at}]",
                code="coupon_does_not_apply",
                detail=gettext_noop("This coupon is for nothing of what is bought."),
            )


def _errors(check: Callable[[], object]) -> list[FieldError]:
    try:
        check()
    except Invalid as refusal:
        return refusal.errors
    return []


def _option_faults(purchase: PurchaseSnapshot, option: OptionSnapshot, field: str) -> Iterable[FieldError]:
    yield from _errors(lambda: check_quantity(option.quantity, field=f"{field}.quantity"))
    if option.complimentary:
        if not option.reason.strip():
            yield FieldError(
                field=f"{field}.reason", code="reason_required", detail=gettext_noop("Say why it is given.")
            )
        return
    if option.is_one_off:
        return
    for stage in purchase.offer.stages:
        if not stage.is_free and option.price(stage.interval) is None:
            yield FieldError(
                field=field,
                code="option_not_sold_for_interval",
                detail=gettext_noop("This option has no price for a period of %(count)s %(unit)s."),
                params={"count": stage.interval.count, "unit": stage.interval.unit.value},
            )
            return
