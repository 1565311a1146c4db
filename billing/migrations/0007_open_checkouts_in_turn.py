"""Purchases whose time is over, in turn: one that cannot be ended yet never keeps those of others waiting.

A test clock's purchases end by that clock, not by the beat. One whose provider does not confirm that its page is closed
is asked again when its payment is due to be looked at, an hour after its end at the earliest.
"""

from django.db import migrations

IN_TURN = """
CREATE OR REPLACE FUNCTION across_open_checkouts(present timestamptz, most int)
    RETURNS TABLE (merchant_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT s.merchant_id, s.id FROM billing_checkoutsession s
WHERE s.status = 'open' AND s.expires_at <= present
    AND NOT EXISTS (SELECT FROM subscribers_subscription b
        WHERE b.merchant_id = s.merchant_id AND b.id = s.subscription_id AND b.test_clock_id IS NOT NULL)
    AND (s.expires_at > present - interval '1 hour' OR NOT EXISTS (SELECT FROM invoices_payment p
        WHERE p.merchant_id = s.merchant_id AND p.session_id = s.id AND p.next_look_at > present
        AND p.status IN ('pending', 'requires_action', 'processing', 'unknown')))
ORDER BY s.expires_at LIMIT most$$;
"""
IN_LINE = """
CREATE OR REPLACE FUNCTION across_open_checkouts(present timestamptz, most int)
    RETURNS TABLE (merchant_id uuid, id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT s.merchant_id, s.id FROM billing_checkoutsession s WHERE s.status = 'open'
    AND s.expires_at <= present ORDER BY s.expires_at LIMIT most$$;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0006_coupons_held"), ("subscribers", "0003_finding_subscribers")]
    operations = [migrations.RunSQL(IN_TURN, IN_LINE)]
