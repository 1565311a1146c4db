"""A move to another version waits for the day that its subscriber was told: the database refuses an earlier one. Added
unchecked, then checked: nobody waits. In SQL, for a date in JSON compares as numbers only."""

from django.db import migrations

NAME = "nobody_is_moved_before_the_day_they_were_told"
ADD = f"""
ALTER TABLE subscribers_scheduledchange ADD CONSTRAINT {NAME} CHECK (
    CASE WHEN kind = 'move_version' AND details ? 'not_before' THEN due_on >= make_date(
        split_part(details->>'not_before', '-', 1)::int,
        split_part(details->>'not_before', '-', 2)::int,
        split_part(details->>'not_before', '-', 3)::int)
    ELSE true END) NOT VALID"""


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("subscribers", "0019_the_option_that_makes_good")]

    operations = [
        migrations.RunSQL(ADD, f"ALTER TABLE subscribers_scheduledchange DROP CONSTRAINT {NAME}"),
        migrations.RunSQL(f"ALTER TABLE subscribers_scheduledchange VALIDATE CONSTRAINT {NAME}", migrations.RunSQL.noop),
    ]
