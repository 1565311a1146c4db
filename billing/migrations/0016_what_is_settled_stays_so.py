"""What is settled stays so, whoever writes: charges, dunning cases, the time of a test clock. Whose work is due longest
comes first. Questions across tenants that nobody asks are gone."""

from django.db import migrations, models

from merchants.tenancy.operations import across

GUARDS = """
CREATE FUNCTION a_settled_charge_stays_so() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'waiting' AND (NEW.status, NEW.invoice_id, NEW.amount)
        IS DISTINCT FROM (OLD.status, OLD.invoice_id, OLD.amount) THEN
        RAISE EXCEPTION 'charge % is % and stays so', OLD.id, OLD.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_settled_charge_stays_so';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_settled_charge_stays_so BEFORE UPDATE ON billing_charge
    FOR EACH ROW EXECUTE FUNCTION a_settled_charge_stays_so();

CREATE FUNCTION a_closed_case_stays_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL AND (NEW.ended_at, NEW.outcome) IS DISTINCT FROM (OLD.ended_at, OLD.outcome) THEN
        RAISE EXCEPTION 'dunning case % is closed', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_closed_case_stays_closed';
    END IF;
    IF (NEW.invoice_id, NEW.steps) IS DISTINCT FROM (OLD.invoice_id, OLD.steps) OR NEW.taken < OLD.taken THEN
        RAISE EXCEPTION 'dunning case % goes on as it began', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_case_goes_on_as_it_began';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_closed_case_stays_closed BEFORE UPDATE ON billing_dunningcase
    FOR EACH ROW EXECUTE FUNCTION a_closed_case_stays_closed();

CREATE FUNCTION a_clock_only_moves_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.time < OLD.time OR (OLD.status = 'released' AND NEW.status <> 'released') THEN
        RAISE EXCEPTION 'test clock % only moves forward', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_clock_only_moves_forward';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_clock_only_moves_forward BEFORE UPDATE ON merchants_testclock
    FOR EACH ROW EXECUTE FUNCTION a_clock_only_moves_forward();
"""
NO_GUARDS = """
DROP TRIGGER a_clock_only_moves_forward ON merchants_testclock;
DROP FUNCTION a_clock_only_moves_forward();
DROP TRIGGER a_closed_case_stays_closed ON billing_dunningcase;
DROP FUNCTION a_closed_case_stays_closed();
DROP TRIGGER a_settled_charge_stays_so ON billing_charge;
DROP FUNCTION a_settled_charge_stays_so();
"""
COLLECT = """
CREATE OR REPLACE FUNCTION across_merchants_to_collect(present timestamptz, most int)
    RETURNS TABLE (merchant_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT %s FROM (
    SELECT i.merchant_id, i.collect_at AS due FROM invoices_invoice i
    WHERE i.collect_at <= present AND i.collect_at IS NOT NULL AND i.test_clock_id IS NULL
    UNION ALL SELECT i.merchant_id, i.collect_at FROM merchants_testclock c
    JOIN invoices_invoice i ON i.merchant_id = c.merchant_id AND i.test_clock_id = c.id
    WHERE c.status = 'released' AND i.collect_at <= present AND i.collect_at IS NOT NULL
    AND i.test_clock_id IS NOT NULL) f %s LIMIT most$$;
"""
DUN = """
CREATE OR REPLACE FUNCTION across_merchants_to_dun(present timestamptz, most int)
    RETURNS TABLE (merchant_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT %s FROM billing_dunningcase f WHERE f.next_step_at <= present AND f.next_step_at IS NOT NULL
    AND f.test_clock_id IS NULL %s LIMIT most$$;
"""
LONGEST_FIRST = ("f.merchant_id, f.merchant_id", "GROUP BY f.merchant_id ORDER BY min(f.{})")
ANY = ("DISTINCT f.merchant_id, f.merchant_id", "")


def sorted_by(question: str, column: str) -> str:
    """The question, those first whose work is due longest."""
    what, order = LONGEST_FIRST
    return question % (what, order.format(column))


def gone(name: str, parameters: str, query: str) -> migrations.RunSQL:
    """A question that is not asked any more."""
    made = across(name, parameters, query)
    return migrations.RunSQL(made.reverse_sql, made.sql)


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0015_why_parked"),
        ("invoices", "0009_keys_are_indexed"),
        ("merchants", "0006_one_worker_a_clock"),
        ("subscribers", "0007_bookkeeping_is_cheap"),
    ]
    operations = [
        migrations.AddConstraint(
            model_name="charge",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("invoice__isnull", False), ("status", "billed")),
                    models.Q(models.Q(("status", "billed"), _negated=True), ("invoice", None)),
                    _connector="OR",
                ),
                name="a_billed_charge_names_its_invoice",
            ),
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
        migrations.RunSQL(sorted_by(COLLECT, "due"), COLLECT % ANY),
        migrations.RunSQL(sorted_by(DUN, "next_step_at"), DUN % ANY),
        gone(
            "across_dunning_due", "present timestamptz, most int",
            "SELECT c.merchant_id, c.id FROM billing_dunningcase c WHERE c.next_step_at <= present"
            " AND c.next_step_at IS NOT NULL AND c.test_clock_id IS NULL ORDER BY c.next_step_at, c.id LIMIT most",
        ),
        gone(
            "across_running_runs", "beaten_before timestamptz, most int",
            "SELECT r.merchant_id, r.id FROM billing_billingrun r WHERE r.status = 'running'"
            " AND r.beaten_at < beaten_before ORDER BY r.beaten_at LIMIT most",
        ),
        gone(
            "across_invoices_to_collect", "present timestamptz, most int",
            "SELECT i.merchant_id, i.id FROM invoices_invoice i WHERE i.collect_at <= present"
            " AND i.collect_at IS NOT NULL AND i.test_clock_id IS NULL ORDER BY i.collect_at, i.id LIMIT most",
        ),
        gone(
            "across_due_subscriptions", "present timestamptz, most int",
            "SELECT s.merchant_id, s.id FROM subscribers_subscription s WHERE s.next_action_at <= present"
            " AND s.next_action_at IS NOT NULL AND s.parked_at IS NULL AND s.test_clock_id IS NULL"
            " ORDER BY s.next_action_at, s.id LIMIT most",
        ),
    ]
