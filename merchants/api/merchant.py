"""`/merchant`: the company whose key it is. `/test_clocks`: clocks of a sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from merchants.api.parts import listed
from merchants.dunning import MOST_DAYS, MOST_STEPS, Action
from merchants.gesture_limits import LIMITED
from merchants.http.bodies import Body
from merchants.http.fields import (
    Choice,
    Currency,
    Email,
    Flag,
    Instant,
    Metadata,
    Minor,
    PublicId,
    Text,
    WebAddress,
    Whole,
)
from merchants.http.operations import operation
from merchants.http.references import find
from merchants.http.texts import LANGUAGES
from merchants.http.views import ApiView, created
from merchants.models import Feature, Merchant, Offer, TestClock
from merchants.selectors.merchants import MerchantShape, TestClockShape, show_merchant, show_test_clocks
from merchants.services.clocks import create_test_clock, delete_test_clock
from merchants.services.merchants import ENTRY_GAP_HOURS, PAYMENT_TERMS_DAYS, update_merchant
from merchants.transitions import MOST_RULES, OVERRIDING, Direction, Proration, When


class ReturnPagesBody(Body):
    """Where a subscriber goes back to, unless a checkout session says otherwise."""

    success_url = WebAddress(required=False, allow_blank=True)
    failure_url = WebAddress(required=False, allow_blank=True)
    cancel_url = WebAddress(required=False, allow_blank=True)


class DunningStepBody(Body):
    """What is done about an unpaid invoice so many days after its first failure: `retry` the card, `write` a letter
    with a link that settles it, `restrict` or `suspend` access, `alert` the staff."""

    after_days = Whole(least=1, most=MOST_DAYS)
    actions = listed(Choice(choices=[action.value for action in Action]), len(Action))


class TransitionRuleBody(Body):
    """How changes of offer count: those from and to these offers, up or down, in commitment or not (left out or null:
    whichever), `when` they do, what of the running period is given back and charged (`proration`), the `fee`, and the
    roles of the staff that may decide otherwise, saying why. The first rule that fits counts."""

    from_offer = PublicId("off", required=False, allow_null=True)
    to_offer = PublicId("off", required=False, allow_null=True)
    direction = Choice(choices=[each.value for each in Direction], required=False, allow_null=True)
    in_commitment = Flag(required=False, allow_null=True)
    when = Choice(choices=[each.value for each in When])
    proration = Choice(choices=[each.value for each in Proration], required=False)
    fee = Whole(required=False)
    overridden_by = listed(Choice(choices=list(OVERRIDING)), len(OVERRIDING), required=False)


class GestureLimitBody(Body):
    """What a role may give, in minor units of the merchant's currency; null or left out: as much as it likes."""

    role = Choice(choices=list(LIMITED))
    one = Minor(required=False, allow_null=True)
    month = Minor(required=False, allow_null=True, help_text="To one subscriber in a calendar month")
    batch = Minor(required=False, allow_null=True, help_text="One gesture for many, in all")


class MerchantChanges(Body):
    """What a merchant says about itself."""

    name = Text(max_length=120)
    timezone = Text(max_length=64)
    currency = Currency()
    locale = Choice(choices=LANGUAGES)
    support_email = Email(allow_blank=True)
    website = WebAddress(max_length=300, allow_blank=True)
    brand_color = Text(max_length=7)
    return_pages = ReturnPagesBody()
    terms_url = WebAddress(allow_blank=True)
    privacy_url = WebAddress(allow_blank=True)
    payment_terms_days = Whole(most=PAYMENT_TERMS_DAYS)
    grouping = Choice(choices=list(Merchant.Grouping.values), help_text="What stands on one invoice")
    share_billing_day = Flag(help_text="A payer's new subscriptions take the billing day of the first")
    withdrawal_credit = Choice(
        choices=["prorated", "full"], help_text="What a withdrawal gives back: what was not had, or all"
    )
    withdrawal_companies = Flag(help_text="Companies may withdraw as consumers do")
    dunning_steps = listed(DunningStepBody(), MOST_STEPS, help_text="Replaced whole; empty: the standard steps")
    transition_rules = listed(
        TransitionRuleBody(), MOST_RULES, help_text="Replaced whole; the first that fits a change counts"
    )
    gesture_limits = listed(
        GestureLimitBody(),
        len(LIMITED),
        help_text="Replaced whole. Not named: as it likes; a counter: nothing",
    )
    shares_members = Flag(help_text="Each counter and door serves the members of every site")
    entry_feature = PublicId(
        "fea", allow_null=True, help_text="What opens a door: a switch or a quota; null: any subscription"
    )
    entry_gap_hours = Whole(most=ENTRY_GAP_HOURS, help_text="Rest between two entries")
    metadata = Metadata()


