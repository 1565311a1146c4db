"""What a report tells of a company's days, to the cent."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invoices.models import BalanceEntry, LedgerEntry
from invoices.selectors import entries
from invoices.services import balances
from invoices.services.charts import set_chart
from invoices.services.credit_plans import Wanted
from merchants.models import TestClock as Clock
from merchants.tenancy.scope import tenant
from subscribers.services.enrolment import enrol
from tests.apps.billing.reports import (
    BOOKS,
    NONE,
    RECEIPTS,
    SALES,
    TWENTY,
    at,
    credit,
    line,
    pay,
    sell,
    told,
)
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def first(shop):
    """The first day of the last month: its periods are over."""
    return (shop.now().today.replace(day=1) - timedelta(days=1)).replace(day=1)


CODES = st.sampled_from([(TWENTY, "electronic"), (TWENTY, "goods"), (BOOKS, "books"), (BOOKS, "reduced")])


def test_the_days_of_a_shop_to_the_cent(shop, first):
    lucie, other = shop.enrol("ON-1", country="FR", postal_code="69001"), shop.enrol("ON-2")
    rome = shop.enrol("IT-1", country="IT", postal_code="00100")
    firm = shop.enrol("FR-B", company="Lune SARL", siren="732829320", country="FR")
    berlin = shop.enrol("DE-B", company="Funk GmbH", vat_number="DE136695976", country="DE")
    second, fifth = first + timedelta(days=1), first + timedelta(days=4)

    sell(shop, lucie, second, line(10_00), line(20_00, rate=BOOKS, code="books"))
    sell(shop, other, second, line(1_01))
    sell(shop, rome, second, line(10_00, rate=Decimal(22), reason="oss", place="IT"))
    sell(shop, lucie, second, line(70_00, rate=NONE, code="exempt", category="E", reason="exempt", place="FR"))
    sell(shop, firm, second, line(500_00))
    abroad = sell(shop, berlin, fifth, line(80_00, rate=NONE, category="AE", reason="reverse_charge"))
    back = sell(shop, lucie, fifth, line(6_00))
    note = credit(shop, back, fifth + timedelta(days=1), Wanted(amount=3_00))
    german = credit(shop, abroad, fifth + timedelta(days=1))

    found = told(shop, SALES, first)

    said = [(day["date"], day["category"], day["count"], day["net"], day["tax"]) for day in found["days"]]
    assert said == [
        (second.isoformat(), "TLB1", 1, 20_00, 1_10),
        (second.isoformat(), "TNT1", 1, 10_00, 0),
        (second.isoformat(), "TPS1", 2, 11_01, 2_20),
        (fifth.isoformat(), "TPS1", 1, 6_00, 1_20),
        ((fifth + timedelta(days=1)).isoformat(), "TPS1", 0, -3_00, -60),
    ]
    assert [(each["number"], each["type"], each["net"], each["tax"]) for each in found["documents"]] == [
        (abroad.number, "invoice", 80_00, 0),
        (german.number, "credit_note", 80_00, 0),
    ]
    assert found["documents"][0]["rates"] == [{"percent": "0", "category": "AE", "net": 80_00, "tax": 0}]
    assert found["documents"][1]["credits"] == {"number": abroad.number, "date": fifth.isoformat()}
    assert (found["documents"][0]["scheme"], found["documents"][0]["buyer"]) == ("0223", "DE136695976")
    assert found["left_out"] == [
        {"why": "exempt", "currency": "EUR", "count": 1, "net": 70_00, "tax": 0},
        {"why": "invoiced", "currency": "EUR", "count": 1, "net": 500_00, "tax": 100_00},
    ]
    assert note.gross == 3_60 and "732829320" not in json.dumps(found)


def test_the_sales_of_the_franchise_are_told_at_nothing(shop, first):
    with tenant(shop.id):
        shop.entity.vat_exempt = True
        shop.entity.save()
    sell(shop, shop.enrol("ON-1"), first, line(30_00, rate=NONE, category="E", reason="franchise"))
    (day,) = told(shop, SALES, first)["days"]
    assert (day["category"], day["net"], day["tax"], day["rates"]) == (
        "TPS1", 30_00, 0, [{"percent": "0", "net": 30_00, "tax": 0}],
    )  # fmt: skip


def test_receipts_by_day_and_rate_whatever_paid_and_what_was_given_back(shop, first):
    lucie = shop.enrol("ON-1")
    second, third, ninth = (first + timedelta(days=days) for days in (1, 2, 8))
    mixed = sell(shop, lucie, first, line(100_00), line(100_00, rate=BOOKS, code="books"))  # 120 and 105.50
    pay(shop, mixed, 112_75, second)  # half of it: 60 of services
    pay(shop, mixed, 112_75, third)
    whole = sell(shop, lucie, first, line(50_00))
    pay(shop, whole, 60_00, third)
    note = credit(shop, whole, ninth, Wanted(amount=20_00))  # 24 with VAT: it is paid, so they go to the balance
    later = sell(shop, lucie, ninth, line(10_00))
    with tenant(shop.id):
        balances.pay_open_invoices(lucie.pk, currency="EUR", actor=shop.actor, now=at(shop, ninth))

    found = told(shop, RECEIPTS, first)

    assert found["days"] == [
        {"date": second.isoformat(), "percent": "20", "amount": 60_00},
        {"date": third.isoformat(), "percent": "20", "amount": 120_00},
        {"date": ninth.isoformat(), "percent": "20", "amount": -24_00 + 12_00},
    ]
    assert (found["documents"], found["left_out"]) == ([], [])
    assert note.to_balance == 24_00 and later.gross == 12_00
    with tenant(shop.id):
        assert BalanceEntry.objects.latest("sequence").balance_after == 12_00


def test_what_a_note_takes_off_an_open_invoice_was_never_received(shop, first):
    invoice = sell(shop, shop.enrol("ON-1"), first, line(100_00))
    pay(shop, invoice, 60_00, first)
    credit(shop, invoice, first + timedelta(days=1), Wanted(amount=50_00))
    assert told(shop, RECEIPTS, first)["days"] == [{"date": first.isoformat(), "percent": "20", "amount": 60_00}]


def test_no_day_before_the_beginning_and_none_after_the_end(shop, first):
    lucie = shop.enrol("ON-1")
    for days in (0, 10, 20):
        pay(shop, sell(shop, lucie, first + timedelta(days=days), line(1_00)), 1_20, first + timedelta(days=days))
    for kind, amount in ((SALES, "net"), (RECEIPTS, "amount")):
        found = told(shop, kind, first, days=15, since=first + timedelta(days=5))
        assert [(day["date"], day[amount]) for day in found["days"]] == [
            ((first + timedelta(days=10)).isoformat(), 1_00 if kind is SALES else 1_20)
        ]
        assert told(shop, kind, first, days=15, since=first + timedelta(days=20)) == {
            "days": [], "documents": [], "left_out": [],
        }  # fmt: skip


def test_a_test_clock_never_enters_while_it_stands(shop, first):
    with tenant(shop.id):
        moment = at(shop, first)
        clock = Clock.objects.create(name="clock", time=moment.at, created_at=moment.at)
        known = {"name": "Ada", "reference": "ON-C"}
        clocked = enrol(known, merchant=shop.merchant, actor=shop.actor, now=moment, test_clock_id=clock.pk)
    sell(shop, clocked, first, line(99_99))
    sell(shop, shop.enrol("ON-1"), first, line(1_00))
    assert [day["net"] for day in told(shop, SALES, first)["days"]] == [1_00]
    with tenant(shop.id):
        Clock.objects.update(status="released")
    assert [day["net"] for day in told(shop, SALES, first)["days"]] == [100_99]


def test_another_company_and_another_merchant_are_in_their_own_reports(shop, another_shop, first):
    sell(another_shop, another_shop.enrol("X"), first, line(5_55))
    sell(shop, shop.enrol("ON-1"), first, line(1_00))
    assert [day["net"] for day in told(shop, SALES, first)["days"]] == [1_00]
    assert [day["net"] for day in told(another_shop, SALES, first)["days"]] == [5_55]


def test_dollars_need_a_rate(shop, first):
    sell(shop, shop.enrol("ON-1"), first, line(10_00, currency="USD"))
    found = told(shop, SALES, first)
    assert found["days"] == []
    assert found["left_out"] == [{"why": "currency", "currency": "USD", "count": 1, "net": 10_00, "tax": 2_00}]
    with tenant(shop.id):
        rate = {"currency": "USD", "from_on": first.isoformat(), "euros": "0.9155"}
        set_chart(shop.entity, exchange_rates=[rate], actor=shop.actor, now=shop.now())
    (day,) = told(shop, SALES, first)["days"]
    assert (day["currency"], day["net"], day["tax"], day["tax_in_euros"]) == ("USD", 10_00, 2_00, 1_83)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sales=st.lists(
        st.tuples(
            st.lists(st.tuples(CODES, st.integers(1, 90_000)), min_size=1, max_size=4),
            st.integers(0, 27),
            st.sampled_from(["open", "paid", "half", "credited"]),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_a_report_comes_to_what_the_documents_and_the_ledger_say(transactional_db, sales):
    """Random documents: by rate the days of a report are the sum of the documents' own VAT, and its receipts what the
    ledger says was paid of services."""
    shop = Shop.open("Hasard")
    lucie = shop.enrol("ON-1")
    begin = (shop.now().today.replace(day=1) - timedelta(days=1)).replace(day=1)
    paid = 0
    for lines, days, fate in sorted(sales, key=lambda sale: sale[1]):
        on = begin + timedelta(days=days)
        invoice = sell(shop, lucie, on, *[line(net, rate=rate, code=code) for (rate, code), net in lines])
        if fate in ("paid", "credited"):
            pay(shop, invoice, invoice.gross, on)
            paid += invoice.gross
        if fate == "half":
            pay(shop, invoice, invoice.gross // 2 or 1, on)
        if fate == "credited":
            credit(shop, invoice, on, Wanted(amount=max(invoice.gross // 3, 1)))
    by_rate: dict[Decimal, list[int]] = {}
    with tenant(shop.id):
        ledger = {TWENTY: 0, BOOKS: 0}
        for percent, amount in LedgerEntry.objects.filter(account__in=("revenue", "vat")).values_list(
            "tax_percent", "amount"
        ):
            ledger[percent.normalize()] = ledger.get(percent.normalize(), 0) - amount
        owed = sum(LedgerEntry.objects.filter(account="receivable").values_list("amount", flat=True))
    for day in told(shop, SALES, begin)["days"]:
        for rate in day["rates"]:
            held = by_rate.setdefault(Decimal(rate["percent"]), [0, 0])
            held[0] += rate["net"]
            held[1] += rate["tax"]
    assert {percent: net + tax for percent, (net, tax) in by_rate.items() if net or tax} == {
        percent: amount for percent, amount in ledger.items() if amount
    }
    services = sum(
        rate["net"] + rate["tax"]
        for day in told(shop, SALES, begin)["days"]
        if day["category"] == "TPS1"
        for rate in day["rates"]
    )
    received = sum(day["amount"] for day in told(shop, RECEIPTS, begin)["days"])
    assert received <= services and (received == services or owed > 0)


def test_queries_do_not_grow_with_documents(shop, first, monkeypatch):
    lucie = shop.enrol("ON-1")

    def queries(kind):
        with CaptureQueriesContext(connection) as asked:
            told(shop, kind, first)
        return len(asked)

    def plant(count):
        for _ in range(count):
            pay(shop, sell(shop, lucie, first, line(1_00)), 1_20, first)

    plant(2)
    few = queries(SALES), queries(RECEIPTS)
    plant(6)
    assert (queries(SALES), queries(RECEIPTS)) == few
    monkeypatch.setattr(entries.chunk, "__kwdefaults__", {"most": 12})
    assert [day["net"] for day in told(shop, SALES, first)["days"]] == [8_00]
    assert [day["amount"] for day in told(shop, RECEIPTS, first)["days"]] == [9_60]
