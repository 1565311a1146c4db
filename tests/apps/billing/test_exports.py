"""Exports from the question to the file: what is in it, to the row and to the cent; and what happens on failures."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import openpyxl
import pyarrow.parquet
import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from billing import runs
from billing.exports import reading
from billing.exports.kinds import KINDS
from billing.flows import export_making
from billing.flows.export import Wanted, begin, seen_from
from billing.flows.export_making import expire, make
from billing.flows.export_writing import asked_of
from billing.models import Export
from invoices.fec_check import verify
from invoices.models import CreditNote, Invoice, Payment, Refund
from invoices.services.credit_plans import Wanted as Credited
from invoices.services.credits import credit_invoice
from merchants.clock import instant
from merchants.ids import new_id, show
from merchants.models import Site
from merchants.refusals import Conflict, Invalid
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import Change, Subscriber
from subscribers.services import enrolment
from tests.apps.invoices.bills import bill, line
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Any) -> None:
    """A store of this test's own."""
    settings.MEDIA_ROOT = str(tmp_path)


def asked(shop: Shop, kind: str, format: str = "csv", *, sites: Any = (), **wanted: Any) -> Export:
    with tenant(shop.id):
        return begin(
            Wanted(kind=kind, format=format, **wanted),
            merchant=shop.merchant,
            sites=sites,
            actor=shop.actor,
            now=shop.now(),
        )


def now_of(shop: Shop, export: Export) -> Export:
    with tenant(shop.id):
        found: Export = Export.objects.get(id=export.pk)
    return found


def made(shop: Shop, kind: str, format: str = "csv", **wanted: Any) -> Export:
    export = asked(shop, kind, format, **wanted)
    make(merchant_id=shop.id, export_id=export.pk)
    done = now_of(shop, export)
    assert (done.status, done.code) == ("ready", "")
    return done


def content(export: Export) -> bytes:
    with default_storage.open(export.path) as file:
        return bytes(file.read())


def table(export: Export) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(export).decode(), newline="")))


@pytest.fixture(scope="module")
def sold(django_db_setup: None, django_db_blocker: Any) -> Iterator[Shop]:
    """Two who bought, at two rates of VAT; one of them got something back. For all tests here that add nobody."""
    with django_db_blocker.unblock():
        yield sell(Shop.open("Onde"))


def sell(shop: Shop) -> Shop:
    """Its two purchases, and what it credited."""
    hifi = shop.offer("hifi", ("month", None, 12_99))
    books = shop.offer("books", ("month", None, 20_00), tax_behavior="exclusive", tax_code="books")
    first = shop.buy(shop.enrol("=lucie", name="=HYPERLINK(1)", company="Bleu, SARL"), hifi)
    shop.buy(shop.enrol("paul", name="Paul Roux"), books)
    with tenant(shop.id):
        credit_invoice(first.invoice_id, Credited(amount=2_99), reason="a gesture", actor=shop.actor, now=shop.now())
    return shop


