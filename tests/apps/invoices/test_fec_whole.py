"""The file of accounting entries as a whole: whose entries of which days, in which currency; that it adds up."""

from __future__ import annotations

import io
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invoices.fec_check import verify
from invoices.models import CreditNoteTax, InvoiceTax, LedgerEntry
from invoices.services.charts import set_chart
from invoices.services.credit_plans import Wanted
from invoices.services.fec import fec, named, numbered_from
from invoices.services.posting import Leg, Posting, post
from merchants.ids import new_id, show
from merchants.models import TestClock as Clock
from merchants.refusals import Conflict, Invalid, NotFound
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import OutsideTenant, tenant
from tests.apps.invoices.bills import BOOKS, bill, line, pay
from tests.apps.invoices.entries import credited, made, told
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lucie(shop):
    return shop.enrol("ON-1")


def test_numbers_go_on_through_the_fiscal_year_whatever_the_period(shop, lucie):
    today = shop.now().today
    with tenant(shop.id):
        for back in (40, 20, 20, 1):
            on = today - timedelta(days=back)
            legs = (Leg(account="receivable", amount=5), Leg(account="unallocated", amount=-5))
            post([Posting(on=on, currency="EUR", legal_entity_id=shop.entity.pk, legs=legs)], now=shop.now())
        month = (today - timedelta(days=45)).month
        set_chart(shop.entity, closing_month=12 if month == 1 else month - 1, actor=shop.actor, now=shop.now())
        assert numbered_from(shop.entity.pk, first=today - timedelta(days=20)) == 2
        assert numbered_from(shop.entity.pk, first=today - timedelta(days=41)) == 1
    content = made(shop, first=today - timedelta(days=25), last=today - timedelta(days=2))
    assert [number for (number,) in told(content, "EcritureNum")] == ["2", "2", "3", "3"]
    assert verify([content], starts_at=2).faults == []


def test_only_the_entity_s_own_entries_of_the_period_are_in_it(shop, another_shop, lucie):
    bill(another_shop, another_shop.enrol("autre"), line(99_99))
    bill(shop, lucie, line(12_99))
    today = shop.now().today
    assert "9999" not in made(shop).decode("iso8859-15").replace(",", "")
    assert verify([made(shop, first=today - timedelta(days=2), last=today - timedelta(days=1))]).rows == 0
    with pytest.raises(NotFound):
        fec(another_shop.entity.pk, merchant_id=shop.id, first=today, last=today)
    with pytest.raises(OutsideTenant):
        fec(shop.entity.pk, first=today, last=today)
    with pytest.raises(Invalid) as wrong:
        fec(shop.entity.pk, merchant_id=shop.id, first=today, last=today - timedelta(days=1))
    assert wrong.value.code == "period_backwards"
    with pytest.raises(Invalid) as wrong:
        fec(shop.entity.pk, merchant_id=shop.id, first=date(2024, 1, 1), last=date(2026, 1, 2))
    assert wrong.value.code == "period_too_long"


def test_a_test_clock_s_entries_never_enter_until_it_is_released(shop, lucie):
    at = shop.now().at
    with tenant(shop.id):
        clock = Clock.objects.create(name="clock", time=at, created_at=at)
        legs = (Leg(account="receivable", amount=7_77), Leg(account="unallocated", amount=-7_77))
        posting = Posting(on=shop.now().today, currency="EUR", legal_entity_id=shop.entity.pk, legs=legs)
        post([posting], now=now_for(shop.merchant, clock.pk))
    bill(shop, lucie, line(12_99))
    assert "7,77" not in made(shop).decode("iso8859-15")
    assert verify([made(shop)], starts_at=1).entries == 1
    with tenant(shop.id):
        Clock.objects.update(status="released")
    assert verify([made(shop)], starts_at=1).entries == 2


