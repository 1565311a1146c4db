"""Guards of the customer's floor: row-level security, and a history that cannot be forgotten."""

from django.db import migrations

from merchants.tenancy.operations import AppendOnly, TenantTable, across

GUARD = """
-- Deferred to COMMIT: every column of a life that changed must be told by a Change of the same transaction.
CREATE FUNCTION every_change_is_written() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    passed_over text[] := string_to_array(TG_ARGV[0], ',');
    before jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}'::jsonb ELSE to_jsonb(OLD) END;
    changed text[];
    told text[];
    subject uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.id ELSE NEW.id END;
BEGIN
    IF TG_OP = 'DELETE' THEN
        changed := ARRAY[]::text[];
    ELSE
        SELECT array_agg(key) INTO changed FROM jsonb_each(to_jsonb(NEW)) AS n (key, value)
        WHERE NOT key = ANY (passed_over) AND value IS DISTINCT FROM coalesce(before -> key, 'null'::jsonb);
        IF changed IS NULL THEN
            RETURN NULL;
        END IF;
    END IF;
    SELECT array_agg(DISTINCT k) INTO told
    FROM subscribers_change c LEFT JOIN LATERAL jsonb_object_keys(c.after) AS k ON true
    WHERE c.subject_id = subject AND c.txid = pg_current_xact_id();
    IF told IS NULL OR NOT changed <@ told THEN
        RAISE EXCEPTION '% % changed without a word in the history: %', TG_TABLE_NAME, subject,
            (SELECT string_agg(c, ', ') FROM unnest(changed) AS c WHERE told IS NULL OR NOT c = ANY (told))
            USING ERRCODE = 'check_violation', CONSTRAINT = 'every_change_is_written';
    END IF;
    RETURN NULL;
END $$;

-- Nobody dates a change into another transaction, nor by another clock than the database's.
CREATE FUNCTION stamp_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.txid := pg_current_xact_id();
    NEW.written_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER stamp_change BEFORE INSERT ON subscribers_change FOR EACH ROW EXECUTE FUNCTION stamp_change();
"""
NO_GUARD = """
DROP TRIGGER stamp_change ON subscribers_change;
DROP FUNCTION stamp_change();
DROP FUNCTION every_change_is_written();
"""
ALWAYS = "id,merchant_id,created_at,updated_at"
GUARDED = {
    "subscribers_subscriber": "search,provider_customers,event_sequence",
    "subscribers_subscription": "next_action_at,parked_at,parked_reason,latest_invoice_id",
    "subscribers_subscriptionoption": "",
    "subscribers_subscriptioncoupon": "",
    "subscribers_grant": "",
    "subscribers_paymentmethod": "",
    "subscribers_mandate": "",
    "subscribers_scheduledchange": "",
}
TRIGGERS = "".join(
    f"""CREATE CONSTRAINT TRIGGER every_change_is_written AFTER INSERT OR UPDATE OR DELETE ON {table}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION every_change_is_written('{','.join(filter(None, (ALWAYS, columns)))}');
    CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {table} EXECUTE FUNCTION never_emptied();"""
    for table, columns in GUARDED.items()
)
NO_TRIGGERS = "".join(
    f"DROP TRIGGER every_change_is_written ON {table}; DROP TRIGGER never_emptied ON {table};" for table in GUARDED
)


class Migration(migrations.Migration):
    dependencies = [("subscribers", "0001_initial")]
    operations = [
        TenantTable(
            "Subscriber",
            "PersonalValue",
            "PaymentMethod",
            "Subscription",
            "SubscriptionOption",
            "SubscriptionCoupon",
            "ScheduledChange",
            "Grant",
            "Mandate",
            "Change",
            across=("Subscription",),
        ),
        AppendOnly("Change"),
        migrations.RunSQL(GUARD, NO_GUARD),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
        across(
            "across_due_subscriptions", "present timestamptz, most int",
            "SELECT s.merchant_id, s.id FROM subscribers_subscription s WHERE s.next_action_at <= present"
            " AND s.next_action_at IS NOT NULL AND s.parked_at IS NULL AND s.test_clock_id IS NULL"
            " ORDER BY s.next_action_at, s.id LIMIT most",
        ),
    ]
