"""Old member files: their import, row by row."""

import django.db.models.deletion
import merchants.ids
import merchants.tenancy.models
import merchants.tenancy.scope
from django.db import migrations, models

from merchants.tenancy.operations import TenantTable, across


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0025_readers'),
        ('merchants', '0021_counters_sign'),
        ('subscribers', '0024_mandates_signed_at_a_counter'),
    ]

    operations = [
        migrations.CreateModel(
            name='MemberImport',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(help_text="The file's own", max_length=160)),
                ('sha256', models.CharField(max_length=64)),
                ('size', models.PositiveIntegerField()),
                ('kind', models.CharField(help_text='csv or xlsx', max_length=4)),
                ('headings', models.JSONField(default=list)),
                ('columns', models.JSONField(default=dict, help_text='Which of our fields stands in which column, from 0')),
                ('terms', models.JSONField(default=dict, help_text='order (dmy, mdy), offer and site of rows that name none, without_mandate')),
                ('status', models.CharField(choices=[('new', 'New'), ('checking', 'Checking'), ('checked', 'Checked'), ('enrolling', 'Enrolling'), ('done', 'Done'), ('discarded', 'Discarded')], default='new', max_length=9)),
                ('rows', models.PositiveIntegerField(default=0, help_text='Read so far')),
                ('code', models.CharField(blank=True, help_text='Why it cannot be read…', max_length=60)),
                ('msgid', models.TextField(blank=True, help_text='… as an English msgid…')),
                ('params', models.JSONField(default=dict, help_text='… and its values')),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('claim', models.UUIDField(help_text="The worker's that carries it on", null=True)),
                ('beaten_at', models.DateTimeField(help_text='Real time: when its worker last wrote', null=True)),
                ('actor_kind', models.CharField(max_length=12)),
                ('actor_id', models.CharField(blank=True, max_length=64)),
                ('created_by', models.CharField(blank=True, max_length=120)),
                ('created_at', models.DateTimeField()),
                ('checked_at', models.DateTimeField(null=True)),
                ('begun_at', models.DateTimeField(help_text='When enrolling was asked for', null=True)),
                ('done_at', models.DateTimeField(null=True)),
                ('forget_at', models.DateTimeField(help_text='Real time: when what is left of the file is deleted', null=True)),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
            ],
        ),
        migrations.CreateModel(
            name='ImportRow',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('line', models.PositiveIntegerField(help_text='As a spreadsheet numbers it')),
                ('key', models.CharField(blank=True, max_length=64)),
                ('status', models.CharField(choices=[('good', 'Good'), ('faulty', 'Faulty'), ('known', 'Known'), ('enrolled', 'Enrolled')], max_length=8)),
                ('sealed', models.BinaryField(default=b'')),
                ('faults', models.JSONField(default=list, help_text='What is wrong: field, code, detail, params; never a value')),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('paid_until', models.DateField(help_text='As the file says', null=True)),
                ('amount', models.BigIntegerField(help_text='The next amount as the file says, minor units', null=True)),
                ('with_mandate', models.BooleanField(default=False)),
                ('next_on', models.DateField(help_text='Read back: the day on which its next period begins', null=True)),
                ('next_amount', models.BigIntegerField(help_text='Read back: the next charge, tax included, minor units', null=True)),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('offer', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.offer')),
                ('subscription', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscription')),
                ('member_import', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='billing.memberimport')),
            ],
        ),
        migrations.CreateModel(
            name='ImportFile',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('content', models.BinaryField()),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('member_import', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='files', to='billing.memberimport')),
            ],
        ),
        migrations.AddIndex(
            model_name='memberimport',
            index=models.Index(fields=['merchant', '-id'], name='imports_newest'),
        ),
        migrations.AddIndex(
            model_name='memberimport',
            index=models.Index(condition=models.Q(('status__in', ('checking', 'enrolling'))), fields=['id'], name='imports_under_way'),
        ),
        migrations.AddIndex(
            model_name='memberimport',
            index=models.Index(condition=models.Q(('forget_at__isnull', False)), fields=['forget_at'], name='imports_to_forget'),
        ),
        migrations.AddConstraint(
            model_name='memberimport',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'discarded'), _negated=True), fields=('merchant', 'sha256'), name='a_file_is_imported_once'),
        ),
        migrations.AddConstraint(
            model_name='memberimport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'done'), _negated=True), models.Q(('begun_at__isnull', False), ('done_at__isnull', False)), _connector='OR'), name='an_import_that_is_done_says_when'),
        ),
        migrations.AddIndex(
            model_name='importrow',
            index=models.Index(fields=['merchant', 'member_import', 'status', 'line'], name='imported_rows_by_status'),
        ),
        migrations.AddConstraint(
            model_name='importrow',
            constraint=models.UniqueConstraint(fields=('merchant', 'member_import', 'line'), name='an_imported_row_is_read_once'),
        ),
        migrations.AddConstraint(
            model_name='importrow',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'enrolled')), fields=('merchant', 'key'), name='a_member_is_imported_once'),
        ),
        migrations.AddConstraint(
            model_name='importrow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'enrolled'), _negated=True), models.Q(('sealed', b''), ('subscription__isnull', False)), _connector='OR'), name='an_enrolled_row_has_its_subscription'),
        ),
        migrations.AddConstraint(
            model_name='importfile',
            constraint=models.UniqueConstraint(fields=('merchant', 'member_import'), name='an_import_has_one_file'),
        ),
        TenantTable("MemberImport", "ImportRow", "ImportFile", across=("MemberImport",)),
        across(
            "across_imports_under_way", "beaten_before timestamptz, most int",
            "SELECT i.merchant_id, i.id FROM billing_memberimport i WHERE i.status IN ('checking', 'enrolling')"
            " AND (i.beaten_at IS NULL OR i.beaten_at < beaten_before) ORDER BY i.id LIMIT most",
        ),
        across(
            "across_imports_to_forget", "present timestamptz, most int",
            "SELECT i.merchant_id, i.id FROM billing_memberimport i WHERE i.forget_at <= present"
            " ORDER BY i.forget_at LIMIT most",
        ),
    ]
