"""Changes that count now and are billed with the next document (domain 12, `invoice: next`), as bank statements."""

from __future__ import annotations

from datetime import date
from textwrap import dedent

import pytest

from billing.engine.leaving import Refunding
from billing.flows import cancel, change, move_renewal, suspend, withdraw
from billing.flows.asks import AddOption, ChangeOffer, RemoveOption, SetQuantity
from billing.flows.cancel import Leaving
from billing.flows.charges import ChargeTerms, add_charge
from billing.flows.move_renewal import Moving
from billing.flows.pause_asks import Suspending
from billing.flows.purchase import WishedOption
from billing.flows.withdraw import Withdrawing
from billing.models import Charge
from invoices.models import Invoice, InvoiceLine
from invoices.services.balances import balance_of
from merchants.models import Merchant
from merchants.refusals import Conflict
from merchants.tenancy.scope import tenant
from subscribers.lifecycle import MakesGood
from subscribers.models import Subscription, SubscriptionOption
from subscribers.selectors.rights import rights_of
from tests.stories.statements import World, rows
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(shop):
    return World.on(shop, "2026-01-31")


def waiting(world: World) -> list[tuple[str, int]]:
    with tenant(world.shop.id):
        found = Charge.objects.filter(status=Charge.Status.WAITING).order_by("id")
        return [(charge.title["en"], charge.amount) for charge in found]


def held(world: World) -> int:
    with tenant(world.shop.id):
        return balance_of(world.person().pk, "EUR")


def add(world: World, sub: Subscription, option: object, **how: object) -> Subscription:
    return world.change(sub, AddOption(wished=WishedOption(option=option)), **how)


def test_an_option_added_in_mid_month_stands_on_the_next_invoice(world):
    world.shop.feature("quality", "level", ["standard", "hifi"])
    extra = world.shop.option("extra", 2_80, features={"quality": {"level": "hifi"}})
    sub = world.subscribe(world.shop.offer("basic", ("month", None, 28_00), options=[extra]))
    world.until("2026-02-14")
    ask, how = AddOption(wished=WishedOption(option=extra)), change.Changing(invoice="next")
    before = rows(world.shop.id)
    seen = change.foresee(merchant_id=world.shop.id, subscription_id=sub.pk, ask=ask, changing=how)
    assert rows(world.shop.id) == before
    assert seen.documents == () and [line.charged for line in seen.held] == [1_40]
    assert seen.later[0].gross == 28_00 + 2_80 + 1_40
    add(world, sub, extra, invoice="next")
    with tenant(world.shop.id):
        assert rights_of(world.person().pk, world.now)["quality"].level == "hifi"  # at once
        assert Invoice.objects.count() == 1
    assert waiting(world) == [("extra", 1_40)]
    assert world.until("2026-03-31").statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           28.00
        2026-02-28  basic        02-28..03-31           28.00
                    extra        02-28..03-31            2.80
                    extra        02-14..02-28            1.40
        2026-03-31  basic        03-31..04-30           28.00
                    extra        03-31..04-30            2.80
        """)
    assert waiting(world) == []
    assert world.captured() == [28_00, 32_20, 30_80]
    with tenant(world.shop.id):
        line = InvoiceLine.objects.get(amount=1_40)
        assert (line.rule, line.formula) == ("part_of_period", "2.80 × 14/28 = 1.40")
        assert Charge.objects.get().invoice_id == line.invoice_id


def test_another_offer_is_credited_today_and_billed_with_the_renewal(world):
    basic, pro = world.shop.offer("basic", ("month", None, 28_00)), world.shop.offer("pro", ("month", None, 56_00))
    sub = world.subscribe(basic)
    world.until("2026-02-14")
    world.change(sub, ChangeOffer(offer=pro), invoice="next")
    assert held(world) == 14_00
    assert waiting(world) == [("pro", 28_00)]
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           28.00
                    credit basic                       -14.00
        2026-02-28  pro          02-28..03-31           56.00
                    pro          02-14..02-28           28.00
        """)
    assert world.captured() == [28_00, 56_00 + 28_00 - 14_00]
    assert held(world) == 0


