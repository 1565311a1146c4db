"""Changes that count now, told as bank statements: another offer, quantity, options, there and back (domain 12, 13)."""

from __future__ import annotations

from datetime import date
from textwrap import dedent

import pytest

from billing.engine.moving import Anchoring
from billing.flows import cancel, change, move_renewal
from billing.flows.asks import AddOption, ChangeOffer, RemoveOption, SetQuantity
from billing.flows.move_renewal import Moving
from billing.flows.purchase import WishedOption
from invoices.models import CreditNote, CreditNoteLine
from invoices.services.balances import balance_of
from merchants.models import Event, TestClock
from merchants.refusals import Conflict
from merchants.tenancy.scope import tenant
from subscribers.models import Change, ScheduledChange, Subscription, SubscriptionOption
from subscribers.selectors.rights import rights_of
from tests.stories.statements import World, rows
from tests.stories.test_usage import PER_CALL, metered, priced, use
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(shop):
    return World.on(shop, "2026-01-31")


def held(world: World) -> int:
    with tenant(world.shop.id):
        return balance_of(world.person().pk, "EUR")


def test_up_in_mid_month(world):
    world.shop.feature("quality", "level", ["standard", "hifi"])
    basic = world.shop.offer("basic", ("month", None, 30_00), features={"quality": {"level": "standard"}})
    pro = world.shop.offer("pro", ("month", None, 60_00), features={"quality": {"level": "hifi"}})
    sub = world.subscribe(basic)
    world.until("2026-02-14")
    before, asked = rows(world.shop.id), {"ask": ChangeOffer(offer=pro), "changing": change.Changing()}
    change.foresee(merchant_id=world.shop.id, subscription_id=sub.pk, **asked)
    assert rows(world.shop.id) == before
    world.change(sub, ChangeOffer(offer=pro), reason="wants more")
    with tenant(world.shop.id):
        assert rights_of(world.person().pk, world.now)["quality"].level == "hifi"
        line = CreditNoteLine.objects.get()
        assert (line.rule, line.formula, line.inputs["from"]) == ("days_not_had", "30.00 × 14/28 = 15.00", "2026-02-14")
        assert CreditNote.objects.get().reason == "wants more"
        kinds = list(
            Event.objects.filter(kind__startswith="subscription.")
            .order_by("subscriber_sequence")
            .values_list("kind", flat=True)
        )
        assert sorted(kinds)[-1] == "subscription.offer_changed" and "subscription.renewed" not in kinds
        told = Change.objects.get(subject_id=sub.pk, verb="changed")
        assert (told.reason, told.actor_label) == ("wants more", TESTER.label)
    assert world.until("2026-03-31").statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           30.00
                    credit basic                       -15.00
        2026-02-14  pro          02-14..02-28           30.00
        2026-02-28  pro          02-28..03-31           60.00
        2026-03-31  pro          03-31..04-30           60.00
        """)
    assert world.captured() == [30_00, 15_00, 60_00, 60_00]
    assert held(world) == 0


def test_down_waits_unless_said_otherwise(world):
    pro, basic = world.shop.offer("pro", ("month", None, 60_00)), world.shop.offer("basic", ("month", None, 30_00))
    sub = world.subscribe(pro)
    world.until("2026-02-14")
    world.change(sub, ChangeOffer(offer=basic))
    with tenant(world.shop.id):
        assert ScheduledChange.objects.get().status == "waiting"
        assert not CreditNote.objects.exists()
    world.change(sub, ChangeOffer(offer=basic), when="now")
    with tenant(world.shop.id):
        assert sorted(ScheduledChange.objects.values_list("status", flat=True)) == ["done", "replaced"]
    assert held(world) == 15_00
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  pro          01-31..02-28           60.00
                    credit pro                         -30.00
        2026-02-14  basic        02-14..02-28           15.00
        2026-02-28  basic        02-28..03-31           30.00
        """)
    assert world.captured() == [60_00, 15_00]
    assert held(world) == 0