class OwnMerchant(ApiView):
    """The merchant itself."""

    scopes = {"GET": "merchant:read", "PATCH": "merchant:write"}

    @operation("Read the merchant", answer=MerchantShape)
    def get(self, request: Request) -> Response:
        """The company whose key this is."""
        return Response(show_merchant(self.merchant))

    @operation("Change the merchant", answer=MerchantShape, body=MerchantChanges)
    def patch(self, request: Request) -> Response:
        """Another time zone moves no period that has begun: periods are dates."""
        columns = {name: value for name, value in self.body.items() if name != "return_pages"}
        columns |= self.body.get("return_pages", {})
        if columns.get("entry_feature"):
            opens = find(Feature.objects.all(), columns["entry_feature"], field="entry_feature")
            columns["entry_feature"] = opens.pk
        if "transition_rules" in columns:
            columns["transition_rules"] = [
                _found(f"transition_rules[{at}]", rule) for at, rule in enumerate(columns["transition_rules"])
            ]
        return Response(show_merchant(update_merchant(**columns, actor=self.actor, now=self.now)))


def _found(field: str, rule: Mapping[str, Any]) -> dict[str, Any]:
    """A rule with the ids of the offers that it names."""
    named = {name: rule[name] for name in ("from_offer", "to_offer") if rule.get(name) is not None}
    offers = {name: find(Offer.objects.all(), shown, field=f"{field}.{name}") for name, shown in named.items()}
    return {**rule, **{name: str(offer.pk) for name, offer in offers.items()}}


class TestClockBody(Body):
    """A new clock, and the time at which it stands."""

    name = Text(max_length=120, required=False, allow_blank=True)
    time = Instant()


class TestClocks(ApiView):
    """The clocks of a sandbox."""

    scopes = {"GET": "test_clocks:read", "POST": "test_clocks:write"}

    @operation("List test clocks", answer=TestClockShape, page=True)
    def get(self, request: Request) -> Response:
        """Newest first. A live merchant has none."""
        return self.page(TestClock.objects.filter(deleted_at=None), show_test_clocks)

    @operation("Create a test clock", answer=TestClockShape, body=TestClockBody, status=201)
    def post(self, request: Request) -> Response:
        """Sandbox only: a live merchant gets 409 `sandbox_only`."""
        clock = create_test_clock(merchant=self.merchant, **self.body, actor=self.actor, now=self.now)
        return created(show_test_clocks([clock])[0])


class OneTestClock(ApiView):
    """One clock."""

    scopes = {"GET": "test_clocks:read", "DELETE": "test_clocks:write"}

    @operation("Read a test clock", answer=TestClockShape)
    def get(self, request: Request, test_clock: str) -> Response:
        """Where it stands."""
        return Response(show_test_clocks([self.find(TestClock.objects.filter(deleted_at=None), test_clock)])[0])

    @operation("Delete a test clock", status=204)
    def delete(self, request: Request, test_clock: str) -> Response:
        """Its subscribers are hidden: lists, search and reads no longer show them, and nothing falls due for them."""
        found = self.find(TestClock.objects.filter(deleted_at=None), test_clock)
        delete_test_clock(found, actor=self.actor, now=self.now)
        return Response(status=204)
