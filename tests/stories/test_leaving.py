"""Ending a subscription at once, on a day, under a commitment: what is billed still, what is given back (domain 14)."""

from __future__ import annotations

from datetime import date

import pytest

from billing.engine.leaving import Refunding
from billing.flows import cancel
from billing.flows.cancel import Foreseen, Leaving
from billing.flows.renew import Renewed
from invoices.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine, Refund
from invoices.totals import totals
from merchants.models import Event, TestClock
from merchants.refusals import Conflict, Invalid
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.stories.statements import World
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)
PRORATED = Leaving(when="now", refund=Refunding.prorated)


@pytest.fixture
def world(shop):
    """1 May 2027, a Saturday; prices with VAT."""
    return World.on(shop, "2027-05-01")


def foreseen(world: World, sub: Subscription, leaving: Leaving) -> Foreseen:
    with tenant(world.shop.id):
        return cancel.foresee(world.now_is(sub), leaving, merchant=world.shop.merchant, now=world.now)


def leave(world: World, sub: Subscription, leaving: Leaving) -> tuple[int, int]:
    """End it, and hold the act to its preview: what was credited and what was billed, in cents."""
    seen = foreseen(world, sub, leaving)
    with tenant(world.shop.id):
        before = set(Invoice.objects.values_list("id", flat=True))
        assert not CreditNote.objects.exists()
    done = cancel.cancel(merchant_id=world.shop.id, subscription_id=sub.pk, leaving=leaving, actor=TESTER)
    assert (done.service_ends_on, done.billing_ends_on) == (seen.ends_on, seen.ends_on)
    with tenant(world.shop.id):
        notes = list(CreditNote.objects.order_by("id"))
        billed = sum(row.gross for row in Invoice.objects.exclude(id__in=before))
    assert billed == sum(totals(draft.lines, draft.tax_behavior).gross for draft in seen.documents)
    assert [(note.gross, note.to_invoice, note.to_balance, note.to_refund) for note in notes] == [
        (back.plan.credit.gross, back.plan.to_invoice, back.plan.to_balance, back.plan.to_refund) for back in seen.backs
    ]
    return sum(note.gross for note in notes), billed


def kinds(world: World) -> list[str]:
    with tenant(world.shop.id):
        rows = Event.objects.filter(kind__startswith="subscription.").order_by("id")
        return list(rows.values_list("kind", flat=True))


def test_ended_in_mid_month_the_days_that_are_left_go_back_to_the_card(world):
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 29_90)))
    world.until("2027-05-14")
    assert leave(world, sub, PRORATED) == (17_36, 0)
    now = world.now_is(sub)
    assert (now.status, now.access, now.end_reason, now.next_action_at) == ("ended", "none", "cancelled", None)
    with tenant(world.shop.id):
        (line,) = CreditNoteLine.objects.all()
        assert (line.formula, line.rule) == ("29.90 × 18/31 = 17.36", "days_not_had")
        note, refund = CreditNote.objects.get(), Refund.objects.get()
        assert (note.net, note.tax, note.to_refund, refund.amount) == (14_47, 2_89, 17_36, 17_36)
        assert note.reason == "Abonnement terminé avant sa période"  # in its document's language
    assert kinds(world)[-1] == "subscription.ended"
    assert "subscription.cancellation_scheduled" not in kinds(world)
    world.until("2027-08-02")
    with tenant(world.shop.id):
        assert (Invoice.objects.count(), CreditNote.objects.count()) == (1, 1)


@pytest.mark.parametrize(("refund", "credited"), [("none", 0), ("full", 29_90)])
def test_nothing_or_all_of_the_period_is_given_back_as_is_asked(world, refund, credited):
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 29_90)))
    world.until("2027-05-14")
    assert leave(world, sub, Leaving(when="now", refund=Refunding(refund), to="balance")) == (credited, 0)
    with tenant(world.shop.id):
        assert not Refund.objects.exists()
        assert sum(CreditNote.objects.values_list("to_balance", flat=True)) == credited


