"""Guards of the ground floor: rights of the application's role, row-level security, append-only, cross-tenant look-ups."""

from django.conf import settings
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations

from merchants.tenancy.operations import AppendOnly, TenantTable, across

APP = settings.APP_ROLE

RIGHTS = f"""
GRANT USAGE ON SCHEMA public TO {APP};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APP};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {APP};
"""
NO_RIGHTS = f"""
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM {APP};
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM {APP};
"""

FUNCTIONS = """
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    settable text[] := string_to_array(coalesce(TG_ARGV[0], ''), ',');
    old_row jsonb := to_jsonb(OLD);
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - settable = old_row - settable
        AND NOT EXISTS (
            SELECT FROM unnest(settable) AS c
            WHERE old_row ->> c IS NOT NULL AND old_row -> c IS DISTINCT FROM to_jsonb(NEW) -> c)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'check_violation', CONSTRAINT = 'append_only';
END $$;

CREATE FUNCTION never_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is never emptied', TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = 'never_emptied';
END $$;

-- A part of a version may only be written by the transaction that wrote the version itself.
CREATE FUNCTION part_of_a_new_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    made boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE id = ($1).%I AND txid = pg_current_xact_id())',
        TG_ARGV[0], TG_ARGV[1]) USING NEW INTO made;
    IF made THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a version never changes once made: make a new one'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'a_version_never_changes';
END $$;

CREATE FUNCTION part_of_a_new_stage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM merchants_stage s JOIN merchants_offerversion v ON v.id = s.version_id
        WHERE s.id = NEW.stage_id AND v.txid = pg_current_xact_id()) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a version never changes once made: make a new one'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'a_version_never_changes';
END $$;

CREATE FUNCTION stamp_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.txid := pg_current_xact_id();
    RETURN NEW;
END $$;

CREATE FUNCTION a_test_clock_moves_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.time < OLD.time OR (OLD.status = 'released' AND NEW.status <> 'released') THEN
        RAISE EXCEPTION 'a test clock only moves forward' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'a_test_clock_moves_forward';
    END IF;
    RETURN NEW;
END $$;
"""
NO_FUNCTIONS = """
DROP FUNCTION a_test_clock_moves_forward();
DROP FUNCTION stamp_transaction();
DROP FUNCTION part_of_a_new_stage();
DROP FUNCTION part_of_a_new_version();
DROP FUNCTION never_emptied();
DROP FUNCTION append_only();
"""

MERCHANT = """
ALTER TABLE merchants_merchant ENABLE ROW LEVEL SECURITY;
ALTER TABLE merchants_merchant FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON merchants_merchant
    USING (id = nullif(current_setting('app.merchant_id', true), '')::uuid)
    WITH CHECK (id = nullif(current_setting('app.merchant_id', true), '')::uuid);
"""
NO_MERCHANT = """
DROP POLICY tenant ON merchants_merchant;
ALTER TABLE merchants_merchant NO FORCE ROW LEVEL SECURITY;
ALTER TABLE merchants_merchant DISABLE ROW LEVEL SECURITY;
"""

PARTS = [
    ("merchants_stage", "merchants_offerversion", "version_id"),
    ("merchants_versionoption", "merchants_offerversion", "version_id"),
    ("merchants_optionprice", "merchants_optionversion", "version_id"),
    ("merchants_optionfeature", "merchants_optionversion", "version_id"),
]
VERSIONS = "".join(
    f"""CREATE TRIGGER part_of_a_new_version BEFORE INSERT ON {table}
    FOR EACH ROW EXECUTE FUNCTION part_of_a_new_version('{parent}', '{column}');"""
    for table, parent, column in PARTS
) + """
CREATE TRIGGER part_of_a_new_stage BEFORE INSERT ON merchants_stagefeature
    FOR EACH ROW EXECUTE FUNCTION part_of_a_new_stage();
CREATE TRIGGER stamp_transaction BEFORE INSERT ON merchants_offerversion
    FOR EACH ROW EXECUTE FUNCTION stamp_transaction();
CREATE TRIGGER stamp_transaction BEFORE INSERT ON merchants_optionversion
    FOR EACH ROW EXECUTE FUNCTION stamp_transaction();
CREATE TRIGGER a_test_clock_moves_forward BEFORE UPDATE ON merchants_testclock
    FOR EACH ROW EXECUTE FUNCTION a_test_clock_moves_forward();
"""
NO_VERSIONS = "".join(f"DROP TRIGGER part_of_a_new_version ON {table};" for table, _, _ in PARTS) + """
DROP TRIGGER part_of_a_new_stage ON merchants_stagefeature;
DROP TRIGGER stamp_transaction ON merchants_offerversion;
DROP TRIGGER stamp_transaction ON merchants_optionversion;
DROP TRIGGER a_test_clock_moves_forward ON merchants_testclock;
"""


class Migration(migrations.Migration):
    dependencies = [("merchants", "0001_initial")]
    operations = [
        TrigramExtension(),
        migrations.RunSQL(RIGHTS, NO_RIGHTS),
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
        migrations.RunSQL(MERCHANT, NO_MERCHANT),
        TenantTable(
            "ProviderAccount",
            "TestClock",
            "Membership",
            "Invitation",
            "ApiKey",
            "LegalEntity",
            "TaxRate",
            "Site",
            "Feature",
            "Offer",
            "OfferVersion",
            "Stage",
            "StageFeature",
            "Option",
            "OptionVersion",
            "OptionPrice",
            "OptionFeature",
            "VersionOption",
            "Coupon",
            "CouponTarget",
            "Event",
            "IdempotentReply",
            across=("ProviderAccount", "Membership", "Invitation", "ApiKey", "Event",),
        ),
        AppendOnly("OfferVersion", "Stage", "StageFeature", "OptionVersion", "OptionPrice", "OptionFeature", "VersionOption"),
        AppendOnly("Event", settable=("sequence", "published_at")),
        migrations.RunSQL(VERSIONS, NO_VERSIONS),
        across(
            "across_api_key", "wanted bytea",
            "SELECT k.merchant_id, k.id FROM merchants_apikey k WHERE k.digest = wanted",
        ),
        across(
            "across_memberships", "person uuid",
            "SELECT m.merchant_id, m.id FROM merchants_membership m WHERE m.user_id = person AND m.removed_at IS NULL"
            " ORDER BY m.id",
        ),
        across(
            "across_invitation", "wanted bytea",
            "SELECT i.merchant_id, i.id FROM merchants_invitation i WHERE i.token_hash = wanted",
        ),
        across(
            "across_provider_account", "wanted uuid",
            "SELECT a.merchant_id, a.id FROM merchants_provideraccount a WHERE a.id = wanted",
        ),
        across(
            "across_unpublished_events", "most int",
            "SELECT e.merchant_id, e.id FROM merchants_event e WHERE e.published_at IS NULL ORDER BY e.id LIMIT most",
        ),
    ]
