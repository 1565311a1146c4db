"""Money is asked for apart from the invoice: when, on the invoice, and which run made it."""

from django.db import migrations, models

from merchants.tenancy.operations import across


FROZEN = """
CREATE OR REPLACE FUNCTION a_finalised_document_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    settlement text[] := ARRAY['status', 'amount_paid', 'amount_credited', 'amount_from_balance', 'paid_at',
        'updated_at'%s];
    moves jsonb := '{"open": ["paid", "uncollectible", "cancelled"], "paid": ["open", "cancelled"],
        "uncollectible": ["open", "paid", "cancelled"], "cancelled": []}';
BEGIN
    IF OLD.status = 'draft' THEN
        IF TG_OP = 'DELETE' THEN
            RETURN OLD;
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR to_jsonb(NEW) - settlement <> to_jsonb(OLD) - settlement THEN
        RAISE EXCEPTION 'invoice %% is finalised: only a credit note corrects it', OLD.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_finalised_document_is_frozen';
    END IF;
    IF NEW.status <> OLD.status AND NOT moves -> OLD.status ? NEW.status THEN
        RAISE EXCEPTION 'invoice %% cannot go from %% to %%', OLD.number, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'an_invoice_moves_by_the_table';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('invoices', '0005_finding_documents'),
        ('merchants', '0005_renewal_settings'),
        ('subscribers', '0004_dunning_and_expiry'),
    ]

    operations = [
        migrations.AddField(
            model_name='invoice',
            name='collect_at',
            field=models.DateTimeField(help_text='When money is asked for by itself; empty: not by itself', null=True),
        ),
        migrations.AddField(
            model_name='invoice',
            name='run_id',
            field=models.UUIDField(help_text='The billing run that made it, if one did', null=True),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(condition=models.Q(('collect_at__isnull', False), ('test_clock', None)), fields=['collect_at'], name='invoices_to_collect'),
        ),
        migrations.AddIndex(
            model_name='invoice',
            index=models.Index(condition=models.Q(('run_id__isnull', False)), fields=['merchant', 'run_id'], name='invoices_of_a_run'),
        ),
        migrations.RunSQL(FROZEN % ", 'collect_at'", FROZEN % ""),
        migrations.RunSQL(
            "CREATE POLICY across ON invoices_invoice FOR SELECT TO CURRENT_USER USING (true)",
            "DROP POLICY across ON invoices_invoice",
        ),
        across(
            "across_invoices_to_collect", "present timestamptz, most int",
            "SELECT i.merchant_id, i.id FROM invoices_invoice i WHERE i.collect_at <= present"
            " AND i.collect_at IS NOT NULL AND i.test_clock_id IS NULL ORDER BY i.collect_at, i.id LIMIT most",
        ),
    ]
