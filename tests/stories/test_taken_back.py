"""Money by hand that is taken back: by an entry the other way, once; the invoice is owed again as any other."""

from __future__ import annotations

import pytest
from django.db import IntegrityError

from billing.flows import subscribe
from billing.flows.reverse_payment import reverse
from billing.flows.take_payment import take
from billing.flows.wanted import Wanted
from invoices.models import Allocation, BalanceEntry, Invoice, LedgerEntry, Payment, RegisterEntry
from invoices.services import books, credits, tills
from invoices.services.balances import adjust
from invoices.services.credit_plans import Wanted as Credited
from invoices.services.register import Clerk
from invoices.services.register_proof import prove
from invoices.services.taken_back import CreditedSince, NotByHand, TakenBackBefore
from merchants.actors import Actor, ActorKind, Channel
from merchants.models import Event
from merchants.refusals import Conflict, Invalid
from merchants.tenancy.scope import tenant
from tests.pages.counters import salon, seller, tablet
from tests.races.barrier import together
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop():
    return Shop.open("Soleil")


@pytest.fixture
def owing(shop):
    """An open invoice of 29.90."""
    wanted = Wanted(subscriber=shop.enrol("lea"), offer=shop.offer("liberte", ("month", None, 29_90)))
    row = subscribe.subscribe_now(merchant_id=shop.id, wanted=wanted, actor=shop.actor)
    with tenant(shop.id):
        return Invoice.objects.get(id=row.latest_invoice_id)


def paid(shop, invoice, amount, means="cheque"):
    return take(merchant_id=shop.id, invoice_id=invoice.pk, means=means, amount=amount, actor=shop.actor).payment


def back(shop, payment, reason="it bounced"):
    return reverse(merchant_id=shop.id, payment_id=payment.pk, reason=reason, actor=shop.actor)


def stands(shop, invoice):
    with tenant(shop.id):
        row = Invoice.objects.get(id=invoice.pk)
        wrong = [(one.rule, one.first) for one in books.check(shop.now().today) if one.wrong]
        assert wrong == []
        return row.status, row.amount_paid, row.amount_due


def legs(shop, payment):
    with tenant(shop.id):
        return list(LedgerEntry.objects.filter(payment=payment).order_by("id").values_list("account", "amount"))


def test_a_cheque_that_bounced_is_owed_again(shop, owing):
    payment = paid(shop, owing, 29_90)
    assert stands(shop, owing) == ("paid", 29_90, 0)
    done = back(shop, payment)
    assert (done.reversed_by, done.reversal_reason, done.captured) == ("test key", "it bounced", 29_90)
    assert legs(shop, payment) == [
        *[("cheques", 29_90), ("receivable", -29_90)],
        *[("cheques", -29_90), ("receivable", 29_90)],
    ]
    assert stands(shop, owing) == ("open", 0, 29_90)
    with tenant(shop.id):
        row = Invoice.objects.get(id=owing.pk)
        assert row.paid_at is None and row.collect_at is not None
        assert list(Allocation.objects.order_by("id").values_list("amount", flat=True)) == [29_90, -29_90]
        told = Event.objects.get(kind="payment.reversed")
        assert (told.data["object"]["captured"], told.data["invoice"]["status"]) == (29_90, "open")
        assert told.data["object"]["reversed_at"] is not None
    paid(shop, owing, 29_90, means="cash")
    assert stands(shop, owing) == ("paid", 29_90, 0)


def test_one_of_two_parts(shop, owing):
    first = paid(shop, owing, 10_00)
    paid(shop, owing, 19_90, means="transfer")
    back(shop, first)
    assert stands(shop, owing) == ("open", 19_90, 10_00)


def test_what_was_above_is_taken_from_the_balance(shop, owing):
    payment = paid(shop, owing, 50_00, means="transfer")
    back(shop, payment, reason="another's transfer")
    assert legs(shop, payment)[3:] == [("bank", -50_00), ("receivable", 29_90), ("balance", 20_10)]
    assert stands(shop, owing) == ("open", 0, 29_90)
    with tenant(shop.id):
        rows = list(BalanceEntry.objects.order_by("sequence").values_list("kind", "amount", "balance_after"))
    assert rows == [("overpayment", 20_10, 20_10), ("reversal", -20_10, 0)]


def test_a_balance_that_was_used_is_not_taken_back(shop, owing):
    payment = paid(shop, owing, 50_00, means="transfer")
    with tenant(shop.id):
        adjust(
            owing.payer_id, -1_00, currency="EUR", reason="fee", legal_entity_id=shop.entity.pk, actor=shop.actor,
            now=shop.now(),
        )  # fmt: skip
    with pytest.raises(Conflict) as refused:
        back(shop, payment)
    assert refused.value.code == "balance_too_low"
    assert stands(shop, owing) == ("paid", 29_90, 0) and len(legs(shop, payment)) == 3


