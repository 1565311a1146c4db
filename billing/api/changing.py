"""Actions of `/subscriptions` that change what is had, now or at the end of the paid period: `set_quantity`,
`add_option`, `remove_option`, `change_offer`; and `undo_scheduled`, which takes back what waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.bodies import AddOptionBody, ChangeOfferBody, RemoveOptionBody, SetQuantityBody, UndoBody, changing
from billing.api.change_shapes import ChangePreviewShape, change_previewed
from billing.api.named import named_coupons, named_options
from billing.api.subscribing import (
    SubscribedShape,
    subscribed,
)
from billing.flows import change, change_paid, schedule
from billing.flows.asks import AddOption, Ask, ChangeOffer, Gift, RemoveOption, SetQuantity
from billing.flows.change import Changing
from billing.flows.purchase import WishedOption
from billing.selectors.answers import (
    SubscriptionShape,
    subscriptions_shown,
)
from merchants.http.operations import operation
from merchants.http.references import find
from merchants.http.views import ApiView, refuse
from merchants.ids import read
from merchants.models import Offer, Option
from merchants.refusals import gettext_noop
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription, SubscriptionOption
from subscribers.selectors import people

WRITES, PREVIEWED = {"POST": "subscriptions:write"}, {"POST": "subscriptions:read"}


class _Changing(ApiView):
    """One subscription, changed now or at the end of its paid period."""

    def asked(self, row: Subscription, body: Mapping[str, Any]) -> Ask:
        """What the body asks for, found: each action says its own."""
        raise NotImplementedError(type(self).__name__)

    def read(self, subscription: str) -> tuple[Subscription, Ask, Changing]:
        """The subscription, then the body."""
        row = self.find(people.on_shown_clocks(Subscription.objects.all()), subscription)
        return row, self.asked(row, self.body), changing(self.body)

    @property
    def scope(self) -> bool:  # type: ignore[override] # a constant elsewhere: here the body decides
        """What waits for its payment asks the provider for it, outside any transaction."""
        return self.operation.answer is ChangePreviewShape or not self.paid_first

    @property
    def paid_first(self) -> bool:
        """Whether it is to be paid first; read as it was sent, for an unknown id is a 404 whatever the body says."""
        sent = self.request.data
        return isinstance(sent, Mapping) and sent.get("only_if_paid") is True

    def done(self, subscription: str) -> Response:
        """Make the change, note it for later, or have it paid first; the whole subscription."""
        if self.paid_first:
            return self._paid_first(subscription)
        row, ask, how = self.read(subscription)
        after = change.change(
            merchant_id=self.merchant.pk, subscription_id=row.pk, ask=ask, changing=how, actor=self.actor
        )
        return Response(subscribed(after))

    def _paid_first(self, subscription: str) -> Response:
        merchant_id = self.caller.merchant_id
        with tenant(merchant_id):
            row, ask, how = self.read(subscription)
        session = change_paid.change_paid(
            merchant_id=merchant_id,
            subscription_id=row.pk,
            ask=ask,
            changing=how,
            actor=self.actor,
            session_id=self.claim_id,
        )
        with tenant(merchant_id):
            after = Subscription.objects.select_related("offer_version").get(id=row.pk)
            return Response(subscribed(after, session))

    def foreseen(self, subscription: str) -> Response:
        """What it would do."""
        row, ask, how = self.read(subscription)
        first = None
        if self.paid_first:
            first = change_paid.foresee(
                merchant_id=self.merchant.pk, subscription_id=row.pk, ask=ask, changing=how, actor=self.actor
            )
        seen = change.foresee(merchant_id=self.merchant.pk, subscription_id=row.pk, ask=ask, changing=how)
        return Response(change_previewed(row, seen, first))


class _SettingQuantity(_Changing):
    """Another quantity."""

    def asked(self, row: Subscription, body: Mapping[str, Any]) -> Ask:
        """So many."""
        return SetQuantity(quantity=body["quantity"])


class _AddingOption(_Changing):
    """One more option."""

    def asked(self, row: Subscription, body: Mapping[str, Any]) -> Ask:
        """The option that is named."""
        option = find(Option.objects.all(), body["option"], field="option")
        wished = WishedOption(option=option, quantity=body.get("quantity", 1))
        if body.get("complimentary"):
            gift = Gift(reason=body.get("reason", ""), periods=body.get("periods"), until=body.get("until"))
            return AddOption(wished=wished, gift=gift)
        for name in ("periods", "until"):
            if name in body:
                raise refuse(name, "only_for_gifts", gettext_noop("Only what is complimentary has a term here."))
        return AddOption(wished=wished)


class _RemovingOption(_Changing):
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


class _ChangingOffer(_Changing):
    """Another offer."""

    def asked(self, row: Subscription, body: Mapping[str, Any]) -> Ask:
        """The offer, options and coupons that are named."""
        offer = find(Offer.objects.all(), body["offer"], field="offer")
        options = named_options(body) if "options" in body else None
        coupons = named_coupons(body) if "coupons" in body else None
        return ChangeOffer(offer=offer, options=options, quantity=body.get("quantity"), coupons=coupons)


class SetQuantityOf(_SettingQuantity):
    """Another quantity, done."""

    scopes = WRITES

    @operation("Set a subscription's quantity", answer=SubscribedShape, body=SetQuantityBody)
    def post(self, request: Request, subscription: str) -> Response:
        """More counts now, less from the next period on, unless `when` says otherwise. Now: the rest of the period is
        credited at the old quantity and billed at the new one. At the period's end: a new wish takes the place of the
        one that waits; `undo_scheduled` takes it back."""
        return self.done(subscription)


class PreviewSetQuantity(_SettingQuantity):
    """Seeing another quantity."""

    scopes = PREVIEWED

    @operation("Preview another quantity", answer=ChangePreviewShape, body=SetQuantityBody)
    def post(self, request: Request, subscription: str) -> Response:
        """The same refusals as the act; nothing is changed."""
        return self.foreseen(subscription)


class AddOptionTo(_AddingOption):
    """One more option, done."""

    scopes = WRITES

    @operation("Add an option to a subscription", answer=SubscribedShape, body=AddOptionBody)
    def post(self, request: Request, subscription: str) -> Response:
        """Now, prorated to the end of the period, unless `when` says `period_end`. One that it has already takes the
        quantity that is given."""
        return self.done(subscription)


class PreviewAddOption(_AddingOption):
    """Seeing one more option."""

    scopes = PREVIEWED

    @operation("Preview one more option", answer=ChangePreviewShape, body=AddOptionBody)
    def post(self, request: Request, subscription: str) -> Response:
        """The same refusals as the act; nothing is changed."""
        return self.foreseen(subscription)


class RemoveOptionFrom(_RemovingOption):
    """One option less, done."""

    scopes = WRITES

    @operation("Remove an option from a subscription", answer=SubscribedShape, body=RemoveOptionBody)
    def post(self, request: Request, subscription: str) -> Response:
        """It ends with the paid period, and is had until then; `now` ends it at once and credits the days that are
        left."""
        return self.done(subscription)


class PreviewRemoveOption(_RemovingOption):
    """Seeing one option less."""

    scopes = PREVIEWED

    @operation("Preview one option less", answer=ChangePreviewShape, body=RemoveOptionBody)
    def post(self, request: Request, subscription: str) -> Response:
        """The same refusals as the act; nothing is changed."""
        return self.foreseen(subscription)


class ChangeOfferOf(_ChangingOffer):
    """Another offer, done."""

    scopes = WRITES

    @operation("Move a subscription to another offer", answer=SubscribedShape, body=ChangeOfferBody)
    def post(self, request: Request, subscription: str) -> Response:
        """At the new offer's first paid stage, when the merchant's policy says, or `when` does. Now: the days that are
        left are credited to the balance, and billed in the new offer; another interval begins a new period, or keeps
        the old day (`anchor`). Options that it includes, or has no price for, end with the old offer; coupons
        stay, unless others are given.
        Back on the same day, the old dates stand again."""
        return self.done(subscription)


class PreviewChangeOffer(_ChangingOffer):
    """Seeing another offer."""

    scopes = PREVIEWED

    @operation("Preview another offer", answer=ChangePreviewShape, body=ChangeOfferBody)
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
