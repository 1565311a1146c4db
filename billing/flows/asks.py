"""What may be asked of a running subscription, and what the engine needs to know of it (domain 12, 13)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import singledispatch
from typing import Any
from uuid import UUID

from billing.engine.opening import first_paid
from billing.engine.wishes import WishKind
from billing.flows import coupon_uses, purchase_coupons
from billing.flows import purchase as buying
from billing.flows.given import ALONE, Because
from billing.flows.purchase import WishedOption
from merchants.ids import new_id
from merchants.models import Coupon, Merchant, Offer, OfferVersion
from merchants.money import check_quantity
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop
from subscribers.models import Subscription
from subscribers.selectors.pictures import WantedOption, newest_option_versions, offer_pictures, option_pictures
from subscribers.snapshots import OptionSnapshot, SubscriptionSnapshot


@dataclass(frozen=True, kw_only=True)
class SetQuantity:
    """Another quantity."""

    quantity: int


@dataclass(frozen=True, kw_only=True)
class Gift:
    """An option given free of charge (domain 13): why, and for how many whole periods, until a day (the first without
    it), or for ever."""

    reason: str
    periods: int | None = None
    until: date | None = None
    because: Because = ALONE


@dataclass(frozen=True, kw_only=True)
class AddOption:
    """An option of the present offer; one that is held already, in another quantity. As a gift: any option that is
    sold, beside what is paid for."""

    wished: WishedOption
    gift: Gift | None = None


@dataclass(frozen=True, kw_only=True)
class RemoveOption:
    """One of the subscription's own options, by its id there."""

    option_id: UUID


@dataclass(frozen=True, kw_only=True)
class ChangeOffer:
    """Another offer, at its newest version. `options` None keeps those that can be kept; `quantity` None keeps it;
    `coupons` take the place of those that it has, None keeps them."""

    offer: Offer
    options: Sequence[WishedOption] | None = None
    quantity: int | None = None
    coupons: Sequence[Coupon] | None = None


