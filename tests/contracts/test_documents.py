"""A finalised document is frozen, adds up and is in the ledger: the database refuses anything else, whoever asks."""

from __future__ import annotations

from importlib import import_module

import psycopg2
import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from invoices.models import (
    BalanceEntry,
    CreditNote,
    CreditNoteLine,
    CreditNoteTax,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    LedgerEntry,
    NumberSeries,
    Payment,
)
from invoices.models.documents import SETTLEMENT
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from merchants.ids import new_id
from merchants.tenancy.scope import tenant
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)

REFUSED = (IntegrityError, ProgrammingError)


@pytest.fixture
def bought(shop):
    return shop.buy(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_99)))


FROZEN = [
    "UPDATE invoices_invoice SET gross = gross + 1, net = net + 1",
    "UPDATE invoices_invoice SET number = 'X'",
    "UPDATE invoices_invoice SET issued_on = issued_on - 1",
    "UPDATE invoices_invoice SET customer = '{}'",
    "UPDATE invoices_invoice SET mentions = '[]'",
    "UPDATE invoices_invoice SET status = 'draft', number = NULL, series_id = NULL, sequence = NULL, issued_on = NULL,"
    " finalized_at = NULL",
    "DELETE FROM invoices_invoice",
    "UPDATE invoices_invoiceline SET amount = 1",
    "DELETE FROM invoices_invoiceline",
    "UPDATE invoices_invoicetax SET tax = 0",
    "DELETE FROM invoices_invoicetax",
    "UPDATE invoices_ledgerentry SET amount = 1",
    "DELETE FROM invoices_ledgerentry",
    "UPDATE invoices_allocation SET amount = 1",
    "DELETE FROM invoices_payment",
    "UPDATE invoices_payment SET amount = 1",
    "UPDATE invoices_payment SET status = 'pending'",
    "DELETE FROM invoices_numberseries",
    "UPDATE invoices_numberseries SET next_number = 1",
    "UPDATE merchants_event SET kind = 'x'",
    "DELETE FROM merchants_event",
    "UPDATE subscribers_change SET reason = 'x'",
    "DELETE FROM subscribers_change",
]


@pytest.mark.parametrize("statement", FROZEN)
def test_raw_sql_does_not_get_round(shop, bought, owner_sql, statement):
    with pytest.raises(REFUSED), tenant(shop.id), connection.cursor() as cursor:
        cursor.execute(statement)
    owner_sql("SELECT set_config('app.merchant_id', %s, false)", str(shop.id))
    with pytest.raises(psycopg2.Error):
        owner_sql(statement)


def test_the_chain_s_migration_is_not_taken_back_over_chained_documents(shop, bought, owner_sql):
    """Links and salts would be gone, and no document could be proved again."""
    migration = import_module("invoices.migrations.0010_series_are_chained")
    with tenant(shop.id):
        assert Invoice.objects.exclude(chain_hash="").count() == 1
    with pytest.raises(psycopg2.errors.RaiseException, match="cannot be taken back"):
        owner_sql(migration.NOTHING_CHAINED.replace("%", "%%"))
    assert migration.Migration.operations[-1].reverse_sql == migration.NOTHING_CHAINED


DOCUMENTS = (Invoice, InvoiceLine, InvoiceTax, CreditNote, CreditNoteLine, CreditNoteTax)
COLUMNS = [
    pytest.param(model, field, id=f"{model.__name__}.{field.attname}")
    for model in DOCUMENTS
    for field in model._meta.concrete_fields
    if not (model is Invoice and field.attname in SETTLEMENT)
]


@pytest.fixture(scope="module")
def credited(django_db_setup, django_db_blocker):
    """A merchant with one invoice and one credit note of it; what is refused changes neither."""
    with django_db_blocker.unblock():
        shop = Shop.open("Frozen")
        row = shop.buy(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_99))).invoice
        with tenant(shop.id):
            credit_invoice(row.pk, Wanted(amount=1_00), reason="Torn", actor=shop.actor, now=shop.now())
        connection.close()
    return shop


def other(field):
    """SQL for another value than the column holds, of its own type."""
    column, kind = field.column, field.db_type(connection)
    if kind == "jsonb":
        return """'{"other": 1}'::jsonb"""
    if kind == "uuid":
        return "gen_random_uuid()"
    if kind == "date" or kind.startswith("timestamp"):
        return f"coalesce({column}, 'epoch') + interval '1 day'"
    if kind.startswith(("varchar", "text")):
        return f"CASE WHEN {column} IS DISTINCT FROM 'x' THEN 'x' ELSE 'y' END"
    return f"coalesce({column}, 0) + 1"


@pytest.mark.parametrize(("model", "field"), COLUMNS)
def test_no_column_of_a_finalised_document_can_be_changed(credited, transactional_db, model, field):
    """Found by themselves: a column that is added is asked for here. As the application's role, by raw SQL."""
    table = model._meta.db_table
    with pytest.raises(REFUSED) as refused, tenant(credited.id), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone()[0] == 1
        cursor.execute(f"UPDATE {table} SET {field.column} = {other(field)}")
    said = str(refused.value)
    assert any(why in said for why in ("is finalised", "are frozen", "is append-only", "permission denied")), said


@pytest.mark.parametrize("model", DOCUMENTS)
def test_no_finalised_document_loses_or_gets_a_part(credited, transactional_db, model):
    table = model._meta.db_table
    copied = ", ".join(f.column for f in model._meta.concrete_fields if f.attname not in ("id", "position", "fact"))
    for statement in (
        f"DELETE FROM {table}",
        f"INSERT INTO {table} (id, {copied}) SELECT gen_random_uuid(), {copied} FROM {table}",
    ):
        with pytest.raises(REFUSED), tenant(credited.id), connection.cursor() as cursor:
            cursor.execute(statement)
    with tenant(credited.id):
        assert model.objects.count() == 1


