"""Guards of the conductor's floor, and the key from a payment down to nothing: its session is ours."""

from django.db import migrations

from merchants.tenancy.operations import TenantTable, across

SESSION = """
ALTER TABLE invoices_payment ADD CONSTRAINT invoices_payment_session_id_same_tenant
    FOREIGN KEY (merchant_id, session_id) REFERENCES billing_checkoutsession (merchant_id, id)
    DEFERRABLE INITIALLY DEFERRED;
"""
NO_SESSION = "ALTER TABLE invoices_payment DROP CONSTRAINT invoices_payment_session_id_same_tenant"


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_initial"), ("invoices", "0003_guards")]
    operations = [
        TenantTable(
            "Quote",
            "CheckoutSession",
            "ProviderEvent",
            across=("CheckoutSession", "ProviderEvent",),
        ),
        migrations.RunSQL(SESSION, NO_SESSION),
        across(
            "across_checkout_session", "wanted uuid",
            "SELECT s.merchant_id, s.id FROM billing_checkoutsession s WHERE s.id = wanted",
        ),
        across(
            "across_open_checkouts", "present timestamptz, most int",
            "SELECT s.merchant_id, s.id FROM billing_checkoutsession s WHERE s.status = 'open'"
            " AND s.expires_at <= present ORDER BY s.expires_at LIMIT most",
        ),
        across(
            "across_unread_notices", "present timestamptz, most int",
            "SELECT e.merchant_id, e.id FROM billing_providerevent e WHERE e.settled_at IS NULL"
            " AND e.next_try_at <= present ORDER BY e.next_try_at, e.id LIMIT most",
        ),
    ]
