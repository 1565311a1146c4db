"""How the staff hear of alerts: rules by kind, failures at once, one digest in the morning of each local day."""

import django.db.models.deletion
from django.db import migrations, models

import merchants.ids
import merchants.tenancy.scope
from merchants.tenancy.operations import TenantTable, across

# Merchants whose local morning has come, that have something to tell, and had no digest that day.
DIGESTS = """
SELECT m.id, m.id FROM merchants_merchant m
CROSS JOIN LATERAL (SELECT present AT TIME ZONE m.timezone AS here) AS local
WHERE local.here::time >= '07:00'
AND EXISTS (SELECT FROM alerts_alert a WHERE a.merchant_id = m.id AND a.mail <> '' AND a.resolved_at IS NULL)
AND NOT EXISTS (SELECT FROM alerts_message d WHERE d.merchant_id = m.id AND d.kind = 'alerts_daily'
    AND d.day = local.here::date)
ORDER BY m.id LIMIT most"""


class Migration(migrations.Migration):
    dependencies = [("alerts", "0004_fair_queues"), ("merchants", "0004_across_merchants")]
    operations = [
        migrations.CreateModel(
            name="AlertRule",
            fields=[
                ("id", models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=40)),
                ("mail", models.CharField(help_text="at_once, digest or none", max_length=7)),
                ("updated_at", models.DateTimeField()),
                ("merchant", models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name="+", to="merchants.merchant")),
            ],
        ),
        migrations.AddConstraint("alertrule", models.UniqueConstraint(
            fields=("merchant", "kind"), name="a_kind_of_alert_has_one_rule")),
        migrations.AddConstraint("alertrule", models.CheckConstraint(
            condition=models.Q(("mail__in", ["at_once", "digest", "none"])), name="a_rule_says_how")),
        TenantTable("AlertRule"),
        migrations.AlterField("alert", "severity", models.CharField(
            choices=[("bad", "Bad"), ("warn", "Warn"), ("info", "Info")], max_length=4)),
        migrations.AddField("alert", "mail", models.CharField(
            blank=True, db_default="", help_text="How it is still to be told to the staff: at_once, digest",
            max_length=7)),
        migrations.AddIndex("alert", models.Index(fields=["merchant", "kind", "-id"], name="alerts_of_a_kind")),
        migrations.AddIndex("alert", models.Index(
            condition=models.Q(("mail", ""), _negated=True), fields=["merchant"], name="alerts_to_mail")),
        migrations.AddField("message", "day", models.DateField(
            help_text="Of the staff's digest: the merchant's local date", null=True)),
        migrations.AddConstraint("message", models.UniqueConstraint(
            condition=models.Q(("day__isnull", False)), fields=("merchant", "kind", "day"),
            name="a_digest_is_written_once_a_day")),
        migrations.AddConstraint("message", models.UniqueConstraint(
            condition=models.Q(("kind", "alerts_now"), ("status", "waiting")), fields=("merchant",),
            name="one_letter_of_failures_waits")),
        migrations.RunSQL(
            "CREATE POLICY across ON alerts_alert FOR SELECT TO CURRENT_USER USING (true)",
            "DROP POLICY across ON alerts_alert",
        ),
        across("across_digests_due", "present timestamptz, most int", DIGESTS),
    ]
