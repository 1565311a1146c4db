"""Wishes that fall due at a period's end: what a subscription is from that day on (domain 12, At period end).

Called between the step that closes the old period (`decide`, `apply`) and the one that opens the next: no line is made
here. The next step bills what is found here, as any other renewal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, cast

from billing.engine.opening import enter
from subscribers.lifecycle import Status, check_move
from subscribers.periods import Alignment, boundary
from subscribers.snapshots import CouponSnapshot, OfferSnapshot, OptionSnapshot, Scheduled, SubscriptionSnapshot


class WishKind(StrEnum):
    """What may be wished for a period's end. Kinds coexist; a new wish replaces one of its kind."""

    set_quantity = "set_quantity"
    add_option = "add_option"
    remove_option = "remove_option"
    change_offer = "change_offer"
    move_version = "move_version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What wishes name, by version id; coupons by their own. An option's picture is a pattern: a wish says whose it is
    and how many."""

    offers: Mapping[str, OfferSnapshot] = field(default_factory=dict)
    options: Mapping[str, OptionSnapshot] = field(default_factory=dict)
    coupons: Mapping[str, CouponSnapshot] = field(default_factory=dict)


def apply_wishes(
    snapshot: SubscriptionSnapshot, changes: Sequence[Scheduled], *, catalogue: Catalogue
) -> SubscriptionSnapshot:
    """The subscription with these wishes carried out, in the order in which they were made: of two that speak of the
    same, the later one counts. Carried out twice is carried out once.

    Payloads:

        set_quantity   {quantity}
        remove_option  {options: [subscription option id]}
        add_option     {options: [{id, version, quantity, gift?}]}     id: the subscription option's to be
                       gift: {reason, periods?, until?}                free of charge
        change_offer   {offer_version, quantity?, options?: as above,  no options: keep those that can be kept
                        coupons_off?: [id], coupons_on?: [id]}         neither: coupons stay
        move_version   {offer_version, campaign,       another version of the same offer, by the merchant (domain 16)
                        not_before}                    the first day of which the subscriber was told

    A change of offer that meets a running free stage, or a period that meanwhile ends on another day, is postponed: it
    stands in `scheduled` again, with its new day. Raises KeyError where the catalogue lacks a version.
    """
    for wish in sorted(changes, key=lambda wish: wish.id):
        snapshot = _CARRIED_OUT[WishKind(wish.kind)](snapshot, wish, catalogue)
    return snapshot


def paid_until(snapshot: SubscriptionSnapshot) -> date | None:
    """The first day that is neither paid nor free: the end of the current period, or of the whole free stage. None
    where no period runs."""
    if snapshot.current_period is None:
        return None
    return _free_until(snapshot) or snapshot.current_period.end


def _free_until(snapshot: SubscriptionSnapshot) -> date | None:
    stage = snapshot.stage
    if not stage.is_free or stage.recurrences is None or snapshot.cycle_from is None:
        return None
    return boundary(snapshot.anchor, stage.interval, snapshot.cycle_from, stage.recurrences)


def _set_quantity(snapshot: SubscriptionSnapshot, wish: Scheduled, catalogue: Catalogue) -> SubscriptionSnapshot:
    return replace(snapshot, quantity=_whole(wish.payload["quantity"]))


def _remove_option(snapshot: SubscriptionSnapshot, wish: Scheduled, catalogue: Catalogue) -> SubscriptionSnapshot:
    gone = {str(id_) for id_ in cast(Sequence[object], wish.payload["options"])}
    options = tuple(_ended(one, wish.effective_on) if one.id in gone else one for one in snapshot.options)
    return replace(snapshot, options=options)


def _add_option(snapshot: SubscriptionSnapshot, wish: Scheduled, catalogue: Catalogue) -> SubscriptionSnapshot:
    added = cast(Sequence[Mapping[str, Any]], wish.payload["options"])
    return replace(snapshot, options=_taken(snapshot.options, added, catalogue, wish.effective_on))


def _change_offer(snapshot: SubscriptionSnapshot, wish: Scheduled, catalogue: Catalogue) -> SubscriptionSnapshot:
    """Enter the new offer's first paid stage. Options that it includes, that the wish does not name, or that have no
    price for its periods end that day; coupons stay, but for those that it names."""
    day, payload = wish.effective_on, wish.payload
    offer = catalogue.offers[str(payload["offer_version"])]
    if offer.version_id != snapshot.offer.version_id:
        free_until = _free_until(snapshot)
        if free_until is not None and free_until > day:
            return _postponed(snapshot, wish, free_until)
        if snapshot.current_period is None:
            return snapshot
        if snapshot.current_period.end != day:
            return _postponed(snapshot, wish, snapshot.current_period.end)
        snapshot = _entered(snapshot, offer, day)
    return with_wished(snapshot, wish, catalogue=catalogue)


def _move_version(snapshot: SubscriptionSnapshot, wish: Scheduled, catalogue: Catalogue) -> SubscriptionSnapshot:
    """The same place in another version of the offer: calendar, counted periods, coupons and quantity stand, options
    that the version includes end. Never within a period, nor in a free stage; nothing where it has left the offer."""
    day, offer = wish.effective_on, catalogue.offers[str(wish.payload["offer_version"])]
    if offer.offer_id != snapshot.offer.offer_id or offer.version_id == snapshot.offer.version_id:
        return snapshot
    until = paid_until(snapshot)
    if until is None or snapshot.current_period is None:
        return snapshot
    if until > day:
        return _postponed(snapshot, wish, until)
    moved = replace(snapshot, offer=offer)
    ended = (_ended(one, day) if _falls_away(one, moved) else one for one in snapshot.options)
    return replace(moved, options=tuple(ended))


def with_wished(snapshot: SubscriptionSnapshot, wish: Scheduled, *, catalogue: Catalogue) -> SubscriptionSnapshot:
    """A subscription that has entered an offer, with the options and the quantity that a `change_offer` names: options
    that the offer includes, that the wish leaves out, or that have no price for its periods end that day."""
    day, payload = wish.effective_on, wish.payload
    named = cast("Sequence[Mapping[str, Any]] | None", payload.get("options"))
    options = snapshot.options
    if named is not None:
        kept = {str(one["id"]) for one in named}
        options = tuple(one if one.id in kept or _stays(one) else _ended(one, day) for one in options)
        options = _taken(options, named, catalogue, day)
    options = tuple(_ended(one, day) if _falls_away(one, snapshot) else one for one in options)
    quantity = payload.get("quantity")
    return replace(
        snapshot,
        options=options,
        quantity=snapshot.quantity if quantity is None else _whole(quantity),
        coupons=_coupons(snapshot.coupons, payload, catalogue),
    )


def _coupons(
    held: tuple[CouponSnapshot, ...], payload: Mapping[str, Any], catalogue: Catalogue
) -> tuple[CouponSnapshot, ...]:
    """Coupons held, less those that a wish takes off, and after them those that it puts on."""
    off = {str(id_) for id_ in payload.get("coupons_off") or ()}
    kept = tuple(one for one in held if one.id not in off)
    known = {one.id for one in kept}
    new = (str(id_) for id_ in payload.get("coupons_on") or ())
    return (*kept, *(catalogue.coupons[id_] for id_ in new if id_ not in known))


def _postponed(snapshot: SubscriptionSnapshot, wish: Scheduled, day: date) -> SubscriptionSnapshot:
    others = tuple(one for one in snapshot.scheduled if one.id != wish.id)
    return replace(snapshot, scheduled=(*others, replace(wish, effective_on=day)))


def _entered(snapshot: SubscriptionSnapshot, offer: OfferSnapshot, day: date) -> SubscriptionSnapshot:
    """On the eve of the first period of another offer, which the next step opens and counts as the first.

    The anchor stays where periods are of the same unit, so that a 31st survives a February; else the new periods are
    counted from this day, or from where the new offer's alignment says.
    """
    position = next((stage.position for stage in offer.stages if not stage.is_free), 0)
    stage = offer.stages[position]
    alignment = Alignment.billing_day if snapshot.billing_day is not None else offer.alignment
    same = stage.interval.unit is snapshot.stage.interval.unit and (
        alignment is not Alignment.calendar or snapshot.alignment is Alignment.calendar
    )
    entered, _part = enter(
        replace(snapshot, offer=offer, alignment=alignment, anchor=snapshot.anchor if same else None), position, day
    )
    moves = snapshot.status is Status.trialing and not stage.is_free
    return replace(
        entered,
        status=check_move(snapshot.status, Status.active) if moves else snapshot.status,
        current_period=snapshot.current_period,
        period_index=0,
        closed_through=day,
    )


def _stays(option: OptionSnapshot) -> bool:
    """True for what no list of wished options takes away: what was given, and what was billed once."""
    return option.complimentary or (option.is_one_off and not option.is_due_once)


def _falls_away(option: OptionSnapshot, snapshot: SubscriptionSnapshot) -> bool:
    """True where the offer includes an option, or sells it for none of its periods."""
    if option.is_one_off:
        return False
    if option.option_id in snapshot.offer.included:
        return True
    return not option.complimentary and not snapshot.stage.is_free and option.price(snapshot.stage.interval) is None


def _taken(
    held: tuple[OptionSnapshot, ...], wished: Sequence[Mapping[str, Any]], catalogue: Catalogue, day: date
) -> tuple[OptionSnapshot, ...]:
    """Options held, in the quantity that is wished now, and the new ones after them."""
    known = {option.id for option in held}
    quantities = {str(one["id"]): _whole(one["quantity"]) for one in wished}
    changed = tuple(
        replace(one, quantity=quantities[one.id], ends_on=None if one.ends_on == day else one.ends_on)
        if one.id in quantities and (one.lives(day) or one.lives(day - timedelta(days=1)))
        else one
        for one in held
    )
    new = tuple(
        replace(
            catalogue.options[str(one["version"])],
            id=str(one["id"]),
            quantity=_whole(one["quantity"]),
            starts_on=day,
            **_gift(one.get("gift")),
        )
        for one in wished
        if str(one["id"]) not in known
    )
    return (*changed, *new)


def _gift(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a gift says of its option: free of charge, why, for how many whole periods or until which day."""
    if given is None:
        return {}
    until = given.get("until")
    return {
        "complimentary": True,
        "reason": str(given["reason"]),
        "term": given.get("periods"),
        "ends_on": date.fromisoformat(until) if until else None,
    }


def _ended(option: OptionSnapshot, day: date) -> OptionSnapshot:
    return replace(option, ends_on=day) if option.ends_on is None or option.ends_on > day else option


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"a quantity of {value!r}")
    return value


_CARRIED_OUT: Mapping[WishKind, Callable[[SubscriptionSnapshot, Scheduled, Catalogue], SubscriptionSnapshot]] = {
    WishKind.set_quantity: _set_quantity,
    WishKind.add_option: _add_option,
    WishKind.remove_option: _remove_option,
    WishKind.change_offer: _change_offer,
    WishKind.move_version: _move_version,
}
