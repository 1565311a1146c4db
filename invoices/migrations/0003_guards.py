"""Guards of the documents' floor: frozen documents, sums that agree, a balanced ledger, payments that move one way."""

from django.db import migrations

from merchants.tenancy.operations import AppendOnly, TenantTable, across

FROZEN = """
CREATE FUNCTION a_finalised_document_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    settlement text[] := ARRAY['status', 'amount_paid', 'amount_credited', 'amount_from_balance', 'paid_at', 'updated_at'];
    moves jsonb := '{"open": ["paid", "uncollectible", "cancelled"], "paid": ["open", "cancelled"],
        "uncollectible": ["open", "paid", "cancelled"], "cancelled": []}';
BEGIN
    IF OLD.status = 'draft' THEN
        IF TG_OP = 'DELETE' THEN
            RETURN OLD;
        END IF;
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

-- Lines and taxes belong to a draft; nothing is added to, taken from or changed in a numbered invoice.
CREATE FUNCTION part_of_a_draft() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    parent uuid := CASE WHEN TG_OP = 'INSERT' THEN NEW.invoice_id ELSE OLD.invoice_id END;
BEGIN
    IF EXISTS (SELECT FROM invoices_invoice i WHERE i.id = parent AND i.status = 'draft') THEN
        IF TG_OP = 'UPDATE' AND NEW.invoice_id <> OLD.invoice_id THEN
            RAISE EXCEPTION 'a line stays on its invoice' USING ERRCODE = 'check_violation';
        END IF;
        RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION 'invoice % is not a draft: its lines are frozen', parent
        USING ERRCODE = 'check_violation', CONSTRAINT = 'a_finalised_document_is_frozen';
END $$;

-- Lines of a credit note are written before it: once it stands nothing can be added.
CREATE FUNCTION part_of_a_new_credit_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM invoices_creditnote c WHERE c.id = NEW.credit_note_id) THEN
        RAISE EXCEPTION 'credit note % is made: its lines are frozen', NEW.credit_note_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_finalised_document_is_frozen';
    END IF;
    RETURN NEW;
END $$;

-- Deferred: the lines and taxes of a finalised invoice add up to it, and the ledger knows it.
CREATE FUNCTION a_finalised_invoice_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT coalesce(sum(net), 0) FROM invoices_invoiceline WHERE invoice_id = NEW.id) <> NEW.net
        OR (SELECT coalesce(sum(tax), 0) FROM invoices_invoicetax WHERE invoice_id = NEW.id) <> NEW.tax
        OR (SELECT coalesce(sum(base), 0) FROM invoices_invoicetax WHERE invoice_id = NEW.id) <> NEW.net THEN
        RAISE EXCEPTION 'invoice % does not add up', NEW.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_document_adds_up';
    END IF;
    IF (SELECT coalesce(sum(amount), 0) FROM invoices_ledgerentry
        WHERE invoice_id = NEW.id AND account = 'receivable' AND payment_id IS NULL
        AND credit_note_id IS NULL AND balance_entry_id IS NULL) <> NEW.gross THEN
        RAISE EXCEPTION 'invoice % is not in the ledger', NEW.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_document_is_posted';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION a_made_credit_note_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
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
    RETURN NULL;
END $$;

CREATE FUNCTION a_posting_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM invoices_ledgerentry WHERE merchant_id = NEW.merchant_id AND posting_id = NEW.posting_id
        GROUP BY currency HAVING sum(amount) <> 0) THEN
        RAISE EXCEPTION 'posting % does not balance', NEW.posting_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_posting_balances';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION a_balance_follows_the_last() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    SELECT sequence, balance_after INTO last FROM invoices_balanceentry
    WHERE merchant_id = NEW.merchant_id AND payer_id = NEW.payer_id AND currency = NEW.currency
    ORDER BY sequence DESC LIMIT 1;
    IF NEW.sequence <> coalesce(last.sequence, 0) + 1
        OR NEW.balance_after <> coalesce(last.balance_after, 0) + NEW.amount THEN
        RAISE EXCEPTION 'a balance entry must follow the last one'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_balance_moves_in_order';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION a_payment_moves_by_the_table() RETURNS trigger LANGUAGE plpgsql AS $$
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
    IF (NEW.amount, NEW.currency, NEW.payer_id, NEW.account_id, NEW.gateway, NEW.invoice_id, NEW.session_id,
        NEW.merchant_id, NEW.means) IS DISTINCT FROM (OLD.amount, OLD.currency, OLD.payer_id, OLD.account_id,
        OLD.gateway, OLD.invoice_id, OLD.session_id, OLD.merchant_id, OLD.means) AND NOT (
        OLD.status <> 'succeeded' AND NEW.means IN ('card', 'sepa_debit') AND OLD.means IN ('card', 'sepa_debit')
        AND (NEW.amount, NEW.currency, NEW.payer_id, NEW.account_id, NEW.gateway, NEW.invoice_id, NEW.session_id,
        NEW.merchant_id) IS NOT DISTINCT FROM (OLD.amount, OLD.currency, OLD.payer_id, OLD.account_id,
        OLD.gateway, OLD.invoice_id, OLD.session_id, OLD.merchant_id)) THEN
        RAISE EXCEPTION 'what a payment was asked for never changes' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'a_payment_is_what_was_asked';
    END IF;
    IF NEW.status <> OLD.status AND NOT moves -> OLD.status ? NEW.status THEN
        RAISE EXCEPTION 'payment % cannot go from % to %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_payment_moves_by_the_table';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION a_series_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.next_number < OLD.next_number OR NEW.last_on < OLD.last_on THEN
        RAISE EXCEPTION 'a series only grows' USING ERRCODE = 'check_violation', CONSTRAINT = 'a_series_only_grows';
    END IF;
    RETURN NEW;
END $$;
"""
NAMES = (
    "a_series_only_grows", "a_payment_moves_by_the_table", "a_balance_follows_the_last", "a_posting_balances",
    "a_made_credit_note_adds_up", "a_finalised_invoice_adds_up", "part_of_a_new_credit_note", "part_of_a_draft",
    "a_finalised_document_is_frozen",
)
TRIGGERS = [
    ("a_finalised_document_is_frozen", "BEFORE UPDATE OR DELETE", "invoices_invoice", ""),
    ("part_of_a_draft", "BEFORE INSERT OR UPDATE OR DELETE", "invoices_invoiceline", ""),
    ("part_of_a_draft", "BEFORE INSERT OR UPDATE OR DELETE", "invoices_invoicetax", ""),
    ("part_of_a_new_credit_note", "BEFORE INSERT", "invoices_creditnoteline", ""),
    ("part_of_a_new_credit_note", "BEFORE INSERT", "invoices_creditnotetax", ""),
    ("a_balance_follows_the_last", "BEFORE INSERT", "invoices_balanceentry", ""),
    ("a_payment_moves_by_the_table", "BEFORE UPDATE OR DELETE", "invoices_payment", ""),
    ("a_series_only_grows", "BEFORE UPDATE OR DELETE", "invoices_numberseries", ""),
]
DEFERRED = [
    ("a_finalised_invoice_adds_up", "AFTER INSERT OR UPDATE OF number", "invoices_invoice",
     "WHEN (NEW.number IS NOT NULL)"),
    ("a_made_credit_note_adds_up", "AFTER INSERT", "invoices_creditnote", ""),
    ("a_posting_balances", "AFTER INSERT", "invoices_ledgerentry", ""),
]
EMPTIED = ("invoices_invoice", "invoices_invoiceline", "invoices_invoicetax", "invoices_payment", "invoices_numberseries")
ON = (
    "".join(f"CREATE TRIGGER {n} {when} ON {t} FOR EACH ROW {c} EXECUTE FUNCTION {n}();" for n, when, t, c in TRIGGERS)
    + "".join(
        f"CREATE CONSTRAINT TRIGGER {n} {when} ON {t} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW {c}"
        f" EXECUTE FUNCTION {n}();"
        for n, when, t, c in DEFERRED
    )
    + "".join(f"CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {t} EXECUTE FUNCTION never_emptied();" for t in EMPTIED)
)
OFF = "".join(f"DROP TRIGGER {n} ON {t};" for n, _, t, _ in TRIGGERS + DEFERRED) + "".join(
    f"DROP TRIGGER never_emptied ON {t};" for t in EMPTIED
)


