"""Leaving before a commitment is over, on a day to come, and before it has begun (domain 14)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from billing.engine.leaving import Refunding
from billing.flows import cancel
from billing.flows.cancel import Leaving
from invoices.calculations import say
from invoices.models import CreditNote, Invoice, InvoiceLine
from merchants.early_end import EarlyEnd
from merchants.refusals import Conflict
from merchants.tenancy.scope import tenant
from subscribers.models import Change
from tests.stories.statements import World
from tests.stories.test_leaving import foreseen, kinds, leave
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)
HALF = EarlyEnd(formula="remaining", percent=Decimal(50)).told()
TELECOM = EarlyEnd(formula="remaining", percent=Decimal(100), later_from=12, later_percent=Decimal(20)).told()
MELTING = EarlyEnd(formula="degressive", amount=120_00).told()
ON_20_AUGUST = Leaving(when=date(2027, 8, 20), refund=Refunding.prorated)


@pytest.fixture
def world(shop):
    """1 May 2027, a Saturday; prices with VAT."""
    return World.on(shop, "2027-05-01")


def cancelled(world: World, sub, leaving: Leaving):
    return cancel.cancel(merchant_id=world.shop.id, subscription_id=sub.pk, leaving=leaving, actor=TESTER)


def billed(world: World) -> list[int]:
    with tenant(world.shop.id):
        return [row.gross for row in Invoice.objects.order_by("sequence")]


def test_a_commitment_is_left_early_for_half_of_what_was_left(world):
    sub = world.subscribe(world.shop.offer("bound", ("month", None, 10_00), commitment_intervals=12, early_end=HALF))
    world.until("2027-08-10")  # four months are billed
    assert foreseen(world, sub, Leaving()).ends_on == date(2028, 5, 1)  # at its own end: for nothing
    waived = Leaving(when="now", waive_commitment=True, reason="Moves where there is no salon")
    assert foreseen(world, sub, waived).amount_due == 0
    seen = foreseen(world, sub, Leaving(when="now"))
    assert (seen.fee_due, seen.amount_due, seen.fee.formula) == (40_00, 40_00, "80.00 × 50% = 40.00")
    assert leave(world, sub, Leaving(when="now")) == (0, 40_00)
    assert world.now_is(sub).status == "ended"
    with tenant(world.shop.id):
        line = InvoiceLine.objects.order_by("id").last()
        assert (line.kind, line.rule, line.formula) == ("early_end", "early_end", "80.00 × 50% = 40.00")
        assert (line.tax_percent, line.net) == (20, 33_33)
        said = say(line.rule, line.inputs, amount=line.amount, language="fr")
        assert said.replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\N{NO-BREAK SPACE}", " ") == (
            "80,00 × 50 % = 40,00, engagement jusqu’au 30 avril 2028"
        )
        told = Change.objects.filter(subject_id=sub.pk, verb="cancelled").get()
        assert told.after["owes_early_end"] is True


def test_the_fee_of_a_day_to_come_is_billed_that_day_and_never_where_it_is_taken_back(world):
    sub = world.subscribe(world.shop.offer("bound", ("month", None, 31_00), commitment_intervals=6, early_end=HALF))
    on_the_20th = Leaving(when=date(2027, 8, 20))
    seen = foreseen(world, sub, on_the_20th)
    assert (seen.fee_due, seen.amount_due) == (37_00, 0)  # (12.00 of August + 2 × 31.00) / 2
    for _ in range(2):
        cancelled(world, sub, on_the_20th)
        cancel.undo(merchant_id=world.shop.id, subscription_id=sub.pk, actor=TESTER)
    assert world.now_is(sub).owes_early_end is False
    cancelled(world, sub, on_the_20th)
    assert kinds(world)[-1] == "subscription.cancellation_scheduled"
    world.until("2027-08-21")
    assert billed(world) == [31_00, 31_00, 31_00, 19_00, 37_00]
    world.until("2027-12-01")
    assert len(billed(world)) == 5


def test_bound_for_24_months_after_the_twelfth_a_fifth_is_asked(shop):
    """Code de la consommation, art. L224-28: telephone and internet."""
    world = World.on(shop, "2027-01-31")
    sub = world.subscribe(shop.offer("line", ("month", None, 30_00), commitment_intervals=24, early_end=TELECOM))
    world.until("2027-07-10")  # six months are billed
    assert foreseen(world, sub, Leaving(when="now")).fee.formula == "180.00 × 100% + 360.00 × 20% = 252.00"
    world.until("2028-04-30", at="08:00")  # sixteen: the last of them from today
    assert leave(world, sub, Leaving(when="now")) == (0, 48_00)  # 8 × 30.00, at 20 %


def test_a_fee_that_melts_is_never_above_what_was_left(world):
    half = world.shop.coupon("HALF", percent_off=50, duration="forever")
    offer = world.shop.offer(
        "club", ("month", 3, 2_00), ("month", None, 20_00), commitment_intervals=12, early_end=MELTING
    )
    sub = world.subscribe(offer, coupons=[half])
    assert foreseen(world, sub, Leaving(when=date(2027, 5, 2))).fee.formula == "min(120.00 × 11/12; 92.00) = 92.00"
    world.until("2028-02-15")  # ten months are billed, two are left at 10.00
    seen = foreseen(world, sub, Leaving(when="now"))
    assert (seen.fee.formula, seen.fee_due) == ("120.00 × 2/12 = 20.00", 20_00)
    assert leave(world, sub, Leaving(when="now")) == (0, 20_00)


def test_a_notice_of_a_month_goes_by_the_calendar_and_no_fee_buys_it_off(shop):
    world = World.on(shop, "2027-01-31")
    terms = {"commitment_intervals": 3, "notice_months": 1, "early_end": HALF}
    sub = world.subscribe(shop.offer("bound", ("month", None, 10_00), **terms))
    with pytest.raises(Conflict) as refused:
        foreseen(world, sub, Leaving(when=date(2027, 2, 27)))
    assert (refused.value.code, refused.value.params) == ("commitment_running", {"day": "2027-02-28"})
    assert foreseen(world, sub, Leaving(when=date(2027, 2, 28))).fee_due == 10_00
    assert foreseen(world, sub, Leaving()).ends_on == date(2027, 4, 30)
    world.until("2027-05-15")  # the commitment is over, the notice is not
    assert foreseen(world, sub, Leaving()).ends_on == date(2027, 6, 30)


def test_what_is_given_back_on_a_day_to_come_is_credited_when_it_comes(world):
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 31_00)))
    world.until("2027-08-10")
    seen = foreseen(world, sub, ON_20_AUGUST)
    assert [back.plan.credit.gross for back in seen.backs] == [12_00]
    cancelled(world, sub, ON_20_AUGUST)
    with tenant(world.shop.id):
        assert not CreditNote.objects.exists()
    cancel.undo(merchant_id=world.shop.id, subscription_id=sub.pk, actor=TESTER)
    cancelled(world, sub, ON_20_AUGUST)
    world.until("2027-08-19")
    with tenant(world.shop.id):
        assert not CreditNote.objects.exists()
    world.until("2027-09-02")
    with tenant(world.shop.id):
        note = CreditNote.objects.get()
        assert (note.gross, note.to_refund) == (12_00, 12_00)
    assert world.now_is(sub).status == "ended" and len(billed(world)) == 4


def test_what_has_not_begun_ends_before_it_begins_and_nothing_is_billed(world):
    offer = world.shop.offer("bound", ("month", None, 10_00), commitment_intervals=12)
    sub = world.subscribe(offer, start_on=date(2027, 6, 1))
    assert world.now_is(sub).status == "scheduled"
    with pytest.raises(Conflict, match="commitment or a notice"):
        foreseen(world, sub, Leaving(when=date(2027, 7, 1)))
    assert leave(world, sub, Leaving(reason="Changed her mind")) == (0, 0)
    now = world.now_is(sub)
    assert (now.status, now.end_reason, now.service_ends_on, now.access) == (
        "ended",
        "cancelled",
        date(2027, 5, 1),
        "none",
    )
    assert kinds(world)[-1] == "subscription.ended"
    world.until("2027-08-02")
    assert billed(world) == []
