"""From a snapshot and its periods to a document: which lines it has, and what coupons take off (domain 5 to 8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from billing.engine.discounts import discounted
from billing.engine.held import held_lines
from billing.engine.lines import charge_line, option_line, setup_line, stage_line
from billing.engine.usage_lines import Metered, usage_lines
from invoices.drafts import DraftInvoice, DraftLine
from subscribers.periods import Part
from subscribers.snapshots import (
    Billing,
    ChargeSnapshot,
    CouponSnapshot,
    OptionSnapshot,
    StageSnapshot,
    SubscriptionSnapshot,
)


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
    closes: tuple[StageSnapshot, tuple[Part, ...]] | None = None,
    metered: Metered | None = None,
    first: bool = False,
    beside: Sequence[DraftLine] = (),
) -> Drafted:
    """The document of one day: a period that ends (its stage in arrears, what was `metered` in it), one that begins
    (`opens`, in the snapshot's stage), with the setup fee where it is the first, one-off options not yet billed, and
    all charges that wait.

    `beside`: lines that no coupon takes anything off, as it takes nothing off those of a change that waited. Parts are
    given whole; an end known before billing shortens them here (domain 5), and so does a planned suspension that stops
    billing. What closes may be in parts, where a suspension lay between them.
    """
    stop = snapshot.bills_until
    closing: list[DraftLine] = []
    closed = [part for each in closes[1] if (part := each.within(None, stop))] if closes else []
    if closes:
        closing.extend(stage_line(snapshot, closes[0], part, on=on) for part in closed)
    if metered:
        closing.extend(usage_lines(snapshot, metered, on=on))
    opened = opens.within(None, snapshot.billed_until(opens.period.start)) if opens else None
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
    opening.extend(charge_line(snapshot, charge, on=on) for charge in snapshot.charges if charge.held is None)
    lines, coupons = _less_coupons(
        closing,
        opening,
        snapshot.coupons,
        closed=sum((part.share for part in closed), Fraction()) if closes and not closes[0].is_free else None,
        opened=opened if paid_in_advance and not snapshot.stage.is_free else None,
    )
    lines = (*lines, *held_lines(snapshot, snapshot.charges, on=on), *beside)
    if not lines:
        return Drafted(invoice=None, options=tuple(options), coupons=coupons)
    used = {coupon.id: coupon.periods_used for coupon in snapshot.coupons}
    spanned = opened or (closed[0] if closed else None)
    period = spanned.period if spanned else metered.period if metered else None
    invoice = DraftInvoice(
        payer=snapshot.payer,
        subscription=snapshot.id,
        currency=snapshot.offer.currency,
        tax_behavior=snapshot.offer.tax_behavior,
        on=on,
        lines=lines,
        period=period,
        coupons_counted=tuple(c.id for c in coupons for _ in range(c.periods_used - used[c.id])),
        even_if_zero=snapshot.offer.zero_invoices,
    )
    return Drafted(invoice=invoice, options=tuple(options), coupons=coupons)


def _less_coupons(
    closing: Sequence[DraftLine],
    opening: Sequence[DraftLine],
    coupons: tuple[CouponSnapshot, ...],
    *,
    closed: Fraction | None,
    opened: Part | None,
) -> tuple[tuple[DraftLine, ...], tuple[CouponSnapshot, ...]]:
    """Coupons on a document that bills no, one or two paid periods. Two (from a stage in arrears to one in advance)
    are discounted one after the other, so that a coupon's last period is not given twice."""
    if closed and opened:
        ended, coupons = discounted(closing, coupons, paid_period=True, share=closed)
        begun, coupons = discounted(opening, coupons, paid_period=True, share=opened.share)
        return (*ended, *begun), coupons
    share = closed or (opened.share if opened else None)
    return discounted((*closing, *opening), coupons, paid_period=share is not None, share=share or Fraction(1))
