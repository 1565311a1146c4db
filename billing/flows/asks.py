"""What may be asked of a running subscription, and what the engine needs to know of it (domain 12, 13)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import singledispatch
from typing import Any
from uuid import UUID

from billing.engine.moving import first_paid
from billing.engine.wishes import WishKind
from billing.flows import purchase as buying
from billing.flows.purchase import WishedOption
from merchants.models import Merchant, Offer, OfferVersion
from merchants.money import check_quantity
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop
from subscribers.models import Subscription
from subscribers.selectors.pictures import WantedOption, offer_pictures, option_pictures
from subscribers.snapshots import OptionSnapshot, SubscriptionSnapshot


@dataclass(frozen=True, kw_only=True)
class SetQuantity:
    """Another quantity."""

    quantity: int


@dataclass(frozen=True, kw_only=True)
class AddOption:
    """An option of the present offer; one that is held already, in another quantity."""

    wished: WishedOption


@dataclass(frozen=True, kw_only=True)
class RemoveOption:
    """One of the subscription's own options, by its id there."""

    option_id: UUID


@dataclass(frozen=True, kw_only=True)
class ChangeOffer:
    """Another offer, at its newest version. `options` None keeps those that can be kept; `quantity` None keeps it."""

    offer: Offer
    options: Sequence[WishedOption] | None = None
    quantity: int | None = None


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
    version = buying.sold_version(ask.offer)
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
    return WishKind.change_offer, details


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
    return str(option["version"]) if isinstance(option, Mapping) else str(option)
