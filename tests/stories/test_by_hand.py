"""Money that people bring: all of an invoice, part of it, more than it; never while a provider is taking some."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.flows import owed, subscribe
from billing.flows.take_payment import take
from billing.flows.wanted import Wanted
from invoices.models import Allocation, BalanceEntry, Invoice, LedgerEntry, Payment
from invoices.services.by_hand import NothingOwed
from merchants.ids import new_id
from merchants.models import Event
from merchants.refusals import Conflict, Invalid
from merchants.tenancy.scope import tenant
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop():
    return Shop.open("Soleil")


@pytest.fixture
def owing(shop):
    """An open invoice of 29.90."""
    offer = shop.offer("liberte", ("month", None, 29_90))
    wanted = Wanted(subscriber=shop.enrol("lea"), offer=offer)
    row = subscribe.subscribe_now(merchant_id=shop.id, wanted=wanted, actor=shop.actor)
    with tenant(shop.id):
        return Invoice.objects.get(id=row.latest_invoice_id)


def paid(shop, invoice, amount, **more):
    more = {"means": "cash", "actor": shop.actor, **more}
    return take(merchant_id=shop.id, invoice_id=invoice.pk, amount=amount, **more)


def legs(shop, payment):
    with tenant(shop.id):
        rows = LedgerEntry.objects.filter(payment=payment).order_by("id")
        return [(row.account, row.amount) for row in rows]


def test_cash_pays_an_invoice(shop, owing):
    taken = paid(shop, owing, 29_90)
    assert (taken.to_invoice, taken.to_balance) == (29_90, 0)
    assert legs(shop, taken.payment) == [("cash", 29_90), ("receivable", -29_90)]
    with tenant(shop.id):
        invoice = Invoice.objects.get(id=owing.pk)
        assert (invoice.status, invoice.amount_paid, invoice.collect_at) == ("paid", 29_90, None)
        kinds = list(Event.objects.order_by("-id").values_list("kind", flat=True)[:2])
        assert sorted(kinds) == ["invoice.paid", "payment.succeeded"]


def test_part_leaves_the_rest_owed(shop, owing):
    paid(shop, owing, 10_00, means="cheque")
    with tenant(shop.id):
        invoice = Invoice.objects.get(id=owing.pk)
        assert (invoice.status, invoice.amount_due) == ("open", 19_90)
    paid(shop, owing, 19_90, means="terminal")
    with tenant(shop.id):
        assert Invoice.objects.get(id=owing.pk).status == "paid"
        assert [row.amount for row in Allocation.objects.order_by("id")] == [10_00, 19_90]


def test_what_is_above_goes_to_the_balance(shop, owing):
    taken = paid(shop, owing, 50_00, means="transfer")
    assert (taken.to_invoice, taken.to_balance) == (29_90, 20_10)
    assert legs(shop, taken.payment) == [("bank", 50_00), ("receivable", -29_90), ("balance", -20_10)]
    with tenant(shop.id):
        entry = BalanceEntry.objects.get()
        assert (entry.kind, entry.amount, entry.balance_after) == ("overpayment", 20_10, 20_10)


def test_the_same_key_is_one_payment(shop, owing):
    key = new_id()
    first, second = paid(shop, owing, 29_90, key=key), paid(shop, owing, 29_90, key=key)
    assert first.payment.pk == second.payment.pk == key and second.to_invoice == 29_90
    with pytest.raises(Conflict) as refused:
        paid(shop, owing, 10_00, key=key)
    assert refused.value.code == "key_reused"
    with tenant(shop.id):
        assert Payment.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "field", "code"),
    [
        ({"amount": 0}, "amount", "amount_out_of_range"),
        ({"amount": -1}, "amount", "amount_out_of_range"),
        ({"amount": 10**16}, "amount", "amount_out_of_range"),
        ({"means": "card"}, "means", "invalid_choice"),
        ({"received_on": 1}, "received_on", "received_in_the_future"),
        ({"received_on": -367}, "received_on", "received_too_long_ago"),
        ({"amount": 1_000_01}, "amount", "cash_above_the_limit"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(shop, owing, more, field, code):
    more = {"amount": 29_90, **more}
    if "received_on" in more:
        more["received_on"] = shop.now().today + timedelta(days=more["received_on"])
    with pytest.raises(Invalid) as refused:
        paid(shop, owing, **more)
    assert [(one.field, one.code) for one in refused.value.errors] == [(field, code)]
    with tenant(shop.id):
        assert Payment.objects.count() == 0 and Invoice.objects.get(id=owing.pk).amount_paid == 0


def test_nothing_is_taken_twice(shop, owing):
    paid(shop, owing, 29_90)
    with pytest.raises(NothingOwed):
        paid(shop, owing, 1_00)
    with tenant(shop.id):
        assert Payment.objects.count() == 1


def test_an_open_page_is_closed_before_cash_is_taken(shop, owing):
    owed.start(merchant_id=shop.id, invoice_id=owing.pk, seen=29_90)
    paid(shop, owing, 29_90)
    with tenant(shop.id):
        told = Payment.objects.order_by("id").values_list("means", "status", "code")
        assert list(told) == [("card", "failed", "expired"), ("cash", "succeeded", "")]
