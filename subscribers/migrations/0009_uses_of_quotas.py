"""What is used of quotas: a book that only grows, and counters that are sums of it."""

import django.db.models.deletion
import merchants.ids
import merchants.tenancy.models
import merchants.tenancy.scope
from django.db import migrations, models

from merchants.tenancy.operations import AppendOnly, TenantTable


class Migration(migrations.Migration):

    dependencies = [
        ('merchants', '0012_replies_keep_their_location'),
        ('subscribers', '0008_what_the_register_said'),
    ]

    operations = [
        migrations.CreateModel(
            name='Consumption',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(help_text="The caller's own: a key counts once", max_length=120)),
                ('quantity', models.BigIntegerField(help_text='Below zero where it takes one back')),
                ('used_on', models.DateField(help_text='The local day on which it counts')),
                ('period_start', models.DateField()),
                ('period_end', models.DateField(help_text='First day of the next period')),
                ('used', models.BigIntegerField(help_text='Of the period, this one included')),
                ('quota', models.BigIntegerField(help_text='Of the period, as it stood; empty: without limit', null=True)),
                ('at', models.DateTimeField()),
                ('actor_kind', models.CharField(max_length=12)),
                ('actor_id', models.CharField(max_length=64)),
                ('actor_label', models.CharField(max_length=120)),
                ('channel', models.CharField(max_length=12)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('request_id', models.CharField(blank=True, max_length=64)),
                ('feature', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.feature')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('subscriber', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscriber')),
                ('subscription', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, help_text='Whose period it counted in', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscription')),
                ('undoes', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.consumption')),
            ],
            options={
                'indexes': [models.Index(fields=['merchant', 'subscriber', 'feature', 'used_on'], name='uses_of_a_quota'), models.Index(fields=['merchant', 'subscriber', '-id'], name='uses_of_a_subscriber')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('undoes', None)), fields=('merchant', 'subscriber', 'feature', 'key'), name='a_consumption_counts_once'), models.UniqueConstraint(condition=models.Q(('undoes__isnull', False)), fields=('merchant', 'undoes'), name='a_consumption_is_undone_once'), models.CheckConstraint(condition=models.Q(models.Q(('quantity__gte', 1), ('undoes', None)), models.Q(('quantity__lte', -1), ('undoes__isnull', False)), _connector='OR'), name='only_what_undoes_a_use_is_below_zero'), models.CheckConstraint(condition=models.Q(('undoes__isnull', False), ('quota', None), ('used__lte', models.F('quota')), _connector='OR'), name='a_use_is_within_its_quota'), models.CheckConstraint(condition=models.Q(('period_end__gt', models.F('used_on')), ('period_start__lte', models.F('used_on'))), name='a_use_counts_in_its_period')],
            },
        ),
        migrations.CreateModel(
            name='QuotaCounter',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('since', models.DateField()),
                ('used', models.BigIntegerField(default=0)),
                ('quota', models.BigIntegerField(help_text='Empty: without limit', null=True)),
                ('last_on', models.DateField(help_text='The last day on which something counted', null=True)),
                ('feature', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.feature')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('subscriber', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscriber')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('merchant', 'subscriber', 'feature'), name='a_quota_is_counted_in_one_place'), models.CheckConstraint(condition=models.Q(('used__gte', 0)), name='nobody_uses_less_than_nothing'), models.CheckConstraint(condition=models.Q(('quota', None), ('used__lte', models.F('quota')), _connector='OR'), name='a_quota_is_never_exceeded')],
            },
        ),
        TenantTable("Consumption", "QuotaCounter"),
        AppendOnly("Consumption"),
    ]
