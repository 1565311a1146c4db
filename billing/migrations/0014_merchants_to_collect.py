"""Which merchants have money to ask for, or a step of dunning to take, each once: one's thousands hide no other's few."""

from django.db import migrations

from merchants.tenancy.operations import across


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0013_keys_are_indexed"),
        ("invoices", "0009_keys_are_indexed"),
        ("merchants", "0006_one_worker_a_clock"),
    ]
    operations = [
        across(
            "across_merchants_to_collect", "present timestamptz, most int",
            "SELECT DISTINCT f.merchant_id, f.merchant_id FROM ("
            "SELECT i.merchant_id FROM invoices_invoice i"
            " WHERE i.collect_at <= present AND i.collect_at IS NOT NULL AND i.test_clock_id IS NULL"
            " UNION ALL SELECT i.merchant_id FROM merchants_testclock c"
            " JOIN invoices_invoice i ON i.merchant_id = c.merchant_id AND i.test_clock_id = c.id"
            " WHERE c.status = 'released' AND i.collect_at <= present AND i.collect_at IS NOT NULL"
            " AND i.test_clock_id IS NOT NULL) f LIMIT most",
        ),
        across(
            "across_merchants_to_dun", "present timestamptz, most int",
            "SELECT DISTINCT c.merchant_id, c.merchant_id FROM billing_dunningcase c"
            " WHERE c.next_step_at <= present AND c.next_step_at IS NOT NULL AND c.test_clock_id IS NULL LIMIT most",
        ),
    ]
