"""Bodies and filters of billing's endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from rest_framework import serializers

from billing.engine.leaving import Refunding
from billing.engine.moving import Anchoring
from billing.engine.wishes import WishKind
from billing.flows.cancel import Leaving
from billing.flows.change import Changing
from billing.flows.pause_asks import Suspending
from billing.flows.pause_gift import OptionGiven
from merchants.http.bodies import Body, Filters
from merchants.http.fields import (
    Choice,
    Day,
    Flag,
    Instant,
    Metadata,
    PublicId,
    Quantity,
    Reference,
    Text,
    WebAddress,
    Whole,
)
from merchants.http.references import find
from merchants.http.shared import PersonBody
from merchants.http.texts import LANGUAGES
from merchants.http.views import refuse
from merchants.models import Option
from merchants.refusals import gettext_noop
from subscribers.lifecycle import MakesGood
from subscribers.models import Subscription

MOST_OPTIONS, MOST_COUPONS, ADDRESS_LENGTH = 50, 10, 1_000
SOLD_THROUGH = ("web", "api", "counter", "call_centre", "import")
"""The channels that a merchant's own systems may name."""


class SubscriberDataBody(PersonBody):
    """Who buys: found by `reference`, else enrolled. Of somebody known only what is given here changes."""


class WishedOptionBody(Body):
    """An option, and how many."""

    option = PublicId("opt")
    quantity = Quantity(required=False)


class CheckoutSessionBody(Body):
    """What is bought and by whom: `subscriber`, or `subscriber_data`. Addresses left out are the merchant's own."""

    subscriber = PublicId("cus", required=False)
    subscriber_data = SubscriberDataBody(required=False)
    offer = PublicId("off")
    options = serializers.ListField(child=WishedOptionBody(), max_length=MOST_OPTIONS, required=False)
    quantity = Quantity(required=False)
    coupons = serializers.ListField(child=PublicId("cou"), max_length=MOST_COUPONS, required=False)
    allow_codes = Flag(required=False)
    success_url = WebAddress(max_length=ADDRESS_LENGTH, required=False)
    failure_url = WebAddress(max_length=ADDRESS_LENGTH, required=False)
    cancel_url = WebAddress(max_length=ADDRESS_LENGTH, required=False)
    locale = Choice(choices=LANGUAGES, required=False)
    metadata = Metadata(required=False)
    reference = Reference(required=False, help_text="The subscription's own")


class CheckoutSessionFilters(Filters):
    """Which purchases."""

    subscriber = PublicId("cus", required=False)
    status = Choice(choices=["open", "complete", "expired"], required=False)
    created_after = Instant(required=False)


class SubscriptionFilters(Filters):
    """Which subscriptions; `offer` in whichever version."""

    subscriber = PublicId("cus", required=False)
    offer = PublicId("off", required=False)
    status = Choice(choices=list(Subscription.Status.values), required=False)
    payment_state = Choice(choices=list(Subscription.PaymentState.values), required=False)
    reference = Reference(required=False)
    created_after = Instant(required=False)


class SubscriptionBody(Body):
    """What is sold to whom, and how it begins. Left out, `activation` is `on_payment` (`now` for the channels counter,
    call_centre and import), `start_on` today, `payment_method` the payer's default."""

    subscriber = PublicId("cus")
    offer = PublicId("off")
    options = serializers.ListField(child=WishedOptionBody(), max_length=MOST_OPTIONS, required=False)
    quantity = Quantity(required=False)
    coupons = serializers.ListField(child=PublicId("cou"), max_length=MOST_COUPONS, required=False)
    reference = Reference(required=False)
    start_on = Day(required=False, help_text="A year back at most: what was missed is made; later: scheduled")
    billing_day = Whole(least=1, most=31, required=False, help_text="Day of the month on which periods begin")
    activation = Choice(choices=["on_payment", "now"], required=False)
    payment_method = PublicId("pm", required=False)
    collection = Choice(choices=["automatic", "manual"], required=False)
    channel = Choice(choices=list(SOLD_THROUGH), required=False)
    site = PublicId("sit", required=False)
    metadata = Metadata(required=False)


