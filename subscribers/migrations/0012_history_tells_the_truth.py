"""What the history tells is what stands: the guard holds told values against the row, a deletion is told as one, an id is
never changed, and a personal value is never rewritten, nor deleted but by an erasure."""

from django.db import migrations

BY_NAME = """
CREATE OR REPLACE FUNCTION every_change_is_written() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""
BY_VALUE = """
CREATE OR REPLACE FUNCTION every_change_is_written() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    passed_over text[] := string_to_array(TG_ARGV[0], ',');
    stands jsonb := CASE WHEN TG_OP = 'DELETE' THEN NULL ELSE to_jsonb(NEW) END;
    before jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}'::jsonb ELSE to_jsonb(OLD) END;
    changed text[];
    told text[];
    true_of text[];
    subject uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.id ELSE NEW.id END;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF NOT EXISTS (SELECT 1 FROM subscribers_change c
            WHERE c.subject_id = subject AND c.txid = pg_current_xact_id() AND c.verb = 'deleted') THEN
            RAISE EXCEPTION '% % changed without a word in the history: deleted', TG_TABLE_NAME, subject
                USING ERRCODE = 'check_violation', CONSTRAINT = 'every_change_is_written';
        END IF;
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.id <> OLD.id THEN
        RAISE EXCEPTION '% % changed without a word in the history: id', TG_TABLE_NAME, OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'every_change_is_written';
    END IF;
    SELECT array_agg(key) INTO changed FROM jsonb_each(stands) AS n (key, value)
    WHERE NOT key = ANY (passed_over) AND value IS DISTINCT FROM coalesce(before -> key, 'null'::jsonb);
    IF changed IS NULL THEN
        RETURN NULL;
    END IF;
    -- Each value told is read as its column's own type and held against the row. A personal value is told by its id.
    SELECT array_agg(DISTINCT t.key), array_agg(DISTINCT t.key) FILTER (WHERE CASE
            WHEN TG_TABLE_NAME = 'subscribers_subscriber' AND t.value @? '$.personal' THEN true
            ELSE to_jsonb(jsonb_populate_record(NEW, jsonb_build_object(t.key, t.value))) -> t.key = stands -> t.key END)
        INTO told, true_of
    FROM subscribers_change c, jsonb_each(c.after) AS t (key, value)
    WHERE c.subject_id = subject AND c.txid = pg_current_xact_id() AND t.key = ANY (changed);
    IF told IS NULL OR NOT changed <@ told THEN
        RAISE EXCEPTION '% % changed without a word in the history: %', TG_TABLE_NAME, subject,
            (SELECT string_agg(c, ', ') FROM unnest(changed) AS c WHERE told IS NULL OR NOT c = ANY (told))
            USING ERRCODE = 'check_violation', CONSTRAINT = 'every_change_is_written';
    END IF;
    IF true_of IS NULL OR NOT changed <@ true_of THEN
        RAISE EXCEPTION '% % changed otherwise than its history says: %', TG_TABLE_NAME, subject,
            (SELECT string_agg(c, ', ') FROM unnest(changed) AS c WHERE true_of IS NULL OR NOT c = ANY (true_of))
            USING ERRCODE = 'check_violation', CONSTRAINT = 'every_change_is_written';
    END IF;
    RETURN NULL;
END $$;
"""
VALUES = """
-- A personal value is what somebody once said: it stays as it is, until the person is erased.
CREATE FUNCTION never_rewritten() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% %: a personal value is never rewritten', TG_TABLE_NAME, OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'never_rewritten';
END $$;
CREATE FUNCTION only_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM subscribers_change c
        WHERE c.subject_id = OLD.subscriber_id AND c.txid = pg_current_xact_id() AND c.verb = 'erased') THEN
        RAISE EXCEPTION '% %: a personal value is deleted by an erasure only', TG_TABLE_NAME, OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'only_erased';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER never_rewritten BEFORE UPDATE ON subscribers_personalvalue
    FOR EACH ROW EXECUTE FUNCTION never_rewritten();
CREATE CONSTRAINT TRIGGER only_erased AFTER DELETE ON subscribers_personalvalue
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION only_erased();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON subscribers_personalvalue EXECUTE FUNCTION never_emptied();
"""
NO_VALUES = """
DROP TRIGGER never_emptied ON subscribers_personalvalue;
DROP TRIGGER only_erased ON subscribers_personalvalue;
DROP TRIGGER never_rewritten ON subscribers_personalvalue;
DROP FUNCTION only_erased();
DROP FUNCTION never_rewritten();
"""


class Migration(migrations.Migration):
    dependencies = [("subscribers", "0011_leaving_early")]
    operations = [migrations.RunSQL(BY_VALUE, BY_NAME), migrations.RunSQL(VALUES, NO_VALUES)]
