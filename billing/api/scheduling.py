"""Actions of `/subscriptions` that wait for the end of the paid period: `set_quantity`, `add_option`, `remove_option`,
`change_offer`; and `undo_scheduled`, which takes them back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, cast
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.bodies import AddOptionBody, ChangeOfferBody, RemoveOptionBody, SetQuantityBody, UndoBody
from billing.api.named import named_options
from billing.api.subscribing import DocumentPreviewShape, document_previewed
from billing.flows import schedule
from billing.flows.asks import AddOption, Ask, ChangeOffer, RemoveOption, SetQuantity
from billing.flows.purchase import WishedOption, told_later
from billing.flows.schedule import Effect
from billing.selectors.answers import LaterShape, SubscriptionShape, subscriptions_shown
from merchants.http.operations import operation
from merchants.http.references import find
from merchants.http.views import ApiView, refuse
from merchants.ids import read, show
from merchants.models import Offer, Option
from merchants.refusals import gettext_noop
from merchants.selectors.shapes import DayText
from subscribers.models import Subscription, SubscriptionOption
from subscribers.selectors import people

WRITES, PREVIEWED = {"POST": "subscriptions:write"}, {"POST": "subscriptions:read"}


class EffectShape(TypedDict):
    """What a planned change will do on `due_on`, with all else that is planned for that day: its documents, the
    subscription's options that end with it, and what is charged later."""

    object: str
    subscription: str
    due_on: DayText
    offer: str
    quantity: int
    currency: str
    amount_due: int
    documents: list[DocumentPreviewShape]
    ended_options: list[str]
    later: list[LaterShape]


class _Planned(ApiView):
    """One subscription, changed at the end of its paid period."""

    def asked(self, row: Subscription, body: Mapping[str, Any]) -> Ask:
        """What the body asks for, found: each action says its own."""
        raise NotImplementedError(type(self).__name__)

    def read(self, subscription: str) -> tuple[Subscription, Ask]:
        """The subscription, then the body. Raises Invalid (`when_not_available`)."""
        row = self.find(people.on_shown_clocks(Subscription.objects.all()), subscription)
        if self.body["when"] == "now":
            detail = gettext_noop("Changes count from the end of the paid period for now: ask for “period_end”.")
            raise refuse("when", "when_not_available", detail)
        return row, self.asked(row, self.body)

    def noted(self, subscription: str) -> Response:
        """Note the wish; the whole subscription."""
        row, ask = self.read(subscription)
        done = schedule.schedule(merchant_id=self.merchant.pk, subscription_id=row.pk, ask=ask, actor=self.actor)
        return Response(subscriptions_shown([done])[0])

    def foreseen(self, subscription: str) -> Response:
        """What it would do."""
        row, ask = self.read(subscription)
        return Response(_effect(row, schedule.preview(merchant_id=self.merchant.pk, subscription_id=row.pk, ask=ask)))


def _effect(row: Subscription, seen: Effect) -> EffectShape:
    documents = [document_previewed(draft) for draft in seen.documents]
    shown: dict[str, Any] = {
        "object": "planned_change_preview",
        "subscription": row.public_id,
        "due_on": seen.due_on.isoformat(),
        "offer": show("off", UUID(seen.after.offer.offer_id)),
        "quantity": seen.after.quantity,
        "currency": seen.after.offer.currency,
        "amount_due": sum(document["total"] for document in documents),
        "documents": documents,
        "ended_options": [show("sop", UUID(id_)) for id_ in seen.ended_options],
        "later": told_later(seen.later),
    }
    return cast(EffectShape, shown)


class _SettingQuantity(_Planned):
    """Another quantity."""

    def asked(self, row: Subscription, body: Mapping[str, Any]) -> Ask:
        """So many."""
        return SetQuantity(quantity=body["quantity"])


class _AddingOption(_Planned):
    """One more option."""

    def asked(self, row: Subscription, body: Mapping[str, Any]) -> Ask:
        """The option that is named."""
        option = find(Option.objects.all(), body["option"], field="option")
        return AddOption(wished=WishedOption(option=option, quantity=body.get("quantity", 1)))


class _RemovingOption(_Planned):
    """One option less."""

    def asked(self, row: Subscription, body: Mapping[str, Any]) -> Ask:
        """The subscription's option that is named, or its only one of the catalogue's."""
        held = SubscriptionOption.objects.filter(subscription=row)
        own = read("sop", body["option"])
        if own is not None:
            named = list(held.filter(pk=own))
        else:
            option = find(Option.objects.all(), body["option"], field="option")
            named = list(held.filter(option_version__option=option, ends_on=None))
        if not named:
            raise refuse("option", "not_found", gettext_noop("The subscription has no such option."))
        if len(named) > 1:
            detail = gettext_noop("The subscription has this option more than once: name its own id.")
            raise refuse("option", "option_ambiguous", detail)
        return RemoveOption(option_id=named[0].pk)