def test_other_currencies_need_a_rate_and_are_told_in_both(shop, lucie):
    today = shop.now().today
    legs = (
        Leg(account="receivable", amount=10_00),
        Leg(account="revenue", amount=-3_33, tax_percent=Decimal(20)),
        Leg(account="vat", amount=-6_67, tax_percent=Decimal(20)),
    )
    with tenant(shop.id):
        post([Posting(on=today, currency="USD", legal_entity_id=shop.entity.pk, legs=legs)], now=shop.now())
    with pytest.raises(Conflict) as refused:
        made(shop)
    assert refused.value.code == "exchange_rate_missing"
    assert "1 entries are in USD" in refused.value.say() and today.isoformat() in refused.value.say()
    with tenant(shop.id):
        rate = {"currency": "USD", "from_on": today.isoformat(), "euros": "0.9155"}
        set_chart(shop.entity, exchange_rates=[rate], actor=shop.actor, now=shop.now())
    content = made(shop)
    assert told(content, "Debit", "Credit", "Montantdevise", "Idevise") == [
        ("9,16", "0,00", "10,00", "USD"),
        ("0,00", "3,05", "-3,33", "USD"),
        ("0,00", "6,11", "-6,67", "USD"),
    ]
    assert verify([content], starts_at=1).faults == []


def test_the_merchant_s_own_accounts_and_journals_are_told(shop, lucie):
    invoice = bill(shop, lucie, line(12_99), line(4_00, rate=BOOKS))
    accounts = [
        {"account": "revenue", "number": "7061", "label": "Abonnements", "tax_code": "electronic"},
        {"account": "vat", "number": "4457101", "label": "TVA 5,5", "percent": "5.5"},
        {"account": "receivable", "number": "4111", "label": "Abonnés"},
    ]
    journals = [{"journal": "sales", "code": "VT", "label": "Ventes en ligne"}]
    with tenant(shop.id):
        set_chart(shop.entity, accounts=accounts, journals=journals, actor=shop.actor, now=shop.now())
    content = made(shop)
    assert told(content, "JournalCode", "JournalLib", "CompteNum", "CompteLib", "PieceRef") == [
        ("VT", "Ventes en ligne", "4111", "Abonnés", invoice.number),
        ("VT", "Ventes en ligne", "7061", "Abonnements", invoice.number),
        ("VT", "Ventes en ligne", "707000", "Ventes de marchandises", invoice.number),
        ("VT", "Ventes en ligne", "44571200", "TVA collectée 20 %", invoice.number),
        ("VT", "Ventes en ligne", "4457101", "TVA 5,5", invoice.number),
    ]


def test_the_name_of_the_file_says_who_until_when_and_that_it_is_for_practice(shop, transactional_db):
    live = Shop.open("Vraie", sandbox=False)
    with tenant(shop.id):
        assert named(shop.entity.pk, last=date(2026, 12, 31)) == "ESSAI-732829320FEC20261231.txt"
    with tenant(live.id):
        assert named(live.entity.pk, last=date(2026, 12, 31)) == "732829320FEC20261231.txt"
        live.entity.siren = ""
        live.entity.save()
        with pytest.raises(Conflict) as refused:
            named(live.entity.pk, last=date(2026, 12, 31))
        assert refused.value.code == "siren_missing"
    bill(live, live.enrol("ON-2"), line(12_99))
    assert "ESSAI" not in made(live).decode("iso8859-15")


def test_memory_and_queries_do_not_grow_with_the_ledger(shop, lucie, monkeypatch):
    """Chunks of some postings each: as many queries a chunk, whether it holds two postings or forty."""
    from invoices.selectors import entries

    def plant(count):
        with tenant(shop.id):
            legs = (Leg(account="receivable", amount=5), Leg(account="unallocated", amount=-5))
            made_up = Posting(on=shop.now().today, currency="EUR", legal_entity_id=shop.entity.pk, legs=legs)
            post([made_up] * count, now=shop.now())

    def queries(most):
        monkeypatch.setattr(entries.chunk, "__kwdefaults__", {"most": most})
        with CaptureQueriesContext(connection) as asked:
            content = made(shop)
        assert verify([content], starts_at=1).faults == []
        return len(asked), verify([content]).entries

    bill(shop, lucie, line(12_99))
    plant(2)
    few, count = queries(1_000)
    assert count == 3
    plant(60)
    many, count = queries(1_000)
    assert (count, many) == (63, few)
    chunked, count = queries(41)  # some twenty postings a chunk
    assert count == 63 and chunked > many
    tiny, count = queries(2)  # less than one posting: whole postings all the same
    assert count == 63 and tiny > chunked


