"""E-reporting over real documents: what a report says to the cent, what it leaves out, corrections, handing on."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import fromstring
from zoneinfo import ZoneInfo

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.models import Alert
from alerts.services.relay import publish
from billing import runs
from billing.engine.reporting import Regime, ReportKind, Span, span_of
from billing.flows import ereport_sending, ereports
from billing.flows.ereporting import set_ereporting
from billing.models import EReport, EReporting
from billing.models.reporting import KINDS, REGIMES
from billing.selectors.reported import report_of
from invoices.drafts import DraftInvoice, DraftLine, LineKind
from invoices.models import BalanceEntry, CreditNote, Invoice, LedgerEntry, Payment
from invoices.selectors import entries
from invoices.selectors.charts import chart_of_entity
from invoices.services import balances, payments
from invoices.services.charts import set_chart
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from invoices.services.issuing import Issue, issue
from merchants.models import Event
from merchants.models import TestClock as Clock
from merchants.now import Now
from merchants.refusals import Conflict, Invalid
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers.services.enrolment import enrol
from subscribers.snapshots import TaxBehavior
from subscribers.taxes import TaxRate
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)

SALES, RECEIPTS = ReportKind.transactions, ReportKind.payments
TWENTY, BOOKS, NONE = Decimal(20), Decimal("5.5"), Decimal(0)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def first(shop):
    """The first day of the last month: its periods are over."""
    return (shop.now().today.replace(day=1) - timedelta(days=1)).replace(day=1)


def at(shop, on: date, clock: Any = None) -> Now:
    zone = shop.merchant.timezone
    return Now(at=datetime.combine(on, time(12), ZoneInfo(zone)).astimezone(UTC), zone=zone, test_clock=clock)


def line(net: int, *, rate: Decimal = TWENTY, code: str = "electronic", currency: str = "EUR", **why: Any) -> DraftLine:
    """A line that is sold net."""
    tax = TaxRate(rate=rate, **why)
    return DraftLine(
        kind=LineKind.charge,
        title={"en": "Thing"},
        amount=net,
        currency=currency,
        tax_code=code,
        tax=tax,
        rule="once",
        inputs={"currency": currency, "unit_amount": net, "quantity": 1, **tax.told},
        formula="",
        unit_price=f"{net / 100:.2f}",
    )


def sell(shop, payer, on: date, *lines: DraftLine) -> Invoice:
    """An open invoice of a day."""
    with tenant(shop.id):
        now = at(shop, on, payer.test_clock_id)
        draft = DraftInvoice(
            payer=str(payer.pk), currency=lines[0].currency, tax_behavior=TaxBehavior.exclusive, on=on, lines=lines
        )
        ask = Issue(draft=draft, payer=payer, entity=shop.entity, merchant=shop.merchant)
        return issue([ask], actor=shop.actor, now=now)[0]


def pay(shop, invoice, amount: int, on: date) -> Payment:
    with tenant(shop.id):
        now = at(shop, on)
        payment = Payment.objects.create(
            payer_id=invoice.payer_id, invoice_id=invoice.pk, account=shop.account, gateway="simulated", means="card",
            amount=amount, currency=invoice.currency, created_at=now.at,
        )  # fmt: skip
        answer = payments.Recorded(status="succeeded", captured=amount, provider_ref=f"pi_{payment.pk}")
        payments.record(payment, answer, actor=shop.actor, now=now)
        payments.settle(payment, Invoice.objects.get(id=invoice.pk), actor=shop.actor, now=now)
        return payment


def credit(shop, invoice, on: date, wanted: Wanted | None = None, *, to: str = "balance") -> CreditNote:
    with tenant(shop.id):
        return credit_invoice(
            invoice.pk, wanted or Wanted(), reason="a test", to=to, actor=shop.actor, now=at(shop, on)
        )


def told(shop, kind, first: date, *, days: int = 31, since: date | None = None):
    """What the report of a month says."""
    with tenant(shop.id):
        span = Span(first, first + timedelta(days=days - 1))
        return report_of(kind, shop.entity.pk, span, since=since or first, chart=chart_of_entity(shop.entity.pk))


def turn_on(shop, since: date, regime: str = "quarterly", **more: Any) -> EReporting:
    with tenant(shop.id):
        return set_ereporting(
            shop.entity, is_on=True, regime=regime, since=since, actor=shop.actor, now=shop.now(), **more
        )


def made(shop, **which: Any) -> list[EReport]:
    with tenant(shop.id):
        return list(EReport.objects.filter(**which).order_by("id"))


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


CODES = st.sampled_from([(TWENTY, "electronic"), (TWENTY, "goods"), (BOOKS, "books"), (BOOKS, "reduced")])


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


def test_off_until_turned_on_and_only_for_a_company_that_can_report(shop, first):
    sell(shop, shop.enrol("ON-1"), first, line(1_00))
    runs.report_due()
    assert made(shop) == []
    with tenant(shop.id):
        ask = {"actor": shop.actor, "now": shop.now()}
        with pytest.raises(Invalid) as wrong:
            set_ereporting(
                shop.entity, regime="franchise", platform="x", platform_code="é", since=date(2001, 1, 1), **ask
            )
        assert {(each.field, each.code) for each in wrong.value.errors} == {
            ("regime", "regime_contradicts_company"), ("platform", "invalid_choice"),
            ("platform_code", "platform_code_malformed"), ("since", "date_too_far"),
        }  # fmt: skip
        shop.entity.siren = ""
        shop.entity.save()
        with pytest.raises(Conflict) as refused:
            set_ereporting(shop.entity, is_on=True, **ask)
        assert refused.value.code == "siren_missing"
        shop.entity.siren, shop.entity.country = "732829320", "BE"
        shop.entity.save()
        with pytest.raises(Conflict) as refused:
            set_ereporting(shop.entity, is_on=True, **ask)
        assert refused.value.code == "not_in_france"
        assert not EReporting.objects.exists()


def test_the_beat_makes_what_is_over_once_and_hands_it_on(shop, first):
    lucie = shop.enrol("ON-1")
    pay(shop, sell(shop, lucie, first + timedelta(days=3), line(10_00)), 12_00, first + timedelta(days=12))
    turn_on(shop, first, "monthly", platform_code="P001", platform_name="La Plateforme")

    assert runs.report_due() > 0

    sales, receipts = made(shop, kind="transactions"), made(shop, kind="payments")
    assert [(each.first_on, each.last_on, each.number, each.corrects, each.totals) for each in sales] == [
        (first, first + timedelta(days=9), 1, False, {"EUR": {"net": 10_00, "tax": 2_00}})
    ]
    assert [(each.first_on, each.last_on, each.totals) for each in receipts] == [
        (first, span_of(Regime.monthly, RECEIPTS, first).last, {"EUR": {"amount": 12_00}})
    ]
    assert {each.state for each in sales + receipts} == {"sent"} and sales[0].until_on == first + timedelta(days=19)
    path = f"ereports/{shop.id}/essai/{sales[0].public_id}"
    with default_storage.open(f"{path}.xml") as kept:
        root = fromstring(kept.read())
    assert root.findtext("TransactionsReport/Transactions/TaxExclusiveAmount") == "10.00"
    assert root.findtext("ReportDocument/Sender/Id") == "P001"
    with default_storage.open(f"{path}.json") as kept:
        assert json.load(kept)["practice"] is True
    with tenant(shop.id):
        row = EReporting.objects.get()
        assert row.next_at > shop.now().at and row.payments_from == shop.now().today.replace(day=1)
        assert Event.objects.filter(kind="ereport.made").count() == 2
    runs.report_due()
    assert len(made(shop)) == 2


def test_a_period_without_sales_makes_no_report(shop, first):
    turn_on(shop, first)
    runs.report_due()
    assert made(shop) == []
    with tenant(shop.id):
        assert EReporting.objects.get().transactions_from == shop.now().today.replace(day=1)


def test_vat_on_debits_makes_no_report_of_receipts(shop, first):
    with tenant(shop.id):
        shop.entity.vat_on_debits = True
        shop.entity.save()
    pay(shop, sell(shop, shop.enrol("ON-1"), first, line(10_00)), 12_00, first)
    turn_on(shop, first)
    runs.report_due()
    (only,) = made(shop)
    assert only.kind == "transactions" and only.declared["vat_on_debits"] is True


def test_a_late_document_makes_its_period_be_told_anew_whole(shop, first):
    """The night after the next period the last ones are compared with the books."""
    lucie = shop.enrol("ON-1")
    sell(shop, lucie, first, line(10_00))
    row = turn_on(shop, first, "monthly")
    with tenant(shop.id):
        row.next_at = ereports.due_at(Span(first, first + timedelta(days=9)), shop.merchant.timezone)
        row.save()
    runs.report_due()
    (before,) = made(shop)
    sell(shop, lucie, first + timedelta(days=9), line(5_00))  # came late: its report is made
    assert [each.public_id for each in made(shop)] == [before.public_id]
    with tenant(shop.id):  # as on the morning of the third period
        row = EReporting.objects.get()
        row.transactions_from = first + timedelta(days=20)
        row.next_at = shop.now().at
        row.save()

    runs.report_due()

    was, now_ = made(shop, kind="transactions")
    assert (now_.first_on, now_.last_on, now_.number, now_.corrects) == (first, first + timedelta(days=9), 2, True)
    assert (was.totals, now_.totals) == ({"EUR": {"net": 10_00, "tax": 2_00}}, {"EUR": {"net": 15_00, "tax": 3_00}})
    with default_storage.open(f"ereports/{shop.id}/essai/{now_.public_id}.xml") as kept:
        assert b"<TypeCode>RE</TypeCode>" in kept.read()
    runs.report_due()
    assert len(made(shop)) == 2


def verdict(shop, report, **said):
    default_storage.save(
        f"ereports/{shop.id}/essai/{report.public_id}.reply.json", ContentFile(json.dumps(said).encode())
    )


def look(shop, report):
    """As when it is looked after again."""
    with tenant(shop.id):
        EReport.objects.filter(pk=report.pk).update(next_look_at=shop.now().at)
    runs.report_due()
    (found,) = made(shop, pk=report.pk)
    return found


def reported(shop, first) -> EReport:
    sell(shop, shop.enrol("ON-1"), first, line(10_00))
    turn_on(shop, first)
    runs.report_due()
    (only,) = made(shop)
    return only


def test_an_accepted_report_is_done(shop, first):
    report = reported(shop, first)
    assert look(shop, report).state == "sent"
    verdict(shop, report, state="accepted", reference="F10-77")
    found = look(shop, report)
    assert (found.state, found.platform_ref, found.next_look_at) == ("accepted", "F10-77", None)
    with tenant(shop.id):
        (event,) = Event.objects.filter(kind="ereport.settled")
        assert event.data["object"]["state"] == "accepted"
        with pytest.raises(Conflict) as refused:
            ereports.again(found, actor=shop.actor, now=shop.now())
        assert refused.value.code == "nothing_changed"


def test_a_refused_report_is_made_anew_once_its_cause_is_mended(shop, first):
    report = reported(shop, first)
    verdict(shop, report, state="rejected", code="REJ_COH", message="Unknown platform")
    found = look(shop, report)
    assert (found.state, found.code, found.message) == ("rejected", "REJ_COH", "Unknown platform")
    publish(shop.id)
    ask = {"actor": shop.actor, "now": shop.now()}
    with tenant(shop.id):
        alert = Alert.objects.get(kind="ereport_rejected")
        assert (alert.severity, alert.details["report"], alert.resolved_at) == ("bad", report.public_id, None)
        assert ereports.again(found, **ask).pk == report.pk  # nothing changed: the same again
        set_ereporting(shop.entity, platform_code="P002", **ask)
        anew = ereports.again(found, **ask)
    assert (anew.number, anew.corrects, anew.content, anew.declared["platform_code"]) == (
        2, False, report.content, "P002",
    )  # fmt: skip
    ereport_sending.hand_on(merchant_id=shop.id, report_id=anew.pk)
    assert [each.state for each in made(shop)] == ["rejected", "sent"]
    verdict(shop, anew, state="accepted")
    assert look(shop, anew).state == "accepted"
    publish(shop.id)
    with tenant(shop.id):
        assert Alert.objects.get(kind="ereport_rejected").resolved_at is not None


def test_a_folder_that_is_away_leaves_the_report_unknown_and_it_is_tried_again(shop, first, monkeypatch):
    sell(shop, shop.enrol("ON-1"), first, line(10_00))
    turn_on(shop, first)

    def away(*_):
        raise OSError("no route to host")

    with monkeypatch.context() as broken:
        broken.setattr(default_storage, "save", away)
        runs.report_due()
    (only,) = made(shop)
    assert (only.state, only.code, only.sent_at) == ("unknown", "store_away", None)
    assert only.next_look_at > shop.now().at
    found = look(shop, only)
    assert (found.state, found.code, found.tries) == ("sent", "", 2)


def test_handing_on_twice_hands_nothing_in_twice(shop, first):
    report = reported(shop, first)
    names = default_storage.listdir(f"ereports/{shop.id}/essai")[1]
    with tenant(shop.id):
        EReport.objects.update(next_look_at=shop.now().at)
    ereport_sending.hand_on(merchant_id=shop.id, report_id=report.pk)
    assert default_storage.listdir(f"ereports/{shop.id}/essai")[1] == names
    assert sorted(names) == [f"{report.public_id}.json", f"{report.public_id}.xml"]


def test_what_a_report_says_is_for_ever(shop, first):
    report = reported(shop, first)
    for change in ({"totals": {}}, {"content": {}}, {"number": 2}, {"state": "draft"}):
        with pytest.raises(IntegrityError), tenant(shop.id):
            EReport.objects.filter(pk=report.pk).update(**change)
    with pytest.raises(IntegrityError), tenant(shop.id):
        EReport.objects.filter(pk=report.pk).delete()


def test_after_a_change_of_regime_it_goes_on_where_it_was(shop, first):
    turn_on(shop, first, "monthly")
    runs.report_due()
    with tenant(shop.id):
        before = EReporting.objects.get().transactions_from
        set_ereporting(shop.entity, regime="simplified", since=first, actor=shop.actor, now=shop.now())
        after = EReporting.objects.get()
    assert after.transactions_from == before >= shop.now().today.replace(day=1)


def test_the_models_words_are_the_engine_s():
    assert (tuple(Regime), tuple(ReportKind)) == (REGIMES, KINDS)


def test_turning_it_off_stops_it(shop, first):
    sell(shop, shop.enrol("ON-1"), first, line(1_00))
    turn_on(shop, first)
    with tenant(shop.id):
        row = set_ereporting(shop.entity, is_on=False, actor=shop.actor, now=now_for(shop.merchant))
        assert row.next_at is None
    runs.report_due()
    assert made(shop) == []