def test_what_waits_is_billed_first_where_the_next_act_gives_it_back(world):
    offers = [world.shop.offer(name, ("month", None, amount)) for name, amount in (("a", 28_00), ("b", 56_00))]
    third = world.shop.offer("c", ("month", None, 84_00))
    sub = world.subscribe(offers[0])
    world.until("2026-02-14")
    world.change(sub, ChangeOffer(offer=offers[1]), invoice="next")
    world.until("2026-02-21")
    world.change(sub, ChangeOffer(offer=third), invoice="next")
    assert waiting(world) == [("c", 21_00)]
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  a            01-31..02-28           28.00
                    credit a                           -14.00
        2026-02-21  b            02-14..02-28           28.00
                    credit b                           -14.00
        2026-02-28  c            02-28..03-31           84.00
                    c            02-21..02-28           21.00
        """)
    assert sum(world.captured()) == 14_00 + 14_00 + 21_00 + 84_00
    assert held(world) == 0


def test_coupons_come_off_once(world):
    extra = world.shop.option("extra", 10_00)
    offer = world.shop.offer("basic", ("month", None, 30_00), options=[extra])
    ten = world.shop.coupon("TEN", percent_off=10, duration="forever")
    sub = world.subscribe(offer, coupons=[ten])
    world.until("2026-02-14")
    add(world, sub, extra, invoice="next")
    assert waiting(world) == [("extra", 4_50)]
    world.until("2026-02-28")
    assert world.captured() == [27_00, 27_00 + 9_00 + 4_50]


def test_charges_go_on_waiting_beside_it_and_another_change_takes_both(world):
    extra, other = world.shop.option("extra", 2_80), world.shop.option("other", 5_60)
    sub = world.subscribe(world.shop.offer("basic", ("month", None, 28_00), options=[extra, other]))
    world.until("2026-02-14")
    terms = ChargeTerms(title={"en": "Card"}, amount=5_00)
    add_charge(merchant_id=world.shop.id, subscription_id=sub.pk, terms=terms, actor=TESTER)
    add(world, sub, extra, invoice="next")
    assert waiting(world) == [("Card", 5_00), ("extra", 1_40)]
    add(world, sub, other)
    assert waiting(world) == []
    assert world.statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           28.00
        2026-02-14  other        02-14..02-28            2.80
                    Card                                 5.00
                    extra        02-14..02-28            1.40
        """)


def test_less_of_what_waits_gives_back_what_was_billed(world):
    extra = world.shop.option("extra", 2_80)
    sub = world.subscribe(world.shop.offer("basic", ("month", None, 28_00), options=[extra]))
    world.until("2026-02-14")
    add(world, sub, extra, invoice="next")
    world.until("2026-02-21")
    with tenant(world.shop.id):
        own = SubscriptionOption.objects.get()
    ask = RemoveOption(option_id=own.pk)
    seen = change.foresee(
        merchant_id=world.shop.id, subscription_id=sub.pk, ask=ask, changing=change.Changing(when="now")
    )
    assert sum(back.plan.credit.gross for back in seen.backs) == 70
    world.change(sub, ask, when="now")
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           28.00
        2026-02-21  extra        02-14..02-28            1.40
                    credit extra                        -0.70
        2026-02-28  basic        02-28..03-31           28.00
        """)


def test_the_end_bills_what_waits_and_gives_back_its_days(world):
    basic, pro = world.shop.offer("basic", ("month", None, 28_00)), world.shop.offer("pro", ("month", None, 56_00))
    sub = world.subscribe(basic)
    world.until("2026-02-14")
    world.change(sub, ChangeOffer(offer=pro), invoice="next")
    world.until("2026-02-21")
    leaving = Leaving(when="now", refund=Refunding.prorated, to="balance")
    with tenant(world.shop.id):
        row, before = Subscription.objects.get(id=sub.pk), rows(world.shop.id)
        seen = cancel.foresee(row, leaving, merchant=Merchant.objects.get(id=world.shop.id), now=world.now)
    assert (seen.amount_due, sum(back.plan.credit.gross for back in seen.backs)) == (28_00, 14_00)
    assert rows(world.shop.id) == before
    cancel.cancel(merchant_id=world.shop.id, subscription_id=sub.pk, leaving=leaving, actor=TESTER)
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           28.00
                    credit basic                       -14.00
        2026-02-21  pro          02-14..02-28           28.00
                    credit pro                         -14.00
        2026-02-21  ended: cancelled
        """)


