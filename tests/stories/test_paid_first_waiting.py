"""Changes that wait for their payment: what happens meanwhile, and which of two asks counts."""

from __future__ import annotations

from datetime import timedelta
from textwrap import dedent

import pytest

from billing.flows import cancel, change, change_paid, pay, reconcile
from billing.flows.asks import ChangeOffer, SetQuantity
from billing.flows.change import Changing
from billing.models import CheckoutSession
from invoices.models import CreditNote, Invoice, Refund
from merchants.models import TestClock
from merchants.refusals import Conflict
from merchants.tenancy.scope import tenant
from subscribers.models import Change
from tests.races.barrier import together
from tests.stories.paying_first import ask, begun, offer_of, other_card, pro, told, world
from tests.worlds import TESTER

__all__ = ["pro", "world"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)


def test_what_nobody_pays_lapses_and_leaves_nothing(world, pro):
    sub = begun(world)
    other_card(world, "pm_card_declinedLater")
    session = ask(world, sub, ChangeOffer(offer=pro))
    assert session is not None
    with tenant(world.shop.id):
        clock = TestClock.objects.get()
        clock.time += timedelta(hours=24)
        clock.save()
    reconcile.lapse(merchant_id=world.shop.id, session_id=session.pk)
    assert told(world) == ["checkout_session.expired"]
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           28.00
        2026-02-28  basic        02-28..03-31           28.00
                    open                                28.00
        """)
    assert world.now_is(sub).status == "active"


def test_cancelled_meanwhile_what_is_paid_goes_back(world, pro):
    sub = begun(world)
    other_card(world, "pm_card_declinedLater")
    session = ask(world, sub, ChangeOffer(offer=pro))
    world.shop.press(session)
    cancel.cancel_at_period_end(merchant_id=world.shop.id, subscription_id=sub.pk, actor=TESTER)
    assert world.shop.look(session).status == "expired"
    assert offer_of(world, sub) == "basic"
    with tenant(world.shop.id):
        refund = Refund.objects.get()
        assert (refund.amount, refund.payment.session_id) == (14_00, session.pk)
        assert (Invoice.objects.count(), CreditNote.objects.count()) == (1, 0)
    assert told(world) == ["checkout_session.expired"]


def test_another_sum_meanwhile_is_no_wrong_invoice(world, pro):
    sub = begun(world)
    other_card(world, "pm_card_declinedLater")
    session = ask(world, sub, ChangeOffer(offer=pro))
    world.shop.press(session)
    change.change(
        merchant_id=world.shop.id,
        subscription_id=sub.pk,
        ask=SetQuantity(quantity=2),
        changing=Changing(when="now"),
        actor=TESTER,
    )
    assert world.shop.look(session).status == "expired"
    assert offer_of(world, sub) == "basic"
    with tenant(world.shop.id):
        assert Refund.objects.get().amount == 14_00


def test_the_form_asks_for_what_it_costs_on_the_day_it_is_paid(world, pro):
    sub = begun(world)
    other_card(world, "pm_card_declinedLater")
    session = ask(world, sub, ChangeOffer(offer=pro))
    assert session is not None
    world.until("2026-02-15", at="08:00")
    with pytest.raises(pay.QuoteChanged):
        pay.start(merchant_id=world.shop.id, session_id=session.pk, seen=session.quote_id)
    with tenant(world.shop.id):
        quote = CheckoutSession.objects.get(id=session.pk).quote
    assert quote.total == 26_00 - 13_00  # 28.00 × 13/28 less
    world.shop.press(session)
    assert world.shop.look(session).status == "complete"
    assert world.captured() == [28_00, 13_00]


def test_a_new_ask_takes_the_place_of_the_one_that_waits_and_it_can_be_let_go(world, pro):
    sub = begun(world)
    other_card(world, "pm_card_declinedLater")
    first = ask(world, sub, ChangeOffer(offer=pro))
    second = ask(world, sub, SetQuantity(quantity=2))
    assert first is not None and second is not None
    with tenant(world.shop.id):
        assert dict(CheckoutSession.objects.values_list("id", "status")) == {first.pk: "expired", second.pk: "open"}
    change_paid.let_go(merchant_id=world.shop.id, subscription_id=sub.pk, actor=TESTER)
    with pytest.raises(Conflict) as refused:
        change_paid.let_go(merchant_id=world.shop.id, subscription_id=sub.pk, actor=TESTER)
    assert refused.value.code == "nothing_to_undo"
    assert world.now_is(sub).quantity == 1


def test_two_asks_at_once_make_one_change_and_take_one_sum(world, pro):
    sub = begun(world)
    asks = [lambda: ask(world, sub, ChangeOffer(offer=pro)) for _ in range(3)]
    together(*asks)
    assert offer_of(world, sub) == "pro"
    assert sum(world.captured()) == 28_00 + 14_00
    with tenant(world.shop.id):
        assert Change.objects.filter(subject_id=sub.pk, verb="changed").count() == 1


def test_two_looks_at_once_make_it_once(world, pro):
    sub = begun(world)
    other_card(world, "pm_card_declinedLater")
    session = ask(world, sub, ChangeOffer(offer=pro))
    assert session is not None
    world.shop.press(session)
    together(*[lambda: world.shop.look(session)] * 4)
    assert (offer_of(world, sub), sum(world.captured())) == ("pro", 28_00 + 14_00)
    with tenant(world.shop.id):
        assert (Invoice.objects.count(), Refund.objects.count()) == (2, 0)
