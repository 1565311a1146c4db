"""A change that counts now: what is given up of the running period, and the document of what is taken up (domain 12,
13). Pure; the credit notes of what is given up are worked out by `leaving.given_back` from the lines that billed it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from billing.engine.change_terms import STAGE, Change, How
from billing.engine.discounts import discounted
from billing.engine.held import held_lines
from billing.engine.lines import charge_line, fee_line, option_line, restored_line, stage_line
from billing.engine.moving import moved
from billing.engine.pausing import billed_parts
from billing.engine.step import Step, StepKind
from billing.engine.transitions import Proration
from billing.engine.usage_lines import so_far, usage_lines
from billing.engine.wishes import Catalogue, WishKind, apply_wishes, with_wished
from invoices.calculations import Rule
from invoices.drafts import DraftInvoice, DraftLine, fresh_fact
from subscribers.periods import Part, Period
from subscribers.snapshots import Billing, CouponSnapshot, Duration, OptionSnapshot, Scheduled, SubscriptionSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """The step of a change, and which lines give back what they billed of the days from it on; `whole`: all of it.
    `held` are lines that wait for the next document; `opens` is True where the change begins other dates."""

    step: Step
    gives_up: frozenset[str]
    whole: bool = False
    held: tuple[DraftLine, ...] = ()
    opens: bool = False


def change_now(snapshot: SubscriptionSnapshot, wish: Scheduled, *, how: How, catalogue: Catalogue) -> Changed:
    """Carry out a wish on `how.on`, within the running period of a subscription that is up to date.

    What is taken up is billed from that day to the period's end, what is given up is credited from that day on; kept
    options stay billed as they are where the period goes on. In arrears nothing is credited: the days that were had are
    billed now; so is what was used before that day, where another period or another price begins with it. A coupon that
    came off the running period comes off the rest of it too, without being used up twice, unless the wish takes it off;
    one that the wish puts on comes off the rest, and that counts as its first period. Without `how.bills_now` the step
    has no document: its lines wait, and so do the charges.

    Raises ValueError where no period runs, and what `moving.moved` raises.
    """
    change = _carried_out(snapshot, wish, how, catalogue)
    lines, after = _document(change)
    drafted = None
    if lines:
        drafted = DraftInvoice(
            payer=after.payer,
            subscription=after.id,
            currency=after.offer.currency,
            tax_behavior=after.offer.tax_behavior,
            on=how.on,
            lines=lines,
            period=change.part.period,
            coupons_counted=_counted(snapshot.coupons, after.coupons),
            even_if_zero=after.offer.zero_invoices and change.reprices,
        )
    day_before = {option.id for option in snapshot.options if not option.is_one_off and option.lives(how.on)}
    step = Step(
        kind=StepKind.change,
        on=how.on,
        why=wish.kind,
        after=after,
        drafted=drafted,
        changes=(wish,),
        ended_options=tuple(
            one.id for one in after.options if one.id in day_before and not one.lives(how.on) and not one.is_one_off
        ),
    )
    whole, gives_up, opens = how.proration is Proration.full, _given_up(change), not change.same
    if how.bills_now or drafted is None:
        return Changed(step=step, gives_up=gives_up, whole=whole, opens=opens)
    held = drafted.lines if drafted.makes_invoice else ()
    return Changed(step=replace(step, drafted=None), gives_up=gives_up, whole=whole, held=held, opens=opens)


def _carried_out(snapshot: SubscriptionSnapshot, wish: Scheduled, how: How, catalogue: Catalogue) -> Change:
    held = snapshot.current_part
    if held is None:
        raise ValueError("no period runs")
    day = how.on
    rest = Part(Period(day, held.period.end), held.whole)
    offer = None
    if wish.kind == WishKind.change_offer:
        offer = catalogue.offers[str(wish.payload["offer_version"])]
    if offer is None or offer.version_id == snapshot.offer.version_id:
        if offer is None:
            after = apply_wishes(snapshot, [wish], catalogue=catalogue)
        else:
            after = with_wished(snapshot, wish, catalogue=catalogue)
        moves, part, again = False, rest, False
    else:
        moves = True
        again = how.stood is not None and how.stood.snapshot.offer.version_id == offer.version_id
        if again and how.stood is not None:
            entered, part = _back(snapshot, how.stood.snapshot, day)
        else:
            entered, part = moved(snapshot, offer, day, anchoring=how.anchoring)
        after = with_wished(entered, wish, catalogue=catalogue)
    same = not again and part.whole == held.whole
    if how.proration is Proration.full and same:
        part = held
    change = Change(snapshot, after, part, how, moves, same, again)
    if change.reprices and (same or again):
        begins = day if change.cuts else _begins(change)
        after = replace(after, current_period=Period(begins, part.period.end))
    end = after.current_period.end if after.current_period else held.period.end
    scheduled = tuple(
        replace(one, effective_on=end) if one.effective_on == held.period.end else one for one in snapshot.scheduled
    )
    return replace(change, after=replace(after, scheduled=scheduled))


def _begins(change: Change) -> date:
    """The first day of the period that goes on, or that stands again."""
    stood = change.how.stood.snapshot if change.again and change.how.stood else change.before
    period = stood.current_period
    return period.start if period is not None else change.how.on


def _back(snapshot: SubscriptionSnapshot, stood: SubscriptionSnapshot, day: date) -> tuple[SubscriptionSnapshot, Part]:
    """The old offer at its old dates; what it had paid of this day and later was credited, and is billed again."""
    held = stood.current_part
    if held is None:
        raise ValueError("no period ran")
    part = Part(Period(day, held.period.end), held.whole)
    back = replace(
        snapshot,
        offer=stood.offer,
        alignment=stood.alignment,
        anchor=stood.anchor,
        stage_position=stood.stage_position,
        stage_started_on=stood.stage_started_on,
        cycle_from=stood.cycle_from,
        current_period=part.period,
        period_index=stood.period_index,
        free_until=stood.free_until,
    )
    return back, part


def _given_up(change: Change) -> frozenset[str]:
    """What of the lines that bill the running period is given back, by what they billed."""
    if change.waits:
        return frozenset()
    gone = {STAGE} if change.reprices else set[str]()
    after = {option.id: option for option in change.after.options}
    for option in change.before.options:
        if option.is_one_off or not option.lives(change.how.on):
            continue
        kept = after[option.id]
        if not change.same or kept.quantity != option.quantity or not kept.lives(change.how.on):
            gone.add(option.id)
    return frozenset(gone - change.how.stood.kept if change.again and change.how.stood else gone)


def _document(change: Change) -> tuple[tuple[DraftLine, ...], SubscriptionSnapshot]:
    """The lines of the change, and the subscription after it with what they used of its coupons and options."""
    after, how = change.after, change.how
    closing = _closing(change)
    opening = _used(change)
    bills = change.reprices and not change.waits
    part = change.part.within(None, after.bills_until)
    if bills and part is not None and after.stage.billing is Billing.advance:
        own = [_own(stage_line(after, after.stage, each, on=how.on), how) for each in _parts(change, part)]
        opening += own if change.bills_anew(STAGE, after.quantity) else _restored(own[0], STAGE, change)
    options = _options(change, part, opening)
    waited = after.charges if how.bills_now else ()
    opening += [charge_line(after, charge, on=how.on) for charge in waited if charge.held is None]
    if how.fee:
        opening.append(_own(fee_line(after, how.fee, on=how.on), how))
    lines, coupons = _less_coupons(change, closing, opening, part)
    lines = (*lines, *held_lines(after, waited, on=how.on))
    return lines, replace(after, options=options, coupons=coupons, charges=() if waited else after.charges)


def _parts(change: Change, part: Part) -> tuple[Part, ...]:
    return billed_parts(change.before, part) if change.same else (part,)


def _closing(change: Change) -> list[DraftLine]:
    """In arrears: the days that were had at the old price."""
    before, held = change.before, change.before.current_part
    if held is None or not change.reprices or before.stage.billing is not Billing.arrears:
        return []
    if change.same and change.how.proration is Proration.full:
        return []
    had = held.within(None, change.how.on)
    return [_own(stage_line(before, before.stage, had, on=change.how.on), change.how)] if had else []


def _used(change: Change) -> list[DraftLine]:
    """What was used of the period that ends with the change, at the old prices."""
    period = change.after.current_period
    metered = so_far(change.before, change.how.on)
    if metered is None or period is None or period.start < change.how.on:
        return []
    return [_own(line, change.how) for line in usage_lines(change.before, metered, on=change.how.on)]


def _options(change: Change, part: Part | None, opening: list[DraftLine]) -> tuple[OptionSnapshot, ...]:
    """Bill what is new, in another quantity, or in another period; options with what they used of their term."""
    held = {option.id: option for option in change.before.options}
    kept: list[OptionSnapshot] = []
    for option in change.after.options:
        was = held.get(option.id)
        lived = was is not None and was.lives(change.how.on)
        billed = lived and change.same and was is not None and was.quantity == option.quantity
        over = not option.is_one_off and not option.lives(change.how.on)
        if billed or over or (option.is_one_off and was is not None) or (change.waits and lived):
            kept.append(option)
            continue
        line, after = option_line(change.after, option, part, on=change.how.on)
        if line is not None:
            anew = not lived or change.bills_anew(option.id, option.quantity, option.starts_on)
            parts = _parts(change, part) if anew and part is not None and not option.is_one_off else ()
            lines = [option_line(change.after, option, each, on=change.how.on)[0] for each in parts] or [line]
            own = [_own(each, change.how) for each in lines if each is not None]
            opening += own if anew else _restored(own[0], option.id, change)
        goes_on = lived and (change.same or change.again) and was is not None
        kept.append(replace(after, periods_used=was.periods_used, ends_on=option.ends_on) if goes_on and was else after)
    return tuple(kept)


def _restored(line: DraftLine, key: str, change: Change) -> list[DraftLine]:
    """A line of the old dates at exactly what was credited of it that day; none where nothing was."""
    credited = change.how.stood.credited.get(key, 0) if change.how.stood else 0
    return [restored_line(line, credited)] if credited else []


def _less_coupons(
    change: Change, closing: Sequence[DraftLine], opening: Sequence[DraftLine], part: Part | None
) -> tuple[tuple[DraftLine, ...], tuple[CouponSnapshot, ...]]:
    """Coupons that came off the running period come off the rest of it, prorated and uncounted. A period that begins
    with the change, or the first paid one, counts as any other."""
    before, after = change.before, change.after
    attached = after.coupons
    arrears = before.stage.billing is Billing.arrears
    if change.again:  # what is billed again was credited after its discounts
        running = [_running(one) for one in _of_this_period(change, arrears)]
        fresh = [line for line in opening if line.rule != Rule.restored.value]
        less = iter(discounted(fresh, running, paid_period=True, share=part.share if part else Fraction(1))[0])
        return (*closing, *(line if line.rule == Rule.restored.value else next(less) for line in opening)), attached
    held = before.current_part
    if closing and held is not None:
        had = held.within(None, change.how.on)
        running = [_running(one) for one in before.coupons if not one.is_spent]
        closing, _ = discounted(closing, running, paid_period=True, share=had.share if had else held.share)
    pays = after.stage.billing is Billing.advance and not after.stage.is_free and change.reprices
    begins = pays and not (change.same and (not before.stage.is_free) and not arrears)
    if begins and part is not None:
        opening, attached = discounted(opening, attached, paid_period=True, share=part.share)
    elif change.same and not before.stage.is_free:
        running = [_running(one) for one in _of_this_period(change, arrears)]
        share = part.share if part else Fraction(1)
        opening, _ = discounted(opening, running, paid_period=True, share=share)
        known = {one.id for one in before.coupons}
        new = [one for one in attached if one.id not in known]
        if new and pays and not change.waits:
            opening, counted = discounted(opening, new, paid_period=True, share=share)
            attached = (*(one for one in attached if one.id in known), *counted)
    else:
        opening, _ = discounted(opening, attached, paid_period=False)
    return (*closing, *opening), attached


def _of_this_period(change: Change, arrears: bool) -> list[CouponSnapshot]:
    """Those that the running period has: they came off what billed it, or last for ever, or have begun to count."""
    kept = {one.id for one in change.after.coupons}
    own = [one for one in change.before.coupons if one.id in kept]
    begun = [one for one in own if not one.is_spent and (arrears or one.most_periods is None or one.periods_used)]
    known = {one.id for one in begun}
    return [*(one for one in change.how.carried if one.id not in known), *begun]


def _running(coupon: CouponSnapshot) -> CouponSnapshot:
    return replace(coupon, duration=Duration.forever, periods=None, periods_used=0)


def _counted(before: Sequence[CouponSnapshot], after: Sequence[CouponSnapshot]) -> tuple[str, ...]:
    used = {coupon.id: coupon.periods_used for coupon in before}
    return tuple(one.id for one in after for _ in range(one.periods_used - used.get(one.id, 0)))


def _own(line: DraftLine, how: How) -> DraftLine:
    """The same with a fact that no line has yet: a period that is changed twice in a day is billed in parts."""
    return line if line.fact is None else replace(line, fact=fresh_fact(line.fact, how.facts))
