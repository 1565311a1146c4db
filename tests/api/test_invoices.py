"""`/invoices` and `/credit_notes`: what one reads, lists and filters; the PDF, or when to ask again for it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from invoices.drafts import DraftInvoice
from invoices.embedding import xml_inside
from invoices.models import DocumentFile, Invoice
from invoices.services import files
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from invoices.services.issuing import Issue, issue
from invoices.services.printing import print_document
from merchants.clock import instant
from merchants.ids import new_id, show
from merchants.tenancy.scope import tenant
from subscribers.snapshots import TaxBehavior
from tests.api.callers import Caller, faults, problem
from tests.apps.invoices.bills import BOOKS, again, bill, line, pay

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lucie(shop):
    return shop.enrol("lucie")


@pytest.fixture
def nudges(monkeypatch):
    sent = []
    monkeypatch.setattr(
        files.current_app, "send_task", lambda name, arguments=(), **options: sent.append((name, options["queue"]))
    )
    return sent


def credit(shop, invoice, amount):
    with tenant(shop.id):
        return credit_invoice(
            invoice.pk, Wanted(amount=amount), reason="Torn", to="balance", actor=shop.actor, now=shop.now()
        )


def ids(answer):
    assert answer.status_code == 200, answer.content
    return [each["id"] for each in answer.json()["data"]]


def test_an_invoice_is_read_with_its_lines_and_taxes(site, shop, lucie):
    invoice = bill(shop, lucie, line(12_99), line(4_99, rate=BOOKS, discount=99, title="Book"))
    pay(shop, invoice, 10_00)
    read = site.get(f"invoices/{invoice.public_id}").json()
    assert (read["id"], read["object"], read["status"]) == (invoice.public_id, "invoice", "open")
    assert (read["number"], read["currency"], read["tax_behavior"]) == (invoice.number, "EUR", "inclusive")
    assert (read["net"], read["tax"], read["total"]) == (14_61, 2_38, 16_99)
    assert (read["amount_paid"], read["amount_credited"], read["amount_due"]) == (10_00, 0, 6_99)
    assert (read["subscriber"], read["subscription"], read["paid_at"]) == (lucie.public_id, None, None)
    assert read["taxes"] == [
        {"percent": "20", "category": "S", "base": 10_82, "tax": 2_17},
        {"percent": "5.5", "category": "S", "base": 3_79, "tax": 21},
    ]
    first, second = read["lines"]
    assert (first["amount"], first["discount"], first["net"], first["rule"]) == (12_99, 0, 10_82, "once")
    assert (second["title"]["en"], second["amount"], second["discount"], second["net"]) == ("Book", 4_99, 99, 3_79)
    assert second["inputs"]["discounts"][0]["code"] == "RENTREE"


def test_lists_are_newest_first_with_cursors_and_without_lines(site, shop, lucie):
    made = [bill(shop, lucie, line(1_00 + at)).public_id for at in range(3)]
    page = site.get("invoices?limit=2").json()
    assert [each["id"] for each in page["data"]] == [made[2], made[1]]
    assert page["has_more"] is True and "lines" not in page["data"][0]
    rest = site.get(f"invoices?limit=2&cursor={page['next_cursor']}").json()
    assert ([each["id"] for each in rest["data"]], rest["has_more"], rest["next_cursor"]) == ([made[0]], False, None)


def test_filters(site, shop, lucie):
    paul = shop.enrol("paul")
    bought = shop.buy(paul, shop.offer("hifi", ("month", None, 12_99)))
    open_ = bill(shop, lucie, line(5_00))
    other = bill(shop, lucie, line(7_00))
    pay(shop, other, 7_00)
    first = show("inv", bought.invoice_id)
    assert ids(site.get("invoices?status=open")) == [open_.public_id]
    assert ids(site.get("invoices?subscriber=ref:lucie")) == [other.public_id, open_.public_id]
    assert ids(site.get(f"invoices?subscriber={lucie.public_id}&status=paid")) == [other.public_id]
    assert ids(site.get(f"invoices?subscription={show('sub', bought.subscription_id)}")) == [first]
    assert ids(site.get(f"invoices?number={open_.number}")) == [open_.public_id]
    assert ids(site.get(f"invoices?number={open_.number[:-1]}")) == []
    future = (instant() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert ids(site.get(f"invoices?created_after={future}")) == []
    assert len(ids(site.get("invoices?created_after=2020-01-01T00:00:00Z"))) == 3


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("status=lost", ("status", "invalid_choice")),
        ("created_after=yesterday", ("created_after", "not_an_instant")),
        ("subscriber=cus_1", ("subscriber", "not_found")),
        ("subscriber=ref:nobody", ("subscriber", "not_found")),
        (f"subscription={show('sub', UUID(int=7))}", ("subscription", "not_found")),
        ("colour=red", ("colour", "parameter_unknown")),
        ("expand=lines", ("expand", "expand_unknown")),
        ("cursor=abc", ("cursor", "cursor_invalid")),
        ("number=" + "9" * 36, ("number", "max_length")),
    ],
)
def test_a_wrong_filter_is_named(site, query, fault):
    assert faults(site.get(f"invoices?{query}")) == [fault]


def test_a_stranger_s_subscriber_is_an_unknown_one(site, shop, another_shop, lucie):
    theirs = another_shop.enrol("theirs")
    bill(shop, lucie, line(5_00))
    assert faults(site.get(f"invoices?subscriber={theirs.public_id}")) == [("subscriber", "not_found")]


def test_the_subscriber_stands_where_the_id_stood(site, shop, lucie):
    invoice = bill(shop, lucie, line(5_00))
    note = credit(shop, invoice, 1_00)
    told = site.get("subscribers/ref:lucie").json()
    assert site.get(f"invoices/{invoice.public_id}?expand=subscriber").json()["subscriber"] == told
    assert site.get("invoices?expand=subscriber").json()["data"][0]["subscriber"] == told
    assert site.get(f"credit_notes/{note.public_id}?expand=subscriber").json()["subscriber"] == told


@pytest.mark.parametrize("path", ["invoices", "credit_notes", "invoices?expand=subscriber"])
def test_the_number_of_queries_does_not_depend_on_the_rows(site, shop, path):
    def made(count):
        with tenant(shop.id):
            now = shop.now()
            payers = [shop.enrol(f"p{new_id()}") for _ in range(count)]
            asks = [
                Issue(
                    draft=DraftInvoice(
                        payer=str(payer.pk),
                        currency="EUR",
                        tax_behavior=TaxBehavior.inclusive,
                        on=now.today,
                        lines=(line(5_00),),
                    ),
                    payer=payer,
                    entity=shop.entity,
                    merchant=shop.merchant,
                )
                for payer in payers
            ]
            for invoice in issue(asks, actor=shop.actor, now=now):
                credit_invoice(invoice.pk, Wanted(amount=1_00), reason="Torn", actor=shop.actor, now=now)

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as seen:
            answer = site.get(f"{path}{'&' if '?' in path else '?'}limit=100")
        return len(answer.json()["data"]), len(seen)

    made(3)
    site.get("invoices")  # what is looked up once per process is
    few = queries()
    made(27)
    many = queries()
    assert (few[0], many[0]) == (3, 30)
    assert few[1] == many[1]


def test_a_credit_note_is_read_and_listed(site, shop, lucie):
    invoice, other = bill(shop, lucie, line(12_99)), bill(shop, lucie, line(5_00))
    pay(shop, invoice, 12_99)
    note, second = credit(shop, invoice, 3_83), credit(shop, other, 1_00)
    read = site.get(f"credit_notes/{note.public_id}").json()
    assert (read["invoice"], read["subscriber"], read["reason"]) == (invoice.public_id, lucie.public_id, "Torn")
    assert (read["net"], read["tax"], read["total"]) == (3_19, 64, 3_83)
    assert read["settled"] == {"invoice": 0, "balance": 3_83, "refund": 0}
    assert [(each["amount"], each["rule"]) for each in read["lines"]] == [(3_83, "share_of_amount")]
    assert read["taxes"] == [{"percent": "20", "category": "S", "base": 3_19, "tax": 64}]
    assert ids(site.get("credit_notes")) == [second.public_id, note.public_id]
    assert ids(site.get(f"credit_notes?invoice={invoice.public_id}")) == [note.public_id]
    assert ids(site.get(f"credit_notes?number={second.number}")) == [second.public_id]
    assert faults(site.get(f"credit_notes?invoice={note.public_id}")) == [("invoice", "not_found")]
    shown = site.get(f"invoices/{invoice.public_id}").json()
    assert (shown["status"], shown["amount_credited"], shown["amount_due"]) == ("paid", 3_83, 0)


def test_the_pdf_is_said_to_be_coming_and_then_given(site, shop, lucie, nudges):
    invoice = bill(shop, lucie, line(12_99))
    early = site.get(f"invoices/{invoice.public_id}/pdf")
    assert problem(early) == (409, "document_not_ready")
    assert early["Retry-After"] == "2"
    assert nudges == [("invoices.tasks.print_missing", "documents")]

    print_document(merchant_id=shop.id, document_id=invoice.pk)
    given = site.get(f"invoices/{invoice.public_id}/pdf")
    assert (given.status_code, given["Content-Type"]) == (200, "application/pdf")
    assert given["Content-Disposition"] == f'inline; filename="{invoice.number}.pdf"'
    assert given.content.startswith(b"%PDF-") and given["Cache-Control"] == "no-store"
    with tenant(shop.id):
        assert len(given.content) == DocumentFile.objects.get(invoice_id=invoice.pk).size
    assert len(nudges) == 1


def test_the_xml_is_what_the_pdf_carries(site, shop, lucie, nudges):
    invoice = bill(shop, lucie, line(12_99))
    note = credit(shop, invoice, 1_00)
    shown = {f"invoices/{invoice.public_id}": invoice, f"credit_notes/{note.public_id}": note}
    assert [problem(site.get(f"{path}/xml")) for path in shown] == [(409, "document_not_ready")] * 2
    for path, document in shown.items():
        print_document(merchant_id=shop.id, document_id=document.pk)
        given = site.get(f"{path}/xml")
        assert (given.status_code, given["Content-Type"]) == (200, "application/xml")
        assert given["Content-Disposition"] == f'inline; filename="{document.number}.xml"'
        assert given["Content-Security-Policy"].startswith("default-src 'none'")
        assert given.content == xml_inside(site.get(f"{path}/pdf").content)
    assert b">381<" in given.content and len(nudges) == 2


def test_a_pdf_that_failed_says_when_it_is_tried_again(site, shop, lucie, nudges):
    invoice = bill(shop, lucie, line(12_99))
    with tenant(shop.id):
        DocumentFile.objects.filter(invoice_id=invoice.pk).update(
            tries=3, error="no fonts", next_try_at=instant() + timedelta(minutes=15)
        )
    answer = site.get(f"invoices/{invoice.public_id}/pdf")
    assert problem(answer) == (409, "document_not_ready")
    assert 890 <= int(answer["Retry-After"]) <= 900
    assert "no fonts" not in answer.content.decode()


def test_with_the_broker_away_the_answer_is_the_same(site, shop, lucie, monkeypatch):
    from kombu.exceptions import OperationalError

    def away(name, *given, **options):
        raise OperationalError("no broker")

    monkeypatch.setattr(files.current_app, "send_task", away)
    invoice = bill(shop, lucie, line(12_99))
    assert problem(site.get(f"invoices/{invoice.public_id}/pdf")) == (409, "document_not_ready")


def test_a_draft_has_no_pdf(site, shop, lucie, nudges):
    invoice = bill(shop, lucie, line(12_99))
    with tenant(shop.id):
        draft = Invoice.objects.get(id=invoice.pk)
        draft.pk, draft.status, draft.number, draft.series_id, draft.sequence = new_id(), "draft", None, None, None
        draft.issued_on = draft.finalized_at = None
        draft.save(force_insert=True)
    for kind in ("pdf", "xml"):
        assert problem(site.get(f"invoices/{draft.public_id}/{kind}")) == (409, "invoice_not_finalised")
    assert site.get(f"invoices/{draft.public_id}").json()["amount_due"] == 12_99
    assert nudges == []
    assert again(shop, invoice).status == "open"


def test_a_key_without_the_scope_reads_nothing(shop, lucie):
    invoice = bill(shop, lucie, line(5_00))
    narrow = Caller.of(shop, "offers:read")
    for path in ("invoices", f"invoices/{invoice.public_id}", f"invoices/{invoice.public_id}/xml", "credit_notes"):
        assert problem(narrow.get(path))[0] == 403
    assert ids(Caller.of(shop, "invoices:read").get("invoices")) == [invoice.public_id]


@pytest.mark.parametrize("method", ["post", "patch"])
def test_documents_are_not_written_here_yet(site, shop, lucie, method):
    invoice = bill(shop, lucie, line(5_00))
    answer = getattr(site, method)(f"invoices/{invoice.public_id}", {"status": "paid"})
    assert problem(answer) == (405, "method_not_allowed")
