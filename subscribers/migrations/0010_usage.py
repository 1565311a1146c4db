"""What was used of metered features: append-only records, each counted once."""

import django.db.models.deletion
import merchants.ids
import merchants.tenancy.models
import merchants.tenancy.scope
from django.db import migrations, models

from merchants.tenancy.operations import AppendOnly, TenantTable


class Migration(migrations.Migration):

    dependencies = [
        ('merchants', '0013_metered'),
        ('subscribers', '0009_uses_of_quotas'),
    ]

    operations = [
        migrations.CreateModel(
            name='UsageRecord',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('quantity', models.DecimalField(decimal_places=6, default=1, max_digits=18)),
                ('value_digest', models.CharField(blank=True, help_text='Of what is counted once (unique): never the text itself', max_length=32)),
                ('used_at', models.DateTimeField()),
                ('used_on', models.DateField(help_text="The local date of used_at in the merchant's zone: it says which period")),
                ('key', models.CharField(help_text="The merchant's own: each record counts once", max_length=200)),
                ('created_by', models.CharField(blank=True, max_length=120)),
                ('created_at', models.DateTimeField()),
                ('feature', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.feature')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('subscription', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscription')),
            ],
            options={
                'indexes': [models.Index(fields=['merchant', 'subscription', 'used_on'], name='usage_of_a_period'), models.Index(fields=['merchant', 'subscription', '-id'], name='usage_of_a_subscription')],
                'constraints': [models.UniqueConstraint(fields=('merchant', 'key'), name='a_usage_record_counts_once'), models.CheckConstraint(condition=models.Q(('quantity__gte', 0)), name='usage_is_not_negative')],
            },
        ),
        TenantTable("UsageRecord"),
        AppendOnly("UsageRecord"),
    ]