@pytest.mark.parametrize(
    "table",
    ["invoices_invoice", "invoices_invoiceline", "invoices_ledgerentry", "subscribers_change", "merchants_event"],
)
def test_not_even_truncate(shop, bought, owner_sql, table):
    with pytest.raises(psycopg2.Error, match="never emptied"):
        owner_sql(f"TRUNCATE {table} CASCADE")
    with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table} CASCADE")


def test_nothing_is_added_to_a_finalised_invoice(shop, bought):
    with pytest.raises(IntegrityError, match="not a draft"), tenant(shop.id):
        line = InvoiceLine.objects.get(invoice=bought.invoice)
        line.pk, line.position, line.fact = new_id(), 9, None
        line.save(force_insert=True)


def test_how_it_was_settled_may_still_change_by_the_table(shop, bought):
    with tenant(shop.id):
        assert Invoice.objects.filter(status="paid").update(status="open") == 1
    with pytest.raises(IntegrityError, match="a_paid_invoice_is_paid"), tenant(shop.id):
        Invoice.objects.update(status="paid", amount_paid=12_98)
    with pytest.raises(IntegrityError, match="credits_never_exceed"), tenant(shop.id):
        Invoice.objects.update(amount_credited=13_00)


def test_an_invoice_that_does_not_add_up_or_is_not_posted_is_refused(shop, bought):
    def draft():
        invoice = Invoice.objects.get(id=bought.invoice_id)
        invoice.pk, invoice.status, invoice.number, invoice.series_id, invoice.sequence = (
            new_id(),
            "draft",
            None,
            None,
            None,
        )
        invoice.issued_on = invoice.finalized_at = invoice.paid_at = None
        invoice.amount_paid = 0
        invoice.save(force_insert=True)
        return invoice

    series = None
    with tenant(shop.id):
        series = NumberSeries.objects.get().pk
    finalise = {"status": "open", "number": "X-2", "series_id": series, "sequence": 2}
    with pytest.raises(IntegrityError, match="does not add up"), tenant(shop.id):
        now = shop.now()
        Invoice.objects.filter(id=draft().pk).update(**finalise, issued_on=now.today, finalized_at=now.at)
    with pytest.raises(IntegrityError, match="not in the ledger"), tenant(shop.id):
        invoice, now = draft(), shop.now()
        for source in (InvoiceLine, type(bought.invoice.taxes.model())):
            for row in source.objects.filter(invoice_id=bought.invoice_id):
                row.pk, row.invoice_id = new_id(), invoice.pk
                if isinstance(row, InvoiceLine):
                    row.fact = None
                row.save(force_insert=True)
        Invoice.objects.filter(id=invoice.pk).update(**finalise, issued_on=now.today, finalized_at=now.at)
    with tenant(shop.id):
        assert Invoice.objects.count() == 1


def test_a_posting_that_does_not_balance_is_refused(shop, bought):
    with pytest.raises(IntegrityError, match="does not balance"), tenant(shop.id):
        LedgerEntry.objects.create(
            posting_id=new_id(),
            posted_on=shop.now().today,
            account="cash",
            amount=1,
            currency="EUR",
            legal_entity_id=shop.entity.pk,
            created_at=shop.now().at,
        )


def test_a_balance_moves_in_order_and_never_below_zero(shop, bought):
    def entry(sequence, amount, after):
        BalanceEntry.objects.create(
            payer_id=bought.subscriber_id,
            currency="EUR",
            sequence=sequence,
            amount=amount,
            balance_after=after,
            kind="adjustment",
            actor="test",
            created_at=shop.now().at,
        )

    with tenant(shop.id):
        entry(1, 5_00, 5_00)
    for wrong in ((3, 1, 5_01), (2, 1, 6_00), (2, -5_01, -1), (1, 1, 5_01)):
        with pytest.raises(IntegrityError), tenant(shop.id):
            entry(*wrong)
    with tenant(shop.id):
        entry(2, -5_00, 0)
        assert list(BalanceEntry.objects.order_by("sequence").values_list("balance_after", flat=True)) == [5_00, 0]


def test_a_period_is_billed_once(shop, bought):
    with tenant(shop.id):
        fact = InvoiceLine.objects.get(invoice=bought.invoice).fact
    assert fact == f"stage:{bought.subscription_id}:{bought.subscription.current_period_start}"
    with pytest.raises(IntegrityError, match="a_period_is_billed_once"), tenant(shop.id):
        invoice = Invoice.objects.get(id=bought.invoice_id)
        invoice.pk, invoice.status, invoice.number, invoice.series_id, invoice.sequence = (
            new_id(),
            "draft",
            None,
            None,
            None,
        )
        invoice.issued_on = invoice.finalized_at = invoice.paid_at = None
        invoice.save(force_insert=True)
        line = InvoiceLine.objects.get(fact=fact)
        line.pk, line.invoice_id = new_id(), invoice.pk
        line.save(force_insert=True)


def test_an_invoice_has_one_payment_in_flight(shop, bought):
    def pay():
        Payment.objects.create(
            payer_id=bought.subscriber_id,
            invoice_id=bought.invoice_id,
            account=shop.account,
            gateway="simulated",
            means="card",
            amount=1,
            currency="EUR",
            created_at=shop.now().at,
        )

    with tenant(shop.id):
        pay()
        with pytest.raises(IntegrityError, match="one_payment_in_flight"), transaction.atomic():
            pay()