def test_twice_a_day(world):
    offers = [world.shop.offer(name, ("month", None, amount)) for name, amount in (("a", 28_00), ("b", 56_00))]
    third = world.shop.offer("c", ("month", None, 84_00))
    sub = world.subscribe(offers[0])
    world.until("2026-02-14")
    world.change(sub, ChangeOffer(offer=offers[1]))
    world.change(sub, ChangeOffer(offer=third))
    world.change(sub, ChangeOffer(offer=offers[1]), when="now")
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  a            01-31..02-28           28.00
                    credit a                           -14.00
        2026-02-14  b            02-14..02-28           28.00
                    credit b                           -28.00
                    cancelled                            0.00
        2026-02-14  c            02-14..02-28           42.00
                    credit c                           -42.00
                    cancelled                            0.00
        2026-02-14  b            02-14..02-28           28.00
        2026-02-28  b            02-28..03-31           56.00
        """)
    assert sum(world.captured()) == 28_00 + 14_00 + 56_00
    assert held(world) == 0


def test_monthly_to_yearly_restarts_or_keeps_the_old_day(world):
    basic, year = world.shop.offer("basic", ("month", None, 30_00)), world.shop.offer("year", ("year", None, 365_00))
    one, other = world.subscribe(basic), world.subscribe(basic, world.person("omar"))
    world.until("2026-02-14")
    world.change(one, ChangeOffer(offer=year), when="now")
    world.change(other, ChangeOffer(offer=year), when="now", anchor=Anchoring.keep)
    assert world.until("2026-02-28").statement(one) == dedent("""\
        2026-01-31  basic        01-31..02-28           30.00
                    credit basic                       -15.00
        2026-02-14  year         02-14..02-14 2027     365.00
        """)
    assert world.statement(other) == dedent("""\
        2026-01-31  basic        01-31..02-28           30.00
                    credit basic                       -15.00
        2026-02-14  year         02-14..02-28           14.00
        2026-02-28  year         02-28..02-28 2027     365.00
        """)
    assert world.now_is(other).anchor_day == 31


def test_on_the_renewal_day_before_the_run_came(world):
    basic, pro = world.shop.offer("basic", ("month", None, 31_00)), world.shop.offer("pro", ("month", None, 62_00))
    sub = world.subscribe(basic)
    with tenant(world.shop.id):
        clock = TestClock.objects.get()
        clock.time = clock.time.replace(month=2, day=28)
        clock.save()
    world.change(sub, ChangeOffer(offer=pro))
    assert world.until("2026-03-01").statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           31.00
        2026-02-28  basic        02-28..03-31           31.00
                    credit basic                       -31.00
                    cancelled                            0.00
        2026-02-28  pro          02-28..03-31           62.00
        """)


def test_options_now(world):
    extra, once = world.shop.option("extra", 2_80), world.shop.option("record", 0, one_off_amount=24_00)
    sub = world.subscribe(world.shop.offer("hifi", ("month", None, 28_00), options=[extra, once]))
    world.until("2026-02-14")
    world.change(sub, AddOption(wished=WishedOption(option=extra)))
    world.change(sub, AddOption(wished=WishedOption(option=once)))
    with pytest.raises(Conflict) as refused:
        world.change(sub, AddOption(wished=WishedOption(option=extra)))
    assert refused.value.code == "nothing_changes"
    world.change(sub, AddOption(wished=WishedOption(option=extra, quantity=3)))
    with tenant(world.shop.id):
        own = SubscriptionOption.objects.get(option_version__option=extra)
    world.until("2026-02-21")
    world.change(sub, RemoveOption(option_id=own.pk), when="now")
    world.change(sub, AddOption(wished=WishedOption(option=extra)))
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  hifi         01-31..02-28           28.00
        2026-02-14  extra        02-14..02-28            1.40
                    credit extra                        -1.40
                    cancelled                            0.00
        2026-02-14  record                              24.00
        2026-02-14  extra        02-14..02-28            4.20
                    credit extra                        -2.10
        2026-02-21  extra        02-21..02-28            0.70
        2026-02-28  hifi         02-28..03-31           28.00
                    extra        02-28..03-31            2.80
        """)


def test_a_quantity_now_and_a_cancellation_in_the_same_month(world):
    sub = world.subscribe(world.shop.offer("seats", ("month", None, 28_00)), quantity=2)
    world.until("2026-02-14")
    world.change(sub, SetQuantity(quantity=3))
    leaving = cancel.Leaving(when="now", refund=cancel.Refunding.prorated, to="balance")
    world.until("2026-02-21")
    cancel.cancel(merchant_id=world.shop.id, subscription_id=sub.pk, leaving=leaving, actor=TESTER)
    assert world.statement(sub) == dedent("""\
        2026-01-31  seats        01-31..02-28           56.00
                    credit seats                       -28.00
        2026-02-14  seats        02-14..02-28           42.00
                    credit seats                       -21.00
        2026-02-21  ended: cancelled
        """)


def test_a_wish_for_the_periods_end_moves_with_it(world):
    basic, year = world.shop.offer("basic", ("month", None, 30_00)), world.shop.offer("year", ("year", None, 365_00))
    sub = world.subscribe(basic)
    world.plan(sub, SetQuantity(quantity=2))
    world.until("2026-02-14")
    world.change(sub, ChangeOffer(offer=year), when="now")
    with tenant(world.shop.id):
        wish = ScheduledChange.objects.get(kind="set_quantity")
    assert (wish.status, wish.due_on) == ("waiting", date(2027, 2, 14))
    assert world.until("2026-02-28").now_is(sub).quantity == 1


def test_what_cannot_be_changed_now_says_so_and_writes_nothing(world):
    basic, pro = world.shop.offer("basic", ("month", None, 30_00)), world.shop.offer("pro", ("month", None, 60_00))
    sub = world.subscribe(basic)
    cancel.cancel_at_period_end(merchant_id=world.shop.id, subscription_id=sub.pk, actor=TESTER)
    for ask, code in ((ChangeOffer(offer=pro), "subscription_ending"), (SetQuantity(quantity=1), "nothing_changes")):
        with pytest.raises(Conflict) as refused:
            world.change(sub, ask, when="now")
        assert refused.value.code == code
    world.change(sub, SetQuantity(quantity=2))
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           30.00
                    credit basic                       -30.00
                    cancelled                            0.00
        2026-01-31  basic        01-31..02-28           60.00
        2026-02-28  ended: cancelled
        """)
    with tenant(world.shop.id):
        assert Subscription.objects.get().end_reason == "cancelled"


