"""Days that were paid and lost to a suspension, made good by an option given free of charge (domain 15)."""

from __future__ import annotations

from datetime import date, timedelta
from textwrap import dedent

import pytest
from django.db import IntegrityError

from billing.flows import suspend
from billing.flows.pause_asks import Resuming, Suspending
from billing.flows.pause_gift import OptionGiven
from invoices.models import CreditNote, Invoice
from invoices.services.balances import balance_of
from merchants.models import Event, Option
from merchants.refusals import Conflict, Invalid
from merchants.tenancy.scope import tenant
from subscribers.lifecycle import MakesGood
from subscribers.models import Gesture, Subscription, SubscriptionOption
from tests.stories.statements import World, rows
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)
D = date.fromisoformat


@pytest.fixture
def world(shop):
    """1 May 2027; prices with VAT."""
    return World.on(shop, "2027-05-01")


def pause(world: World, sub: Subscription, option: Option | None, **asked) -> Subscription:
    given = OptionGiven(option=option, periods=asked.pop("periods", 2)) if option else None
    wish = Suspending(**{"makes_good": MakesGood.option, "reason": "roadworks", **asked}, given=given)
    before = rows(world.shop.id)
    with tenant(world.shop.id):
        suspend.foresee(world.now_is(sub), wish, merchant=world.shop.merchant, now=world.now)
    assert rows(world.shop.id) == before
    return suspend.suspend(merchant_id=world.shop.id, subscription_id=sub.pk, asked=wish, actor=TESTER)


def resume(world: World, sub: Subscription) -> Subscription:
    return suspend.resume(merchant_id=world.shop.id, subscription_id=sub.pk, asked=Resuming(), actor=TESTER)


def test_resumed_the_option_is_had_for_two_months_at_nothing(world):
    extra = world.shop.option("extra", 3_00)
    sub = world.subscribe(world.shop.offer("basic", ("month", None, 31_00)))
    world.until("2027-05-10")
    held = pause(world, sub, extra)
    assert (held.suspension_makes_good, held.suspension_gift["periods"]) == ("option", 2)
    with tenant(world.shop.id):
        assert (SubscriptionOption.objects.count(), Gesture.objects.count()) == (0, 0)  # not before it is over
    world.until("2027-05-20")
    resume(world, sub)
    with tenant(world.shop.id):
        own, gesture = SubscriptionOption.objects.get(), Gesture.objects.get()
        assert (own.complimentary, own.reason, own.periods, own.starts_on) == (True, "roadworks", 2, D("2027-05-20"))
        assert (gesture.kind, gesture.reason, gesture.status, gesture.option_row_id) == (
            "option",
            "roadworks",
            "given",
            own.pk,
        )
        assert not CreditNote.objects.exists()
        kinds = list(Event.objects.order_by("subscriber_sequence").values_list("kind", flat=True))
        assert kinds.index("subscription.resumed") < kinds.index("subscription.option_added")
    assert world.now_is(sub).suspension_gift is None
    assert world.until("2027-08-01").statement(sub) == dedent("""\
        2027-05-01  basic        05-01..06-01           31.00
        2027-06-01  basic        06-01..07-01           31.00
                    extra        06-01..07-01            0.00
        2027-07-01  basic        07-01..08-01           31.00
                    extra        07-01..08-01            0.00
        2027-08-01  basic        08-01..09-01           31.00
        """)


def test_with_its_end_known_the_run_gives_it_by_itself(world):
    extra = world.shop.option("extra", 3_00)
    sub = world.subscribe(world.shop.offer("basic", ("month", None, 31_00)))
    pause(world, sub, extra, from_on=D("2027-05-10"), until_on=D("2027-05-20"))
    world.until("2027-05-21")
    with tenant(world.shop.id):
        assert Gesture.objects.get().subscription_id == sub.pk
        assert SubscriptionOption.objects.get().starts_on == D("2027-05-20")


def test_no_paid_day_lost_nothing_given(world):
    extra = world.shop.option("extra", 3_00)
    sub = world.subscribe(world.shop.offer("basic", ("month", None, 31_00)))
    world.until("2027-05-10")
    pause(world, sub, extra)
    resume(world, sub)  # the same day
    with tenant(world.shop.id):
        assert not Gesture.objects.exists()


def test_sold_no_more_by_then_the_days_are_credited_instead(world):
    extra = world.shop.option("extra", 3_00)
    sub = world.subscribe(world.shop.offer("basic", ("month", None, 31_00)))
    world.until("2027-05-10")
    pause(world, sub, extra)
    with tenant(world.shop.id):
        Option.objects.filter(id=extra.pk).update(archived_at=world.now.at)
    world.until("2027-05-20")
    resume(world, sub)
    with tenant(world.shop.id):
        assert not Gesture.objects.exists()
        assert CreditNote.objects.get().gross == 10_00  # 31.00 × 10/31
        assert balance_of(world.person().pk, "EUR") == 10_00


def test_what_is_missing_is_named_and_nothing_is_written(world):
    extra, gone = world.shop.option("extra", 3_00), world.shop.option("gone", 1_00)
    with tenant(world.shop.id):
        Option.objects.filter(id=gone.pk).update(archived_at=world.now.at - timedelta(days=1))
    gone.archived_at = world.now.at
    sub = world.subscribe(world.shop.offer("basic", ("month", None, 31_00)))
    before = rows(world.shop.id)
    for option, asked, fault in (
        (None, {}, ("option", "required")),
        (extra, {"reason": " "}, ("reason", "reason_required")),
        (extra, {"periods": 121}, ("periods", "out_of_range")),
        (extra, {"makes_good": MakesGood.credit}, ("option", "only_for_options")),
    ):
        with pytest.raises(Invalid) as refused:
            pause(world, sub, option, **asked)
        assert [(error.field, error.code) for error in refused.value.errors] == [fault]
    with pytest.raises(Conflict) as archived:
        pause(world, sub, gone)
    assert archived.value.code == "option_archived"
    assert rows(world.shop.id) == before
    with tenant(world.shop.id):
        assert Invoice.objects.count() == 1


def test_the_database_refuses_a_suspension_that_an_option_makes_good_without_naming_it(world):
    sub = world.subscribe(world.shop.offer("basic", ("month", None, 31_00)))
    with (
        pytest.raises(IntegrityError, match="an_option_that_makes_good_is_named"),
        tenant(world.shop.id),
    ):
        Subscription.objects.filter(id=sub.pk).update(suspension_makes_good="option")
