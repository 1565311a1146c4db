"""Money by hand that is taken back: once, for ever, and then it pays nothing; the row stays as it was captured. Rules
are added unchecked and then checked, so that nobody waits for them."""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models

TAKEN_BACK = models.Q(('reversed_at', None), models.Q(('means__in', ('cash', 'cheque', 'transfer', 'terminal')), ('refunded', 0), ('status', 'succeeded')), _connector='OR')
GUARDS = """
CREATE FUNCTION a_payment_is_taken_back_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'payment %: it was taken back once, and stays so', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'a_payment_is_taken_back_once';
END $$;
CREATE TRIGGER a_payment_is_taken_back_once BEFORE UPDATE ON invoices_payment FOR EACH ROW
    WHEN (OLD.reversed_at IS NOT NULL AND ((NEW.reversed_at, NEW.reversed_by)
        IS DISTINCT FROM (OLD.reversed_at, OLD.reversed_by)
        OR NEW.reversal_reason NOT IN (OLD.reversal_reason, '')))
    EXECUTE FUNCTION a_payment_is_taken_back_once();

-- Deferred: what was taken back pays nothing and lies nowhere; an allocation below zero is of such a payment.
CREATE FUNCTION what_is_taken_back_pays_nothing() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    about uuid := CASE TG_TABLE_NAME WHEN 'invoices_payment' THEN to_jsonb(NEW) ->> 'id'
        ELSE to_jsonb(NEW) ->> 'payment_id' END;
BEGIN
    IF NOT EXISTS (SELECT FROM invoices_payment WHERE id = about AND reversed_at IS NOT NULL)
        OR (SELECT coalesce(sum(amount), 0) FROM invoices_allocation WHERE payment_id = about) <> 0
        OR (SELECT coalesce(sum(amount), 0) FROM invoices_ledgerentry WHERE payment_id = about
            AND account IN ('provider', 'cash', 'cheques', 'bank', 'terminal')) <> 0 THEN
        RAISE EXCEPTION 'payment %: what is taken back pays nothing', about
            USING ERRCODE = 'check_violation', CONSTRAINT = 'what_is_taken_back_pays_nothing';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER what_is_taken_back_pays_nothing AFTER UPDATE OF reversed_at ON invoices_payment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.reversed_at IS NOT NULL)
    EXECUTE FUNCTION what_is_taken_back_pays_nothing();
CREATE CONSTRAINT TRIGGER what_is_taken_back_pays_nothing AFTER INSERT ON invoices_allocation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.amount < 0)
    EXECUTE FUNCTION what_is_taken_back_pays_nothing();
"""
NO_GUARDS = """
DROP TRIGGER what_is_taken_back_pays_nothing ON invoices_allocation;
DROP TRIGGER what_is_taken_back_pays_nothing ON invoices_payment;
DROP FUNCTION what_is_taken_back_pays_nothing();
DROP TRIGGER a_payment_is_taken_back_once ON invoices_payment;
DROP FUNCTION a_payment_is_taken_back_once();
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('invoices', '0017_tills'),
    ]

    operations = [
        migrations.AddField(
            model_name='payment',
            name='reversed_at',
            field=models.DateTimeField(help_text='Manual means: when a reversing entry took it back', null=True),
        ),
        migrations.AddField(
            model_name='payment',
            name='reversed_by',
            field=models.CharField(blank=True, db_default='', default='', max_length=120),
        ),
        migrations.AddField(
            model_name='payment',
            name='reversal_reason',
            field=models.CharField(blank=True, db_default='', default='', max_length=400),
        ),
        AddConstraintNotValid(
            model_name='payment',
            constraint=models.CheckConstraint(condition=TAKEN_BACK, name='only_money_by_hand_is_taken_back'),
        ),
        ValidateConstraint(model_name='payment', name='only_money_by_hand_is_taken_back'),
        migrations.RemoveConstraint(model_name='allocation', name='an_allocation_is_of_something'),
        AddConstraintNotValid(
            model_name='allocation',
            constraint=models.CheckConstraint(condition=models.Q(('amount', 0), _negated=True), name='an_allocation_moves_something'),
        ),
        ValidateConstraint(model_name='allocation', name='an_allocation_moves_something'),
        migrations.AlterField(
            model_name='balanceentry',
            name='kind',
            field=models.CharField(help_text='credit_note, overpayment, reversal, used, adjustment, refund', max_length=16),
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
