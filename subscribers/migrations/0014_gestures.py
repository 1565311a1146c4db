"""What was given: gestures, one by one or to all whom an incident touched."""

import django.db.models.deletion
import merchants.ids
import merchants.tenancy.models
import merchants.tenancy.scope
from django.db import migrations, models

from merchants.tenancy.operations import TenantTable, across

GUARDED = """
CREATE CONSTRAINT TRIGGER every_change_is_written AFTER INSERT OR UPDATE OR DELETE ON subscribers_gesture
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION every_change_is_written('id,merchant_id,created_at,updated_at');
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON subscribers_gesture EXECUTE FUNCTION never_emptied();
"""
UNGUARDED = """
DROP TRIGGER every_change_is_written ON subscribers_gesture;
DROP TRIGGER never_emptied ON subscribers_gesture;
"""

class Migration(migrations.Migration):

    dependencies = [
        ('merchants', '0017_gestures'),
        ('subscribers', '0013_suspensions'),
    ]

    operations = [
        migrations.CreateModel(
            name='GestureBatch',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=7)),
                ('terms', models.JSONField(default=dict, help_text='What each gets: option, quantity, days, percent_off, amount…')),
                ('reason', models.CharField(max_length=200)),
                ('incident', models.CharField(blank=True, max_length=200)),
                ('population', models.JSONField(default=dict, help_text='sites, offers (ids), from, until (first day not touched)')),
                ('currency', models.CharField(max_length=3)),
                ('foreseen', models.JSONField(default=dict, help_text='What its preview counted: touched, able, cost')),
                ('status', models.CharField(choices=[('giving', 'Giving'), ('given', 'Given'), ('undoing', 'Undoing'), ('undone', 'Undone')], default='giving', max_length=7)),
                ('actor_kind', models.CharField(max_length=12)),
                ('actor_id', models.CharField(blank=True, max_length=64)),
                ('given_by', models.CharField(max_length=120)),
                ('given_as', models.CharField(help_text='The role whose limits allowed it, or api_key', max_length=12)),
                ('channel', models.CharField(max_length=12)),
                ('created_at', models.DateTimeField()),
                ('beaten_at', models.DateTimeField(help_text='When a worker last carried on', null=True)),
                ('settled_at', models.DateTimeField(help_text='When all were given, or all undone', null=True)),
                ('coupon', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, help_text='Of a percentage: one for all', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.coupon')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
            ],
        ),
        migrations.CreateModel(
            name='Gesture',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('option', 'Option'), ('days', 'Days'), ('percent', 'Percent'), ('amount', 'Amount')], max_length=7)),
                ('currency', models.CharField(max_length=3)),
                ('quantity', models.PositiveIntegerField(null=True)),
                ('days', models.PositiveSmallIntegerField(null=True)),
                ('percent_off', models.DecimalField(decimal_places=3, max_digits=6, null=True)),
                ('amount', models.BigIntegerField(null=True)),
                ('periods', models.PositiveSmallIntegerField(help_text='For how many; none and no until: for ever', null=True)),
                ('until', models.DateField(help_text='First day without it', null=True)),
                ('reason', models.CharField(max_length=200)),
                ('incident', models.CharField(blank=True, max_length=200)),
                ('cost', models.BigIntegerField(help_text='What the merchant gives up; empty: without end', null=True)),
                ('cost_per_period', models.BigIntegerField(null=True)),
                ('given_on', models.DateField()),
                ('given_by', models.CharField(max_length=120)),
                ('given_as', models.CharField(help_text='The role whose limits allowed it, or api_key', max_length=12)),
                ('option_row_id', models.UUIDField(help_text="The subscription's option that it made, or will make", null=True)),
                ('balance_entry_id', models.UUIDField(null=True)),
                ('moved', models.JSONField(default=dict, help_text='The renewal that it moved: from, to, the grid before')),
                ('status', models.CharField(choices=[('given', 'Given'), ('undone', 'Undone')], default='given', max_length=6)),
                ('undone_at', models.DateTimeField(null=True)),
                ('undone_by', models.CharField(blank=True, max_length=120)),
                ('kept', models.BigIntegerField(help_text='Of its cost, what was had already when it was undone', null=True)),
                ('created_at', models.DateTimeField()),
                ('coupon_use', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscriptioncoupon')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('option', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.option')),
                ('subscriber', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, help_text='The beneficiary', on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscriber')),
                ('subscription', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='gestures', to='subscribers.subscription')),
                ('batch', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.gesturebatch')),
            ],
        ),
        migrations.CreateModel(
            name='GestureMember',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(choices=[('waiting', 'Waiting'), ('given', 'Given'), ('refused', 'Refused'), ('undone', 'Undone'), ('kept', 'Kept')], default='waiting', max_length=7)),
                ('code', models.CharField(blank=True, help_text='Why it could not be given, or not be taken back', max_length=60)),
                ('detail', models.CharField(blank=True, max_length=300)),
                ('batch', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='members', to='subscribers.gesturebatch')),
                ('gesture', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.gesture')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('subscription', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscription')),
            ],
        ),
        migrations.AddIndex(
            model_name='gesturebatch',
            index=models.Index(fields=['merchant', '-id'], name='gesture_batches_newest'),
        ),
        migrations.AddIndex(
            model_name='gesturebatch',
            index=models.Index(condition=models.Q(('status__in', ['giving', 'undoing'])), fields=['id'], name='gesture_batches_under_way'),
        ),
        migrations.AddConstraint(
            model_name='gesturebatch',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='what_is_given_to_many_says_why'),
        ),
        migrations.AddIndex(
            model_name='gesture',
            index=models.Index(fields=['merchant', '-id'], name='gestures_newest'),
        ),
        migrations.AddIndex(
            model_name='gesture',
            index=models.Index(fields=['merchant', 'subscriber', 'given_on'], name='gestures_of_a_subscriber'),
        ),
        migrations.AddIndex(
            model_name='gesture',
            index=models.Index(fields=['merchant', 'subscription', '-id'], name='gestures_of_a_subscription'),
        ),
        migrations.AddConstraint(
            model_name='gesture',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='a_gesture_says_why'),
        ),
        migrations.AddConstraint(
            model_name='gesture',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'option'), ('option__isnull', False), ('quantity__gte', 1)), models.Q(('days__gte', 1), ('kind', 'days')), models.Q(('kind', 'percent'), ('percent_off__gt', 0), ('percent_off__lte', 100)), models.Q(('amount__gt', 0), ('kind', 'amount')), _connector='OR'), name='a_gesture_says_what_it_gives'),
        ),
        migrations.AddConstraint(
            model_name='gesture',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'given'), ('undone_at', None)), models.Q(('status', 'undone'), ('undone_at__isnull', False)), _connector='OR'), name='an_undone_gesture_says_when'),
        ),
        migrations.AddConstraint(
            model_name='gesture',
            constraint=models.UniqueConstraint(condition=models.Q(('batch__isnull', False)), fields=('merchant', 'batch', 'subscription'), name='a_batch_gives_once_to_each'),
        ),
        migrations.AddIndex(
            model_name='gesturemember',
            index=models.Index(fields=['merchant', 'batch', 'status', 'id'], name='gesture_members_by_status'),
        ),
        migrations.AddConstraint(
            model_name='gesturemember',
            constraint=models.UniqueConstraint(fields=('merchant', 'batch', 'subscription'), name='a_subscription_is_in_a_batch_once'),
        ),
        TenantTable("GestureBatch", "Gesture", "GestureMember", across=("GestureBatch",)),
        migrations.RunSQL(GUARDED, UNGUARDED),
        across(
            "across_gesture_batches", "beaten_before timestamptz, most int",
            "SELECT b.merchant_id, b.id FROM subscribers_gesturebatch b WHERE b.status IN ('giving', 'undoing')"
            " AND (b.beaten_at IS NULL OR b.beaten_at < beaten_before) ORDER BY b.id LIMIT most",
        ),
    ]
