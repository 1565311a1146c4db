"""Keys that are looked through get the index that they were meant to have; the guard of a finalised invoice asks less."""

import django.db.models.deletion
import merchants.tenancy.models
from django.db import migrations, models


ASKS_LESS = """
CREATE OR REPLACE FUNCTION a_finalised_invoice_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    nets bigint;
    bases bigint;
    taxes bigint;
    owed bigint;
BEGIN
    SELECT coalesce(sum(net), 0) INTO nets FROM invoices_invoiceline
    WHERE merchant_id = NEW.merchant_id AND invoice_id = NEW.id;
    SELECT coalesce(sum(base), 0), coalesce(sum(tax), 0) INTO bases, taxes FROM invoices_invoicetax
    WHERE merchant_id = NEW.merchant_id AND invoice_id = NEW.id;
    IF nets <> NEW.net OR bases <> NEW.net OR taxes <> NEW.tax THEN
        RAISE EXCEPTION 'invoice % does not add up', NEW.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_document_adds_up';
    END IF;
    SELECT coalesce(sum(amount), 0) INTO owed FROM invoices_ledgerentry
    WHERE invoice_id = NEW.id AND account = 'receivable' AND payment_id IS NULL
    AND credit_note_id IS NULL AND balance_entry_id IS NULL;
    IF owed <> NEW.gross THEN
        RAISE EXCEPTION 'invoice % is not in the ledger', NEW.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_document_is_posted';
    END IF;
    RETURN NULL;
END $$;
"""
ASKED = """
CREATE OR REPLACE FUNCTION a_finalised_invoice_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT coalesce(sum(net), 0) FROM invoices_invoiceline WHERE invoice_id = NEW.id) <> NEW.net
        OR (SELECT coalesce(sum(tax), 0) FROM invoices_invoicetax WHERE invoice_id = NEW.id) <> NEW.tax
        OR (SELECT coalesce(sum(base), 0) FROM invoices_invoicetax WHERE invoice_id = NEW.id) <> NEW.net THEN
        RAISE EXCEPTION 'invoice % does not add up', NEW.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_document_adds_up';
    END IF;
    IF (SELECT coalesce(sum(amount), 0) FROM invoices_ledgerentry
        WHERE invoice_id = NEW.id AND account = 'receivable' AND payment_id IS NULL
        AND credit_note_id IS NULL AND balance_entry_id IS NULL) <> NEW.gross THEN
        RAISE EXCEPTION 'invoice % is not in the ledger', NEW.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_document_is_posted';
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('invoices', '0008_purchases_name_their_invoice'),
        ('merchants', '0006_one_worker_a_clock'),
        ('subscribers', '0006_keys_are_indexed'),
    ]

    operations = [
        migrations.AlterField(
            model_name='allocation',
            name='invoice',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='invoices.invoice'),
        ),
        migrations.AlterField(
            model_name='allocation',
            name='payment',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='invoices.payment'),
        ),
        migrations.AlterField(
            model_name='creditnote',
            name='invoice',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='credit_notes', to='invoices.invoice'),
        ),
        migrations.AlterField(
            model_name='creditnoteline',
            name='invoice_line',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='invoices.invoiceline'),
        ),
        migrations.AlterField(
            model_name='invoice',
            name='subscription',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscription'),
        ),
        migrations.AlterField(
            model_name='payment',
            name='invoice',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='payments', to='invoices.invoice'),
        ),
        migrations.AlterField(
            model_name='refund',
            name='payment',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='invoices.payment'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(condition=models.Q(('invoice__isnull', False)), fields=['invoice'], name='ledger_of_an_invoice'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(condition=models.Q(('credit_note__isnull', False)), fields=['credit_note'], name='ledger_of_a_credit_note'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(condition=models.Q(('payment__isnull', False)), fields=['payment'], name='ledger_of_a_payment'),
        ),
        migrations.RunSQL(ASKS_LESS, ASKED),
    ]
