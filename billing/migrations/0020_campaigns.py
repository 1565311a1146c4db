"""Campaigns: subscribers moved to another version of their offer."""

import django.db.models.deletion
import merchants.ids
import merchants.tenancy.models
import merchants.tenancy.scope
from django.db import migrations, models

from merchants.tenancy.operations import TenantTable, across


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0019_archives'),
        ('merchants', '0017_gestures'),
        ('subscribers', '0015_who_undid_a_batch'),
    ]

    operations = [
        migrations.CreateModel(
            name='Campaign',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('population', models.JSONField(default=dict, help_text='versions (numbers), sites (ids), subscribed_…')),
                ('effect_on', models.DateField(help_text='Moved at the first renewal from this day on')),
                ('notice_days', models.PositiveSmallIntegerField(help_text='At least so long before, subscribers are told')),
                ('keep_commitment', models.BooleanField(default=True, help_text='Who is committed moves after it')),
                ('reason', models.CharField(max_length=200)),
                ('foreseen', models.JSONField(default=dict, help_text='What its preview counted: members, left_out, yearly sums')),
                ('status', models.CharField(choices=[('planning', 'Planning'), ('announced', 'Announced'), ('cancelling', 'Cancelling'), ('cancelled', 'Cancelled')], default='planning', max_length=10)),
                ('actor_kind', models.CharField(max_length=12)),
                ('actor_id', models.CharField(blank=True, max_length=64)),
                ('channel', models.CharField(max_length=12)),
                ('begun_by', models.CharField(max_length=120)),
                ('cancelled_by', models.CharField(blank=True, max_length=120)),
                ('created_at', models.DateTimeField()),
                ('beaten_at', models.DateTimeField(help_text='When a worker last carried on', null=True)),
                ('settled_at', models.DateTimeField(help_text='When all were planned, or all taken back', null=True)),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('offer', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.offer')),
                ('test_clock', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, help_text='Whose subscribers; none: real time', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.testclock')),
                ('to_version', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.offerversion')),
            ],
        ),
        migrations.CreateModel(
            name='CampaignMember',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('due_on', models.DateField(null=True)),
                ('before', models.BigIntegerField(help_text='What it pays for a period, tax included, minor units', null=True)),
                ('after', models.BigIntegerField(null=True)),
                ('yearly_before', models.BigIntegerField(null=True)),
                ('yearly_after', models.BigIntegerField(null=True)),
                ('status', models.CharField(choices=[('waiting', 'Waiting'), ('scheduled', 'Scheduled'), ('skipped', 'Skipped')], default='waiting', max_length=9)),
                ('code', models.CharField(blank=True, help_text='Why it is left out', max_length=60)),
                ('detail', models.CharField(blank=True, max_length=300)),
                ('campaign', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='members', to='billing.campaign')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('subscription', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscription')),
                ('wish', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.scheduledchange')),
            ],
        ),
        migrations.AddIndex(
            model_name='campaign',
            index=models.Index(fields=['merchant', 'offer', '-id'], name='campaigns_of_an_offer'),
        ),
        migrations.AddIndex(
            model_name='campaign',
            index=models.Index(condition=models.Q(('status__in', ['planning', 'cancelling'])), fields=['id'], name='campaigns_under_way'),
        ),
        migrations.AddConstraint(
            model_name='campaign',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='a_campaign_says_why'),
        ),
        migrations.AddIndex(
            model_name='campaignmember',
            index=models.Index(fields=['merchant', 'campaign', 'status', 'id'], name='campaign_members_by_status'),
        ),
        migrations.AddConstraint(
            model_name='campaignmember',
            constraint=models.UniqueConstraint(fields=('merchant', 'campaign', 'subscription'), name='a_subscription_is_in_a_campaign_once'),
        ),
        TenantTable("Campaign", "CampaignMember", across=("Campaign",)),
        across(
            "across_campaigns", "beaten_before timestamptz, most int",
            "SELECT c.merchant_id, c.id FROM billing_campaign c WHERE c.status IN ('planning', 'cancelling')"
            " AND (c.beaten_at IS NULL OR c.beaten_at < beaten_before) ORDER BY c.id LIMIT most",
        ),
    ]
