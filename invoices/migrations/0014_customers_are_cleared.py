"""A numbered document may lose its customer and their salt once its years of retention are over, and nothing else.

The database counts by calendar years (Code de commerce, art. L123-22); a fiscal year that closes later is the
product's to count (`invoices.retention`).
"""

from django.conf import settings
from django.db import migrations

CLEARED = """
CREATE FUNCTION only_the_customer_is_cleared(before jsonb, after jsonb) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT after->'customer' = '{}'::jsonb AND after->>'customer_salt' = ''
        AND before - ARRAY['customer', 'customer_salt'] = after - ARRAY['customer', 'customer_salt']
        AND extract(year FROM (before->>'issued_on')::date) + 10 < extract(year FROM now())
$$;
"""
UNLESS = """WHEN (NOT (OLD.customer_salt <> '' AND NEW.customer_salt = ''
    AND only_the_customer_is_cleared(to_jsonb(OLD), to_jsonb(NEW))))"""
ON = f"""
DROP TRIGGER a_finalised_document_is_frozen ON invoices_invoice;
CREATE TRIGGER a_finalised_document_is_frozen BEFORE UPDATE ON invoices_invoice
    FOR EACH ROW {UNLESS} EXECUTE FUNCTION a_finalised_document_is_frozen();
CREATE TRIGGER a_finalised_document_stays BEFORE DELETE ON invoices_invoice
    FOR EACH ROW EXECUTE FUNCTION a_finalised_document_is_frozen();
DROP TRIGGER append_only ON invoices_creditnote;
CREATE TRIGGER append_only BEFORE UPDATE ON invoices_creditnote
    FOR EACH ROW {UNLESS} EXECUTE FUNCTION append_only('');
CREATE TRIGGER a_made_credit_note_stays BEFORE DELETE ON invoices_creditnote
    FOR EACH ROW EXECUTE FUNCTION append_only('');
GRANT UPDATE (customer, customer_salt) ON invoices_creditnote TO {settings.APP_ROLE};
"""
OFF = f"""
REVOKE UPDATE (customer, customer_salt) ON invoices_creditnote FROM {settings.APP_ROLE};
DROP TRIGGER a_made_credit_note_stays ON invoices_creditnote;
DROP TRIGGER append_only ON invoices_creditnote;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON invoices_creditnote
    FOR EACH ROW EXECUTE FUNCTION append_only('');
DROP TRIGGER a_finalised_document_stays ON invoices_invoice;
DROP TRIGGER a_finalised_document_is_frozen ON invoices_invoice;
CREATE TRIGGER a_finalised_document_is_frozen BEFORE UPDATE OR DELETE ON invoices_invoice
    FOR EACH ROW EXECUTE FUNCTION a_finalised_document_is_frozen();
DROP FUNCTION only_the_customer_is_cleared(jsonb, jsonb);
"""


class Migration(migrations.Migration):
    dependencies = [("invoices", "0013_ledger_in_order")]

    operations = [migrations.RunSQL(CLEARED + ON, OFF)]
