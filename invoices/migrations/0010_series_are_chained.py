"""Documents are chained within their series, whose row keeps the chain's end; series may count by site and by year.

Documents from before have no link: the chain of a series that has given numbers begins with its next one
(`chained_from`). That is written for each tenant in turn.

It can be taken back only while no document is chained: links and salts would be lost for ever, and with them the proof
of what was issued.
"""

from django.db import migrations, models

BEGIN_HERE = """
DO $$
DECLARE
    each uuid;
BEGIN
    FOR each IN SELECT id FROM merchants_merchant LOOP
        PERFORM set_config('app.merchant_id', each::text, true);
        UPDATE invoices_numberseries SET chained_from = next_number WHERE next_number > 1;
    END LOOP;
    PERFORM set_config('app.merchant_id', '', true);
END $$;
"""

NOTHING_CHAINED = """
DO $$
DECLARE
    each uuid;
    chained bigint;
BEGIN
    FOR each IN SELECT id FROM merchants_merchant LOOP
        PERFORM set_config('app.merchant_id', each::text, true);
        SELECT (SELECT count(*) FROM invoices_invoice WHERE merchant_id = each AND chain_hash <> '')
            + (SELECT count(*) FROM invoices_creditnote WHERE merchant_id = each AND chain_hash <> '') INTO chained;
        IF chained > 0 THEN
            RAISE EXCEPTION 'invoices.0010 cannot be taken back: % documents of merchant % are chained, their proof would'
                ' be lost', chained, each
                USING HINT = 'Go back to a copy of the database from before, or stay.';
        END IF;
    END LOOP;
    PERFORM set_config('app.merchant_id', '', true);
END $$;
"""

FROZEN = """
CREATE OR REPLACE FUNCTION a_finalised_document_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    settlement text[] := ARRAY['status', 'amount_paid', 'amount_credited', 'amount_from_balance', 'paid_at',
        'updated_at', 'collect_at'];
    moves jsonb := '{"open": ["paid", "uncollectible", "cancelled"], "paid": ["open", "cancelled"],
        "uncollectible": ["open", "paid", "cancelled"], "cancelled": []}';
BEGIN
    IF OLD.status = 'draft' THEN
        IF TG_OP = 'DELETE' THEN
            RETURN OLD;
        END IF;
        __CHAINED__
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR to_jsonb(NEW) - settlement <> to_jsonb(OLD) - settlement THEN
        RAISE EXCEPTION 'invoice % is finalised: only a credit note corrects it', OLD.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_finalised_document_is_frozen';
    END IF;
    IF NEW.status <> OLD.status AND NOT moves -> OLD.status ? NEW.status THEN
        RAISE EXCEPTION 'invoice % cannot go from % to %', OLD.number, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'an_invoice_moves_by_the_table';
    END IF;
    RETURN NEW;
END $$;
"""
LINKED = """IF NEW.status <> 'draft' AND (NEW.chain_hash = '' OR NEW.customer_hash = '') THEN
            RAISE EXCEPTION 'invoice % is not in the chain of its series', NEW.number
                USING ERRCODE = 'check_violation', CONSTRAINT = 'a_document_is_chained';
        END IF;"""

MADE = """
CREATE OR REPLACE FUNCTION a_made_credit_note_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT coalesce(sum(net), 0) FROM invoices_creditnoteline WHERE credit_note_id = NEW.id) <> NEW.net
        OR (SELECT coalesce(sum(tax), 0) FROM invoices_creditnotetax WHERE credit_note_id = NEW.id) <> NEW.tax THEN
        RAISE EXCEPTION 'credit note % does not add up', NEW.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_document_adds_up';
    END IF;
    IF NOT EXISTS (SELECT FROM invoices_ledgerentry WHERE credit_note_id = NEW.id) THEN
        RAISE EXCEPTION 'credit note % is not in the ledger', NEW.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_document_is_posted';
    END IF;
    IF (SELECT sum(gross) FROM invoices_creditnote WHERE invoice_id = NEW.invoice_id)
        > (SELECT gross FROM invoices_invoice WHERE id = NEW.invoice_id) THEN
        RAISE EXCEPTION 'the credits of invoice % exceed it', NEW.invoice_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'credits_never_exceed_the_invoice';
    END IF;
    __CHAINED__
    RETURN NULL;
END $$;
"""
LINKED_NOTE = """IF NEW.chain_hash = '' OR NEW.customer_hash = '' THEN
        RAISE EXCEPTION 'credit note % is not in the chain of its series', NEW.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_document_is_chained';
    END IF;"""

