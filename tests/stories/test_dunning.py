"""An invoice that is not paid: what is tried, written and taken on which day, and how everything comes back at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.flows import collect, dunning, methods, outcome
from billing.flows.collect import Collected
from billing.flows.renew import renew
from billing.models import DunningCase, SimulatedPage
from invoices.models import Invoice, Payment
from invoices.services import balances
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from merchants.clock import instant
from merchants.models import Merchant
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import Change, Subscription
from subscribers.selectors.rights import rights_of, verdict_of
from tests.apps.invoices.bills import pay
from tests.races.barrier import together
from tests.stories.debtors import Debtor

pytestmark = pytest.mark.django_db(transaction=True)
REFUSED = ("failed", "insufficient_funds")


@pytest.fixture
def lucie(shop):
    """Her card was refused this morning."""
    lucie = Debtor.of(shop, "pm_card_declinedLater")
    lucie.collect()
    return lucie


def policy(shop, *steps: tuple[int, list[str]]) -> None:
    with tenant(shop.id):
        plain = [{"after_days": days, "actions": actions} for days, actions in steps]
        Merchant.objects.filter(id=shop.id).update(dunning_steps=plain)


def test_the_standard_life_of_a_debt_day_by_day(lucie):
    lucie.after(2.9)
    assert lucie.tries() == [REFUSED]

    lucie.after(3)
    assert lucie.tries() == [REFUSED] * 2
    assert lucie.standing() == ("active", "retrying", "grace", "unpaid")
    lucie.after(6.9)
    assert lucie.tries() == [REFUSED] * 2

    lucie.after(7)
    assert lucie.tries() == [REFUSED] * 3
    assert lucie.standing() == ("active", "retrying", "grace", "unpaid")
    assert lucie.events("invoice.overdue") == []

    lucie.after(14)
    assert lucie.tries() == [REFUSED] * 4
    assert lucie.standing() == ("suspended", "overdue", "none", "unpaid")
    assert lucie.subscription().dunning == "suspend"
    [case] = lucie.cases()
    assert (case.taken, case.tries, case.is_overdue, case.next_step_at, case.ended_at) == (3, 4, True, None, None)

    lucie.after(60)
    assert lucie.tries() == [REFUSED] * 4
    assert lucie.captured() == []
    steps = [told["object"] for told in lucie.told("dunning.step_taken")]
    assert [(step["step"], step["actions"]) for step in steps] == [
        (1, ["retry", "write"]),
        (2, ["retry", "write"]),
        (3, ["retry", "suspend", "write"]),
    ]
    assert [step["payment"] for step in steps] == [payment.public_id for payment in lucie.payments()[1:]]
    for kind in ("dunning.started", "invoice.overdue", "subscription.suspended"):
        assert lucie.events(kind) == [kind]
    assert lucie.events("dunning.ended", "subscription.resumed") == []
    verdicts = [told["object"]["verdict"] for told in lucie.told("access.changed")]
    assert verdicts == ["full", "grace", "none"]


def test_a_new_card_pays_at_once_and_everything_comes_back(lucie):
    for day in (3, 7, 14):
        lucie.after(day)
    lucie.gives("pm_card_visa")
    assert lucie.captured() == [12_99]
    assert lucie.invoice().status == "paid"
    assert lucie.standing() == ("active", "ok", "full", "active")
    assert lucie.subscription().dunning == "none"
    [case] = lucie.cases()
    assert (case.outcome, case.next_step_at, case.taken) == ("paid", None, 3)
    assert lucie.events()[-5:] == [
        "payment.succeeded",
        "invoice.paid",
        "dunning.ended",
        "subscription.resumed",
        "access.changed",
    ]
    lucie.after(30)
    assert lucie.captured() == [12_99]


def test_what_was_paid_between_two_steps_is_not_tried_again(lucie):
    lucie.after(3)
    lucie.gives("pm_card_visa")
    lucie.after(7).after(14)
    assert lucie.tries() == [REFUSED] * 2 + [("succeeded", "")]
    assert lucie.captured() == [12_99]
    assert lucie.events("invoice.overdue", "subscription.suspended") == []
    assert lucie.events("dunning.ended") == ["dunning.ended"]


def test_a_hard_decline_is_not_tried_again_on_that_card_and_the_steps_only_write(shop):
    lucie = Debtor.of(shop, "pm_card_expiredLater")
    lucie.collect()
    for day in (3, 7, 14):
        lucie.after(day)
    assert lucie.tries() == [("failed", "card_expired")]
    steps = [told["object"] for told in lucie.told("dunning.step_taken")]
    assert [step["actions"] for step in steps] == [["write"], ["write"], ["suspend", "write"]]
    assert [step["payment"] for step in steps] == [None, None, None]
    assert lucie.standing() == ("suspended", "overdue", "none", "unpaid")
    lucie.gives("pm_card_declinedLater")
    assert lucie.tries() == [("failed", "card_expired"), REFUSED]
    assert lucie.standing() == ("suspended", "overdue", "none", "unpaid")
    assert len(lucie.cases()) == 1


def test_eight_tries_of_one_card_are_the_most_and_the_subscriber_s_own_do_not_count(shop, lucie):
    with tenant(shop.id):
        known = Payment.objects.get()
        for at in range(9):
            mine = at < 3
            Payment.objects.create(
                payer=lucie.person,
                invoice_id=lucie.invoice_id,
                payment_method=known.payment_method,
                account=shop.account,
                gateway="simulated",
                means="card",
                automatic=not mine,
                amount=12_99,
                currency="EUR",
                status="failed",
                code="insufficient_funds",
                advice="retry",
                created_at=lucie.now.at,
                settled_at=lucie.now.at,
                test_clock=lucie.clock,
            )
    lucie.after(3)  # seven by itself, three by her: one is left
    assert len(lucie.tries()) == 11
    lucie.after(7)
    assert len(lucie.tries()) == 11
    assert lucie.told("dunning.step_taken")[-1]["object"]["actions"] == ["write"]
    lucie.gives("pm_card_visa")  # another card has its own eight
    assert lucie.captured() == [12_99]


def test_an_outage_of_35_days_takes_one_step_and_keeps_the_days_between(lucie):
    """F17."""
    lucie.after(35)
    assert lucie.tries() == [REFUSED] * 2
    [case] = lucie.cases()
    assert (case.taken, case.is_overdue) == (1, False)
    assert case.next_step_at == case.opened_at + timedelta(days=39)
    assert lucie.standing() == ("active", "retrying", "grace", "unpaid")
    lucie.after(38.9)
    assert lucie.tries() == [REFUSED] * 2
    lucie.after(39.1)
    assert lucie.tries() == [REFUSED] * 3
    assert lucie.events("invoice.overdue") == []
    lucie.after(46.2)
    assert lucie.events("invoice.overdue") == ["invoice.overdue"]


def test_two_workers_at_one_step_try_once_and_tell_once(lucie):
    [case] = lucie.cases()
    lucie.wait_until(3)
    now = lucie.now
    together(*[lambda: dunning.take_step(merchant_id=lucie.shop.id, case_id=case.pk, now=now)] * 2)
    assert lucie.tries() == [REFUSED] * 2
    assert lucie.events("dunning.step_taken") == ["dunning.step_taken"]
    assert lucie.cases()[0].taken == 1


def test_a_worker_that_dies_between_the_charge_and_the_end_of_the_step_makes_no_second_try(lucie):
    [case] = lucie.cases()
    lucie.wait_until(3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dunning, "_end", lambda *_: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            dunning.take_step(merchant_id=lucie.shop.id, case_id=case.pk, now=lucie.now)
    assert lucie.tries() == [REFUSED] * 2
    assert lucie.events("dunning.step_taken") == []
    lucie.after(3)  # held for a quarter of an hour
    assert lucie.events("dunning.step_taken") == []
    lucie.after(3.02)
    assert lucie.tries() == [REFUSED] * 2
    [told] = lucie.told("dunning.step_taken")
    assert (told["object"]["step"], told["object"]["actions"]) == (1, ["retry", "write"])


def test_a_merchant_s_own_steps_are_copied_when_the_case_begins(shop):
    policy(shop, (1, ["restrict", "write"]), (5, ["suspend", "alert"]))
    lucie = Debtor.of(shop, "pm_card_declinedLater")
    lucie.collect()
    policy(shop, (1, ["suspend"]))
    lucie.after(1)
    assert lucie.standing() == ("active", "retrying", "restricted", "unpaid")
    assert lucie.tries() == [REFUSED]
    lucie.after(5)
    assert lucie.standing() == ("suspended", "overdue", "none", "unpaid")
    assert [told["object"]["actions"] for told in lucie.told("dunning.step_taken")] == [
        ["restrict", "write"],
        ["suspend", "alert"],
    ]


def test_overdue_without_suspension_keeps_the_service_in_grace(shop):
    policy(shop, (2, ["retry", "write"]))
    lucie = Debtor.of(shop, "pm_card_declinedLater")
    lucie.collect()
    lucie.after(2)
    assert lucie.standing() == ("active", "overdue", "grace", "unpaid")
    assert lucie.events("subscription.suspended") == []
    assert lucie.events("invoice.overdue") == ["invoice.overdue"]


def credited(lucie, amount=None):
    with tenant(lucie.shop.id):
        wanted = Wanted(amount=amount) if amount else Wanted()
        credit_invoice(lucie.invoice_id, wanted, reason="Torn", actor=lucie.shop.actor, now=lucie.now)


def paid_by_balance(lucie):
    with tenant(lucie.shop.id):
        act = {"actor": lucie.shop.actor, "now": lucie.now}
        entity = lucie.shop.entity.pk
        balances.adjust(lucie.person.pk, 12_99, currency="EUR", reason="Outage", legal_entity_id=entity, **act)
        balances.pay_open_invoices(lucie.person.pk, currency="EUR", **act)


def paid_in_cash(lucie):
    pay(lucie.shop, lucie.invoice(), 12_99, means="cash")


@pytest.mark.parametrize(
    ("settle", "how"), [(credited, "cancelled"), (paid_by_balance, "paid"), (paid_in_cash, "paid")]
)
@pytest.mark.parametrize("day", [0, 14])
def test_whatever_ends_the_debt_ends_the_case_and_gives_back_access_in_the_same_act(lucie, settle, how, day):
    if day:
        for step in (3, 7, 14):
            lucie.after(step)
    tried = lucie.tries()
    settle(lucie)
    [case] = lucie.cases()
    assert (case.outcome, case.next_step_at, lucie.invoice().status) == (how, None, how)
    assert lucie.standing() == ("active", "ok", "full", "active")
    assert lucie.events("dunning.ended") == ["dunning.ended"]
    assert lucie.events("subscription.resumed") == (["subscription.resumed"] if day else [])
    lucie.after(30)
    assert [one for one in lucie.tries() if one[0] != "succeeded"] == tried
    assert lucie.captured() == []


def test_what_we_owe_her_pays_before_a_step_does_anything_to_her(shop):
    lucie = Debtor.of(shop, "pm_card_expiredLater")
    lucie.collect()
    lucie.after(3)
    with tenant(shop.id):
        act = {"actor": shop.actor, "now": lucie.now, "legal_entity_id": shop.entity.pk}
        balances.adjust(lucie.person.pk, 20_00, currency="EUR", reason="Outage", **act)
    lucie.after(7)
    assert (lucie.invoice().status, lucie.invoice().amount_from_balance) == ("paid", 12_99)
    assert lucie.standing() == ("active", "ok", "full", "active")
    assert len(lucie.events("dunning.step_taken")) == 1
    assert lucie.captured() == []


def test_a_part_that_is_credited_leaves_the_case_open_and_only_the_rest_is_tried(lucie):
    credited(lucie, 10_00)
    lucie.after(3)
    assert [payment.amount for payment in lucie.payments()] == [12_99, 2_99]
    assert lucie.standing() == ("active", "retrying", "grace", "unpaid")


def test_no_step_is_taken_while_money_is_on_its_way(shop):
    lucie = Debtor.of(shop, None)
    lucie.collect()
    methods.attach(
        merchant_id=shop.id,
        subscriber_id=lucie.person.pk,
        kind="sepa_debit",
        token="pm_sepa_debitSucceeds",
        actor=shop.actor,
    )
    assert lucie.standing() == ("active", "processing", "full", "active")
    for day in (3, 4.1, 5.2):
        lucie.after(day)
    assert lucie.events("dunning.step_taken") == []
    assert lucie.tries() == [("processing", "")]

    [payment] = lucie.payments()
    no = {"code": "debit_refused", "decline_code": "refer_to_customer", "advice": "customer"}
    at_the_bank(shop, payment, status="failed", **no)
    for _ in range(2):
        outcome.ask_about(merchant_id=shop.id, payment_id=payment.pk)
    assert lucie.standing() == ("active", "retrying", "grace", "unpaid")
    assert len(lucie.cases()) == 1
    lucie.after(6.3)
    assert lucie.events("dunning.step_taken") == ["dunning.step_taken"]
    assert lucie.tries() == [("failed", "debit_refused")]


def at_the_bank(shop, payment, **columns):
    with tenant(shop.id):
        held = SimulatedPage.objects.get(ref=str(payment.pk))
        held.content = {**held.content, **columns}
        held.save()


def test_a_purchase_s_debit_that_comes_back_begins_a_case_and_a_retry_that_arrives_ends_it(shop):
    offer = shop.offer("hifi", ("month", None, 12_99))
    debtor = Debtor.enrol(shop)
    session = shop.checkout(debtor.person, offer)
    shop.press(session, "pm_sepa_debitSucceeds")
    shop.look(session)
    payment = shop.payment(session)
    with tenant(shop.id):
        invoice, subscription = Invoice.objects.get(), Subscription.objects.get()
        assert (payment.invoice_id, invoice.status, subscription.payment_state) == (invoice.pk, "open", "processing")
    at_the_bank(shop, payment, status="failed", code="debit_refused", decline_code="x", advice="retry")
    for _ in range(2):
        outcome.ask_about(merchant_id=shop.id, payment_id=payment.pk)
    debtor.invoice_id, debtor.subscription_id = invoice.pk, subscription.pk
    assert debtor.standing() == ("active", "retrying", "grace", "unpaid")
    assert [case.tries for case in debtor.cases()] == [1]
    debtor.after(3)
    again = debtor.payments()[-1]
    assert (again.status, again.session_id, debtor.standing()[1]) == ("processing", None, "processing")
    at_the_bank(shop, again, status="succeeded", captured=12_99)
    outcome.ask_about(merchant_id=shop.id, payment_id=again.pk)
    assert debtor.standing() == ("active", "ok", "full", "active")
    assert [case.outcome for case in debtor.cases()] == ["paid"]


def test_billing_goes_on_while_suspended_and_a_free_stage_comes_back_as_one(shop):
    shop.feature("hd")
    offer = shop.offer("trial", ("month", 1, 0), ("month", None, 10_00), features={"hd": {}}, setup_amount=5_00)
    debtor = Debtor.enrol(shop)
    debtor.gives("pm_card_declinedLater")
    debtor.subscribe(offer)
    debtor.collect()
    lucie, now = debtor.person, debtor.now
    with tenant(shop.id):
        assert set(rights_of(lucie.pk, now)) == {"hd"}
    for day in (3, 7, 14):
        debtor.after(day)
    assert debtor.standing() == ("suspended", "overdue", "none", "unpaid")
    with tenant(shop.id):
        assert rights_of(lucie.pk, now) == {}
        assert verdict_of(debtor.subscription(), now.today).why == "unpaid"
    debtor.gives("pm_card_visa")
    assert debtor.standing() == ("trialing", "ok", "full", "trial")
    with tenant(shop.id):
        assert set(rights_of(lucie.pk, now)) == {"hd"}


def test_periods_are_billed_while_suspended_and_each_invoice_has_its_own_case(lucie):
    shop = lucie.shop
    for day in (3, 7, 14):
        lucie.after(day)
    later = lucie.wait_until(32).now
    made = renew(merchant_id=shop.id, batch=[lucie.subscription_id], now=later, actor=shop.actor)
    assert len(made.invoices) == 1
    assert lucie.standing() == ("suspended", "overdue", "none", "unpaid")
    collect.collect(merchant_id=shop.id, invoice_ids=made.invoices, now=later, actor=shop.actor)
    assert lucie.standing() == ("suspended", "overdue", "none", "unpaid")
    with tenant(shop.id):
        assert DunningCase.objects.filter(ended_at=None).count() == 2
    paid_in_cash(lucie)  # the old one; the younger one is still being retried
    assert lucie.standing() == ("active", "retrying", "grace", "unpaid")
    lucie.gives("pm_card_visa")
    assert lucie.standing() == ("active", "ok", "full", "active")
    assert lucie.captured() == [12_99]


def test_an_ended_subscription_stays_ended_whatever_becomes_of_its_debt(lucie):
    """Peers moved one back to past due (reliability 2.5, 53)."""
    shop = lucie.shop
    with tenant(shop.id):
        ended = {"status": "ended", "ended_at": lucie.now.at, "end_reason": "cancelled", "next_action_at": None}
        ended |= {"access": "none", "access_reason": "ended", "access_until": None}
        history.update(lucie.subscription(), ended, actor=shop.actor, now=lucie.now, verb="ended")
    for day in (3, 7, 14):
        lucie.after(day)
    assert lucie.standing() == ("ended", "overdue", "none", "ended")
    assert lucie.subscription().dunning == "none"
    assert lucie.events("subscription.suspended") == []
    lucie.gives("pm_card_visa")
    assert lucie.standing() == ("ended", "ok", "none", "ended")
    assert lucie.events("subscription.resumed") == []


def test_a_suspended_merchant_s_cases_stand_still(lucie):
    with tenant(lucie.shop.id):
        Merchant.objects.filter(id=lucie.shop.id).update(suspended_at=instant())
    for day in (3, 7, 14):
        lucie.after(day)
    assert lucie.tries() == [REFUSED]
    assert lucie.events("dunning.step_taken") == []
    assert lucie.standing() == ("active", "retrying", "grace", "unpaid")


def test_the_history_says_what_dunning_did(lucie):
    for day in (3, 7, 14):
        lucie.after(day)
    lucie.gives("pm_card_visa")
    with tenant(lucie.shop.id):
        rows = Change.objects.filter(subject_id=lucie.subscription_id).order_by("id")
        verbs = [verb for verb in rows.values_list("verb", flat=True) if verb not in ("created", "activated")]
        assert verbs == ["payment_failed", "suspended", "resumed"]
        suspended = rows.get(verb="suspended")
        assert suspended.before == {"status": "active", "payment_state": "retrying", "dunning": "none"} | {
            "access": "grace",
        }
        assert suspended.after == {"status": "suspended", "payment_state": "overdue", "dunning": "suspend"} | {
            "access": "none",
        }
        assert suspended.actor_label == "dunning"


def test_a_new_card_is_tried_on_so_many_debts_while_its_owner_waits_the_others_follow(shop, monkeypatch):
    monkeypatch.setattr(collect, "AT_ONCE_AT_MOST", 2)
    lucie = Debtor.of(shop)
    for reference in ("two", "three"):
        lucie.subscribe(shop.offer(reference, ("month", None, 12_99)))
    lucie.gives("pm_card_visa")
    assert lucie.captured() == [12_99, 12_99]
    assert (lucie.invoice().status, lucie.invoice().collect_at) == ("open", lucie.now.at)
    assert lucie.collect().by_status == {"succeeded": 1}
    assert lucie.captured() == [12_99] * 3


def test_nothing_to_try_a_new_card_on_asks_nobody(shop):
    lucie = Debtor.of(shop, "pm_card_visa")
    lucie.collect()
    done = collect.retry_now(merchant_id=shop.id, payer_id=lucie.person.pk, actor=shop.actor)
    assert done == Collected()
    assert lucie.captured() == [12_99]