def test_the_ledger_and_the_file_agree_account_by_account(shop, lucie):
    for amount in (12_99, 1, 33_33):
        invoice = bill(shop, lucie, line(amount), line(amount, rate=BOOKS))
        pay(shop, invoice, invoice.gross)
    credited(shop, invoice)
    verdict = verify([made(shop)], starts_at=1)
    with tenant(shop.id):
        ledger: dict[str, int] = {}
        for account, amount in LedgerEntry.objects.values_list("account", "amount"):
            ledger[account] = ledger.get(account, 0) + amount
    told_by = {
        "receivable": verdict.by_account["411000"],
        "revenue": verdict.by_account["706000"] + verdict.by_account["707000"],
        "vat": verdict.by_account["44571200"] + verdict.by_account["44571055"],
        "provider": verdict.by_account["517000"],
        "balance": verdict.by_account["419700"],
    }
    assert told_by == ledger and verdict.debit == verdict.credit


def test_an_unknown_entity_is_not_found(shop):
    with tenant(shop.id), pytest.raises(NotFound):
        named(UUID(int=1), last=date(2026, 12, 31))
    with pytest.raises(NotFound):
        fec(new_id(), merchant_id=shop.id, first=date(2026, 1, 1), last=date(2026, 12, 31))


def test_the_command_writes_a_year_and_checks_it(shop, lucie, tmp_path):
    invoice = bill(shop, lucie, line(12_99))
    pay(shop, invoice, 12_99)
    year, out = shop.now().today.year, io.StringIO()
    ask = {"entity": shop.entity.public_id, "to": tmp_path, "stdout": out}

    call_command("export_fec", year=year, **ask)

    written = tmp_path / f"ESSAI-732829320FEC{year}1231.txt"
    assert written.read_bytes() == made(shop, last=date(year, 12, 31))
    assert out.getvalue() == (
        f"{written}: 2 entries, 5 rows, {year}-01-01 to {year}-12-31, 25.98 EUR debit, 25.98 EUR credit\n"
    )
    call_command("export_fec", year=year - 1, merchant=shop.merchant.public_id, **{**ask, "to": tmp_path / "old.txt"})
    assert verify([(tmp_path / "old.txt").read_bytes()]).entries == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [written.name, "old.txt"]
    for wrong in ({"entity": "ent_1"}, {"entity": show("ent", new_id())}):
        with pytest.raises(CommandError):
            call_command("export_fec", **{"year": year, **ask, **wrong})


def test_a_file_that_does_not_pass_is_not_kept(shop, lucie, tmp_path, monkeypatch):
    bill(shop, lucie, line(12_99))
    monkeypatch.setattr("invoices.fec.amount_text", lambda cents: "1,00")
    year = shop.now().today.year
    with pytest.raises(CommandError, match="not kept: line 2: it is a debit and a credit"):
        call_command("export_fec", entity=shop.entity.public_id, year=year, to=tmp_path / "wrong.txt")
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sales=st.lists(
        st.tuples(
            st.lists(st.tuples(st.booleans(), st.integers(1, 90_000)), min_size=1, max_size=4),
            st.sampled_from(["open", "paid", "over", "credited", "refunded"]),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_whatever_was_sold_sales_and_vat_come_to_the_documents_by_rate(transactional_db, sales):
    """Random documents: each entry balances, and by rate the file has the documents' own bases and VAT."""
    shop = Shop.open("Hasard")
    lucie = shop.enrol("ON-1")
    for lines, fate in sales:
        invoice = bill(shop, lucie, *[line(amount, rate=BOOKS if book else Decimal(20)) for book, amount in lines])
        if fate != "open":
            pay(shop, invoice, invoice.gross, captured=invoice.gross + (1_00 if fate == "over" else 0))
        if fate in ("credited", "refunded"):
            to = "balance" if fate == "credited" else "refund"
            credited(shop, invoice, Wanted(amount=max(invoice.gross // 3, 1)), to=to)
    expected = {"706000": 0, "707000": 0, "44571200": 0, "44571055": 0}
    accounts = {Decimal(20): ("706000", "44571200"), BOOKS: ("707000", "44571055")}
    with tenant(shop.id):
        for model, sign in ((InvoiceTax, -1), (CreditNoteTax, 1)):
            for percent, base, tax in model.objects.values_list("tax_percent", "base", "tax"):
                sold, taxed = accounts[percent.normalize()]
                expected[sold] += sign * base
                expected[taxed] += sign * tax
    verdict = verify([made(shop)], starts_at=1)
    assert verdict.faults == [] and verdict.debit == verdict.credit
    assert {account: verdict.by_account.get(account, 0) for account in expected} == expected
