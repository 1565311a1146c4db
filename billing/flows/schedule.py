"""Wishes for the end of the paid period: noted, shown, replaced by a new one of their kind, taken back (domain 12, 13).

What a wish does when its day comes is `engine.wishes`, carried out by `renew`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import singledispatch
from typing import Any
from uuid import UUID

from billing.engine.due import next_action_at
from billing.engine.lives import live
from billing.engine.quoting import Later, coming
from billing.engine.wishes import WishKind, paid_until
from billing.flows import cancel
from billing.flows import purchase as buying
from billing.flows.purchase import WishedOption
from billing.selectors.due import catalogue_of
from billing.selectors.planned import planned
from billing.selectors.snapshots import snapshots
from invoices.drafts import DraftInvoice
from merchants.actors import Actor
from merchants.ids import new_id
from merchants.models import Merchant, Offer, OfferVersion
from merchants.money import check_quantity
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers import history, shapes
from subscribers.models import ScheduledChange, Subscription
from subscribers.selectors.pictures import WantedOption, offer_pictures, option_pictures
from subscribers.services import facts
from subscribers.snapshots import OptionSnapshot, Scheduled, SubscriptionSnapshot


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
class Effect:
    """What a wish will do: on which day, the documents of that day, the subscription's options that end with it, and
    what comes later."""

    due_on: date
    after: SubscriptionSnapshot
    documents: tuple[DraftInvoice, ...]
    ended_options: tuple[str, ...]
    later: tuple[Later, ...]


@dataclass(frozen=True, kw_only=True)
class _Standing:
    """A locked subscription that may be changed at the end of its paid period, and that day."""

    row: Subscription
    merchant: Merchant
    picture: SubscriptionSnapshot
    due_on: date
    now: Now


def schedule(*, merchant_id: UUID, subscription_id: UUID, ask: Ask, actor: Actor) -> Subscription:
    """Note a wish for the end of the paid period, in the place of one of its kind that waits; options are gathered: one
    more does not undo the last.

    Raises Invalid naming the field, Conflict (`subscription_not_running`, `subscription_ending`, `no_running_period`,
    `offer_archived`, `nothing_changes`, `option_over`).
    """
    with tenant(merchant_id):
        standing = _standing(merchant_id, subscription_id)
        kind, details = _details(ask, standing)
        row, now = standing.row, standing.now
        waiting = _waiting(row).filter(kind=kind.value).select_for_update(of=("self",)).first()
        if waiting is not None:
            details = _gathered(kind, waiting.details, details)
            _settle(waiting, ScheduledChange.Status.REPLACED, actor=actor, now=now)
        wish = ScheduledChange(
            subscription=row, kind=kind.value, due_on=standing.due_on, details=details, created_at=now.at
        )
        history.create(wish, actor=actor, now=now)
        _plan_again(row, standing.merchant, actor=actor, now=now)
        return row


def preview(*, merchant_id: UUID, subscription_id: UUID, ask: Ask) -> Effect:
    """What a wish would do, with all others that wait: the same refusals, nothing is written."""
    with tenant(merchant_id):
        standing = _standing(merchant_id, subscription_id)
        kind, details = _details(ask, standing)
        others = []
        for waiting in standing.picture.scheduled:
            if waiting.kind == kind.value:
                details = _gathered(kind, waiting.payload, details)
            else:
                others.append(waiting)
        wish = Scheduled(id=str(new_id()), kind=kind.value, effective_on=standing.due_on, payload=details)
        wished = replace(standing.picture, scheduled=(*others, wish))
        catalogue = catalogue_of([wished])
        taken = live(wished, standing.due_on, catalogue=catalogue)
        after = taken[-1].after if taken else wished
        return Effect(
            due_on=standing.due_on,
            after=after,
            documents=tuple(draft for one in taken if one.step.on == standing.due_on for draft in one.drafts),
            ended_options=tuple(id_ for one in taken for id_ in one.step.ended_options),
            later=coming(after, catalogue=catalogue),
        )


def undo(*, merchant_id: UUID, subscription_id: UUID, kind: str | None, actor: Actor) -> Subscription:
    """Take back what is planned: a cancellation (`cancel`), one kind of wish, or with no kind all of it.

    Raises Conflict (`nothing_to_undo`, `subscription_not_running`).
    """
    with tenant(merchant_id):
        row = cancel.lock(subscription_id)
        merchant = Merchant.objects.get(id=merchant_id)
        now = now_for(merchant, row.test_clock_id)
        wishes = list(_waiting(row).filter(kind=kind) if kind else _waiting(row))
        if kind in (None, "cancel") and (row.service_ends_on is not None or not wishes):
            row = cancel.undo(merchant_id=merchant_id, subscription_id=subscription_id, actor=actor)
        elif not wishes:
            raise Conflict(gettext_noop("Nothing of this kind is planned."), code="nothing_to_undo")
        for wish in wishes:
            _settle(wish, ScheduledChange.Status.REVOKED, actor=actor, now=now)
        if wishes:
            _plan_again(row, merchant, actor=actor, now=now)
        return row


def _waiting(row: Subscription) -> Any:
    return ScheduledChange.objects.filter(subscription=row, status=ScheduledChange.Status.WAITING)


def _standing(merchant_id: UUID, subscription_id: UUID) -> _Standing:
    row = cancel.lock(subscription_id)
    merchant = Merchant.objects.get(id=merchant_id)
    if row.status not in cancel.LIVE:
        raise Conflict(
            gettext_noop("A subscription that is %(status)s cannot be changed."),
            code="subscription_not_running",
            params={"status": row.status},
        )
    picture = snapshots([row], merchant)[row.pk]
    due_on = paid_until(picture)
    if due_on is None:
        raise Conflict(gettext_noop("This subscription has no running period."), code="no_running_period")
    if picture.ends_on is not None and picture.ends_on <= due_on:
        raise Conflict(
            gettext_noop("This subscription ends by then."),
            code="subscription_ending",
            way_out=gettext_noop("Take the cancellation back first."),
        )
    now = now_for(merchant, row.test_clock_id)
    return _Standing(row=row, merchant=merchant, picture=picture, due_on=due_on, now=now)


@singledispatch
def _details(ask: Ask, standing: _Standing) -> tuple[WishKind, dict[str, Any]]:
    """The kind of an ask and what the engine needs of it. Raises Invalid, Conflict."""
    raise TypeError(type(ask))


@_details.register
def _(ask: SetQuantity, standing: _Standing) -> tuple[WishKind, dict[str, Any]]:
    return WishKind.set_quantity, {"quantity": check_quantity(ask.quantity)}


@_details.register
def _(ask: AddOption, standing: _Standing) -> tuple[WishKind, dict[str, Any]]:
    version = standing.row.offer_version
    moving = [one for one in standing.picture.scheduled if one.kind == WishKind.change_offer.value]
    if moving:  # it is sold with the offer that will be
        version = OfferVersion.objects.select_related("offer").get(id=UUID(str(moving[0].payload["offer_version"])))
    wanted = buying.wanted_options(version, [ask.wished], {})
    _check_priced(wanted, _on(standing.picture, version) if moving else standing.picture)
    return WishKind.add_option, {"options": _named(wanted, standing.picture.options)}


@_details.register
def _(ask: RemoveOption, standing: _Standing) -> tuple[WishKind, dict[str, Any]]:
    held = {one.id: one for one in standing.picture.options}.get(str(ask.option_id))
    if held is None or held.is_one_off or (held.ends_on is not None and held.ends_on <= standing.due_on):
        raise Conflict(gettext_noop("This option ends by then anyway."), code="option_over")
    return WishKind.remove_option, {"options": [held.id]}


@_details.register
def _(ask: ChangeOffer, standing: _Standing) -> tuple[WishKind, dict[str, Any]]:
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
    position = next((stage.position for stage in offer.stages if not stage.is_free), 0)
    return replace(picture, offer=offer, stage_position=position)


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


def _gathered(kind: WishKind, before: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """A wish in the place of one of its kind: options of both, each once, as it was wished last.

    >>> _gathered(WishKind.remove_option, {"options": ["a"]}, {"options": ["b"]})
    {'options': ['a', 'b']}
    >>> _gathered(WishKind.set_quantity, {"quantity": 1}, {"quantity": 2})
    {'quantity': 2}
    """
    if kind not in (WishKind.add_option, WishKind.remove_option):
        return dict(more)
    by_option = {_key(one): one for one in (*before["options"], *more["options"])}
    return {"options": list(by_option.values())}


def _key(option: Any) -> str:
    return str(option["version"]) if isinstance(option, Mapping) else str(option)


def _settle(wish: ScheduledChange, status: ScheduledChange.Status, *, actor: Actor, now: Now) -> None:
    history.update(wish, {"status": status.value, "settled_at": now.at}, actor=actor, now=now, verb=status.value)


def _plan_again(row: Subscription, merchant: Merchant, *, actor: Actor, now: Now) -> None:
    """When it is due next, now that its wishes are others; and the fact that they are."""
    picture = snapshots([row], merchant)[row.pk]
    history.update(row, {"next_action_at": next_action_at(picture)}, actor=actor, now=now, verb="planned")
    data = {"object": {**shapes.subscription(row), "scheduled": planned([row])[row.pk]}}
    facts.tell(row.subscriber_id, ("subscription.updated", row.pk, data), actor=actor, now=now)
