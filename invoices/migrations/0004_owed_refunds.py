"""Refunds that are owed are due work: found across tenants."""

from django.db import migrations, models

from merchants.tenancy.operations import across


class Migration(migrations.Migration):
    dependencies = [("invoices", "0003_guards")]
    operations = [
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(
                fields=["next_look_at"],
                condition=models.Q(status__in=("pending", "unknown")),
                name="refunds_owed",
            ),
        ),
        migrations.RunSQL(
            "CREATE POLICY across ON invoices_refund FOR SELECT TO CURRENT_USER USING (true)",
            "DROP POLICY across ON invoices_refund",
        ),
        across(
            "across_owed_refunds", "present timestamptz, most int",
            "SELECT r.merchant_id, r.id FROM invoices_refund r WHERE r.status IN ('pending', 'unknown')"
            " AND r.next_look_at <= present ORDER BY r.next_look_at LIMIT most",
        ),
    ]
