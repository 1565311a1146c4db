"""The payer's balance: entries, what they pay and in which order, and what two at once may not do."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from django.db import IntegrityError

from invoices.models import BalanceEntry, LedgerEntry, Payment
from invoices.services import balances
from merchants.models import Event
from merchants.refusals import Conflict, Invalid
from merchants.tenancy.scope import tenant
from tests.apps.invoices.bills import again, bill, entries, ledger, line, pay
from tests.races.barrier import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lucie(shop):
    return shop.enrol("lucie")


def adjust(shop, payer, amount, *, currency="EUR", reason="Outage of 3 October"):
    with tenant(shop.id):
        return balances.adjust(
            payer.pk,
            amount,
            currency=currency,
            reason=reason,
            legal_entity_id=shop.entity.pk,
            actor=shop.actor,
            now=shop.now(),
        )


def use(shop, payer, currency="EUR"):
    with tenant(shop.id):
        return balances.pay_open_invoices(payer.pk, currency=currency, actor=shop.actor, now=shop.now())


def held(shop, payer, currency="EUR"):
    with tenant(shop.id):
        return balances.balance_of(payer.pk, currency)


def test_what_is_given_by_hand_says_why_and_is_in_the_ledger(shop, lucie):
    assert held(shop, lucie) == 0
    entry = adjust(shop, lucie, 15_00)
    adjust(shop, lucie, -5_00, reason="Given twice")
    assert (entry.reason, entry.actor, entry.sequence) == ("Outage of 3 October", "test key", 1)
    assert entries(shop, lucie) == [("adjustment", 15_00, 15_00), ("adjustment", -5_00, 10_00)]
    assert ledger(shop) == {"write_off": 10_00, "balance": -10_00}
    assert (held(shop, lucie), held(shop, lucie, "CHF")) == (10_00, 0)


def test_currencies_are_kept_apart(shop, lucie):
    adjust(shop, lucie, 15_00)
    adjust(shop, lucie, 7_00, currency="CHF")
    bill(shop, lucie, line(20_00))
    assert use(shop, lucie, "CHF") == []
    assert (held(shop, lucie), held(shop, lucie, "CHF")) == (15_00, 7_00)


@pytest.mark.parametrize(
    ("amount", "currency", "reason", "code"),
    [
        (0, "EUR", "x", "amount_zero"),
        (1, "eur", "x", "currency_unknown"),
        (1, "EUR", " ", "reason_required"),
        (10**15, "EUR", "x", "amount_too_large"),
    ],
)
def test_a_wrong_adjustment_is_refused(shop, lucie, amount, currency, reason, code):
    with pytest.raises(Invalid) as refused:
        adjust(shop, lucie, amount, currency=currency, reason=reason)
    assert refused.value.code == code
    assert entries(shop, lucie) == [] and ledger(shop) == {}


def test_it_is_never_below_zero(shop, lucie):
    adjust(shop, lucie, 5_00)
    with pytest.raises(Conflict) as refused:
        adjust(shop, lucie, -5_01)
    assert (refused.value.code, refused.value.say()) == ("balance_too_low", "The balance holds 5.00 EUR.")
    assert entries(shop, lucie) == [("adjustment", 5_00, 5_00)]


def test_it_pays_open_invoices_oldest_first(shop, lucie):
    first, second, third = (bill(shop, lucie, line(amount)) for amount in (10_00, 10_00, 10_00))
    paul = shop.enrol("paul")
    other = bill(shop, paul, line(10_00))
    adjust(shop, lucie, 14_00)

    used = use(shop, lucie)

    assert [(entry.amount, entry.invoice_id) for entry in used] == [(-10_00, first.pk), (-4_00, second.pk)]
    states = [(again(shop, one).status, again(shop, one).amount_from_balance) for one in (first, second, third, other)]
    assert states == [("paid", 10_00), ("open", 4_00), ("open", 0), ("open", 0)]
    assert again(shop, first).paid_at is not None and again(shop, second).paid_at is None
    assert entries(shop, lucie) == [("adjustment", 14_00, 14_00), ("used", -10_00, 4_00), ("used", -4_00, 0)]
    assert ledger(shop, invoice_id=first.pk, account="receivable") == {}
    assert ledger(shop, invoice_id=second.pk, account="receivable") == {"receivable": 6_00}
    assert ledger(shop, account="balance") == {}
    with tenant(shop.id):
        paid = list(Event.objects.filter(kind="invoice.paid").values_list("object_id", flat=True))
        assert paid == [first.pk]
    assert use(shop, lucie) == []


def test_a_payment_in_flight_keeps_it_away_and_an_open_page_does_not(shop, lucie):
    flying, page = bill(shop, lucie, line(10_00)), bill(shop, lucie, line(10_00))
    adjust(shop, lucie, 20_00)
    with tenant(shop.id):
        for invoice, hosted in ((flying, False), (page, True)):
            Payment.objects.create(
                payer=lucie,
                invoice_id=invoice.pk,
                account=shop.account,
                gateway="simulated",
                means="card",
                hosted=hosted,
                amount=10_00,
                currency="EUR",
                created_at=shop.now().at,
            )
    assert [entry.invoice_id for entry in use(shop, lucie)] == [page.pk]
    assert (again(shop, flying).status, again(shop, page).status, held(shop, lucie)) == ("open", "paid", 10_00)


def test_what_was_paid_in_part_is_only_topped_up(shop, lucie):
    invoice = bill(shop, lucie, line(10_00))
    pay(shop, invoice, 7_00)
    adjust(shop, lucie, 10_00)
    assert [entry.amount for entry in use(shop, lucie)] == [-3_00]
    assert (again(shop, invoice).status, held(shop, lucie)) == ("paid", 7_00)


@pytest.mark.slow
def test_two_uses_at_once_never_go_below_zero(shop, lucie):
    adjust(shop, lucie, 10_00)
    invoices = [bill(shop, lucie, line(8_00)) for _ in range(4)]
    results = together(*[partial(use, shop, lucie)] * 4)
    assert [result for result in results if isinstance(result, BaseException)] == []
    assert sum(len(result) for result in results) == 2
    assert entries(shop, lucie) == [("adjustment", 10_00, 10_00), ("used", -8_00, 2_00), ("used", -2_00, 0)]
    assert [again(shop, one).amount_from_balance for one in invoices] == [8_00, 2_00, 0, 0]
    with tenant(shop.id):
        assert sum(LedgerEntry.objects.filter(account="balance").values_list("amount", flat=True)) == 0


@pytest.mark.slow
def test_without_the_payers_lock_both_read_the_same_balance(shop, lucie, monkeypatch):
    """The control: the race is real, and the database still refuses the second entry."""
    adjust(shop, lucie, 10_00)
    both_have_read = threading.Barrier(2)

    def naive():
        with tenant(shop.id):
            before = balances.balance_of(lucie.pk, "EUR")
            both_have_read.wait(20)
            BalanceEntry.objects.create(
                payer=lucie,
                currency="EUR",
                sequence=2,
                amount=-8_00,
                balance_after=before - 8_00,
                kind="used",
                actor="naive",
                created_at=shop.now().at,
            )
            return before

    results = together(naive, naive)
    assert sorted(type(result).__name__ for result in results) == ["IntegrityError", "int"]
    assert [result for result in results if isinstance(result, int)] == [10_00]
    assert [result for result in results if isinstance(result, IntegrityError)] != []
    assert held(shop, lucie) == 2_00
