"""What a document's digest covers: every column of it, its lines and its taxes; and nobody's name in clear."""

from __future__ import annotations

import hashlib
import json
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import models

from invoices.models import CreditNote, CreditNoteLine, CreditNoteTax, Invoice, InvoiceLine, InvoiceTax
from invoices.services.content import SAID, UNSAID, content, content_hash, customer_hash, seal_customer
from invoices.services.content_before import content_hash_before
from merchants.canonical import canonical

AT = datetime(2026, 11, 3, 9, 30, 0, 250000, tzinfo=UTC)
LUCIE = {"name": "Lucie Garnier", "city": "Lyon"}


def invoice():
    row = Invoice(
        id=UUID(int=1),
        merchant_id=UUID(int=2),
        legal_entity_id=UUID(int=3),
        payer_id=UUID(int=4),
        series_id=UUID(int=5),
        number="2026-000001",
        sequence=1,
        status="open",
        currency="EUR",
        tax_behavior="inclusive",
        locale="fr",
        issued_on=date(2026, 11, 3),
        due_on=date(2026, 11, 17),
        period_start=date(2026, 11, 3),
        period_end=date(2026, 12, 3),
        issuer={"name": "Onde SAS"},
        customer=dict(LUCIE),
        mentions=["Conditions"],
        coming={},
        net=10_82,
        tax=2_17,
        gross=12_99,
        created_at=AT,
        finalized_at=AT,
        updated_at=AT,
    )
    line = InvoiceLine(
        id=UUID(int=6),
        invoice_id=row.pk,
        position=0,
        kind="stage",
        title={"fr": "Hifi"},
        period_start=date(2026, 11, 3),
        period_end=date(2026, 12, 3),
        quantity=Decimal(1),
        unit_price="12.99",
        amount=12_99,
        discount=0,
        net=10_82,
        tax_code="electronic",
        tax_percent=Decimal("20.000"),
        rule="whole_period",
        inputs={"currency": "EUR", "unit_amount": 12_99},
        formula="",
        subscription_id=UUID(int=7),
        fact="stage:7",
    )
    tax = InvoiceTax(id=UUID(int=8), invoice_id=row.pk, tax_percent=Decimal(20), category="S", base=10_82, tax=2_17)
    row.customer_salt = "00" * 16
    row.customer_hash = customer_hash(row.customer_salt, row.customer)
    return row, [line], [tax]


def credit_note():
    row = CreditNote(
        id=UUID(int=9),
        merchant_id=UUID(int=2),
        invoice_id=UUID(int=1),
        legal_entity_id=UUID(int=3),
        payer_id=UUID(int=4),
        series_id=UUID(int=10),
        number="AV2026-000001",
        sequence=1,
        currency="EUR",
        tax_behavior="inclusive",
        locale="fr",
        issued_on=date(2026, 11, 4),
        reason="Geste",
        issuer={"name": "Onde SAS"},
        customer=dict(LUCIE),
        mentions=[],
        net=2_50,
        tax=50,
        gross=3_00,
        to_invoice=3_00,
        to_balance=0,
        to_refund=0,
        created_at=AT,
    )
    line = CreditNoteLine(
        id=UUID(int=11),
        credit_note_id=row.pk,
        invoice_line_id=UUID(int=6),
        position=0,
        title={"fr": "Hifi"},
        amount=3_00,
        net=2_50,
        tax_percent=Decimal(20),
        rule="part_of_line",
        inputs={"currency": "EUR", "charged": 12_99, "credited": 0},
        formula="",
    )
    tax = CreditNoteTax(id=UUID(int=12), credit_note_id=row.pk, tax_percent=Decimal(20), base=2_50, tax=50)
    row.customer_salt = "11" * 16
    row.customer_hash = customer_hash(row.customer_salt, row.customer)
    return row, [line], [tax]


DOCUMENTS = {"invoice": invoice, "credit note": credit_note}


@pytest.mark.parametrize("model", SAID, ids=lambda model: model.__name__)
def test_every_column_is_said_or_has_its_reason(model):
    columns = {field.attname for field in model._meta.concrete_fields}
    assert set(SAID[model]) | set(UNSAID[model]) == columns
    assert not set(SAID[model]) & set(UNSAID[model])
    assert len(SAID[model]) == len(set(SAID[model]))
    assert all(UNSAID[model].values())


def test_only_settlement_and_what_no_reader_sees_is_left_unsaid():
    """What may still change is not said, and what is not said for another reason never changes what is read."""
    from invoices.models.documents import SETTLEMENT

    settled = {name for name, why in UNSAID[Invoice].items() if "settled" in why}
    assert settled == set(SETTLEMENT)


def another(field, value):
    """A value of the column that is not this one."""
    if isinstance(field, models.JSONField):
        return {"other": 1} if isinstance(value, dict) else ["other"]
    if isinstance(field, models.DecimalField):
        return value + Decimal("0.001")
    if isinstance(field, models.BigIntegerField | models.PositiveIntegerField):
        return (value or 0) + 1
    if isinstance(field, models.DateTimeField):
        return (value or AT) + timedelta(microseconds=1)
    if isinstance(field, models.DateField):
        return (value or AT.date()) + timedelta(days=1)
    if isinstance(field, models.UUIDField) or field.is_relation:
        return UUID(int=99)
    return (value or "") + "x"