def test_what_was_not_paid_is_owed_less_and_nothing_goes_back(world):
    poor = world.person("poor", card=None)
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 29_90)), poor)
    world.until("2027-05-02")
    assert leave(world, sub, PRORATED) == (28_94, 0)  # 30 of 31 days
    with tenant(world.shop.id):
        invoice = Invoice.objects.get()
        assert (invoice.status, invoice.amount_due) == ("open", 96)
        assert not Refund.objects.exists()


def test_options_and_coupons_are_given_back_as_they_were_charged(world):
    extra = world.shop.option("extra", 5_00)
    tenth = world.shop.coupon("TENTH", percent_off=10, duration="once")
    sub = world.subscribe(
        world.shop.offer("salon", ("month", None, 29_90), options=[extra]), options=[extra], coupons=[tenth]
    )
    world.until("2027-05-14")
    assert leave(world, sub, PRORATED) == (15_63 + 2_61, 0)
    with tenant(world.shop.id):
        charged = [line.amount - line.discount for line in InvoiceLine.objects.order_by("position")]
        assert charged == [26_91, 4_50]
        assert [line.formula for line in CreditNoteLine.objects.order_by("position")] == [
            "26.91 × 18/31 = 15.63",
            "4.50 × 18/31 = 2.61",
        ]


def test_in_arrears_the_days_that_were_had_are_billed(world):
    stage = ("month", None, 29_90, {"billing": "arrears"})
    sub = world.subscribe(world.shop.offer("salon", stage))
    world.until("2027-05-14")
    assert leave(world, sub, PRORATED) == (0, 12_54)  # 13 of 31 days
    with tenant(world.shop.id):
        (line,) = InvoiceLine.objects.all()
        assert (line.period_start, line.period_end) == (date(2027, 5, 1), date(2027, 5, 14))


def test_on_a_day_of_the_next_month_the_next_month_is_billed_until_then(world):
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 29_90)))
    assert leave(world, sub, Leaving(when=date(2027, 6, 20))) == (0, 0)
    assert kinds(world)[-1] == "subscription.cancellation_scheduled"
    world.until("2027-06-19")
    assert world.now_is(sub).status == "active"
    world.until("2027-06-20")
    assert world.now_is(sub).status == "ended"
    with tenant(world.shop.id):
        assert [row.gross for row in Invoice.objects.order_by("sequence")] == [29_90, 18_94]  # 19 of 30 days


def test_what_a_late_run_has_not_made_yet_is_billed_up_to_the_end_and_no_further(world):
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 29_90)))
    with tenant(world.shop.id):
        TestClock.objects.update(time=world.now.at.replace(month=6, day=3))
    assert leave(world, sub, PRORATED) == (0, 1_99)  # 1 and 2 June of 30 days
    assert world.now_is(sub).status == "ended"


def test_a_commitment_ends_with_its_last_month_and_binds_until_then(shop):
    world = World.on(shop, "2027-01-31")
    sub = world.subscribe(shop.offer("bound", ("month", None, 10_00), commitment_intervals=12))
    world.until("2027-03-05")
    with pytest.raises(Conflict) as refused:
        foreseen(world, sub, Leaving(when="now"))
    assert (refused.value.code, refused.value.params) == ("commitment_running", {"day": "2028-01-31"})
    with pytest.raises(Conflict):
        foreseen(world, sub, Leaving(when=date(2028, 1, 30)))
    with pytest.raises(Invalid) as unsaid:
        foreseen(world, sub, Leaving(when="now", waive_commitment=True))
    assert [error.code for error in unsaid.value.errors] == ["reason_required"]
    assert foreseen(world, sub, Leaving()).ends_on == date(2028, 1, 31)
    world.until("2028-02-01")  # over: it goes on month by month
    assert foreseen(world, sub, Leaving()).ends_on == date(2028, 2, 29)
    assert leave(world, sub, Leaving(when="now")) == (0, 0)


