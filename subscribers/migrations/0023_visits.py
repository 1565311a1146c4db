"""Visits, counted once; cards by which members are recognised at a door."""

import django.db.models.deletion
import merchants.ids
import merchants.tenancy.models
import merchants.tenancy.scope
from django.db import migrations, models

from merchants.tenancy.operations import TenantTable


class Migration(migrations.Migration):

    dependencies = [
        ('merchants', '0020_doors'),
        ('subscribers', '0022_resembling'),
    ]

    operations = [
        migrations.CreateModel(
            name='MemberCard',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=24)),
                ('created_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(null=True)),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('subscriber', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscriber')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('merchant', 'code'), name='a_card_names_one_person'), models.UniqueConstraint(condition=models.Q(('revoked_at', None)), fields=('merchant', 'subscriber'), name='a_person_has_one_card')],
            },
        ),
        migrations.CreateModel(
            name='Visit',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('key', models.UUIDField()),
                ('at', models.DateTimeField()),
                ('reason', models.CharField(blank=True, help_text='Why somebody was let in in spite of a no', max_length=400)),
                ('undone_at', models.DateTimeField(null=True)),
                ('allowed_by', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, help_text='Whose PIN let them in', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.membership')),
                ('consumption', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.consumption')),
                ('device', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.device')),
                ('member', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.membership')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('site', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.site')),
                ('subscriber', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscriber')),
                ('subscription', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscription')),
            ],
            options={
                'indexes': [models.Index(fields=['merchant', 'subscriber', '-at'], name='visits_of_somebody'), models.Index(fields=['merchant', 'site', '-at'], name='visits_of_a_site')],
                'constraints': [models.UniqueConstraint(fields=('merchant', 'key'), name='a_visit_is_counted_once'), models.CheckConstraint(condition=models.Q(models.Q(('allowed_by', None), ('reason', '')), models.Q(('allowed_by__isnull', False), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='who_is_let_in_is_let_in_for_a_reason')],
            },
        ),
        TenantTable("Visit", "MemberCard"),
    ]
