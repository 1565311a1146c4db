"""A purchase's payment names the invoice that it pays, once it has one: a debit on its way is in flight for it, too."""

from django.db import migrations, models

MOVES = """
CREATE OR REPLACE FUNCTION a_payment_moves_by_the_table() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moves jsonb := '{"pending": ["requires_action", "processing", "succeeded", "failed", "unknown"],
        "requires_action": ["processing", "succeeded", "failed", "unknown"],
        "processing": ["succeeded", "failed", "unknown"],
        "unknown": ["requires_action", "processing", "succeeded", "failed"],
        "failed": ["succeeded"], "succeeded": []}';
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a payment is never deleted' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'a_payment_is_never_deleted';
    END IF;
    IF (NEW.amount, NEW.currency, NEW.payer_id, NEW.account_id, NEW.gateway, NEW.session_id, NEW.merchant_id)
        IS DISTINCT FROM
        (OLD.amount, OLD.currency, OLD.payer_id, OLD.account_id, OLD.gateway, OLD.session_id, OLD.merchant_id)
        OR (NEW.invoice_id IS DISTINCT FROM OLD.invoice_id AND %s)
        OR (NEW.means <> OLD.means AND NOT (OLD.status <> 'succeeded' AND NEW.means IN ('card', 'sepa_debit')
            AND OLD.means IN ('card', 'sepa_debit'))) THEN
        RAISE EXCEPTION 'what a payment was asked for never changes' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'a_payment_is_what_was_asked';
    END IF;
    IF NEW.status <> OLD.status AND NOT moves -> OLD.status ? NEW.status THEN
        RAISE EXCEPTION 'payment %% cannot go from %% to %%', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_payment_moves_by_the_table';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('invoices', '0007_on_a_clock'),
        ('merchants', '0006_one_worker_a_clock'),
        ('subscribers', '0005_on_a_clock'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='payment',
            name='a_payment_is_for_one_thing',
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('invoice__isnull', False), ('session_id__isnull', False), _connector='OR'), name='a_payment_is_for_something'),
        ),
        migrations.RunSQL(
            MOVES % "NOT (OLD.invoice_id IS NULL AND OLD.session_id IS NOT NULL)",
            MOVES % "true",
        ),
    ]