EVERY = [
    (kind, part, name)
    for kind, models_ in (
        ("invoice", (Invoice, InvoiceLine, InvoiceTax)),
        ("credit note", (CreditNote, CreditNoteLine, CreditNoteTax)),
    )
    for part, model in zip(("row", "line", "tax"), models_, strict=True)
    for name in SAID[model]
]


@pytest.mark.parametrize(("kind", "part", "name"), EVERY)
def test_another_value_of_any_column_is_another_content(kind, part, name):
    row, lines, taxes = DOCUMENTS[kind]()
    before = content_hash(row, lines, taxes)
    changed = {"row": row, "line": lines[0], "tax": taxes[0]}[part]
    field = type(changed)._meta.get_field(name)
    setattr(changed, name, another(field, getattr(changed, name)))
    assert content_hash(row, lines, taxes) != before


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_line_that_is_added_taken_away_or_moved_is_another_content(kind):
    row, lines, taxes = DOCUMENTS[kind]()
    second = deepcopy(lines[0])
    second.position, second.pk = 1, UUID(int=13)
    before = content_hash(row, [lines[0], second], taxes)
    assert len({before, content_hash(row, lines, taxes), content_hash(row, [second, lines[0]], taxes)}) == 3
    assert content_hash(row, [], taxes) != content_hash(row, lines, [])


def test_taxes_stand_from_the_highest_rate_down_whatever_their_order():
    row, lines, (tax,) = invoice()
    low = InvoiceTax(tax_percent=Decimal("5.5"), category="S", base=1, tax=0)
    assert content_hash(row, lines, [low, tax]) == content_hash(row, lines, [tax, low])


def test_the_content_does_not_depend_on_how_a_value_was_written():
    row, lines, taxes = invoice()
    before = content_hash(row, lines, taxes)
    row.finalized_at = AT.astimezone(timezone(timedelta(hours=2)))
    lines[0].quantity, lines[0].tax_percent, taxes[0].tax_percent = Decimal("1.000000"), Decimal("2E+1"), 20
    lines[0].inputs = {"unit_amount": 12_99, "currency": "EUR"}
    assert content_hash(row, lines, taxes) == before


def test_what_is_empty_at_the_end_is_left_out_and_a_zero_is_not():
    """So that a column that is added at the end says nothing of documents that are older than it."""
    row, lines, taxes = credit_note()
    kind, columns, _, ((percent, *_rest),) = content(row, lines, taxes)
    assert (kind, percent) == ("credit_note", "20")
    assert dict(zip(SAID[CreditNote], columns, strict=False))["to_balance"] == 0
    assert len(content(*invoice())[3][0]) == len(SAID[InvoiceTax]) - 1  # without its mention, which is empty
    before = content_hash(row, lines, taxes)
    lines[0].formula = None
    assert content_hash(row, lines, taxes) == before
    lines[0].amount = 0
    assert content_hash(row, lines, taxes) != before


def test_the_form_is_plain_json_that_any_program_can_write():
    written = canonical(content(*invoice()))
    again = json.dumps(json.loads(written), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert again == written.decode()
    assert content_hash(*invoice()) == hashlib.sha256(written).hexdigest()
    assert again == (
        '["invoice",["00000000000000000000000000000001","00000000000000000000000000000003",'
        '"00000000000000000000000000000004",null,"00000000000000000000000000000005",null,null,"2026-000001",1,"EUR",'
        '"inclusive","fr","2026-11-03","2026-11-17","2026-11-03","2026-12-03",{"name":"Onde SAS"},'
        '"8dadf75774436fa085404ee33b28e386830746436c812b5efaa08cf57677858e",["Conditions"],{},1082,217,1299,"2026-11-03T09:30:00.250000Z"],'
        '[["00000000000000000000000000000006",0,"stage",{"fr":"Hifi"},"2026-11-03","2026-12-03","1","12.99",1299,0,1082,'
        '"electronic","20","whole_period",{"currency":"EUR","unit_amount":1299},"","00000000000000000000000000000007",'
        'null,"stage:7"]],[["20","S",1082,217]]]'
    )


def test_the_customer_stands_in_it_as_a_digest_with_a_salt_of_the_documents_own():
    row, lines, taxes = invoice()
    written = canonical(content(row, lines, taxes))
    assert b"Lucie" not in written and b"Lyon" not in written
    assert row.customer_hash == hashlib.sha256(bytes(16) + b'{"city":"Lyon","name":"Lucie Garnier"}').hexdigest()
    seals = set()
    for _ in range(3):
        seal_customer(row)
        seals.add((row.customer_salt, row.customer_hash))
        assert len(bytes.fromhex(row.customer_salt)) == 16
    assert len({salt for salt, _ in seals}) == len({digest for _, digest in seals}) == 3
    before = content_hash(row, lines, taxes)
    row.customer, row.customer_salt = {}, ""
    assert content_hash(row, lines, taxes) == before


def test_what_was_issued_before_the_chain_is_held_against_the_form_of_then():
    """The digests were made by the code of then, of these same rows."""
    assert content_hash_before(*invoice()) == "dd005eda417bb9a6ce541b3c2cb52b137335d7f699f0c8362b9636bcee790325"
    assert content_hash_before(*credit_note()) == "fc7e60a82d32be73dd4dc8df7690094bbd415a893ce234a4c5554ac56b3a48f0"
