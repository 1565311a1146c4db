"""Changes that are made only if they are paid (domain 9, `only_if_paid`): by the card, by the form, or not at all."""

from __future__ import annotations

from datetime import timedelta
from textwrap import dedent
from typing import Any

import pytest

from billing.flows import cancel, change, change_paid, methods, pay, reconcile
from billing.flows.asks import AddOption, Ask, ChangeOffer, Gift, SetQuantity
from billing.flows.change import Changing
from billing.flows.purchase import WishedOption
from billing.models import CheckoutSession
from invoices.models import CreditNote, Invoice, Payment, Refund
from invoices.services.balances import balance_of
from merchants.models import Event, Merchant, TestClock
from merchants.refusals import Conflict, Invalid
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Subscription, SubscriptionOption
from tests.races.barrier import together
from tests.stories.statements import World, rows
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(shop):
    return World.on(shop, "2026-01-31")


@pytest.fixture
def pro(world):
    return world.shop.offer("pro", ("month", None, 56_00))


def begun(world: World, card: str | None = "pm_card_visa") -> Subscription:
    """28.00 a month, on the 14th of a February of 28 days."""
    sub = world.subscribe(world.shop.offer("basic", ("month", None, 28_00)), world.person(card=card))
    world.until("2026-02-14")
    return sub


def ask(world: World, sub: Subscription, wish: Ask, **how: Any) -> CheckoutSession | None:
    named = {"merchant_id": world.shop.id, "subscription_id": sub.pk, "ask": wish, "actor": TESTER}
    return change_paid.change_paid(changing=Changing(**how), **named)


def other_card(world: World, token: str) -> None:
    """The card that is kept from now on."""
    named = {"merchant_id": world.shop.id, "subscriber_id": world.person().pk, "actor": TESTER}
    methods.attach(kind="sepa_debit" if "sepa" in token else "card", token=token, **named)


def told(world: World) -> list[str]:
    with tenant(world.shop.id):
        kinds = Event.objects.filter(kind__startswith="checkout_session").order_by("subscriber_sequence")
        return list(kinds.values_list("kind", flat=True))


def held(world: World) -> int:
    with tenant(world.shop.id):
        return balance_of(world.person().pk, "EUR")


def offer_of(world: World, sub: Subscription) -> str:
    with tenant(world.shop.id):
        return Subscription.objects.get(id=sub.pk).offer_version.offer.reference


