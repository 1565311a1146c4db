"""Tills whose day, month or year is over by the merchant's own calendar, and whose last closing does not say so yet: what
a worker closes."""

from django.db import migrations

from merchants.tenancy.operations import across

POLICIES = [
    migrations.RunSQL(
        f"CREATE POLICY across ON {table} FOR SELECT TO CURRENT_USER USING (true)", f"DROP POLICY across ON {table}"
    )
    for table in ("invoices_till", "invoices_registerentry")
]


class Migration(migrations.Migration):
    dependencies = [("invoices", "0020_signed_papers"), ("merchants", "0004_across_merchants")]

    operations = [
        *POLICIES,
        across(
            "across_tills_to_close", "present timestamptz, most int",
            """SELECT t.merchant_id, t.id FROM invoices_till t
            JOIN merchants_merchant m ON m.id = t.merchant_id
            JOIN invoices_registerentry e ON e.merchant_id = t.merchant_id AND e.till_id = t.id AND e.sequence = t.entries
            CROSS JOIN LATERAL (SELECT (present AT TIME ZONE m.timezone)::date AS today) d
            WHERE t.day_on < d.today AND (
                e.kind NOT IN ('day_closed', 'month_closed', 'year_closed')
                OR (e.kind = 'day_closed' AND date_trunc('month', t.day_on) < date_trunc('month', d.today))
                OR (e.kind <> 'year_closed' AND date_trunc('year', t.day_on) < date_trunc('year', d.today)))
            ORDER BY t.day_on, t.id LIMIT most""",
        ),
    ]