ONLY_GROWS = """
CREATE OR REPLACE FUNCTION a_series_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.next_number < OLD.next_number OR NEW.last_on < OLD.last_on THEN
        RAISE EXCEPTION 'a series only grows' USING ERRCODE = 'check_violation', CONSTRAINT = 'a_series_only_grows';
    END IF;
    __KEEPS__
    RETURN NEW;
END $$;
"""
KEEPS = """IF (NEW.merchant_id, NEW.legal_entity_id, NEW.kind, NEW.site_id, NEW.year, NEW.test_clock_id, NEW.chained_from)
        IS DISTINCT FROM
        (OLD.merchant_id, OLD.legal_entity_id, OLD.kind, OLD.site_id, OLD.year, OLD.test_clock_id, OLD.chained_from) THEN
        RAISE EXCEPTION 'a series counts the same for ever'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_series_counts_the_same_for_ever';
    END IF;
    IF NEW.earlier <> (CASE WHEN NEW.format = OLD.format OR OLD.next_number = 1 THEN OLD.earlier
        ELSE OLD.earlier || jsonb_build_object('format', OLD.format, 'until', OLD.next_number - 1) END) THEN
        RAISE EXCEPTION 'a series keeps the formats that wrote its numbers'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_series_keeps_its_formats';
    END IF;"""