def test_paid_by_the_kept_card_it_is_made_at_once(world, pro):
    sub = begun(world)
    before, wish = rows(world.shop.id), ChangeOffer(offer=pro)
    named = {"merchant_id": world.shop.id, "subscription_id": sub.pk, "ask": wish, "actor": TESTER}
    assert change_paid.foresee(changing=Changing(), **named) == 14_00
    assert rows(world.shop.id) == before
    session = ask(world, sub, wish, reason="wants more")
    assert session is not None and (session.status, session.quote.total) == ("complete", 14_00)
    assert world.statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           28.00
                    credit basic                       -14.00
        2026-02-14  pro          02-14..02-28           28.00
        """)
    assert world.captured() == [28_00, 14_00]
    with tenant(world.shop.id):
        invoice = Invoice.objects.latest("id")
        assert (invoice.status, invoice.amount_due, invoice.pk) == ("paid", 0, session.invoice_id)
        changed = Change.objects.get(subject_id=sub.pk, verb="changed")
        assert (changed.reason, changed.actor_label) == ("wants more", TESTER.label)
    assert told(world) == ["checkout_session.completed"]
    assert world.until("2026-02-28").captured() == [28_00, 14_00, 56_00]


def test_without_a_card_it_waits_for_its_form_and_is_made_when_that_is_paid(world, pro):
    sub = begun(world, card=None)
    with tenant(world.shop.id):
        owed = Invoice.objects.get().amount_due
    session = ask(world, sub, ChangeOffer(offer=pro))
    assert owed == 28_00 and session is not None
    assert (session.status, session.quote.total) == ("open", 28_00)  # 14.00 given back is owed on the first invoice
    assert offer_of(world, sub) == "basic"
    world.shop.press(session)
    assert offer_of(world, sub) == "basic"
    assert world.shop.look(session).status == "complete"
    assert offer_of(world, sub) == "pro"
    with tenant(world.shop.id):
        assert CreditNote.objects.get().gross == 14_00
        assert Payment.objects.get(session_id=session.pk).invoice_id == Invoice.objects.latest("id").pk


@pytest.mark.parametrize(
    ("card", "stands"),
    [("pm_card_declinedLater", "failed"), ("pm_card_authenticationRequired", "requires_action")],
)
def test_refused_or_wanted_by_the_bank_it_changes_nothing(world, pro, card, stands):
    sub = begun(world)
    other_card(world, card)
    before = world.now_is(sub)
    session = ask(world, sub, ChangeOffer(offer=pro))
    assert session is not None and session.status == "open"
    after = world.now_is(sub)
    assert (after.offer_version_id, after.updated_at) == (before.offer_version_id, before.updated_at)
    with tenant(world.shop.id):
        assert (Invoice.objects.count(), CreditNote.objects.count()) == (1, 0)
        assert Payment.objects.get(session_id=session.pk).status == stands


def test_refused_by_the_kept_card_its_form_takes_another(world, pro):
    sub = begun(world)
    other_card(world, "pm_card_declinedLater")
    session = ask(world, sub, ChangeOffer(offer=pro))
    assert session is not None
    world.shop.press(session)
    assert world.shop.look(session).status == "complete"
    assert (offer_of(world, sub), world.captured()) == ("pro", [28_00, 14_00])


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


def test_what_leaves_nothing_to_pay_is_made_at_once(world, pro):
    sub = world.subscribe(pro)
    world.until("2026-02-14")
    basic = world.shop.offer("basic", ("month", None, 28_00))
    assert ask(world, sub, ChangeOffer(offer=basic), when="now") is None
    assert offer_of(world, sub) == "basic" and held(world) == 14_00
    assert ask(world, sub, SetQuantity(quantity=2)) is None  # 14.00, which the balance pays
    assert (world.now_is(sub).quantity, held(world), world.captured()) == (2, 0, [56_00])


def test_an_option_is_had_when_it_is_paid(world):
    extra = world.shop.option("extra", 2_80)
    sub = world.subscribe(world.shop.offer("basic", ("month", None, 28_00), options=[extra]))
    world.until("2026-02-14")
    session = ask(world, sub, AddOption(wished=WishedOption(option=extra)))
    assert session is not None and session.status == "complete"
    with tenant(world.shop.id):
        assert SubscriptionOption.objects.get().subscription_id == sub.pk
    assert world.captured() == [28_00, 1_40]
    given = AddOption(wished=WishedOption(option=extra), gift=Gift(reason="an outage"))
    assert ask(world, sub, given) is None  # a gift waits for no payment


def test_a_debit_that_is_accepted_makes_it_and_settles_it_days_later(world, pro):
    sub = begun(world)
    other_card(world, "pm_sepa_debitSucceeds")
    session = ask(world, sub, ChangeOffer(offer=pro))
    assert session is not None and session.status == "complete"
    with tenant(world.shop.id):
        invoice = Invoice.objects.latest("id")
        assert (invoice.status, Payment.objects.get(session_id=session.pk).status) == ("open", "processing")
    assert offer_of(world, sub) == "pro"


def test_without_a_return_page_the_form_leads_back_to_the_website(world, pro):
    sub = begun(world)
    other_card(world, "pm_card_declinedLater")
    with tenant(world.shop.id):
        Merchant.objects.filter(id=world.shop.id).update(success_url="", website="")
    before = rows(world.shop.id)
    with pytest.raises(Conflict) as refused:
        ask(world, sub, ChangeOffer(offer=pro))
    assert refused.value.code == "success_url_missing" and rows(world.shop.id) == before
    with tenant(world.shop.id):
        Merchant.objects.filter(id=world.shop.id).update(website="https://onde.example")
    session = ask(world, sub, ChangeOffer(offer=pro))
    assert session is not None and session.success_url == "https://onde.example"


def test_what_cannot_wait_for_a_payment_is_refused(world, pro):
    sub = begun(world)
    before = rows(world.shop.id)
    for how, field, code in (
        ({"when": "period_end"}, "when", "only_if_paid_counts_now"),
        ({"invoice": "next"}, "invoice", "only_if_paid_is_billed_now"),
    ):
        with pytest.raises(Invalid) as refused:
            ask(world, sub, ChangeOffer(offer=pro), **how)
        assert [(error.field, error.code) for error in refused.value.errors] == [(field, code)]
    cheaper = world.shop.offer("cheaper", ("month", None, 7_00))
    before = rows(world.shop.id)
    with pytest.raises(Invalid) as later:  # by the policy it counts at the period's end
        ask(world, sub, ChangeOffer(offer=cheaper))
    assert later.value.errors[0].code == "only_if_paid_counts_now"
    with pytest.raises(Conflict) as unchanged:
        ask(world, sub, SetQuantity(quantity=1), when="now")
    assert unchanged.value.code == "nothing_changes"
    assert rows(world.shop.id) == before


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