def test_documents_come_to_what_the_books_say_in_all_three_forms(sold: Shop) -> None:
    with tenant(sold.id):
        billed = Invoice.objects.aggregate(net=Sum("net"), vat=Sum("tax"), total=Sum("gross"))
        credited = CreditNote.objects.aggregate(net=Sum("net"), vat=Sum("tax"), total=Sum("gross"))
        numbers = [*Invoice.objects.order_by("id").values_list("number", flat=True)]
        numbers += CreditNote.objects.values_list("number", flat=True)
    expected = {name: Decimal(billed[name] - credited[name]) / 100 for name in ("net", "vat", "total")}
    assert expected["total"] == Decimal("31.10")  # 12.99 + 21.10 − 2.99

    written = made(sold, "invoices")
    rows = table(written)
    assert [row["number"] for row in rows] == numbers
    assert [row["document"] for row in rows] == ["invoice", "invoice", "credit_note"]
    assert {name: sum(Decimal(row[name]) for row in rows) for name in expected} == expected
    assert (rows[2]["corrects"], rows[2]["total"], rows[2]["status"]) == (rows[0]["number"], "-2.99", "")
    assert (rows[0]["name"], rows[0]["reference"], rows[0]["company"]) == ("'=HYPERLINK(1)", "'=lucie", "Bleu, SARL")
    assert rows[1]["name"] == "Paul Roux"
    assert rows[0]["credited"] == "2.99" and rows[0]["due"] == "0.00"

    book = openpyxl.load_workbook(io.BytesIO(content(made(sold, "invoices", "xlsx"))))
    head, *lines = book.worksheets[0].iter_rows(values_only=True)
    at = {title: place for place, title in enumerate(head)}
    assert round(sum(line[at["Total"]] for line in lines), 2) == float(expected["total"])
    assert lines[0][at["Issued"]].date() == sold.now().today
    assert lines[0][at["Name"]] == "'=HYPERLINK(1)"

    frame = pyarrow.parquet.read_table(io.BytesIO(content(made(sold, "invoices", "parquet"))))
    assert {name: sum(frame[name].to_pylist()) for name in expected} == expected
    assert frame["name"].to_pylist()[0] == "=HYPERLINK(1)"  # no spreadsheet opens it: it says what was said
    assert frame["number"].to_pylist() == numbers

    assert (written.rows, written.size) == (3, len(content(written)))
    assert written.sha256 == hashlib.sha256(content(written)).hexdigest()
    assert str(sold.id) in written.path and written.name == "invoices.csv"


def test_lines_and_rates_come_to_the_same(sold: Shop) -> None:
    lines, taxes = table(made(sold, "invoice_lines")), table(made(sold, "invoice_taxes"))
    documents = table(made(sold, "invoices"))
    for number in {row["number"] for row in documents}:
        (document,) = [row for row in documents if row["number"] == number]
        rates = [row for row in taxes if row["number"] == number]
        assert {name: sum(Decimal(row[name]) for row in rates) for name in ("net", "vat", "total")} == {
            name: Decimal(document[name]) for name in ("net", "vat", "total")
        }
        assert sum(Decimal(row["net"]) for row in lines if row["number"] == number) == Decimal(document["net"])
    assert [(row["vat_percent"], row["net"], row["vat"]) for row in taxes] == [
        ("20", "10.82", "2.17"),
        ("5.5", "20.00", "1.10"),
        ("20", "-2.49", "-0.50"),
    ]
    assert [(row["line"], row["title"], row["quantity"], row["amount"], row["prices"]) for row in lines] == [
        ("1", "hifi", "1", "12.99", "inclusive"),
        ("1", "books", "1", "20.00", "exclusive"),
        ("1", "hifi", "", "-2.99", "inclusive"),
    ]


def test_payments_and_refunds_come_to_what_moved(sold: Shop) -> None:
    runs.settle_due()
    with tenant(sold.id):
        captured = Payment.objects.aggregate(sum=Sum("captured"))["sum"]
        given = Refund.objects.filter(status="succeeded").aggregate(sum=Sum("amount"))["sum"] or 0
        asked_for = Payment.objects.aggregate(sum=Sum("amount"))["sum"]
        refunds = Refund.objects.aggregate(sum=Sum("amount"))["sum"] or 0
        count = Payment.objects.count() + Refund.objects.count()
    rows = table(made(sold, "payments"))
    assert len(rows) == count
    assert sum(Decimal(row["received"]) for row in rows) == Decimal(captured - given) / 100
    assert sum(Decimal(row["amount"]) for row in rows) == Decimal(asked_for - refunds) / 100
    assert [row["card"] for row in rows if row["movement"] == "payment"] == ["Visa 4242", "Visa 4242"]
    assert rows[0]["invoice"] and rows[0]["name"] == "'=HYPERLINK(1)"
    assert table(made(sold, "payments", filters={"status": "failed"})) == []


def test_subscribers_and_their_history(sold: Shop) -> None:
    rows = table(made(sold, "subscribers"))
    assert [(row["reference"], row["offer"], row["subscription_status"]) for row in rows] == [
        ("'=lucie", "hifi", "active"),
        ("paul", "books", "active"),
    ]
    changes = table(made(sold, "changes"))
    with tenant(sold.id):
        assert [row["id"] for row in changes] == [row.public_id for row in Change.objects.order_by("id")]
    enrolled = [row for row in changes if (row["kind"], row["verb"]) == ("subscriber", "created")]
    assert len(enrolled) == 2 and '"name": "Paul' in enrolled[1]["after"]
    assert "{'personal'" not in content(made(sold, "changes")).decode()


