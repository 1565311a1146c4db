"""Subscriptions that no page sells: begun at once, scheduled, caught up, or charged to a card that is kept."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from billing.flows.checkout import Wish, open_session
from billing.flows.subscribe import preview
from billing.flows.subscribe_paid import subscribe_paid
from billing.flows.wanted import Wanted
from billing.models import CheckoutSession
from invoices.models import Invoice, InvoiceLine, Payment
from merchants.models import Coupon, Event, Merchant, ProviderAccount
from merchants.refusals import Refusal
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Grant, Subscription, SubscriptionCoupon, SubscriptionOption
from subscribers.selectors.past import row_at
from subscribers.selectors.rights import rights_of

pytestmark = pytest.mark.django_db(transaction=True)


def refused(call: Any) -> tuple[str, list[str]]:
    with pytest.raises(Refusal) as caught:
        call()
    return caught.value.code, [error.field for error in caught.value.errors]


def today(shop: Any) -> date:
    found: date = shop.now().today
    return found


def test_at_the_counter_it_is_active_and_invoiced_at_once(shop):
    shop.feature("quality", "level", ["standard", "hifi"])
    extra = shop.option("extra", 2_00)
    offer = shop.offer(
        "hifi", ("month", None, 12_99), options=[extra], features={"quality": {"level": "hifi"}}, setup_amount=5_00
    )
    coupon = shop.coupon("WELCOME", percent_off=10, duration="once")
    lucie = shop.enrol("lucie")
    made = shop.subscribe(lucie, offer, options=[extra], coupons=[coupon], reference="S-1", quantity=2)

    with tenant(shop.id):
        invoice = Invoice.objects.get()
        assert (made.status, made.access, made.payment_state, made.activation) == ("active", "full", "ok", "now")
        assert (made.start_on, made.current_period_start, made.period_index) == (today(shop), today(shop), 1)
        assert (made.reference, made.quantity, made.latest_invoice_id) == ("S-1", 2, invoice.pk)
        lines = list(InvoiceLine.objects.order_by("position").values_list("kind", "amount", "discount"))
        assert lines == [("setup", 5_00, 50), ("stage", 25_98, 2_60), ("option", 2_00, 20)]
        assert (invoice.status, invoice.gross, invoice.amount_paid) == ("open", 29_68, 0)
        assert invoice.collect_at is not None and invoice.issued_on == today(shop)
        assert not Payment.objects.exists()
        assert SubscriptionCoupon.objects.get().periods_used == 1
        assert Coupon.objects.get().uses == 1
        assert SubscriptionOption.objects.get().starts_on == today(shop)
        assert rights_of(lucie.pk, shop.now())["quality"].level == "hifi"
        kinds = list(Event.objects.order_by("subscriber_sequence").values_list("kind", flat=True))
        assert kinds == [
            "subscriber.created",
            "subscription.created",
            "invoice.finalized",
            "subscription.activated",
            "access.changed",
        ]
        verbs = Change.objects.filter(subject_id=made.pk).order_by("id").values_list("verb", flat=True)
        assert list(verbs) == ["created", "activated"]
        then = row_at(made, as_of=shop.now().at, known_at=None)
        assert then is not None and (then.status, then.quantity) == ("active", 2)


def test_a_free_stage_owes_nothing_and_is_had_once(shop):
    offer = shop.offer("trial", ("day", 14, 0), ("month", None, 12_99))
    lucie = shop.enrol("lucie")
    made = shop.subscribe(lucie, offer)
    assert (made.status, made.access_reason) == ("trialing", "trial")
    assert made.free_until is not None
    with tenant(shop.id):
        assert not Invoice.objects.exists()
    assert refused(lambda: shop.subscribe(lucie, offer)) == ("free_stage_used", [])
    assert shop.subscribe(shop.enrol("b"), offer).status == "trialing"


def test_one_that_starts_later_waits_and_takes_its_place(shop):
    offer = shop.offer("trial", ("day", 14, 0), ("month", None, 12_99))
    coupon = shop.coupon("ONE", percent_off=10, duration="once", max_uses=1)
    lucie = shop.enrol("lucie")
    start = today(shop) + timedelta(days=10)
    made = shop.subscribe(lucie, offer, coupons=[coupon], start_on=start)
    assert (made.status, made.access, made.access_reason, made.start_on) == ("scheduled", "none", "not_started", start)
    assert made.access_until == made.next_action_at
    with tenant(shop.id):
        assert (Invoice.objects.count(), Grant.objects.count()) == (0, 0)
        assert Coupon.objects.get().uses == 1
        assert made.started_at is None
    assert refused(lambda: shop.subscribe(lucie, offer)) == ("free_stage_used", [])


def test_one_that_started_in_the_past_is_caught_up_period_by_period(shop):
    start = today(shop) - timedelta(days=70)
    offer = shop.offer("hifi", ("month", None, 12_99))
    seen = preview(
        merchant_id=shop.id, wanted=Wanted(subscriber=shop.enrol("a"), offer=offer, start_on=start), actor=shop.actor
    )
    made = shop.subscribe(shop.enrol("lucie"), offer, start_on=start)
    with tenant(shop.id):
        invoices = list(Invoice.objects.order_by("sequence"))
        assert [invoice.period_start for invoice in invoices] == [draft.on for draft in seen.documents]
        assert {invoice.issued_on for invoice in invoices} == {today(shop)}
        assert len(invoices) == 3 and invoices[0].period_start == start
        assert made.current_period_start <= today(shop) < made.current_period_end
        assert made.period_index == 3
        assert seen.due == 3 * 12_99
        assert sum(invoice.gross for invoice in invoices) == seen.due


@pytest.mark.parametrize(
    ("days", "code"),
    [(-367, "start_on_out_of_range"), (1828, "start_on_out_of_range"), (-200, "too_many_periods_behind")],
)
def test_a_start_too_far_away_is_refused_and_nothing_is_written(shop, days, code):
    offer = shop.offer("daily", ("day", None, 1_00))
    lucie = shop.enrol("lucie")
    wish = lambda: shop.subscribe(lucie, offer, start_on=today(shop) + timedelta(days=days))  # noqa: E731
    assert refused(wish) == (code, ["start_on"])
    with tenant(shop.id):
        assert not Subscription.objects.exists()


def test_an_own_billing_day_shortens_the_first_period(shop):
    offer = shop.offer("hifi", ("month", None, 30_00))
    other = today(shop) + timedelta(days=3)
    made = shop.subscribe(shop.enrol("lucie"), offer, billing_day=other.day)
    assert (made.billing_day, made.period_index, made.anchor_day) == (other.day, 0, other.day)
    assert made.current_period_end == other
    with tenant(shop.id):
        assert 0 < Invoice.objects.get().gross < 5_00


def test_a_payer_s_subscriptions_share_a_day_where_the_merchant_says_so(shop):
    offer = shop.offer("hifi", ("month", None, 30_00))
    lucie = shop.enrol("lucie")
    start = today(shop) - timedelta(days=5)
    first = shop.subscribe(lucie, offer, start_on=start)
    apart = shop.subscribe(lucie, offer)
    assert (apart.billing_day, apart.current_period_start) == (None, today(shop))
    with tenant(shop.id):
        Merchant.objects.filter(id=shop.id).update(share_billing_day=True)
    together = shop.subscribe(lucie, offer)
    assert together.billing_day == start.day == first.anchor_day
    assert together.current_period_end == first.current_period_end
    session = shop.buy(lucie, offer)
    assert session.subscription.billing_day == start.day
    assert session.subscription.current_period_end == first.current_period_end
    assert session.invoice.gross == session.quote.total < 30_00
    assert shop.subscribe(shop.enrol("other"), offer).billing_day is None


def test_a_card_that_is_kept_is_charged_before_anything_begins(shop):
    offer = shop.offer("hifi", ("month", None, 12_99))
    lucie = shop.enrol("lucie")
    card = shop.method(lucie)
    session = subscribe_paid(
        merchant_id=shop.id, wanted=Wanted(subscriber=lucie, offer=offer, reference="S-1"), actor=shop.actor
    )
    assert session.status == "complete"
    with tenant(shop.id):
        subscription, invoice, payment = Subscription.objects.get(), Invoice.objects.get(), Payment.objects.get()
        assert (subscription.status, subscription.reference) == ("active", "S-1")
        assert (invoice.status, invoice.gross) == ("paid", 12_99)
        assert (payment.status, payment.captured, payment.payment_method_id) == ("succeeded", 12_99, card.pk)


def test_a_refused_card_begins_nothing_and_the_form_takes_another(shop):
    offer = shop.offer("hifi", ("month", None, 12_99))
    lucie = shop.enrol("lucie")
    shop.method(lucie, "pm_card_chargeCustomerFail")
    session = subscribe_paid(merchant_id=shop.id, wanted=Wanted(subscriber=lucie, offer=offer), actor=shop.actor)
    assert (session.status, session.subscription.status) == ("open", "incomplete")
    with tenant(shop.id):
        assert not Invoice.objects.exists()
        assert Payment.objects.get().status == "failed"
    shop.press(session)
    assert shop.look(session).status == "complete"
    with tenant(shop.id):
        assert (Invoice.objects.count(), Payment.objects.filter(status="succeeded").count()) == (1, 1)


def test_asked_again_under_the_same_id_it_charges_once(shop):
    offer = shop.offer("hifi", ("month", None, 12_99))
    lucie = shop.enrol("lucie")
    shop.method(lucie)
    wanted = Wanted(subscriber=lucie, offer=offer)
    with tenant(shop.id):
        waiting = open_session(merchant_id=shop.id, wish=Wish(subscriber=lucie, offer=offer), actor=shop.actor)
    for _ in range(2):
        done = subscribe_paid(merchant_id=shop.id, wanted=wanted, actor=shop.actor, session_id=waiting.pk)
        assert done.status == "complete"
    with tenant(shop.id):
        assert (CheckoutSession.objects.count(), Payment.objects.count(), Invoice.objects.count()) == (1, 1, 1)


def test_a_repeat_after_a_worker_died_asks_the_same_of_the_same_card(shop, monkeypatch):
    offer = shop.offer("hifi", ("month", None, 12_99))
    lucie = shop.enrol("lucie")
    first = shop.method(lucie)
    wanted = Wanted(subscriber=lucie, offer=offer)
    with tenant(shop.id):
        waiting = open_session(merchant_id=shop.id, wish=Wish(subscriber=lucie, offer=offer), actor=shop.actor)

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr("billing.flows.asking.ask", dies)
        with pytest.raises(KeyboardInterrupt):
            subscribe_paid(merchant_id=shop.id, wanted=wanted, actor=shop.actor, session_id=waiting.pk)
    with tenant(shop.id):
        lost = Payment.objects.get()
        assert (lost.status, lost.captured) == ("pending", 0)
    shop.method(lucie)  # another one is the default by now
    done = subscribe_paid(merchant_id=shop.id, wanted=wanted, actor=shop.actor, session_id=waiting.pk)
    assert done.status == "complete"
    with tenant(shop.id):
        payment = Payment.objects.get()
        assert (payment.pk, payment.captured, payment.payment_method_id) == (lost.pk, 12_99, first.pk)
        assert payment.asked_at > lost.asked_at


def test_an_answer_that_was_not_understood_leaves_the_purchase_open_and_is_asked_for_later(shop, monkeypatch):
    offer = shop.offer("hifi", ("month", None, 12_99))
    lucie = shop.enrol("lucie")
    shop.method(lucie)
    with monkeypatch.context() as broken:
        broken.setattr("billing.gateways.simulated.SimulatedGateway.charge", lambda *_: 1 / 0)
        session = subscribe_paid(merchant_id=shop.id, wanted=Wanted(subscriber=lucie, offer=offer), actor=shop.actor)
    assert (session.status, session.subscription.status) == ("open", "incomplete")
    with tenant(shop.id):
        payment = Payment.objects.get()
        assert (payment.status, payment.captured) == ("unknown", 0) and payment.next_look_at is not None


def test_what_waits_for_its_payment_needs_a_card_and_begins_today(shop):
    offer = shop.offer("hifi", ("month", None, 12_99))
    lucie, other = shop.enrol("lucie"), shop.enrol("other")
    ask = lambda **more: subscribe_paid(  # noqa: E731
        merchant_id=shop.id, wanted=Wanted(subscriber=lucie, offer=offer, **more), actor=shop.actor
    )
    assert refused(ask) == ("payment_method_missing", [])
    strange = shop.method(other)
    assert refused(lambda: ask(payment_method=strange)) == ("payment_method_missing", [])
    shop.method(lucie)
    assert refused(lambda: ask(start_on=today(shop))) == ("start_on_needs_activation_now", ["start_on"])
    assert refused(lambda: ask(collection="manual")) == ("collection_needs_activation_now", ["collection"])
    with tenant(shop.id):
        ProviderAccount.objects.update(disconnected_at=shop.now().at, is_default=False)
        ProviderAccount.objects.create(kind="simulated", is_default=True, created_at=shop.now().at)
    assert refused(ask) == ("payment_method_missing", [])
    with tenant(shop.id):
        assert not Subscription.objects.exists() and not Payment.objects.exists()


def test_who_pays_by_transfer_is_not_asked_by_us(shop):
    made = shop.subscribe(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_99)), collection="manual")
    with tenant(shop.id):
        invoice = Invoice.objects.get()
        assert (made.collection, invoice.status, invoice.collect_at) == ("manual", "open", None)


def test_what_cannot_be_sold_writes_nothing(shop):
    extra, alien = shop.option("extra", 2_00), shop.option("alien", 1_00)
    offer = shop.offer("hifi", ("month", None, 12_99), options=[extra])
    dollars = shop.coupon("USD", amount_off=1_00, currency="USD", duration="once")
    spent = shop.coupon("SPENT", percent_off=5, duration="once", max_uses=1, uses=1)
    lucie, other = shop.enrol("lucie"), shop.enrol("other")
    shop.subscribe(other, offer, reference="S-1")
    strange = shop.method(other)
    sell = lambda **wish: lambda: shop.subscribe(lucie, offer, **wish)  # noqa: E731
    assert refused(sell(quantity=0)) == ("quantity_out_of_range", ["quantity"])
    assert refused(sell(options=[alien])) == ("option_not_sold_with_offer", ["options[0]"])
    assert refused(sell(coupons=[dollars])) == ("coupon_currency_mismatch", ["coupons[0]"])
    assert refused(sell(coupons=[spent])) == ("coupon_used_up", ["coupons[0]"])
    assert refused(sell(billing_day=32)) == ("billing_day_out_of_range", ["billing_day"])
    assert refused(sell(reference="S-1")) == ("reference_taken", [])
    assert refused(sell(payment_method=strange)) == ("payment_method_not_the_payers", ["payment_method"])
    with tenant(shop.id):
        assert Subscription.objects.count() == 1
        assert Invoice.objects.count() == 1
