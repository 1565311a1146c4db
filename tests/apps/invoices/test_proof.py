"""`verify_series` proves a series from its rows, and names the first fault of each kind that a hand on the database can
leave: an amount, a customer, a line edited; a document taken out, put in, cut off; dates changed; the end moved."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from invoices.models import CreditNote, Invoice, NumberSeries
from invoices.services import proof
from invoices.services.content import content_hash
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from merchants.ids import new_id, show
from merchants.services import seals
from merchants.tenancy.scope import tenant
from tests.apps.invoices.bills import BOOKS, bill, line, pay

pytestmark = pytest.mark.django_db(transaction=True)
VERIFIER = Path(__file__).resolve().parents[3] / "static/verify_seal.py"
TABLES = ("invoice", "invoiceline", "invoicetax", "numberseries", "creditnote", "ledgerentry", "documentfile")


@pytest.fixture
def numbered(shop):
    """Five invoices, the second paid, and two credit notes."""
    lucie = shop.enrol("lucie")
    rows = [bill(shop, lucie, line(12_99 + at), line(4_99, rate=BOOKS)) for at in range(5)]
    pay(shop, rows[1], rows[1].gross)
    with tenant(shop.id):
        for row in rows[2:4]:
            credit_invoice(row.pk, Wanted(amount=1_00), reason="Torn", actor=shop.actor, now=shop.now())
    return shop


def run(shop, **options):
    out = StringIO()
    call_command("verify_series", merchant=shop.merchant.public_id, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def fault(shop, **options):
    with pytest.raises(CommandError) as failed:
        run(shop, **options)
    assert failed.value.returncode == 1
    return str(failed.value).removeprefix(f"{shop.merchant.public_id}: ")


def plant(shop, owner_sql, *statements):
    """What no guard would let through, done by the owner of the tables with all guards off. MINE: of this merchant (the
    owner reads the invoices of all)."""
    owner_sql("SELECT set_config('app.merchant_id', %s, false)", str(shop.id))
    mine = f"merchant_id = '{shop.id}'"
    off = "".join(f"ALTER TABLE invoices_{table} DISABLE TRIGGER USER; " for table in TABLES)
    done = "; ".join(statements).replace("MINE", mine)
    owner_sql(f"BEGIN; {off} {done}; SET CONSTRAINTS ALL IMMEDIATE; {off.replace('DIS', 'EN')} COMMIT")


def series(shop, kind="invoice"):
    with tenant(shop.id):
        return NumberSeries.objects.select_related("site").get(kind=kind)


def number(shop, sequence):
    with tenant(shop.id):
        return Invoice.objects.get(sequence=sequence).number


def test_what_is_as_it_was_is_proved(numbered):
    said = run(numbered)
    year = numbered.now().today.year
    assert f"invoices ({series(numbered).pk}): 5 documents, {year}-000001 to {year}-000005, proved" in said
    notes = series(numbered, "credit_note").pk
    assert f"credit notes ({notes}): 2 documents, AV{year}-000001 to AV{year}-000002, proved" in said
    assert said.endswith("1 merchant, 2 series, 7 documents\n")
    with tenant(numbered.id):
        links = list(Invoice.objects.order_by("sequence").values_list("chain_hash", flat=True))
    assert len(set(links)) == 5 and series(numbered).head == links[-1]


def taken_out(sequence):
    """All rows of an invoice."""
    of = f"(SELECT id FROM invoices_invoice WHERE MINE AND sequence = {sequence})"
    parts = ("invoiceline", "invoicetax", "ledgerentry", "documentfile")
    return [
        *(f"DELETE FROM invoices_{part} WHERE invoice_id IN {of}" for part in parts),
        f"DELETE FROM invoices_invoice WHERE sequence = {sequence}",
    ]


PUT_IN = [
    "INSERT INTO invoices_invoice SELECT (jsonb_populate_record(i, jsonb_build_object('id', gen_random_uuid(),"
    " 'sequence', 6, 'number', replace(number, '000005', '000006')))).* FROM invoices_invoice i"
    " WHERE MINE AND sequence = 5",
]
PLANTED = {
    "an amount": (
        ["UPDATE invoices_invoice SET gross = gross + 1, tax = tax + 1 WHERE sequence = 3"],
        "{3}: tax: expected 243, found 244",
    ),
    "a line": (
        ["UPDATE invoices_invoiceline SET amount = amount + 1 WHERE position = 1 AND invoice_id ="
         " (SELECT id FROM invoices_invoice WHERE MINE AND sequence = 2)"],
        "{2}: line 1, amount: expected 499, found 500",
    ),
    "what no event tells": (
        ["UPDATE invoices_invoice SET mentions = '[]' WHERE sequence = 4"],
        "{4}: its content's digest: expected ",
    ),
    "a customer": (
        ["UPDATE invoices_invoice SET customer = jsonb_set(customer, '{name}', '\"Paul\"') WHERE sequence = 2"],
        "{2}: its customer: expected digest ",
    ),
    "a customer deleted too early": (
        ["UPDATE invoices_invoice SET customer = '{}', customer_salt = '' WHERE sequence = 2"],
        "{2}: its customer: expected kept to the end of {later}, found deleted",
    ),
    "a line taken out": (
        ["DELETE FROM invoices_invoiceline WHERE position = 1 AND invoice_id ="
         " (SELECT id FROM invoices_invoice WHERE MINE AND sequence = 1)"],
        "{1}: lines: expected 2, found 1",
    ),
    "the last taken out": (taken_out(5), "{year}-000005: it is missing: expected number 5 of 5, found 4 documents"),
    "one in the middle taken out": (
        taken_out(1),
        "{year}-000001: it is missing: expected number 1, found number 2 ({2})",
    ),
    "put in": (PUT_IN, "{year}-000006: it was put in: expected 5 documents, found number 6"),
    "swapped dates": (
        ["UPDATE invoices_invoice SET issued_on = issued_on + 1 WHERE sequence = 2"],
        "{2}: issued_on: expected {today}, found {tomorrow}",
    ),
    "numbers swapped": (
        ["UPDATE invoices_invoice SET number = 'x' WHERE sequence = 2",
         "UPDATE invoices_invoice SET number = replace(number, '3', '2') WHERE sequence = 3",
         "UPDATE invoices_invoice SET number = '{year}-000003' WHERE sequence = 2"],
        "{year}-000003: how it is written: expected {year}-000002, found {year}-000003",
    ),
    "the head": (
        ["UPDATE invoices_numberseries SET head = repeat('0', 64) WHERE kind = 'invoice'"],
        "invoices: the series' head: expected ",
    ),
    "how it was settled": (
        ["UPDATE invoices_invoice SET amount_paid = amount_paid - 1, status = 'open' WHERE sequence = 2"],
        "{2}: how it was settled: expected paid 1799, credited 0, from the balance 0, found paid 1798,",
    ),
    "a reason of a credit note": (
        ["UPDATE invoices_creditnote SET reason = 'A gift' WHERE sequence = 1"],
        "AV{year}-000001: reason: expected Torn, found A gift",
    ),
}  # fmt: skip


@pytest.mark.wrong_books
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_named(numbered, owner_sql, name):
    statements, says = PLANTED[name]
    now = numbered.now()
    words = {"year": now.today.year, "today": now.today, "tomorrow": now.today + timedelta(days=1)}
    words["later"] = now.today.year + proof.RETENTION_YEARS
    numbers = [number(numbered, at) for at in range(1, 6)]
    plant(numbered, owner_sql, *(each.replace("{year}", str(words["year"])) for each in statements))
    kind = "credit notes" if "creditnote" in statements[0] else "invoices"
    said = fault(numbered)
    assert said.startswith(f"{kind}: " + says.format("", *numbers, **words)), said


@pytest.mark.wrong_books
def test_who_computes_a_digest_anew_breaks_the_chain_and_who_mends_the_chain_its_end(numbered, owner_sql):
    with tenant(numbered.id):
        row = Invoice.objects.get(sequence=3)
        row.mentions = ["Nothing is owed"]
        digest = content_hash(row, list(row.lines.order_by("position")), list(row.taxes.all()))
    edited = f"UPDATE invoices_invoice SET mentions = '[\"Nothing is owed\"]', content_hash = '{digest}'"
    plant(numbered, owner_sql, f"{edited} WHERE sequence = 3")
    said = fault(numbered)
    assert said.startswith(f"invoices: {number(numbered, 3)}: its link: expected ")

    with tenant(numbered.id):
        found = proof.prove(series(numbered), today=numbered.now().today)
    mended = found.firsts[proof.Subject.chain].expected
    plant(numbered, owner_sql, f"UPDATE invoices_invoice SET chain_hash = '{mended}' WHERE sequence = 3")
    assert fault(numbered).startswith(f"invoices: {number(numbered, 4)}: its link: expected ")


@pytest.mark.wrong_books
def test_a_tail_that_was_cut_off_with_its_end_shows_beside_the_report(numbered, owner_sql, tmp_path):
    report = tmp_path / "proof.json"
    run(numbered, report=str(report))
    assert f"as in {report}" in run(numbered, against=str(report))
    with tenant(numbered.id):
        last = Invoice.objects.get(sequence=5).number
    plant(
        numbered,
        owner_sql,
        *taken_out(5),
        "UPDATE invoices_numberseries SET next_number = 5, head ="
        " (SELECT chain_hash FROM invoices_invoice WHERE MINE AND sequence = 4) WHERE kind = 'invoice'",
    )
    assert "4 documents" in run(numbered)
    said = fault(numbered, against=str(report))
    assert said.startswith(f"{last}: it is missing: expected as in the report of ")


def test_the_report_holds_sums_and_ends_and_its_seal_is_checked_without_us(numbered, tmp_path):
    path = tmp_path / "proof.json"
    run(numbered, report=str(path), entity=numbered.entity.public_id)
    document = json.loads(path.read_text())
    said = document["report"]
    assert (said["type"], said["form"], said["proved"], said["documents"]) == ("tacite.series_report", 1, True, 7)
    invoices, notes = said["series"]
    with tenant(numbered.id):
        rows = list(Invoice.objects.order_by("sequence"))
        given = list(CreditNote.objects.order_by("sequence"))
    assert invoices["totals"] == [
        {
            "currency": "EUR",
            "net": sum(row.net for row in rows),
            "tax": sum(row.tax for row in rows),
            "total": 5 * (12_99 + 4_99) + 10,
        }
    ]
    assert [(rate["percent"], rate["base"] + rate["tax"]) for rate in invoices["rates"]] == [
        ("20", 5 * 12_99 + 10),
        ("5.5", 5 * 4_99),
    ]
    assert (invoices["head"], notes["head"]) == (rows[-1].chain_hash, given[-1].chain_hash)
    assert notes["totals"][0]["total"] == 2_00
    text = path.with_name("proof.json.txt").read_text()
    assert rows[0].number in text and document["seal"]["fingerprint"] in text

    def outside(*arguments):
        return subprocess.run([sys.executable, "-I", str(VERIFIER), *arguments], capture_output=True, text=True)

    good = outside(str(path), document["seal"]["fingerprint"])
    assert (good.returncode, good.stderr) == (0, "") and document["seal"]["fingerprint"] in good.stdout
    document["report"]["series"][0]["totals"][0]["tax"] -= 1
    path.write_text(json.dumps(document))
    bad = outside(str(path))
    assert (bad.returncode, "does NOT hold" in bad.stdout) == (1, True)
    assert outside(str(path), "00").returncode == 1
    assert "no report that its seal holds for" in fault(numbered, against=str(path))


def test_a_report_of_another_merchant_proves_nothing_here(numbered, another_shop, tmp_path):
    bill(another_shop, another_shop.enrol("paul"), line(1_00))
    path = tmp_path / "theirs.json"
    run(another_shop, report=str(path))
    assert "no report on series that this merchant signed" in fault(numbered, against=str(path))


def test_documents_are_proved_by_blocks_and_by_days(numbered, monkeypatch):
    monkeypatch.setattr(proof, "AT_ONCE", 2)
    told = []
    today = numbered.now().today
    with tenant(numbered.id):
        whole = proof.prove(series(numbered), today=today, progress=told.append)
        assert (whole.count, whole.fault, told) == (5, None, [2, 4, 5])
        none = proof.prove(series(numbered), today=today, since=today + timedelta(days=1))
        assert (none.count, none.fault, none.first) == (0, None, None)
        past = proof.prove(series(numbered), today=today, until=today)
        assert (past.count, past.fault) == (0, None)
        all_ = proof.prove(series(numbered), today=today, since=today, until=today + timedelta(days=1), at_rest=False)
        assert (all_.count, all_.fault, all_.head) == (5, None, series(numbered).head)


@pytest.mark.wrong_books
def test_what_is_older_than_the_chain_is_said_and_still_held_against_its_digest(numbered, owner_sql):
    """As the migration leaves a series that had given three numbers: those have no link, the chain begins with the
    fourth."""
    from invoices.services.chain import BEGINNING, link_of
    from invoices.services.content_before import content_hash_before

    with tenant(numbered.id):
        rows = list(Invoice.objects.order_by("sequence"))
        olds = [
            content_hash_before(row, list(row.lines.order_by("position")), list(row.taxes.order_by("-tax_percent")))
            for row in rows[:3]
        ]
        fourth = link_of(rows[3], BEGINNING)
        fifth = link_of(rows[4], fourth)
    plant(
        numbered,
        owner_sql,
        *(
            f"UPDATE invoices_invoice SET content_hash = '{digest}', chain_hash = '', customer_salt = '',"
            f" customer_hash = '' WHERE sequence = {at}"
            for at, digest in enumerate(olds, 1)
        ),
        f"UPDATE invoices_invoice SET chain_hash = '{fourth}' WHERE sequence = 4",
        f"UPDATE invoices_invoice SET chain_hash = '{fifth}' WHERE sequence = 5",
        f"UPDATE invoices_numberseries SET chained_from = 4, head = '{fifth}' WHERE kind = 'invoice'",
    )
    assert ", chained from 4, proved" in run(numbered)
    bill(numbered, numbered.enrol("paul"), line(1_00))
    assert "6 documents" in run(numbered)
    plant(numbered, owner_sql, "UPDATE invoices_invoice SET customer = '{}' WHERE sequence = 2")
    assert fault(numbered).startswith(f"invoices: {rows[1].number}: its content's digest: expected ")


def test_after_the_years_of_retention_the_customer_may_go_and_the_rest_is_still_proved(numbered, owner_sql):
    plant(numbered, owner_sql, "UPDATE invoices_invoice SET customer = '{}', customer_salt = '' WHERE sequence = 2")
    today = numbered.now().today
    with tenant(numbered.id):
        later = proof.prove(series(numbered), today=today.replace(year=today.year + proof.RETENTION_YEARS + 1, day=1))
        assert (later.fault, later.erased, later.count) == (None, 1, 5)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"entity": "ent_x"}, "there is no legal entity ent_x"),
        ({"series": str(UUID(int=1))}, "there is no series"),
        ({"series": "x"}, "x is no series' id"),
        ({"against": "/nowhere.json"}, "cannot be read"),
    ],
)
def test_what_is_not_there_is_said(numbered, options, says):
    assert says in fault(numbered, **options)


def test_one_series_and_one_entity_can_be_asked_for(numbered):
    said = run(numbered, series=str(series(numbered, "credit_note").pk), entity=numbered.entity.public_id)
    assert said.endswith("1 merchant, 1 series, 2 documents\n")
    with pytest.raises(CommandError, match="say which with --merchant"):
        call_command("verify_series", entity=numbered.entity.public_id)
    with pytest.raises(CommandError, match="there is no merchant"):
        call_command("verify_series", merchant=show("mer", new_id()))


def test_a_seal_is_made_once_and_renewed_by_another(shop):
    with tenant(shop.id):
        assert seals.seal() is None
        document = seals.sealed({"type": "a test", "é": [1, None]}, now=shop.now())
        first = seals.seal()
        assert seals.holds(json.loads(json.dumps(document)))
        assert seals.sign(b"x", now=shop.now()).fingerprint == first.fingerprint
        assert b"0" * 32 not in bytes(first.private_key) and len(first.public_key) == 64
        second = seals.renew(now=shop.now())
        assert seals.sign(b"x", now=shop.now()).fingerprint == second.fingerprint != first.fingerprint
        assert seals.known(first.fingerprint) and seals.holds(document)
    unsigned = {**document["seal"], "signature": "zz"}
    for spoilt in ({}, {"seal": {}}, {**document, "report": {}}, {**document, "seal": unsigned}):
        assert not seals.holds(spoilt)