# Deferred: whoever takes numbers uses each of them, and the chain ends where the series says; neither an invoice nor a
# credit note bears the other's number. A batch takes its numbers in one UPDATE, so this runs once for all of it.
ENDS = """
CREATE FUNCTION a_series_ends_with_its_last_document() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stands record;
    borne bigint;
    last text;
    twice text;
BEGIN
    SELECT s.next_number, s.head INTO stands FROM invoices_numberseries s WHERE s.id = NEW.id;
    IF NEW.kind = 'invoice' THEN
        SELECT count(*) INTO borne FROM invoices_invoice i WHERE i.merchant_id = NEW.merchant_id
            AND i.series_id = NEW.id AND i.sequence >= OLD.next_number AND i.sequence < NEW.next_number;
        SELECT i.chain_hash INTO last FROM invoices_invoice i WHERE i.merchant_id = NEW.merchant_id
            AND i.series_id = NEW.id AND i.sequence = stands.next_number - 1;
        SELECT i.number INTO twice FROM invoices_invoice i JOIN invoices_creditnote c
            ON c.merchant_id = i.merchant_id AND c.number = i.number AND c.legal_entity_id = i.legal_entity_id
            AND c.test_clock_id IS NOT DISTINCT FROM i.test_clock_id
            WHERE i.merchant_id = NEW.merchant_id AND i.series_id = NEW.id
            AND i.sequence >= OLD.next_number AND i.sequence < NEW.next_number LIMIT 1;
    ELSE
        SELECT count(*) INTO borne FROM invoices_creditnote c WHERE c.merchant_id = NEW.merchant_id
            AND c.series_id = NEW.id AND c.sequence >= OLD.next_number AND c.sequence < NEW.next_number;
        SELECT c.chain_hash INTO last FROM invoices_creditnote c WHERE c.merchant_id = NEW.merchant_id
            AND c.series_id = NEW.id AND c.sequence = stands.next_number - 1;
        SELECT c.number INTO twice FROM invoices_creditnote c JOIN invoices_invoice i
            ON i.merchant_id = c.merchant_id AND i.number = c.number AND i.legal_entity_id = c.legal_entity_id
            AND i.test_clock_id IS NOT DISTINCT FROM c.test_clock_id
            WHERE c.merchant_id = NEW.merchant_id AND c.series_id = NEW.id
            AND c.sequence >= OLD.next_number AND c.sequence < NEW.next_number LIMIT 1;
    END IF;
    IF borne <> NEW.next_number - OLD.next_number OR last IS DISTINCT FROM stands.head THEN
        RAISE EXCEPTION 'series %: numbers % to % were taken, % documents bear them', NEW.id, OLD.next_number,
            NEW.next_number - 1, borne
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_series_ends_with_its_last_document';
    END IF;
    IF twice IS NOT NULL THEN
        RAISE EXCEPTION 'number % stands on an invoice and on a credit note', twice
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_number_is_of_one_document';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER a_series_ends_with_its_last_document AFTER UPDATE OF next_number ON invoices_numberseries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.next_number > OLD.next_number)
    EXECUTE FUNCTION a_series_ends_with_its_last_document();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('invoices', '0009_keys_are_indexed'),
        ('merchants', '0008_seals_and_numbers'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='numberseries',
            name='a_kind_of_document_has_one_series',
        ),
        migrations.AddField(
            model_name='creditnote',
            name='chain_hash',
            field=models.CharField(blank=True, db_default='', default='', help_text="Its link in the series' chain", max_length=64),
        ),
        migrations.AddField(
            model_name='creditnote',
            name='customer_hash',
            field=models.CharField(blank=True, db_default='', default='', help_text='SHA-256 of salt and customer; in the content', max_length=64),
        ),
        migrations.AddField(
            model_name='creditnote',
            name='customer_salt',
            field=models.CharField(blank=True, db_default='', default='', help_text='Random', max_length=32),
        ),
        migrations.AddField(
            model_name='invoice',
            name='chain_hash',
            field=models.CharField(blank=True, db_default='', default='', help_text="Its link in the series' chain", max_length=64),
        ),
        migrations.AddField(
            model_name='invoice',
            name='customer_hash',
            field=models.CharField(blank=True, db_default='', default='', help_text='SHA-256 of salt and customer; in the content', max_length=64),
        ),
        migrations.AddField(
            model_name='invoice',
            name='customer_salt',
            field=models.CharField(blank=True, db_default='', default='', help_text='Random', max_length=32),
        ),
        migrations.AddField(
            model_name='numberseries',
            name='chained_from',
            field=models.BigIntegerField(db_default=1, default=1, help_text='The first number in the chain; those before it are older than the chain'),
        ),
        migrations.AddField(
            model_name='numberseries',
            name='earlier',
            field=models.JSONField(db_default=[], default=list, help_text='[{format, until}]: formats before this one'),
        ),
        migrations.AddField(
            model_name='numberseries',
            name='head',
            field=models.CharField(blank=True, db_default='', default='', help_text='The last chain_hash', max_length=64),
        ),
        migrations.AddField(
            model_name='numberseries',
            name='year',
            field=models.SmallIntegerField(help_text='Where each year counts from 1', null=True),
        ),
        migrations.AlterField(
            model_name='creditnote',
            name='content_hash',
            field=models.CharField(help_text='SHA-256 of the canonical content', max_length=64),
        ),
        migrations.AlterField(
            model_name='numberseries',
            name='format',
            field=models.CharField(help_text='{year}-{number:06d}', max_length=60),
        ),
        migrations.AddConstraint(
            model_name='numberseries',
            constraint=models.UniqueConstraint(fields=('merchant', 'legal_entity', 'kind', 'site', 'year', 'test_clock'), name='a_kind_of_document_has_one_series', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='numberseries',
            constraint=models.CheckConstraint(condition=models.Q(('head__regex', '^([0-9a-f]{64})?$')), name='a_head_is_a_digest'),
        ),
        migrations.AddConstraint(
            model_name='numberseries',
            constraint=models.CheckConstraint(condition=models.Q(('chained_from__gte', 1)), name='a_chain_starts_in_its_series'),
        ),
        migrations.RunSQL(BEGIN_HERE, migrations.RunSQL.noop),
        migrations.RunSQL(FROZEN.replace("__CHAINED__", LINKED), FROZEN.replace("__CHAINED__", "")),
        migrations.RunSQL(MADE.replace("__CHAINED__", LINKED_NOTE), MADE.replace("__CHAINED__", "")),
        migrations.RunSQL(ONLY_GROWS.replace("__KEEPS__", KEEPS), ONLY_GROWS.replace("__KEEPS__", "")),
        migrations.RunSQL(
            ENDS,
            "DROP TRIGGER a_series_ends_with_its_last_document ON invoices_numberseries;"
            " DROP FUNCTION a_series_ends_with_its_last_document()",
        ),
        migrations.RunSQL(migrations.RunSQL.noop, NOTHING_CHAINED),
    ]
