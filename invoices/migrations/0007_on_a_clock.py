"""What a test clock has to collect and settle is found by index; what it left to collect when it was released is
collected in real time: its documents keep the clock that they were issued by."""

from django.db import migrations, models

ASK = """CREATE OR REPLACE FUNCTION across_invoices_to_collect(present timestamptz, most int)
RETURNS TABLE (merchant_id uuid, id uuid) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT f.merchant_id, f.id FROM (
        SELECT i.merchant_id, i.id, i.collect_at FROM invoices_invoice i
        WHERE i.collect_at <= present AND i.collect_at IS NOT NULL AND i.test_clock_id IS NULL
        {also}
    ) f ORDER BY f.collect_at, f.id LIMIT most
$$"""
RELEASED = """UNION ALL
        SELECT i.merchant_id, i.id, i.collect_at FROM merchants_testclock c
        JOIN invoices_invoice i ON i.merchant_id = c.merchant_id AND i.test_clock_id = c.id
        WHERE c.status = 'released' AND i.collect_at <= present AND i.collect_at IS NOT NULL
        AND i.test_clock_id IS NOT NULL"""


class Migration(migrations.Migration):
    dependencies = [("invoices", "0006_collecting"), ("merchants", "0006_one_worker_a_clock")]
    operations = [
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(
                fields=["merchant", "test_clock", "collect_at"],
                condition=models.Q(collect_at__isnull=False, test_clock__isnull=False),
                name="invoices_to_collect_on_clocks",
            ),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                fields=["merchant", "test_clock"],
                condition=models.Q(
                    status__in=("pending", "requires_action", "processing", "unknown"), test_clock__isnull=False
                ),
                name="payments_to_settle_on_clocks",
            ),
        ),
        migrations.RunSQL(ASK.format(also=RELEASED), ASK.format(also="")),
    ]
