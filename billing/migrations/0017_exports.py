"""Exports: files of rows that somebody asked for."""

import django.contrib.postgres.fields
import django.db.models.deletion
import merchants.ids
import merchants.tenancy.scope
from django.db import migrations, models

from merchants.tenancy.operations import TenantTable, across


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0016_what_is_settled_stays_so'),
        ('merchants', '0006_one_worker_a_clock'),
    ]

    operations = [
        migrations.CreateModel(
            name='Export',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('invoices', 'Invoices'), ('invoice_lines', 'Invoice Lines'), ('invoice_taxes', 'Invoice Taxes'), ('payments', 'Payments'), ('subscribers', 'Subscribers'), ('changes', 'Changes'), ('fec', 'Fec')], max_length=14)),
                ('format', models.CharField(choices=[('csv', 'Csv'), ('xlsx', 'Xlsx'), ('parquet', 'Parquet'), ('txt', 'Txt')], max_length=7)),
                ('from_on', models.DateField(null=True)),
                ('to_on', models.DateField(help_text='The last day that counts', null=True)),
                ('filters', models.JSONField(default=dict, help_text='What narrows it, as the API names it: public ids, words')),
                ('sites', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, help_text='Of these sites only; empty: every site', size=None)),
                ('locale', models.CharField(max_length=5)),
                ('bom', models.BooleanField(default=False, help_text='CSV: begin with a byte order mark')),
                ('status', models.CharField(choices=[('waiting', 'Waiting'), ('making', 'Making'), ('ready', 'Ready'), ('failed', 'Failed'), ('expired', 'Expired')], default='waiting', max_length=7)),
                ('rows', models.PositiveBigIntegerField(default=0, help_text='Written so far')),
                ('name', models.CharField(blank=True, help_text='Under which it is saved', max_length=120)),
                ('path', models.CharField(blank=True, max_length=300)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('size', models.PositiveBigIntegerField(default=0)),
                ('code', models.CharField(blank=True, help_text='Why it failed…', max_length=60)),
                ('msgid', models.TextField(blank=True, help_text='… as an English msgid…')),
                ('params', models.JSONField(default=dict, help_text='… and its values')),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('claim', models.UUIDField(help_text="The worker's that makes it", null=True)),
                ('next_try_at', models.DateTimeField(help_text='Real time')),
                ('beaten_at', models.DateTimeField(help_text='Real time: when its worker last wrote', null=True)),
                ('created_by', models.CharField(blank=True, max_length=120)),
                ('actor_id', models.CharField(blank=True, max_length=64)),
                ('created_at', models.DateTimeField()),
                ('made_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField(help_text='When its file is deleted', null=True)),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
            ],
            options={
                'indexes': [models.Index(fields=['merchant', '-id'], name='exports_newest'), models.Index(condition=models.Q(('status__in', ('waiting', 'making'))), fields=['next_try_at'], name='exports_to_make'), models.Index(condition=models.Q(('status', 'ready')), fields=['expires_at'], name='exports_to_expire')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('status', 'ready'), _negated=True), models.Q(models.Q(('path', ''), _negated=True), models.Q(('sha256', ''), _negated=True), ('expires_at__isnull', False), ('made_at__isnull', False)), _connector='OR'), name='an_export_that_is_ready_has_its_file'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'failed'), _negated=True), models.Q(('code', ''), _negated=True), _connector='OR'), name='a_failed_export_says_why'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'making'), _negated=True), models.Q(('beaten_at__isnull', False), ('claim__isnull', False)), _connector='OR'), name='an_export_is_made_by_somebody'), models.CheckConstraint(condition=models.Q(('from_on', None), ('to_on', None), ('from_on__lte', models.F('to_on')), _connector='OR'), name='an_export_is_of_a_span')],
            },
        ),
        TenantTable('Export', across=('Export',)),
        across(
            "across_exports_to_make", "present timestamptz, beaten_before timestamptz, most int",
            "SELECT e.merchant_id, e.id FROM billing_export e WHERE e.status IN ('waiting', 'making')"
            " AND e.next_try_at <= present AND (e.status = 'waiting' OR e.beaten_at < beaten_before)"
            " ORDER BY e.next_try_at, e.id LIMIT most",
        ),
        across(
            "across_exports_to_expire", "present timestamptz, most int",
            "SELECT e.merchant_id, e.id FROM billing_export e WHERE e.status = 'ready' AND e.expires_at <= present"
            " ORDER BY e.expires_at LIMIT most",
        ),
    ]