class _ChangingOffer(_Planned):
    """Another offer."""

    def asked(self, row: Subscription, body: Mapping[str, Any]) -> Ask:
        """The offer and options that are named."""
        offer = find(Offer.objects.all(), body["offer"], field="offer")
        options = named_options(body) if "options" in body else None
        return ChangeOffer(offer=offer, options=options, quantity=body.get("quantity"))


class SetQuantityOf(_SettingQuantity):
    """Planning another quantity."""

    scopes = WRITES

    @operation("Set a subscription's quantity", answer=SubscriptionShape, body=SetQuantityBody)
    def post(self, request: Request, subscription: str) -> Response:
        """From the next period on. A new wish takes the place of the one that waits; `undo_scheduled` takes it back."""
        return self.noted(subscription)


class PreviewSetQuantity(_SettingQuantity):
    """Seeing another quantity."""

    scopes = PREVIEWED

    @operation("Preview another quantity", answer=EffectShape, body=SetQuantityBody)
    def post(self, request: Request, subscription: str) -> Response:
        """The same refusals as the act; nothing is changed."""
        return self.foreseen(subscription)


class AddOptionTo(_AddingOption):
    """Planning one more option."""

    scopes = WRITES

    @operation("Add an option to a subscription", answer=SubscriptionShape, body=AddOptionBody)
    def post(self, request: Request, subscription: str) -> Response:
        """From the next period on. One that it has already takes the quantity that is given."""
        return self.noted(subscription)


class PreviewAddOption(_AddingOption):
    """Seeing one more option."""

    scopes = PREVIEWED

    @operation("Preview one more option", answer=EffectShape, body=AddOptionBody)
    def post(self, request: Request, subscription: str) -> Response:
        """The same refusals as the act; nothing is changed."""
        return self.foreseen(subscription)


class RemoveOptionFrom(_RemovingOption):
    """Planning one option less."""

    scopes = WRITES

    @operation("Remove an option from a subscription", answer=SubscriptionShape, body=RemoveOptionBody)
    def post(self, request: Request, subscription: str) -> Response:
        """It ends with the paid period, and is had until then."""
        return self.noted(subscription)


class PreviewRemoveOption(_RemovingOption):
    """Seeing one option less."""

    scopes = PREVIEWED

    @operation("Preview one option less", answer=EffectShape, body=RemoveOptionBody)
    def post(self, request: Request, subscription: str) -> Response:
        """The same refusals as the act; nothing is changed."""
        return self.foreseen(subscription)


class ChangeOfferOf(_ChangingOffer):
    """Planning another offer."""

    scopes = WRITES

    @operation("Move a subscription to another offer", answer=SubscriptionShape, body=ChangeOfferBody)
    def post(self, request: Request, subscription: str) -> Response:
        """With the next period, at the new offer's first paid stage. Options that it includes, or has no price for, end
        with the old offer; coupons stay."""
        return self.noted(subscription)


class PreviewChangeOffer(_ChangingOffer):
    """Seeing another offer."""

    scopes = PREVIEWED

    @operation("Preview another offer", answer=EffectShape, body=ChangeOfferBody)
    def post(self, request: Request, subscription: str) -> Response:
        """The same refusals as the act; nothing is changed."""
        return self.foreseen(subscription)


class UndoScheduled(ApiView):
    """Changing one's mind."""

    scopes = WRITES

    @operation("Take back what is planned", answer=SubscriptionShape, body=UndoBody)
    def post(self, request: Request, subscription: str) -> Response:
        """A cancellation and every wish, or one `kind` of them, until it has taken effect. 409 `nothing_to_undo` where
        nothing of it is planned."""
        row = self.find(people.on_shown_clocks(Subscription.objects.all()), subscription)
        done = schedule.undo(
            merchant_id=self.merchant.pk, subscription_id=row.pk, kind=self.body.get("kind"), actor=self.actor
        )
        return Response(subscriptions_shown([done])[0])


ACTIONS: Mapping[str, type[ApiView]] = {
    "set_quantity": SetQuantityOf,
    "add_option": AddOptionTo,
    "remove_option": RemoveOptionFrom,
    "change_offer": ChangeOfferOf,
    "undo_scheduled": UndoScheduled,
}
PREVIEWS: Mapping[str, type[ApiView]] = {
    "set_quantity": PreviewSetQuantity,
    "add_option": PreviewAddOption,
    "remove_option": PreviewRemoveOption,
    "change_offer": PreviewChangeOffer,
}