class CancelBody(Body):
    """`when` it ends: `period_end` (the default), `now`, or a date such as 2026-12-31, the first day without it. What
    of the period in which it ends is given back (`refund`), and where to (`to`: back to the means that paid, the
    default, or to the balance). `waive_commitment` lets it end early without a fee; it needs a `reason`."""

    when = Text(max_length=10, required=False)
    refund = Choice(choices=[each.value for each in Refunding], required=False)
    to = Choice(choices=["refund", "balance"], required=False)
    waive_commitment = Flag(required=False)
    reason = Text(max_length=200, required=False, allow_blank=True)


class ReactivateBody(Body):
    """How it goes on. Left out: `options` and `quantity` as they were at the end, `activation` `on_payment`, `start_on`
    today. No coupon comes back by itself."""

    options = serializers.ListField(child=WishedOptionBody(), max_length=MOST_OPTIONS, required=False)
    quantity = Quantity(required=False)
    coupons = serializers.ListField(child=PublicId("cou"), max_length=MOST_COUPONS, required=False)
    reference = Reference(required=False)
    start_on = Day(required=False, help_text="With `activation: now`: a year back at most, or later: scheduled")
    activation = Choice(choices=["on_payment", "now"], required=False)
    metadata = Metadata(required=False)


class WithdrawBody(Body):
    """What is given back: left out, as the merchant's `withdrawal_credit` says. `to`: back to the means that paid, the
    default, or to the balance."""

    credit = Choice(choices=["prorated", "full"], required=False)
    to = Choice(choices=["refund", "balance"], required=False)
    reason = Text(max_length=200, required=False, allow_blank=True)


def leaving(body: Mapping[str, Any]) -> Leaving:
    """What a body of a cancellation asks for. Raises Invalid (`invalid_choice`)."""
    when = body.get("when", "period_end")
    if when not in ("period_end", "now"):
        try:
            when = date.fromisoformat(when)
        except ValueError:
            raise refuse("when", "invalid_choice", gettext_noop("“period_end”, “now”, or a date.")) from None
    return Leaving(
        when=when,
        refund=Refunding(body.get("refund", "none")),
        to=body.get("to", "refund"),
        waive_commitment=body.get("waive_commitment", False),
        reason=body.get("reason", ""),
    )


class Counting(Body):
    """When a change counts: `now`, or `period_end`, with the first period that is not paid yet; left out, as the
    action says. `invoice`: what counts now is billed by itself (`now`, the default), or its lines wait for the next
    document (`next`); what is given up is credited today either way. With `only_if_paid` it is made when what it leaves
    to pay is paid: by the method that is kept, else on the form of the `checkout_session` that is answered; what is not
    paid in 23 hours leaves nothing. `reason` stands in the history, and on the credit
    note where there is one."""

    when = Choice(choices=["period_end", "now"], required=False)
    invoice = Choice(choices=["now", "next"], required=False)
    only_if_paid = Flag(required=False)
    reason = Text(max_length=200, required=False, allow_blank=True)


def changing(body: Mapping[str, Any]) -> Changing:
    """How a body of a change wants it to count."""
    return Changing(
        when=body.get("when"),
        anchor=Anchoring(body.get("anchor", "restart")),
        invoice=body.get("invoice", "now"),
        reason=body.get("reason", ""),
    )


class SetQuantityBody(Counting):
    """Another quantity."""

    quantity = Quantity()


class AddOptionBody(Counting, WishedOptionBody):
    """An option of the present offer, and how many. `complimentary`: any option that is sold, given free of charge for
    so many whole `periods`, `until` a day (the first without it), or for ever; it needs a `reason`, which stands on the
    invoice and in the history."""

    complimentary = Flag(required=False)
    periods = Whole(least=1, most=120, required=False, help_text="Only with `complimentary`")
    until = Day(required=False, help_text="Only with `complimentary`")


