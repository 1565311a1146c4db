"""What is in an exported file, to the row and to the cent, and for whom."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import openpyxl
import pyarrow.parquet
import pytest
from django.db.models import Sum

from billing import runs
from billing.flows.export import seen_from
from billing.flows.export_making import expire, make
from billing.models import Export
from invoices.models import CreditNote, Invoice, Payment, Refund
from merchants.clock import instant
from merchants.ids import show
from merchants.models import Site
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Subscriber
from subscribers.services import enrolment
from tests.apps.billing.exported import asked, content, made, now_of, sell, table
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Any) -> None:
    """A store of this test's own."""
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture(scope="module")
def sold(django_db_setup: None, django_db_blocker: Any) -> Iterator[Shop]:
    """Two who bought, at two rates of VAT; one of them got something back. For all tests here that add nobody."""
    with django_db_blocker.unblock():
        yield sell(Shop.open("Onde"))


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


def test_an_id_that_nothing_has_narrows_to_nothing(sold: Shop) -> None:
    assert made(sold, "invoices", filters={"subscriber": show("cus", UUID(int=5))}).rows == 0
