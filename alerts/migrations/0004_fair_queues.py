"""Due work by endpoint and by merchant, so that one that has much, or answers badly, delays no other; an endpoint's health."""

from django.db import migrations, models

from merchants.tenancy.operations import across

POLICY = "CREATE POLICY across ON alerts_webhookendpoint FOR SELECT TO CURRENT_USER USING (true)"
NO_POLICY = "DROP POLICY across ON alerts_webhookendpoint"

# One row a merchant: its oldest unpublished event. The index (merchant, id) is skipped from merchant to merchant.
BY_MERCHANT = """
CREATE OR REPLACE FUNCTION across_unpublished_events(most int) RETURNS TABLE (merchant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
WITH RECURSIVE found AS (
    (SELECT e.merchant_id, e.id FROM merchants_event e WHERE e.published_at IS NULL
        ORDER BY e.merchant_id, e.id LIMIT 1)
    UNION ALL
    SELECT following.merchant_id, following.id FROM found CROSS JOIN LATERAL (
        SELECT e.merchant_id, e.id FROM merchants_event e
        WHERE e.published_at IS NULL AND e.merchant_id > found.merchant_id
        ORDER BY e.merchant_id, e.id LIMIT 1) AS following
)
SELECT found.merchant_id, found.id FROM found LIMIT most $$
"""
AS_BEFORE = """
CREATE OR REPLACE FUNCTION across_unpublished_events(most int) RETURNS TABLE (merchant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT e.merchant_id, e.id FROM merchants_event e WHERE e.published_at IS NULL ORDER BY e.id LIMIT most $$
"""
ENDPOINTS = """
SELECT e.merchant_id, e.id FROM alerts_webhookendpoint e
WHERE e.deleted_at IS NULL AND e.disabled_at IS NULL AND (e.rests_until IS NULL OR e.rests_until <= present)
AND EXISTS (SELECT FROM alerts_delivery d WHERE d.merchant_id = e.merchant_id AND d.endpoint_id = e.id
    AND d.status = 'waiting' AND d.next_try_at <= present)
LIMIT most"""
MESSAGES = """
WITH RECURSIVE found AS (
    (SELECT m.merchant_id, m.id FROM alerts_message m WHERE m.status = 'waiting' ORDER BY m.merchant_id LIMIT 1)
    UNION ALL
    SELECT following.merchant_id, following.id FROM found CROSS JOIN LATERAL (
        SELECT m.merchant_id, m.id FROM alerts_message m
        WHERE m.status = 'waiting' AND m.merchant_id > found.merchant_id ORDER BY m.merchant_id LIMIT 1) AS following
)
SELECT found.merchant_id, due.id FROM found CROSS JOIN LATERAL (
    SELECT m.id FROM alerts_message m
    WHERE m.merchant_id = found.merchant_id AND m.status = 'waiting' AND m.next_try_at <= present
    ORDER BY m.next_try_at LIMIT 1) AS due
LIMIT most"""
DELIVERIES_BEFORE = across(
    "across_due_deliveries", "present timestamptz, most int",
    "SELECT d.merchant_id, d.id FROM alerts_delivery d WHERE d.status = 'waiting'"
    " AND d.next_try_at <= present ORDER BY d.next_try_at, d.sequence LIMIT most",
)
MESSAGES_BEFORE = across(
    "across_due_messages", "present timestamptz, most int",
    "SELECT m.merchant_id, m.id FROM alerts_message m WHERE m.status = 'waiting'"
    " AND m.next_try_at <= present ORDER BY m.next_try_at LIMIT most",
)


class Migration(migrations.Migration):
    dependencies = [("alerts", "0003_guards"), ("merchants", "0002_guards")]
    operations = [
        migrations.AddField("webhookendpoint", "failures", models.PositiveIntegerField(
            default=0, help_text="Failed tries in a row, whatever the events")),
        migrations.AddField("webhookendpoint", "failing_since", models.DateTimeField(
            null=True, help_text="Real time: the first of them")),
        migrations.AddField("webhookendpoint", "rests_until", models.DateTimeField(
            null=True, help_text="Real time: until then not even a probe")),
        migrations.RemoveIndex("delivery", "deliveries_due"),
        migrations.AddIndex("delivery", models.Index(
            fields=["merchant", "endpoint", "next_try_at"], condition=models.Q(status="waiting"),
            name="deliveries_due_by_endpoint")),
        migrations.RemoveIndex("message", "messages_due"),
        migrations.AddIndex("message", models.Index(
            fields=["merchant", "next_try_at"], condition=models.Q(status="waiting"),
            name="messages_due_by_merchant")),
        migrations.RunSQL(POLICY, NO_POLICY),
        migrations.RunSQL(BY_MERCHANT, AS_BEFORE),
        migrations.RunSQL("DROP FUNCTION across_due_deliveries", DELIVERIES_BEFORE.sql),
        across("across_due_endpoints", "present timestamptz, most int", ENDPOINTS),
        migrations.RunSQL("DROP FUNCTION across_due_messages", MESSAGES_BEFORE.sql),
        across("across_due_messages", "present timestamptz, most int", MESSAGES),
    ]