Ask = SetQuantity | AddOption | RemoveOption | ChangeOffer


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A locked subscription that may be changed, how it stands, and the day on which the change would count."""

    row: Subscription
    merchant: Merchant
    picture: SubscriptionSnapshot
    due_on: date
    now: Now


@singledispatch
def details(ask: Ask, standing: Standing) -> tuple[WishKind, dict[str, Any]]:
    """The kind of an ask and what the engine needs of it. Raises Invalid, Conflict (`offer_archived`, `option_over`,
    `nothing_changes`)."""
    raise TypeError(type(ask))


@details.register
def _(ask: SetQuantity, standing: Standing) -> tuple[WishKind, dict[str, Any]]:
    return WishKind.set_quantity, {"quantity": check_quantity(ask.quantity)}


@details.register
def _(ask: AddOption, standing: Standing) -> tuple[WishKind, dict[str, Any]]:
    version = standing.row.offer_version
    moving = [one for one in standing.picture.scheduled if one.kind == WishKind.change_offer.value]
    if ask.gift is not None:
        return WishKind.add_option, {"options": [_given(ask.wished, ask.gift, standing)]}
    if moving:  # it is sold with the offer that will be
        version = OfferVersion.objects.select_related("offer").get(id=UUID(str(moving[0].payload["offer_version"])))
    wanted = buying.wanted_options(version, [ask.wished], {})
    _check_priced(wanted, _on(standing.picture, version) if moving else standing.picture)
    return WishKind.add_option, {"options": _named(wanted, standing.picture.options)}


@details.register
def _(ask: RemoveOption, standing: Standing) -> tuple[WishKind, dict[str, Any]]:
    held = {one.id: one for one in standing.picture.options}.get(str(ask.option_id))
    if held is None or held.is_one_off or (held.ends_on is not None and held.ends_on <= standing.due_on):
        raise Conflict(gettext_noop("This option ends by then anyway."), code="option_over")
    return WishKind.remove_option, {"options": [held.id]}


@details.register
def _(ask: ChangeOffer, standing: Standing) -> tuple[WishKind, dict[str, Any]]:
    version = buying.sold_version(ask.offer, standing.row.managed_at_id)
    if version.currency != standing.row.currency:
        detail = gettext_noop("This offer is sold in another currency.")
        raise Invalid.at("offer", "offer_currency_mismatch", detail)
    details: dict[str, Any] = {"offer_version": str(version.pk)}
    if ask.quantity is not None:
        details["quantity"] = check_quantity(ask.quantity)
    if ask.options is not None:
        wanted = buying.wanted_options(version, ask.options, {})
        _check_priced(wanted, _on(standing.picture, version))
        details["options"] = _named(wanted, standing.picture.options)
    if version.pk == standing.row.offer_version_id and len(details) == 1:
        raise Conflict(gettext_noop("The subscription is on this offer already."), code="nothing_changes")
    if ask.coupons is not None:
        details |= _coupons(ask, ask.coupons, version, standing)
    return WishKind.change_offer, details


def _coupons(
    ask: ChangeOffer, coupons: Sequence[Coupon], version: OfferVersion, standing: Standing
) -> dict[str, list[str]]:
    """The coupons of a change of offer as a wish names them: what is new is checked as in a purchase."""
    row, picture = standing.row, standing.picture
    living = [one for one in picture.options if one.lives(standing.due_on)]
    had = {one.option_id for one in living if ask.options is None or one.complimentary}
    if ask.options is not None:
        had |= {str(one.option.pk) for one in ask.options}
    held = {UUID(one.id) for one in picture.coupons}
    purchase_coupons.check_coupons(coupons, row.payer_id, standing.now, known=held | coupon_uses.held_for(row))
    return coupon_uses.put_on(row, picture, version, had, coupons)


def _given(wished: WishedOption, gift: Gift, standing: Standing) -> dict[str, Any]:
    """A gift as a wish names it: an option of its own, whatever is paid for. Raises Invalid naming the field, Conflict
    (`option_archived`)."""
    if not gift.reason.strip():
        raise Invalid.at("reason", "reason_required", gettext_noop("Say why it is given."))
    if gift.periods is not None and gift.until is not None:
        raise Invalid.at("until", "one_term_only", gettext_noop("For so many periods, or until a day: not both."))
    if gift.until is not None and gift.until <= standing.due_on:
        raise Invalid.at("until", "ends_in_past", gettext_noop("A day after it begins."))
    if wished.option.archived_at is not None:
        raise Conflict(gettext_noop("This option is not sold any more."), code="option_archived")
    version = newest_option_versions([wished.option.pk])[wished.option.pk]
    return {
        "id": str(new_id()),
        "version": str(version),
        "quantity": check_quantity(wished.quantity),
        "gift": {
            "reason": gift.reason.strip()[:200],
            "periods": gift.periods,
            "until": gift.until.isoformat() if gift.until else None,
        },
    }


def _on(picture: SubscriptionSnapshot, version: OfferVersion) -> SubscriptionSnapshot:
    """The subscription in the first paid stage of another offer."""
    offer = offer_pictures([version.pk])[version.pk]
    return replace(picture, offer=offer, stage_position=first_paid(offer).position)


def _check_priced(wanted: Sequence[WantedOption], picture: SubscriptionSnapshot) -> None:
    """Refuse an option that has no price for the periods that it would be billed with."""
    ahead = picture.offer.stages[picture.stage_position :]
    stage = next((one for one in ahead if not one.is_free), None)
    for at, option in enumerate(option_pictures(wanted)):
        if stage is not None and not option.is_one_off and option.price(stage.interval) is None:
            detail = gettext_noop("This option has no price for a period of %(count)s %(unit)s.")
            params = {"count": stage.interval.count, "unit": stage.interval.unit.value}
            raise Invalid.at(f"options[{at}]", "option_not_sold_for_interval", detail, params)


def _named(wanted: Iterable[WantedOption], held: Sequence[OptionSnapshot]) -> list[dict[str, Any]]:
    """Options as a wish names them. One that the subscription has already keeps its place, and the version at which it
    was bought."""
    wanted = list(wanted)
    catalogue = {pattern.version_id: pattern.option_id for pattern in option_pictures(wanted)}
    living = {one.option_id: one for one in held if one.ends_on is None and not one.complimentary}
    named = []
    for one in wanted:
        own = living.get(catalogue[str(one.version_id)])
        id_, version = (own.id, own.version_id) if own else (str(one.id), str(one.version_id))
        named.append({"id": id_, "version": version, "quantity": one.quantity})
    return named


def gathered(kind: WishKind, before: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """A wish in the place of one of its kind: options of both, each once, as it was wished last.

    >>> gathered(WishKind.remove_option, {"options": ["a"]}, {"options": ["b"]})
    {'options': ['a', 'b']}
    >>> gathered(WishKind.set_quantity, {"quantity": 1}, {"quantity": 2})
    {'quantity': 2}
    """
    if kind not in (WishKind.add_option, WishKind.remove_option):
        return dict(more)
    by_option = {_key(one): one for one in (*before["options"], *more["options"])}
    return {"options": list(by_option.values())}


def _key(option: Any) -> str:
    if not isinstance(option, Mapping):
        return str(option)
    return str(option["id"] if "gift" in option else option["version"])
