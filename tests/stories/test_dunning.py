"""An invoice that is not paid: what is tried, written and taken on which day, and how everything comes back at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.flows import collect, dunning
from billing.flows.collect import Collected
from invoices.models import Payment
from merchants.clock import instant
from merchants.models import Merchant
from merchants.tenancy.scope import tenant
from subscribers.models import Change
from tests.races.barrier import together
from tests.stories.debtors import REFUSED, Debtor

pytestmark = pytest.mark.django_db(transaction=True)


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
