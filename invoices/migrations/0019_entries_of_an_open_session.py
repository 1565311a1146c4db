"""What moves money at a till belongs to a session of it, and an entry is written only while its session is open: a
receipt never slips in behind a closing, whoever writes it."""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models

GOES_ON = """
CREATE OR REPLACE FUNCTION a_register_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    till invoices_till%ROWTYPE;
BEGIN
    SELECT * INTO till FROM invoices_till WHERE id = NEW.till_id FOR UPDATE;
    IF NEW.sequence <> till.entries + 1
        OR NEW.previous <> coalesce(nullif(till.head, ''), repeat('0', 64))
        OR NEW.day_on < till.day_on THEN
        RAISE EXCEPTION 'entry % does not follow entry % of till %', NEW.sequence, till.entries, NEW.till_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_register_goes_on';
    END IF;
    __OPEN__
    UPDATE invoices_till SET entries = NEW.sequence, head = NEW.link, perpetual = perpetual + NEW.amount,
        day_on = NEW.day_on WHERE id = NEW.till_id;
    RETURN NEW;
END $$;
"""
OPEN = """IF NEW.session_id IS NOT NULL AND NOT EXISTS (SELECT FROM invoices_tillsession s
        WHERE s.id = NEW.session_id AND s.till_id = NEW.till_id AND s.closed_at IS NULL) THEN
        RAISE EXCEPTION 'entry % of till % belongs to no open session of it', NEW.sequence, NEW.till_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'an_entry_belongs_to_an_open_session';
    END IF;"""
MONEY = ("session_opened", "received", "reversed", "cash_in", "cash_out", "session_closed")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("invoices", "0018_taken_back")]

    operations = [
        AddConstraintNotValid(
            model_name="registerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", MONEY), _negated=True) | models.Q(("session__isnull", False)),
                name="what_moves_money_belongs_to_a_session",
            ),
        ),
        ValidateConstraint(model_name="registerentry", name="what_moves_money_belongs_to_a_session"),
        migrations.RunSQL(GOES_ON.replace("__OPEN__", OPEN), GOES_ON.replace("__OPEN__", "")),
    ]
