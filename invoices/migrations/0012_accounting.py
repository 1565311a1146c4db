"""Under which numbers and journals a legal entity's ledger is told to its accountant."""

import django.db.models.deletion
import merchants.ids
import merchants.tenancy.models
import merchants.tenancy.scope
from django.db import migrations, models

from merchants.tenancy.operations import TenantTable


class Migration(migrations.Migration):

    dependencies = [
        ('invoices', '0011_as_printed'),
        ('merchants', '0006_one_worker_a_clock'),
    ]

    operations = [
        migrations.CreateModel(
            name='ChartOfAccounts',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('closing_month', models.PositiveSmallIntegerField(default=12, help_text='The fiscal year ends with its last day')),
                ('accounts', models.JSONField(default=list, help_text='[{account, number, label, percent, tax_code}]')),
                ('journals', models.JSONField(default=list, help_text='[{journal, code, label}]')),
                ('exchange_rates', models.JSONField(default=list, help_text='[{currency, from_on, euros}]: euros for one unit')),
                ('updated_at', models.DateTimeField()),
                ('legal_entity', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.legalentity')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('merchant', 'legal_entity'), name='an_entity_has_one_chart'),
                    models.CheckConstraint(condition=models.Q(('closing_month__range', (1, 12))), name='a_year_closes_in_a_month'),
                ],
            },
        ),
        TenantTable("ChartOfAccounts"),
    ]