class RemoveOptionBody(Counting):
    """One of the subscription's options: its own id (`sop_…`), or the catalogue's where it has it once."""

    option = PublicId("opt")


class ChangeOfferBody(Counting):
    """Another offer. Left out, `options` keeps those that can be kept, `quantity` keeps it, `coupons` keeps them; the
    coupons given take the place of those that it has (an empty list: it has none then). `anchor`: where the new offer
    has another interval, a new period begins (`restart`, the default), or a first part leads to the next date of the
    old day (`keep`)."""

    anchor = Choice(choices=[each.value for each in Anchoring], required=False)
    offer = PublicId("off")
    options = serializers.ListField(child=WishedOptionBody(), max_length=MOST_OPTIONS, required=False)
    quantity = Quantity(required=False)
    coupons = serializers.ListField(child=PublicId("cou"), max_length=MOST_COUPONS, required=False)


class UndoBody(Body):
    """What is taken back; left out: all that is planned."""

    kind = Choice(choices=["cancel", "suspend", *(kind.value for kind in WishKind)], required=False)


class SuspendBody(Body):
    """Without features from a day (`from`, today unless said; a year back at most) until one (`until`, the first day
    with them again). `billing` goes on (`continue`, the default), or stops; what is done about days paid and lost
    (`compensation`): `none`, the renewal moved by as many days, a credit note once they are known, or an `option` given
    free of charge for so many `periods` (1 unless said) from the day service is back; that needs a `reason`."""

    until = Day(required=False)
    billing = Choice(choices=["continue", "stop"], required=False)
    compensation = Choice(choices=[each.value for each in MakesGood], required=False)
    option = PublicId("opt", required=False)
    periods = Whole(least=1, most=120, required=False, help_text="Only with `option`")
    reason = Text(max_length=200, required=False, allow_blank=True)

    def get_fields(self) -> Any:
        """With `from`, which no attribute can be called."""
        return {"from": Day(required=False), **super().get_fields()}


def suspending(body: Mapping[str, Any]) -> Suspending:
    """What a body of a suspension asks for. Raises Invalid where its option is not known."""
    given = None
    if "option" in body:
        option = find(Option.objects.all(), body["option"], field="option")
        given = OptionGiven(option=option, periods=body.get("periods", 1))
    elif "periods" in body:
        raise refuse("periods", "only_for_options", gettext_noop("This is said of an option that is given."))
    return Suspending(
        given=given,
        from_on=body.get("from"),
        until_on=body.get("until"),
        stops_billing=body.get("billing") == "stop",
        makes_good=MakesGood(body.get("compensation", "none")),
        reason=body.get("reason", ""),
    )


class ResumeBody(Body):
    """Service again today, or from a later day on (`on`)."""

    on = Day(required=False)
    reason = Text(max_length=200, required=False, allow_blank=True)


class MoveRenewalBody(Body):
    """The day of the next renewal (`date`), the anchor from then on. Days that it adds are free (`free`, the default,
    with a `reason`) or `charged` pro rata; days that it takes away are credited (`to`: to the balance, the default, or
    back to the means that paid)."""

    date = Day()
    added_days = Choice(choices=["free", "charged"], required=False)
    to = Choice(choices=["balance", "refund"], required=False)
    reason = Text(max_length=200, required=False, allow_blank=True)


class PaymentMethodBody(Body):
    """A token that the provider gave the subscriber's browser; in a sandbox its public test tokens."""

    subscriber = PublicId("cus")
    type = Choice(choices=["card", "sepa_debit"])
    token = Text(max_length=255)


class PaymentMethodFilters(Filters):
    """Which payment methods; detached ones only when asked for."""

    subscriber = PublicId("cus", required=False)
    detached = Flag(required=False)
