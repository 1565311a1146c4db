"""Billing runs, what waits for the next document, unpaid situations, and what was foreseen."""

import django.db.models.deletion
import merchants.ids
import merchants.tenancy.models
import merchants.tenancy.scope
from django.db import migrations, models

from merchants.tenancy.operations import TenantTable, across


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0007_open_checkouts_in_turn'),
        ('invoices', '0006_collecting'),
        ('merchants', '0005_renewal_settings'),
        ('subscribers', '0004_dunning_and_expiry'),
    ]

    operations = [
        migrations.CreateModel(
            name='BillingRun',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('beat', 'Beat'), ('manual', 'Manual'), ('clock', 'Clock')], max_length=6)),
                ('status', models.CharField(choices=[('running', 'Running'), ('done', 'Done')], default='running', max_length=7)),
                ('due_at', models.DateTimeField(help_text='What was due at this instant is taken')),
                ('expected', models.PositiveIntegerField(default=0, help_text='Subscriptions due when it began')),
                ('taken', models.PositiveIntegerField(default=0, help_text='Subscriptions brought up to date')),
                ('periods', models.PositiveIntegerField(default=0, help_text='Periods that began')),
                ('invoices', models.PositiveIntegerField(default=0)),
                ('ended', models.PositiveIntegerField(default=0)),
                ('parked', models.PositiveIntegerField(default=0)),
                ('totals', models.JSONField(default=dict, help_text='Currency → sum of the invoices, with tax, in minor units')),
                ('started_by', models.CharField(blank=True, max_length=120)),
                ('started_at', models.DateTimeField()),
                ('beaten_at', models.DateTimeField(help_text='Real time: when a worker last finished a batch')),
                ('finished_at', models.DateTimeField(null=True)),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('test_clock', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.testclock')),
            ],
        ),
        migrations.CreateModel(
            name='Charge',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('title', models.JSONField(help_text='By language')),
                ('quantity', models.DecimalField(decimal_places=6, default=1, max_digits=18)),
                ('unit_price', models.CharField(help_text="Decimal string in major units, in the offer's own terms", max_length=40)),
                ('amount', models.BigIntegerField(help_text='Quantity × unit price, rounded once, in minor units')),
                ('currency', models.CharField(max_length=3)),
                ('tax_code', models.CharField(max_length=40)),
                ('status', models.CharField(choices=[('waiting', 'Waiting'), ('billed', 'Billed'), ('revoked', 'Revoked')], default='waiting', max_length=7)),
                ('metadata', models.JSONField(default=dict)),
                ('created_by', models.CharField(blank=True, max_length=120)),
                ('created_at', models.DateTimeField()),
                ('settled_at', models.DateTimeField(null=True)),
                ('invoice', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='invoices.invoice')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('subscription', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscription')),
            ],
        ),
        migrations.CreateModel(
            name='DunningCase',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('steps', models.JSONField(help_text='[{after_days, actions}], in order')),
                ('taken', models.PositiveSmallIntegerField(default=0, help_text='Steps taken or passed over')),
                ('tries', models.PositiveSmallIntegerField(default=1, help_text='Automatic tries, the first included')),
                ('effect', models.CharField(choices=[('none', 'None'), ('restrict', 'Restrict'), ('suspend', 'Suspend')], default='none', max_length=8)),
                ('is_overdue', models.BooleanField(default=False, help_text='All steps are taken: nothing is tried by itself')),
                ('opened_at', models.DateTimeField(help_text='The first failure')),
                ('next_step_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('outcome', models.CharField(blank=True, choices=[('paid', 'Paid'), ('cancelled', 'Cancelled'), ('uncollectible', 'Uncollectible')], max_length=13)),
                ('invoice', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='invoices.invoice')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('payer', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscriber')),
                ('test_clock', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.testclock')),
            ],
        ),
        migrations.CreateModel(
            name='Foreseen',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('fact', models.CharField(max_length=160)),
                ('told_at', models.DateTimeField()),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
            ],
        ),
        migrations.CreateModel(
            name='ParkedInRun',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=60)),
                ('reason', models.TextField()),
                ('parked_at', models.DateTimeField()),
                ('released_at', models.DateTimeField(null=True)),
                ('released_by', models.CharField(blank=True, max_length=120)),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('run', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='parkings', to='billing.billingrun')),
                ('subscription', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscription')),
            ],
        ),
        migrations.AddIndex(
            model_name='billingrun',
            index=models.Index(fields=['merchant', '-id'], name='runs_newest'),
        ),
        migrations.AddConstraint(
            model_name='billingrun',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'running')), fields=('merchant', 'test_clock'), name='one_run_at_a_time', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='billingrun',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'running'), ('finished_at__isnull', False), _connector='OR'), name='a_run_that_is_done_says_when'),
        ),
        migrations.AddIndex(
            model_name='charge',
            index=models.Index(condition=models.Q(('status', 'waiting')), fields=['merchant', 'subscription'], name='charges_waiting'),
        ),
        migrations.AddIndex(
            model_name='charge',
            index=models.Index(fields=['merchant', '-id'], name='charges_newest'),
        ),
        migrations.AddConstraint(
            model_name='charge',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gte', 0)), name='a_charge_is_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='charge',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('settled_at', None), ('status', 'waiting')), models.Q(models.Q(('status', 'waiting'), _negated=True), ('settled_at__isnull', False)), _connector='OR'), name='a_settled_charge_says_when'),
        ),
        migrations.AddIndex(
            model_name='dunningcase',
            index=models.Index(condition=models.Q(('next_step_at__isnull', False), ('test_clock', None)), fields=['next_step_at'], name='dunning_due'),
        ),
        migrations.AddIndex(
            model_name='dunningcase',
            index=models.Index(condition=models.Q(('ended_at', None)), fields=['merchant', '-id'], name='dunning_open'),
        ),
        migrations.AddConstraint(
            model_name='dunningcase',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('merchant', 'invoice'), name='an_invoice_has_one_open_case'),
        ),
        migrations.AddConstraint(
            model_name='dunningcase',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('outcome', '')), models.Q(('ended_at__isnull', False), ('next_step_at', None), models.Q(('outcome', ''), _negated=True)), _connector='OR'), name='a_closed_case_says_how'),
        ),
        migrations.AddConstraint(
            model_name='foreseen',
            constraint=models.UniqueConstraint(fields=('merchant', 'fact'), name='what_is_foreseen_is_told_once'),
        ),
        migrations.AddConstraint(
            model_name='parkedinrun',
            constraint=models.UniqueConstraint(condition=models.Q(('released_at', None)), fields=('merchant', 'subscription'), name='a_subscription_is_parked_once'),
        ),
        TenantTable("BillingRun", "ParkedInRun", "Charge", "DunningCase", "Foreseen", across=("DunningCase", "BillingRun")),
        across(
            "across_dunning_due", "present timestamptz, most int",
            "SELECT c.merchant_id, c.id FROM billing_dunningcase c WHERE c.next_step_at <= present"
            " AND c.next_step_at IS NOT NULL AND c.test_clock_id IS NULL ORDER BY c.next_step_at, c.id LIMIT most",
        ),
        across(
            "across_running_runs", "beaten_before timestamptz, most int",
            "SELECT r.merchant_id, r.id FROM billing_billingrun r WHERE r.status = 'running'"
            " AND r.beaten_at < beaten_before ORDER BY r.beaten_at LIMIT most",
        ),
    ]