class Migration(migrations.Migration):
    dependencies = [("invoices", "0002_initial"), ("subscribers", "0002_guards")]
    operations = [
        TenantTable(
            "NumberSeries",
            "Invoice",
            "InvoiceLine",
            "InvoiceTax",
            "CreditNote",
            "CreditNoteLine",
            "CreditNoteTax",
            "Payment",
            "Allocation",
            "Refund",
            "BalanceEntry",
            "LedgerEntry",
            "DocumentFile",
            across=("Payment", "DocumentFile",),
        ),
        AppendOnly("CreditNote", "CreditNoteLine", "CreditNoteTax", "Allocation", "BalanceEntry", "LedgerEntry"),
        migrations.RunSQL(FROZEN, "".join(f"DROP FUNCTION {name}();" for name in NAMES)),
        migrations.RunSQL(ON, OFF),
        across(
            "across_unsettled_payments", "present timestamptz, most int",
            "SELECT p.merchant_id, p.id FROM invoices_payment p"
            " WHERE p.status IN ('pending', 'requires_action', 'processing', 'unknown') AND p.next_look_at <= present"
            " ORDER BY p.next_look_at LIMIT most",
        ),
        across(
            "across_unprinted_documents", "present timestamptz, most int",
            "SELECT f.merchant_id, f.id FROM invoices_documentfile f WHERE f.made_at IS NULL"
            " AND f.next_try_at <= present ORDER BY f.next_try_at LIMIT most",
        ),
    ]