def test_a_commitment_is_waived_with_a_reason(world):
    sub = world.subscribe(world.shop.offer("bound", ("month", None, 10_00), commitment_intervals=12))
    seen = foreseen(world, sub, Leaving(waive_commitment=True, reason="Moves where there is no salon"))
    assert seen.ends_on == date(2027, 6, 1)
    leaving = Leaving(when="now", refund=Refunding.full, waive_commitment=True, reason="Moves abroad")
    assert leave(world, sub, leaving) == (10_00, 0)
    with tenant(world.shop.id):
        assert CreditNote.objects.get().reason == "Moves abroad"


def test_a_launch_price_is_part_of_the_commitment(shop):
    """Three months at 1 €, then 10 €; twelve months of commitment count from the first of them."""
    world = World.on(shop, "2027-01-15")
    offer = shop.offer("bound", ("month", 1, 0), ("month", 3, 1_00), ("month", None, 10_00), commitment_intervals=12)
    sub = world.subscribe(offer)
    assert foreseen(world, sub, Leaving()).ends_on == date(2027, 2, 15)  # in the free month nothing binds
    world.until("2027-03-01")
    assert foreseen(world, sub, Leaving()).ends_on == date(2028, 2, 15)
    world.until("2027-09-01")  # in the last stage
    assert foreseen(world, sub, Leaving()).ends_on == date(2028, 2, 15)


@pytest.mark.parametrize(("on", "ends_on"), [("2027-05-01", date(2027, 6, 1)), ("2027-05-14", date(2027, 7, 1))])
def test_notice_moves_the_end_to_the_first_period_after_it(world, on, ends_on):
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 29_90), notice_days=30))
    if on != "2027-05-01":
        world.until(on)
    assert foreseen(world, sub, Leaving()).ends_on == ends_on
    with pytest.raises(Conflict, match="bind it until"):
        foreseen(world, sub, Leaving(when="now"))


def test_an_end_that_is_planned_is_moved_forward_or_taken_back(world):
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 29_90)))
    world.until("2027-05-14")
    for _ in range(2):
        assert leave(world, sub, Leaving(reason="Too far")) == (0, 0)
    assert world.now_is(sub).service_ends_on == date(2027, 6, 1)
    cancel.undo(merchant_id=world.shop.id, subscription_id=sub.pk, actor=TESTER)
    assert world.now_is(sub).service_ends_on is None
    leave(world, sub, Leaving())
    assert leave(world, sub, PRORATED) == (17_36, 0)
    with pytest.raises(Conflict):
        cancel.undo(merchant_id=world.shop.id, subscription_id=sub.pk, actor=TESTER)


def test_ended_on_its_first_day_all_of_it_goes_back(world):
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 29_90)))
    assert leave(world, sub, PRORATED) == (29_90, 0)
    with tenant(world.shop.id):
        assert Invoice.objects.get().status == "cancelled"


def test_in_a_free_stage_it_ends_with_it_or_at_once_for_nothing(world):
    sub = world.subscribe(world.shop.offer("salon", ("day", 14, 0), ("month", None, 29_90)))
    world.until("2027-05-05")
    assert foreseen(world, sub, Leaving()).ends_on == date(2027, 5, 15)
    assert leave(world, sub, PRORATED) == (0, 0)
    assert world.now_is(sub).status == "ended"


def test_what_cannot_be_ended_gives_nothing_back(world, monkeypatch):
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 29_90)))
    world.until("2027-05-14")
    with monkeypatch.context() as broken:
        broken.setattr(cancel, "renew", lambda **asked: Renewed())
        with pytest.raises(Conflict) as refused:
            cancel.cancel(merchant_id=world.shop.id, subscription_id=sub.pk, leaving=PRORATED, actor=TESTER)
    assert refused.value.code == "subscription_not_ended"
    now = world.now_is(sub)
    assert (now.status, now.service_ends_on) == ("active", None)
    with tenant(world.shop.id):
        assert not CreditNote.objects.exists()
