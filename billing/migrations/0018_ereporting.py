"""E-reporting: what each company chose, and the reports that were made; what a report says never changes."""

import django.db.models.deletion
import merchants.ids
import merchants.tenancy.models
import merchants.tenancy.scope
from django.db import migrations, models

from merchants.tenancy.operations import TenantTable, across

GUARD = """
CREATE FUNCTION a_report_says_what_it_said() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    way text[] := ARRAY['state', 'platform', 'platform_ref', 'code', 'message', 'tries', 'next_look_at', 'sent_at',
        'settled_at'];
    moves jsonb := '{"draft": ["sent", "unknown", "accepted", "rejected"], "sent": ["accepted", "rejected", "unknown"],
        "unknown": ["sent", "accepted", "rejected"], "rejected": ["sent", "unknown", "accepted"], "accepted": []}';
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(NEW) - way <> to_jsonb(OLD) - way THEN
        RAISE EXCEPTION 'report % is made: another one takes its place', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_report_says_what_it_said';
    END IF;
    IF NEW.state <> OLD.state AND NOT moves -> OLD.state ? NEW.state THEN
        RAISE EXCEPTION 'report % cannot go from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_report_moves_by_the_table';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_report_says_what_it_said BEFORE UPDATE OR DELETE ON billing_ereport
    FOR EACH ROW EXECUTE FUNCTION a_report_says_what_it_said();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_ereport EXECUTE FUNCTION never_emptied();
"""
NO_GUARD = """
DROP TRIGGER never_emptied ON billing_ereport;
DROP TRIGGER a_report_says_what_it_said ON billing_ereport;
DROP FUNCTION a_report_says_what_it_said();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0017_exports'),
        ('merchants', '0011_branded_entities'),
    ]

    operations = [
        migrations.CreateModel(
            name='EReport',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('transactions', 'transactions'), ('payments', 'payments')], max_length=12)),
                ('first_on', models.DateField()),
                ('last_on', models.DateField()),
                ('until_on', models.DateField(help_text='The last day on which the platform may get it')),
                ('number', models.PositiveSmallIntegerField(help_text='1, then one for each that takes the place of the former')),
                ('corrects', models.BooleanField(default=False, help_text='It takes the place of one that the platform has')),
                ('declared', models.JSONField(help_text='Who declares, as it was: siren, name, vat_number, vat_on_debits, platform')),
                ('content', models.JSONField(help_text='{days, documents, left_out}')),
                ('content_hash', models.CharField(help_text='SHA-256 of the canonical content', max_length=64)),
                ('totals', models.JSONField(help_text='By currency')),
                ('warnings', models.JSONField(default=list)),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('sent', 'Sent'), ('unknown', 'Unknown'), ('accepted', 'Accepted'), ('rejected', 'Rejected')], default='draft', max_length=8)),
                ('platform', models.CharField(max_length=12)),
                ('platform_ref', models.CharField(blank=True, max_length=200)),
                ('code', models.CharField(blank=True, max_length=60)),
                ('message', models.CharField(blank=True, max_length=400)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('next_look_at', models.DateTimeField(help_text='Real time: when it is sent, or asked about, next', null=True)),
                ('made_at', models.DateTimeField()),
                ('sent_at', models.DateTimeField(null=True)),
                ('settled_at', models.DateTimeField(null=True)),
                ('legal_entity', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.legalentity')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
            ],
            options={
                'indexes': [models.Index(fields=['merchant', '-id'], name='reports_newest'), models.Index(condition=models.Q(('next_look_at__isnull', False)), fields=['next_look_at'], name='reports_to_hand_on')],
                'constraints': [models.UniqueConstraint(fields=('merchant', 'legal_entity', 'kind', 'first_on', 'number'), name='a_report_is_made_once'), models.CheckConstraint(condition=models.Q(('first_on__lt', models.F('last_on'))), name='a_report_has_some_days'), models.CheckConstraint(condition=models.Q(models.Q(('settled_at__isnull', False), ('state__in', ('accepted', 'rejected'))), models.Q(models.Q(('state__in', ('accepted', 'rejected')), _negated=True), ('settled_at', None)), _connector='OR'), name='a_settled_report_says_when')],
            },
        ),
        migrations.CreateModel(
            name='EReporting',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('is_on', models.BooleanField(default=False)),
                ('regime', models.CharField(choices=[('monthly', 'monthly'), ('quarterly', 'quarterly'), ('simplified', 'simplified'), ('franchise', 'franchise')], max_length=10)),
                ('platform', models.CharField(default='file', help_text='Which adapter hands reports on', max_length=12)),
                ('platform_code', models.CharField(blank=True, help_text="The platform's own four characters", max_length=4)),
                ('platform_name', models.CharField(blank=True, max_length=100)),
                ('since', models.DateField(help_text='No day before this one is reported')),
                ('transactions_from', models.DateField(help_text='The first day of the next report of sales')),
                ('payments_from', models.DateField(help_text='The first day of the next report of receipts')),
                ('next_at', models.DateTimeField(help_text='When the next report is due; empty: off', null=True)),
                ('updated_at', models.DateTimeField()),
                ('legal_entity', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.legalentity')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('next_at__isnull', False)), fields=['next_at'], name='reports_due')],
                'constraints': [models.UniqueConstraint(fields=('merchant', 'legal_entity'), name='an_entity_reports_in_one_way'), models.CheckConstraint(condition=models.Q(('is_on', True), ('next_at', None), _connector='OR'), name='nothing_is_due_of_who_does_not_report')],
            },
        ),
        TenantTable("EReport", "EReporting", across=("EReport", "EReporting")),
        migrations.RunSQL(GUARD, NO_GUARD),
        across(
            "across_ereports_due", "present timestamptz, most int",
            "SELECT r.merchant_id, r.id FROM billing_ereporting r WHERE r.next_at <= present AND r.next_at IS NOT NULL"
            " ORDER BY r.next_at, r.id LIMIT most",
        ),
        across(
            "across_ereports_to_hand_on", "present timestamptz, most int",
            "SELECT r.merchant_id, r.id FROM billing_ereport r WHERE r.next_look_at <= present"
            " AND r.next_look_at IS NOT NULL ORDER BY r.next_look_at, r.id LIMIT most",
        ),
    ]
