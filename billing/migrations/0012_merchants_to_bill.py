"""Which merchants have something to bill, each once: one with a hundred thousand due subscriptions hides no other."""

from django.db import migrations

from merchants.tenancy.operations import across


class Migration(migrations.Migration):
    dependencies = [("billing", "0011_tried_step"), ("subscribers", "0005_on_a_clock")]
    operations = [
        across(
            "across_merchants_to_bill", "present timestamptz, beaten_before timestamptz, most int",
            "SELECT w.merchant_id, w.merchant_id FROM ("
            "SELECT s.merchant_id FROM subscribers_subscription s WHERE s.next_action_at <= present"
            " AND s.next_action_at IS NOT NULL AND s.parked_at IS NULL AND s.test_clock_id IS NULL"
            " UNION SELECT r.merchant_id FROM billing_billingrun r WHERE r.status = 'running'"
            " AND r.test_clock_id IS NULL) w"
            " WHERE NOT EXISTS (SELECT 1 FROM billing_billingrun r WHERE r.merchant_id = w.merchant_id"
            " AND r.status = 'running' AND r.test_clock_id IS NULL AND r.beaten_at >= beaten_before) LIMIT most",
        ),
    ]