def test_at_the_periods_end_it_is_on_the_closing_document(world):
    extra = world.shop.option("extra", 2_80)
    sub = world.subscribe(world.shop.offer("basic", ("month", None, 28_00), options=[extra]))
    world.until("2026-02-14")
    add(world, sub, extra, invoice="next")
    cancel.cancel_at_period_end(merchant_id=world.shop.id, subscription_id=sub.pk, actor=TESTER)
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           28.00
        2026-02-28  extra        02-14..02-28            1.40
        2026-02-28  ended: cancelled
        """)


def test_a_suspension_an_earlier_renewal_and_a_withdrawal_bill_it_first(world):
    extra = world.shop.option("extra", 2_80)
    offer = world.shop.offer("basic", ("month", None, 28_00), options=[extra])
    subs = [world.subscribe(offer, world.person(name)) for name in ("ada", "ben", "cem")]
    world.until("2026-02-07")
    for sub in subs:
        add(world, sub, extra, invoice="next")
    merchant_id = world.shop.id
    moving, withdrawing, off = Moving(on=date(2026, 2, 21)), Withdrawing(), Suspending(makes_good=MakesGood.credit)
    with tenant(merchant_id):
        merchant, before = Merchant.objects.get(id=merchant_id), rows(merchant_id)
        live = [Subscription.objects.get(id=sub.pk) for sub in subs]
        moved = move_renewal.foresee(live[0], moving, merchant=merchant, now=world.now)
        left = withdraw.foresee(live[1], withdrawing, merchant=merchant, now=world.now)
        suspended = suspend.foresee(live[2], off, merchant=merchant, now=world.now)
    assert rows(merchant_id) == before
    totals = [[sum(line.charged for line in one.lines) for one in seen.documents] for seen in (moved, left, suspended)]
    assert totals == [[2_10], [2_10], [2_10]]
    assert sum(back.plan.credit.gross for back in moved.backs) == 7_00 + 70
    move_renewal.move_renewal(merchant_id=merchant_id, subscription_id=subs[0].pk, moving=moving, actor=TESTER)
    withdraw.withdraw(merchant_id=merchant_id, subscription_id=subs[1].pk, asked=withdrawing, actor=TESTER)
    suspend.suspend(merchant_id=merchant_id, subscription_id=subs[2].pk, asked=off, actor=TESTER)
    assert waiting(world) == []
    assert world.statement(subs[0]) == dedent("""\
        2026-01-31  basic        01-31..02-28           28.00
                    credit basic                        -7.00
        2026-02-07  extra        02-07..02-28            2.10
                    credit extra                        -0.70
                    open                                 1.40
        """)


def test_what_waits_keeps_its_terms_of_tax_when_the_offer_changes(world):
    extra = world.shop.option("extra", 2_80)
    gross = world.shop.offer("gross", ("month", None, 28_00), options=[extra])
    net = world.shop.offer("net", ("month", None, 50_00), tax_behavior="exclusive")
    sub = world.subscribe(gross)
    world.until("2026-02-14")
    add(world, sub, extra, invoice="next")
    world.plan(sub, ChangeOffer(offer=net))
    world.until("2026-02-28")
    with tenant(world.shop.id):
        last = list(Invoice.objects.order_by("id").values_list("gross", flat=True))[1:]
        assert last == [1_40, 63_36]  # 1.40 with its VAT in it; 50.00 + 2.80, and 20 %
    assert waiting(world) == []


def test_what_cannot_wait_is_refused_and_nothing_is_written(world):
    basic, year = world.shop.offer("basic", ("month", None, 30_00)), world.shop.offer("year", ("year", None, 365_00))
    sub = world.subscribe(basic)
    world.until("2026-02-14")
    before = rows(world.shop.id)
    with pytest.raises(Conflict) as refused:
        world.change(sub, ChangeOffer(offer=year), when="now", invoice="next")
    assert refused.value.code == "new_period_begins"
    assert rows(world.shop.id) == before
    planned = Suspending(from_on=date(2026, 2, 20), makes_good=MakesGood.credit)
    suspend.suspend(merchant_id=world.shop.id, subscription_id=sub.pk, asked=planned, actor=TESTER)
    before = rows(world.shop.id)
    with pytest.raises(Conflict) as refused:
        world.change(sub, SetQuantity(quantity=3), invoice="next")
    assert refused.value.code == "suspension_planned"
    assert rows(world.shop.id) == before