def test_french_csv_and_french_words(sold: Shop) -> None:
    said = content(made(sold, "invoices", locale="fr", bom=True)).decode("utf-8")
    assert said.startswith("\ufeffdocument;number;issued_on;")
    assert ";12,99;" in said and ";-2,99;" in said


def test_a_span_is_of_the_merchants_days(shops: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = shops(timezone="Pacific/Honolulu")
    shop.buy(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_99)))
    today = shop.now().today
    day = timedelta(days=1)
    for kind in ("invoices", "invoice_lines", "invoice_taxes", "payments", "subscribers", "changes"):
        assert made(shop, kind, from_on=today, to_on=today).rows > 0, kind
        assert made(shop, kind, from_on=today - 9 * day, to_on=today - day).rows == 0, kind
        assert made(shop, kind, from_on=today + day).rows == 0, kind
        assert made(shop, kind, to_on=today - day).rows == 0, kind
    with tenant(shop.id):
        at = Payment.objects.get().created_at
    local = at.astimezone(ZoneInfo("Pacific/Honolulu"))
    assert table(made(shop, "payments"))[0]["created_at"] == local.isoformat(timespec="seconds")


def test_what_is_filtered_is_exported(sold: Shop) -> None:
    with tenant(sold.id):
        lucie, paul = Subscriber.objects.order_by("id")
        first = Invoice.objects.order_by("id").first()
        assert first is not None
        site = Site.objects.create(reference="lyon", name="Lyon", created_at=instant())

    def count(kind: str, **filters: str) -> int:
        return made(sold, kind, filters=filters).rows

    assert count("invoices", subscriber=lucie.public_id) == 2
    assert count("invoices", subscriber=paul.public_id) == 1
    assert count("invoices", status="paid") == 2  # a view of invoices: credit notes are none
    assert count("invoices", status="open") == 0
    assert count("invoices", q=str(first.number)) == 1
    assert count("invoices", site=site.public_id) == 0
    assert count("invoice_lines", subscriber=lucie.public_id) == 2
    assert count("payments", subscriber=paul.public_id) == 1
    assert count("subscribers", q="paul") == 1
    assert count("subscribers", status="active") == 2
    assert count("subscribers", status="ending") == 0
    assert count("subscribers", channel="api") == 2
    assert count("changes", subscriber=paul.public_id) < count("changes")


def test_a_member_of_one_salon_gets_its_rows_and_sees_no_file_of_another(shop: Shop) -> None:
    with tenant(shop.id):
        lyon, nice = (Site.objects.create(reference=name, name=name, created_at=instant()) for name in ("lyon", "nice"))
    for name, site in (("lucie", lyon), ("paul", nice)):
        with tenant(shop.id):
            known = {"name": name, "reference": name}
            enrolment.enrol(known, site_id=site.pk, merchant=shop.merchant, actor=shop.actor, now=shop.now())
    theirs = made(shop, "subscribers", sites=[lyon.pk])
    assert [row["reference"] for row in table(theirs)] == ["lucie"]
    assert {row["reference"] for row in table(made(shop, "changes", sites=[lyon.pk]))} == {"lucie"}
    whole, of_both = made(shop, "subscribers"), made(shop, "subscribers", sites=[lyon.pk, nice.pk])
    with tenant(shop.id):
        assert list(seen_from([lyon.pk]).filter(kind="subscribers")) == [theirs]
        assert set(seen_from([lyon.pk, nice.pk]).filter(kind="subscribers")) == {theirs, of_both}
        assert whole in seen_from([])


def crowd(shop: Shop, count: int) -> None:
    """So many subscribers, written in one statement as an import does."""
    at = instant()
    with tenant(shop.id):
        people = [
            Subscriber(reference=f"p{n:05}", name=f"P {n}", channel="import", created_at=at, updated_at=at)
            for n in range(count)
        ]
        history.create_all(people, actor=shop.actor, now=shop.now(), verb="created")


