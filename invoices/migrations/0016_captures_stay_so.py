"""What was captured, and when, stays so once it is a fact; what was given back only grows; the day of a series' last
document is never forgotten. The rule is added unchecked and then checked, so that nobody waits for it."""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models

GUARDS = """
CREATE FUNCTION what_was_captured_stays_so() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'payment %: what was captured and given back stays so', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'what_was_captured_stays_so';
END $$;
CREATE TRIGGER what_was_captured_stays_so BEFORE UPDATE ON invoices_payment FOR EACH ROW
    WHEN (NEW.refunded < OLD.refunded OR (OLD.status = 'succeeded'
        AND (NEW.captured, NEW.settled_at) IS DISTINCT FROM (OLD.captured, OLD.settled_at)))
    EXECUTE FUNCTION what_was_captured_stays_so();

CREATE FUNCTION a_series_keeps_its_last_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'series %: the day of its last document is never forgotten', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'a_series_keeps_its_last_day';
END $$;
CREATE TRIGGER a_series_keeps_its_last_day BEFORE UPDATE ON invoices_numberseries FOR EACH ROW
    WHEN (OLD.last_on IS NOT NULL AND NEW.last_on IS NULL)
    EXECUTE FUNCTION a_series_keeps_its_last_day();
"""
NO_GUARDS = """
DROP TRIGGER a_series_keeps_its_last_day ON invoices_numberseries;
DROP FUNCTION a_series_keeps_its_last_day();
DROP TRIGGER what_was_captured_stays_so ON invoices_payment;
DROP FUNCTION what_was_captured_stays_so();
"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('invoices', '0015_lines_of_a_subscription'),
    ]

    operations = [
        AddConstraintNotValid(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('captured', 0), models.Q(('captured__gt', 0), ('status', 'succeeded')), _connector='OR'), name='only_what_succeeded_was_captured'),
        ),
        ValidateConstraint(
            model_name='payment',
            name='only_what_succeeded_was_captured',
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
