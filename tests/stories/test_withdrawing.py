"""Withdrawing within fourteen days: what goes back, to whom it is open, until when (domain 14)."""

from __future__ import annotations

import pytest

from billing.flows import withdraw
from billing.flows.charges import ChargeTerms, add_charge
from billing.flows.withdraw import Withdrawing
from billing.models import Charge
from invoices.models import CreditNote, Invoice
from merchants.early_end import EarlyEnd
from merchants.models import Merchant
from merchants.refusals import Conflict
from merchants.tenancy.scope import tenant
from subscribers.models import Change
from subscribers.services import enrolment
from tests.stories.statements import World
from tests.stories.test_usage import PER_CALL, metered, priced, use
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)
FLAT = EarlyEnd(formula="flat", amount=50_00).told()


@pytest.fixture
def world(shop):
    """1 May 2027, a Saturday; prices with VAT."""
    return World.on(shop, "2027-05-01")


def withdrawn(world: World, sub, **asked) -> tuple[int, int, int]:
    """What is credited, what of it goes back to the card, what is billed still; the act held to its preview."""
    with tenant(world.shop.id):
        merchant = Merchant.objects.get(id=world.shop.id)
        seen = withdraw.foresee(world.now_is(sub), Withdrawing(**asked), merchant=merchant, now=world.now)
        before = Invoice.objects.count()
    done = withdraw.withdraw(
        merchant_id=world.shop.id, subscription_id=sub.pk, asked=Withdrawing(**asked), actor=TESTER
    )
    assert (done.status, done.end_reason, done.access) == ("ended", "withdrawn", "none")
    with tenant(world.shop.id):
        notes = list(CreditNote.objects.all())
        billed = sum(row.gross for row in Invoice.objects.order_by("sequence")[before:])
        assert Change.objects.filter(subject_id=sub.pk, verb="withdrawal").count() == 1
    assert sum(note.gross for note in notes) == sum(back.plan.credit.gross for back in seen.backs)
    assert billed == seen.amount_due
    return sum(note.gross for note in notes), sum(note.to_refund for note in notes), billed


def test_what_was_not_had_goes_back_commitment_or_not_and_the_setup_fee_too(world):
    terms = {"setup_amount": 20_00, "commitment_intervals": 12, "early_end": FLAT, "notice_days": 30}
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 31_00), **terms))
    world.until("2027-05-11")
    assert withdrawn(world, sub) == (20_00 + 21_00, 41_00, 0)
    world.until("2027-08-01")
    with tenant(world.shop.id):
        assert (Invoice.objects.count(), CreditNote.objects.count()) == (1, 1)


def test_all_of_it_goes_back_where_the_merchant_says_so(world):
    with tenant(world.shop.id):
        Merchant.objects.filter(id=world.shop.id).update(withdrawal_credit="full")
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 31_00)))
    world.until("2027-05-18")  # 15 May is a Saturday, 17 Whit Monday: the 18th is the last day
    assert withdrawn(world, sub, to="balance") == (31_00, 0, 0)
    with tenant(world.shop.id):
        assert Invoice.objects.get().status == "cancelled"


@pytest.mark.parametrize(("credit", "given", "billed"), [("full", 31_00, 0), ("prorated", 21_00, 5_00 + 1_25)])
def test_where_all_goes_back_nothing_that_waits_or_was_used_is_billed(world, credit, given, billed):
    shop = world.shop
    calls = metered(shop)
    sub = world.subscribe(shop.offer("salon", ("month", None, 31_00, priced((calls, PER_CALL)))))
    world.until("2027-05-11")
    use(world, sub, calls, ("2027-05-05", "100"))
    terms = ChargeTerms(title={"en": "Towel"}, amount=5_00)
    add_charge(merchant_id=shop.id, subscription_id=sub.pk, terms=terms, actor=TESTER)
    assert withdrawn(world, sub, credit=credit, to="balance") == (given, 0, billed)
    with tenant(shop.id):
        assert Charge.objects.get().status == ("revoked" if credit == "full" else "billed")


@pytest.mark.parametrize(("credit", "billed"), [("prorated", 10_00), ("full", 0)])
def test_in_arrears_the_days_had_are_billed_or_nothing_is(world, credit, billed):
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 31_00, {"billing": "arrears"})))
    world.until("2027-05-11")
    assert withdrawn(world, sub, credit=credit) == (0, 0, billed)


def test_after_its_last_day_and_for_companies_it_is_cancelled_instead(world):
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 31_00)))
    with tenant(world.shop.id):
        act = {"merchant": world.shop.merchant, "actor": TESTER, "now": world.shop.now()}
        known = {"name": "Firm", "reference": "firm", "company": "Onde SARL"}
        firm = enrolment.enrol(known, test_clock_id=world.clock_id, **act)
    theirs = world.subscribe(world.shop.offer("office", ("month", None, 31_00)), firm)
    with pytest.raises(Conflict) as refused:
        withdrawn(world, theirs)
    assert refused.value.code == "withdrawal_for_consumers"
    world.until("2027-05-19")
    with pytest.raises(Conflict) as late:
        withdrawn(world, sub)
    assert (late.value.code, late.value.params) == ("withdrawal_over", {"day": "2027-05-18"})
    with tenant(world.shop.id):
        assert not CreditNote.objects.exists()
    assert world.now_is(sub).status == "active"