def test_once_only_and_never_without_a_reason(shop, owing):
    payment = paid(shop, owing, 29_90)
    with pytest.raises(Invalid) as refused:
        back(shop, payment, reason="  ")
    assert [(one.field, one.code) for one in refused.value.errors] == [("reason", "reason_required")]
    back(shop, payment)
    with pytest.raises(TakenBackBefore):
        back(shop, payment)
    assert stands(shop, owing) == ("open", 0, 29_90)


def test_four_at_once_take_it_back_once(shop, owing):
    payment = paid(shop, owing, 29_90)
    answers = together(*[lambda: back(shop, payment)] * 4)
    assert sorted(type(one).__name__ for one in answers) == ["Payment", *["TakenBackBefore"] * 3]
    assert stands(shop, owing) == ("open", 0, 29_90) and len(legs(shop, payment)) == 4


def test_two_who_take_the_same_invoice_at_once_take_it_once(shop, owing):
    answers = together(*[lambda: paid(shop, owing, 29_90)] * 3)
    assert sorted(type(one).__name__ for one in answers) == ["NothingOwed", "NothingOwed", "Payment"]
    assert stands(shop, owing) == ("paid", 29_90, 0)


def test_what_a_card_paid_is_not_taken_back_by_hand(shop):
    session = shop.buy(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_99)))
    with tenant(shop.id):
        payment = Payment.objects.get(session_id=session.pk)
    with pytest.raises(NotByHand):
        back(shop, payment)


def test_what_was_credited_since_is_not_given_back_twice(shop, owing):
    payment = paid(shop, owing, 29_90)
    with tenant(shop.id):
        credits.credit_invoice(
            owing.pk, Credited(amount=10_00), reason="sorry", to="balance", actor=shop.actor, now=shop.now()
        )
    with pytest.raises(CreditedSince):
        back(shop, payment)


def test_the_limit_of_cash_counts_what_is_kept(shop):
    wanted = Wanted(subscriber=shop.enrol("lea"), offer=shop.offer("an", ("year", None, 1_500_00)))
    row = subscribe.subscribe_now(merchant_id=shop.id, wanted=wanted, actor=shop.actor)
    with tenant(shop.id):
        invoice = Invoice.objects.get(id=row.latest_invoice_id)
    first = paid(shop, invoice, 1_000_00, means="cash")
    with pytest.raises(Invalid):
        paid(shop, invoice, 1, means="cash")
    back(shop, first)
    assert paid(shop, invoice, 1_000_00, means="cash").captured == 1_000_00


def test_the_database_refuses_a_half(shop, owing):
    payment = paid(shop, owing, 29_90)
    with pytest.raises(IntegrityError, match="pays nothing"), tenant(shop.id):
        Payment.objects.filter(id=payment.pk).update(reversed_at=shop.now().at)
    with pytest.raises(IntegrityError, match="pays nothing"), tenant(shop.id):
        Allocation.objects.create(payment=payment, invoice=owing, amount=-1, created_at=shop.now().at)
    back(shop, payment)
    with pytest.raises(IntegrityError, match="taken back once"), tenant(shop.id):
        Payment.objects.filter(id=payment.pk).update(reversed_at=None)


def test_what_was_rung_up_is_rung_up_the_other_way(shop, owing):
    """Cash of 29.90 in a drawer of 100.00, taken back: 100.00 again; never while the till is closed."""
    salon_ = salon(shop.id)
    ines, device = seller(shop.id, "Inès", sites=[salon_]), tablet(shop.id, salon_)
    actor = Actor(kind=ActorKind.member, id=f"usr_{ines.user_id}", label="Inès", channel=Channel.counter)
    clerk = Clerk(member=ines, device=device.device(), actor=actor)
    with tenant(shop.id):
        session = tills.open_session(clerk=clerk, float_amount=100_00, now=shop.now())
    taken = take(
        merchant_id=shop.id, invoice_id=owing.pk, means="cash", amount=29_90, actor=actor, clerk=clerk, tendered=30_00
    )
    with tenant(shop.id):
        assert tills.expected(session) == 129_90
        tills.close_session(session, 129_90, clerk=clerk, now=shop.now())
    with pytest.raises(Conflict) as refused:
        back(shop, taken.payment)
    assert refused.value.code == "till_closed" and stands(shop, owing) == ("paid", 29_90, 0)
    with tenant(shop.id):
        session = tills.open_session(clerk=clerk, float_amount=129_90, now=shop.now())
    back(shop, taken.payment)
    with tenant(shop.id):
        assert tills.expected(session) == 100_00
        rows = RegisterEntry.objects.filter(payment=taken.payment).order_by("sequence")
        assert list(rows.values_list("kind", "amount", "cash")) == [
            ("received", 29_90, 29_90),
            ("reversed", -29_90, -29_90),
        ]
        assert rows[1].content["reason"] == "it bounced" and rows[1].content["by"] == shop.actor.id
        assert prove(rows[1].till).fault is None
    assert stands(shop, owing) == ("open", 0, 29_90)
