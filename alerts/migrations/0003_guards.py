"""Guards of the tables that only tell someone."""

from django.db import migrations

from merchants.tenancy.operations import TenantTable, across


class Migration(migrations.Migration):
    dependencies = [("alerts", "0002_initial"), ("invoices", "0003_guards")]
    operations = [
        TenantTable(
            "WebhookEndpoint",
            "Delivery",
            "Message",
            "Alert",
            across=("Delivery", "Message",),
        ),
        across(
            "across_due_deliveries", "present timestamptz, most int",
            "SELECT d.merchant_id, d.id FROM alerts_delivery d WHERE d.status = 'waiting'"
            " AND d.next_try_at <= present ORDER BY d.next_try_at, d.sequence LIMIT most",
        ),
        across(
            "across_due_messages", "present timestamptz, most int",
            "SELECT m.merchant_id, m.id FROM alerts_message m WHERE m.status = 'waiting'"
            " AND m.next_try_at <= present ORDER BY m.next_try_at LIMIT most",
        ),
    ]