@pytest.mark.parametrize(("count", "piece"), [(2_501, 2_500), (9, 10), (10, 10), (11, 10), (20, 10)])
def test_the_edge_of_a_piece_loses_and_doubles_nothing_while_others_enrol(
    shop: Shop, count: int, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reading.PIECE == 2_500
    monkeypatch.setattr(reading, "PIECE", piece)
    crowd(shop, count)
    export = asked(shop, "subscribers")
    told, late = export_making._tell, itertools.count(1)

    def enrol_meanwhile(row: Export, **said: Any) -> None:
        shop.enrol(f"late{next(late)}")
        told(row, **said)

    monkeypatch.setattr(export_making, "_tell", enrol_meanwhile)
    make(merchant_id=shop.id, export_id=export.pk)
    done = now_of(shop, export)
    assert (done.status, done.rows) == ("ready", count)
    assert [row["reference"] for row in table(done)] == [f"p{n:05}" for n in range(count)]
    with tenant(shop.id):
        assert Subscriber.objects.filter(reference__startswith="late").count() == next(late) - 1 >= 3


def test_a_piece_costs_as_many_queries_whatever_it_holds_and_wherever_it_is(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold = sell(shop)
    crowd(sold, 40)
    for kind in ("subscribers", "changes"):
        costs = []
        for size in (5, 10):
            monkeypatch.setattr(reading, "PIECE", size)
            with tenant(sold.id):
                row = Export(kind=kind, format="csv", locale="en", merchant_id=sold.id)
            question = asked_of(row, sold.merchant)
            flow = reading.read(KINDS[kind].sources, question)
            pieces = []
            for _ in range(4):
                with CaptureQueriesContext(
                    connection,
                ) as seen:
                    assert len(next(flow)) == size
                pieces.append(len(seen))
            costs.append(pieces)
        assert costs[0][1:] == costs[1][1:], kind
        assert len(set(costs[0][1:])) == 1, kind  # the first piece also asks where the end is
        assert costs[0][1] <= 12, kind


def test_documents_of_two_tables_come_in_order_across_pieces(sold: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = table(made(sold, "invoices"))
    for size in (1, 2, 3):
        monkeypatch.setattr(reading, "PIECE", size)
        assert table(made(sold, "invoices")) == whole


def test_another_merchants_rows_are_in_no_file_and_theirs_cannot_be_made(sold: Shop, another_shop: Shop) -> None:
    another_shop.buy(another_shop.enrol("stranger"), another_shop.offer("hifi", ("month", None, 5_00)))
    assert {row["reference"] for row in table(made(sold, "subscribers"))} == {"'=lucie", "paul"}
    export = asked(sold, "invoices")
    make(merchant_id=another_shop.id, export_id=export.pk)
    assert now_of(sold, export).status == "waiting"
    make(merchant_id=sold.id, export_id=export.pk)
    with tenant(sold.id):
        Export.objects.filter(id=export.pk).update(expires_at=instant())
    expire(merchant_id=another_shop.id, export_id=export.pk)
    assert now_of(sold, export).status == "ready"


def test_a_worker_killed_in_the_middle_is_replaced_and_the_file_is_made_from_its_beginning(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(sold := shop, 30)
    monkeypatch.setattr(reading, "PIECE", 10)
    export = asked(sold, "subscribers")

    class Killed(BaseException):
        pass

    told = export_making._tell

    def die(row: Export, **said: Any) -> None:
        told(row, **said)
        if row.rows >= 20:
            raise Killed

    with monkeypatch.context() as broken:
        broken.setattr(export_making, "_tell", die)
        with pytest.raises(Killed):
            make(merchant_id=sold.id, export_id=export.pk)
    left = now_of(sold, export)
    assert (left.status, left.rows, left.tries) == ("making", 20, 1)
    assert (sold.id, export.pk) not in runs.exports_to_make()  # it may still be alive
    make(merchant_id=sold.id, export_id=export.pk)
    assert now_of(sold, export).claim == left.claim

    with tenant(sold.id):
        Export.objects.filter(id=export.pk).update(beaten_at=instant() - export_making.STILL - timedelta(seconds=1))
    assert (sold.id, export.pk) in runs.exports_to_make()
    make(merchant_id=sold.id, export_id=export.pk)
    done = now_of(sold, export)
    assert (done.status, done.rows, done.tries) == ("ready", 30, 2)
    references = Counter(row["reference"] for row in table(done))
    assert len(references) == 30 and set(references.values()) == {1}
    assert len(default_storage.listdir(f"exports/{sold.id}")[1]) == 1


def test_who_lost_the_claim_stops_and_writes_nothing_more(sold: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    export = asked(sold, "subscribers")
    told = export_making._tell
    state: dict[str, Any] = {"taken": False}

    def taken(row: Export, **said: Any) -> None:
        if not state["taken"]:  # while the first one writes, a second one takes over and ends it
            state["taken"] = True
            with tenant(sold.id):
                Export.objects.filter(id=export.pk).update(beaten_at=instant() - export_making.STILL * 2)
            make(merchant_id=sold.id, export_id=export.pk)
        told(row, **said)

    monkeypatch.setattr(export_making, "_tell", taken)
    make(merchant_id=sold.id, export_id=export.pk)
    done = now_of(sold, export)
    assert (done.status, done.tries, done.rows) == ("ready", 2, 2)
    assert len(default_storage.listdir(f"exports/{sold.id}")[1]) == 1


def test_a_store_that_fails_is_tried_again_and_then_given_up(sold: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    export = asked(sold, "invoices")

    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(default_storage, "save", full)
        for tries, wait in ((1, 1), (2, 5), (3, 15)):
            before = instant()
            make(merchant_id=sold.id, export_id=export.pk)
            waits = now_of(sold, export)
            assert (waits.status, waits.tries, waits.code) == ("waiting", tries, "store_away")
            assert timedelta(minutes=wait) <= waits.next_try_at - before < timedelta(minutes=wait, seconds=30)
            make(merchant_id=sold.id, export_id=export.pk)  # not due yet: nothing happens
            assert now_of(sold, export).tries == tries
            with tenant(sold.id):
                Export.objects.filter(id=export.pk).update(next_try_at=instant())
        make(merchant_id=sold.id, export_id=export.pk)
        assert (now_of(sold, export).status, now_of(sold, export).code) == ("failed", "store_away")
    again = made(sold, "invoices")
    assert again.rows == 3


def test_a_worker_that_dies_every_time_is_not_replaced_for_ever(sold: Shop) -> None:
    export = asked(sold, "invoices")
    for _ in range(5):
        with tenant(sold.id):
            row = export_making._claimed(export.pk, export.pk)
            assert row is not None
            Export.objects.filter(id=export.pk).update(beaten_at=instant() - export_making.STILL * 2)
    make(merchant_id=sold.id, export_id=export.pk)
    assert (now_of(sold, export).status, now_of(sold, export).code) == ("failed", "interrupted")


def test_after_seven_days_the_file_is_deleted_and_the_row_remembers(sold: Shop) -> None:
    export = made(sold, "invoices")
    kept = made(sold, "payments")
    assert export.expires_at is not None and export.made_at is not None
    assert export.expires_at - export.made_at == timedelta(days=7)
    expire(merchant_id=sold.id, export_id=export.pk)
    assert now_of(sold, export).status == "ready"  # not yet
    with tenant(sold.id):
        Export.objects.filter(id=export.pk).update(expires_at=instant())
    assert runs.expire_exports() >= 1
    gone = now_of(sold, export)
    assert (gone.status, gone.path, gone.sha256, gone.created_by) == ("expired", "", export.sha256, "test key")
    assert not default_storage.exists(export.path)
    assert default_storage.exists(kept.path)


def test_three_at_once_and_no_more(shop: Shop) -> None:
    waiting = [asked(shop, "invoices") for _ in range(3)]
    with pytest.raises(Conflict) as refused:
        asked(shop, "payments")
    assert refused.value.code == "too_many_exports"
    make(merchant_id=shop.id, export_id=waiting[0].pk)
    asked(shop, "payments")


@pytest.mark.parametrize(
    ("wanted", "field", "code"),
    [
        ({"format": "txt"}, "format", "format_not_of_this_kind"),
        ({"from_on": date(2026, 2, 1), "to_on": date(2026, 1, 31)}, "to", "span_reversed"),
        ({"from_on": date(2016, 1, 1), "to_on": date(2026, 1, 1)}, "to", "span_too_long"),
        ({"from_on": date(2000, 1, 1)}, "to", "span_too_long"),
        ({"filters": {"status": "odd"}}, "filters.status", "invalid_choice"),
        ({"filters": {"channel": "web"}}, "filters.channel", "filter_not_of_this_kind"),
    ],
)
def test_what_is_refused_at_which_field(shop: Shop, wanted: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        asked(shop, "invoices", **{"format": "csv", **wanted})
    assert [(error.field, error.code) for error in refused.value.errors] == [(field, code)]
    with tenant(shop.id):
        assert not Export.objects.exists()


def test_ten_years_to_the_day_are_allowed(shop: Shop) -> None:
    assert made(shop, "invoices", from_on=date(2016, 1, 1), to_on=date(2025, 12, 31)).name == (
        "invoices-2016-01-01-2025-12-31.csv"
    )


def test_an_id_that_nothing_has_narrows_to_nothing(sold: Shop) -> None:
    assert made(sold, "invoices", filters={"subscriber": show("cus", UUID(int=5))}).rows == 0


def entries_wanted(shop, **more):
    today = shop.now().today
    span = {"from_on": today.replace(month=1, day=1), "to_on": today.replace(month=12, day=31)}
    return Wanted(
        **{"kind": "fec", "format": "txt", **span, "filters": {"legal_entity": shop.entity.public_id}, **more}
    )


def test_a_file_of_accounting_entries_is_read_again_before_it_is_handed_out(shop, monkeypatch):
    bill(shop, shop.enrol("ON-1"), line(12_99))
    with tenant(shop.id):
        row = begin(entries_wanted(shop), merchant=shop.merchant, actor=shop.actor, now=shop.now())
        faulty = begin(entries_wanted(shop), merchant=shop.merchant, actor=shop.actor, now=shop.now())
    export_making.make(merchant_id=shop.id, export_id=row.pk)
    with monkeypatch.context() as broken:
        broken.setattr("invoices.fec.amount_text", lambda cents: "1,00")
        export_making.make(merchant_id=shop.id, export_id=faulty.pk)
    with tenant(shop.id):
        made = Export.objects.get(pk=row.pk)
        assert (made.status, made.rows, made.name) == ("ready", 3, f"ESSAI-732829320FEC{made.to_on:%Y%m%d}.txt")
        failed = Export.objects.get(pk=faulty.pk)
        assert (failed.status, failed.code) == ("failed", "file_faulty")
        assert failed.params == {"fault": "line 2: it is a debit and a credit"}
    with default_storage.open(made.path) as kept:
        assert verify([kept.read()], starts_at=1).faults == []


def test_a_file_of_accounting_entries_is_of_a_company_and_a_fiscal_year(shop):
    today = shop.now().today
    with tenant(shop.id):
        for wanted, sites, expected in (
            (entries_wanted(shop, from_on=None, filters={}), (), {"from", "filters.legal_entity"}),
            (entries_wanted(shop, from_on=today.replace(year=today.year - 3, day=1)), (), {"to"}),
            (entries_wanted(shop), (new_id(),), {"kind"}),
            (entries_wanted(shop, format="csv"), (), {"format"}),
        ):
            with pytest.raises(Invalid) as refused:
                begin(wanted, merchant=shop.merchant, sites=sites, actor=shop.actor, now=shop.now())
            assert {each.field for each in refused.value.errors} == expected
        shop.entity.siren = ""
        shop.entity.save()
        row = begin(entries_wanted(shop), merchant=shop.merchant, actor=shop.actor, now=shop.now())
    export_making.make(merchant_id=shop.id, export_id=row.pk)
    with tenant(shop.id):
        assert Export.objects.get(pk=row.pk).code == "siren_missing"
