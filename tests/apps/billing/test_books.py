"""`check_books` finds every planted fault, and none where there is none. Faults are planted as the owner of the tables,
with the guards switched off: as a careless hand on the database would."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from invoices.models import Refund
from invoices.services import balances, books, payments
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from merchants.ids import new_id, show
from merchants.tenancy.scope import tenant
from tests.apps.invoices.bills import BOOKS, bill, line, pay

pytestmark = pytest.mark.django_db(transaction=True)


def live(shop):
    """A little of everything: a purchase, a part payment, an overpayment, credits to balance and back, a use."""
    lucie = shop.enrol("lucie")
    shop.buy(lucie, shop.offer("hifi", ("month", None, 12_99)))
    books_ = bill(shop, lucie, line(12_99), line(4_99, rate=BOOKS, discount=99))
    pay(shop, books_, 20_00)
    act = {"actor": shop.actor, "now": shop.now()}
    with tenant(shop.id):
        credit_invoice(books_.pk, Wanted(amount=5_00), reason="Torn", to="refund", **act)
        payments.record_refund(
            Refund.objects.get(credit_note__isnull=False), status="succeeded", provider_ref="re_1", message="", **act
        )
    with tenant(shop.id):
        credit_invoice(books_.pk, Wanted(lines={1: None}), reason="Lost", **act)
    net = bill(shop, lucie, line(10_00), behavior="exclusive")
    pay(shop, net, 7_00, means="cash")
    with tenant(shop.id):
        balances.adjust(lucie.pk, 3_00, currency="EUR", reason="Outage", legal_entity_id=shop.entity.pk, **act)
        balances.pay_open_invoices(lucie.pk, currency="EUR", **act)


def run(shop):
    out = StringIO()
    call_command("check_books", merchant=shop.merchant.public_id, stdout=out)
    return out.getvalue()


def test_books_that_agree(shop):
    live(shop)
    said = run(shop)
    assert "WRONG" not in said and said.endswith("1 merchant checked\n")
    counts = dict(line_.strip().rsplit(": ", 1) for line_ in said.splitlines()[:-1])
    assert counts == {
        "the legs of each posting sum to zero": "11 postings",
        "the ledger sums to zero in each currency": "1 currencies",
        "what is owed on each invoice is what the ledger says": "3 invoices",
        "what settled each invoice is there": "3 invoices",
        "each document is the sum of its lines and of its rates": "5 documents",
        "each payment is in the ledger, less what was refunded": "3 payments",
        "no payment is allocated beyond what was captured": "3 allocated payments",
        "what is owed back of each payment is what the ledger says": "3 captures",
        "what was refunded of each payment is there": "3 payments",
        "each movement of a balance follows the one before": "3 movements",
        "each balance is what the ledger says": "1 balances",
        "numbers run from 1 without gap, in order of date": "5 numbers",
        "each invoice says what it said when it was finalised": "3 invoices",
        "each credit note says what it said when it was made": "2 credit notes",
    }


def test_an_empty_merchants_books_agree_and_all_are_checked_without_a_name(shop, another_shop):
    assert run(shop).startswith("  the legs of each posting sum to zero: 0 postings\n")
    out = StringIO()
    try:
        call_command("check_books", stdout=out)
    except CommandError as fault:  # the database holds what other tests planted: a fault, but of neither of these two
        assert not {shop.merchant.public_id, another_shop.merchant.public_id} & set(
            str(fault).replace(":", " ").split()
        )
    else:
        assert int(out.getvalue().splitlines()[-1].split()[0]) >= 2


@pytest.mark.parametrize("wrong", ["mer_x", "cus_0000000000000000000001", "lucie"])
def test_an_id_that_is_none_is_said(db, wrong):
    with pytest.raises(CommandError, match="no merchant's id"):
        call_command("check_books", merchant=wrong)


def test_an_unknown_merchant_is_said(transactional_db):
    with pytest.raises(CommandError, match="there is no merchant"):
        call_command("check_books", merchant=show("mer", new_id()))


PLANTED = {
    "legs": (
        "invoices_ledgerentry",
        "UPDATE invoices_ledgerentry SET amount = amount - 1 WHERE account = 'revenue'",
        "the legs of each posting sum to zero",
        "is off by -1 EUR",
    ),
    "receivable": (
        "invoices_ledgerentry",
        "UPDATE invoices_ledgerentry SET invoice_id = NULL WHERE account = 'receivable' AND payment_id IS NOT NULL",
        "what is owed on each invoice is what the ledger says",
        "0 EUR is owed, the ledger says 1299",
    ),
    "settled": (
        "invoices_invoice",
        "UPDATE invoices_invoice SET amount_from_balance = 3 WHERE sequence = 1",
        "what settled each invoice is there",
        "from balance 3; its rows say 1299, 0, 0",
    ),
    "credited": (
        "invoices_invoice",
        "UPDATE invoices_invoice SET amount_credited = amount_credited + 1 WHERE amount_credited > 0",
        "what settled each invoice is there",
        "credited 783, from balance 0; its rows say 1699, 782, 0",
    ),
    "totals": (
        "invoices_invoicetax",
        "UPDATE invoices_invoicetax SET tax = tax + 1 WHERE tax_percent = 5.5",
        "each document is the sum of its lines and of its rates",
        "its lines say",
    ),
    "unposted": (
        "invoices_ledgerentry",
        "DELETE FROM invoices_ledgerentry WHERE account IN ('cash')",
        "each payment is in the ledger, less what was refunded",
        "700 EUR was kept, the ledger says 0",
    ),
    "allocated": (
        "invoices_allocation",
        "UPDATE invoices_allocation SET amount = 1300 WHERE amount = 1299",
        "no payment is allocated beyond what was captured",
        "1299 was captured, 1300 is allocated",
    ),
    "owed back": (
        "invoices_ledgerentry",
        "UPDATE invoices_ledgerentry SET account = 'balance' WHERE account = 'unallocated' AND payment_id IS NOT NULL"
        " AND credit_note_id IS NULL AND refund_id IS NULL",
        "what is owed back of each payment is what the ledger says",
        "301 is owed back, the ledger says 0",
    ),
    "refunded": (
        "invoices_payment",
        "UPDATE invoices_payment SET refunded = refunded - 1 WHERE refunded > 0",
        "what was refunded of each payment is there",
        "499 was refunded, its refunds say 500",
    ),
    "chain": (
        "invoices_balanceentry",
        "UPDATE invoices_balanceentry SET balance_after = balance_after + 1 WHERE sequence = 2",
        "each movement of a balance follows the one before",
        "entry 2 moves by 300",
    ),
    "gap in a balance": (
        "invoices_balanceentry",
        "UPDATE invoices_balanceentry SET sequence = 9 WHERE sequence = 3",
        "each movement of a balance follows the one before",
        "entry 9 moves by",
    ),
    "balance": (
        "invoices_ledgerentry",
        "UPDATE invoices_ledgerentry SET subscriber_id = NULL WHERE account = 'balance'",
        "each balance is what the ledger says",
        "is held, the ledger says",
    ),
    "gap": (
        "invoices_invoice",
        "UPDATE invoices_invoice SET sequence = 9, number = '2026-000009' WHERE sequence = 2",
        "numbers run from 1 without gap, in order of date",
        "number 2 is missing, 3 stands in its place",
    ),
    "number": (
        "invoices_invoice",
        "UPDATE invoices_invoice SET number = 'X-1' WHERE sequence = 1",
        "numbers run from 1 without gap, in order of date",
        "X-1 is not the number 1 of",
    ),
    "dates": (
        "invoices_invoice",
        "UPDATE invoices_invoice SET issued_on = issued_on + 1 WHERE sequence = 1",
        "numbers run from 1 without gap, in order of date",
        "comes after a document of",
    ),
    "series": (
        "invoices_numberseries",
        "UPDATE invoices_numberseries SET next_number = next_number + 1 WHERE kind = 'credit_note'",
        "numbers run from 1 without gap, in order of date",
        "it goes on at 4, its documents at 3",
    ),
    "words": (
        "invoices_invoiceline",
        'UPDATE invoices_invoiceline SET title = \'{"fr": "Autre"}\' WHERE tax_percent = 5.5',
        "each invoice says what it said when it was finalised",
        "no longer says what it said",
    ),
    "customer": (
        "invoices_creditnote",
        "UPDATE invoices_creditnote SET customer = '{}' WHERE sequence = 1",
        "each credit note says what it said when it was made",
        "no longer says what it said",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found(shop, owner_sql, name):
    live(shop)
    table, statement, rule, says = PLANTED[name]
    owner_sql("SELECT set_config('app.merchant_id', %s, false)", str(shop.id))
    owner_sql(
        f"BEGIN; ALTER TABLE {table} DISABLE TRIGGER USER; {statement}; SET CONSTRAINTS ALL IMMEDIATE;"
        f" ALTER TABLE {table} ENABLE TRIGGER USER; COMMIT"
    )
    with tenant(shop.id):
        found = {checked.rule: checked for checked in books.check() if checked.wrong}
    assert rule in found, found
    assert says in found[rule].first
    with pytest.raises(CommandError) as failed:
        run(shop)
    assert str(failed.value).startswith(f"{shop.merchant.public_id}: ")
    assert failed.value.returncode == 1