def test_so_many_changes_a_day_are_enough(world, monkeypatch):
    monkeypatch.setattr(change, "MOST_A_DAY", 3)
    sub = world.subscribe(world.shop.offer("seats", ("month", None, 1_00)))
    for quantity in range(2, 5):
        world.change(sub, SetQuantity(quantity=quantity), when="now")
    with pytest.raises(Conflict) as refused:
        world.change(sub, SetQuantity(quantity=50), when="now")
    assert refused.value.code == "too_many_changes"
    with tenant(world.shop.id):
        assert CreditNote.objects.count() == 3
    assert sum(world.captured()) == 4_00


def test_what_was_used_before_another_offer_is_billed_with_the_change(world):
    calls, cheaper = metered(world.shop), {"model": "per_unit", "unit_price": "0.01"}
    basic = world.shop.offer("basic", ("month", None, 28_00, priced((calls, PER_CALL))))
    pro = world.shop.offer("pro", ("month", None, 56_00, priced((calls, cheaper))))
    sub = world.subscribe(basic)
    world.until("2026-02-14")
    use(world, sub, calls, ("2026-02-01", "400"), ("2026-02-14", "200"))
    world.change(sub, SetQuantity(quantity=2))
    assert world.now_is(sub).current_period_start == date(2026, 1, 31)  # at one price: its usage is told once
    world.change(sub, ChangeOffer(offer=pro))
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           28.00
                    credit basic                       -14.00
        2026-02-14  basic        02-14..02-28           28.00
                    credit basic                       -28.00
                    cancelled                            0.00
        2026-02-14  basic, calls 01-31..02-14            5.00
                    pro          02-14..02-28           56.00
        2026-02-28  pro, calls   02-14..02-28            2.00
                    pro          02-28..03-31          112.00
        """)


def test_another_offer_after_the_renewal_was_moved_closer(world):
    """What was given back already is not given back twice, and what was not is."""
    basic, pro = world.shop.offer("basic", ("month", None, 28_00)), world.shop.offer("pro", ("month", None, 56_00))
    sub = world.subscribe(basic)
    moving = Moving(on=date(2026, 2, 21), reason="asked")
    move_renewal.move_renewal(merchant_id=world.shop.id, subscription_id=sub.pk, moving=moving, actor=TESTER)
    world.until("2026-02-14")
    world.change(sub, ChangeOffer(offer=pro))
    with tenant(world.shop.id):
        amounts = list(CreditNoteLine.objects.order_by("id").values_list("amount", flat=True))
    assert amounts == [7_00, 7_00]  # 21 to 28 February, then 14 to 21
