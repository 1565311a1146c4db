"""Card readers at sites, and which payment was asked for at which."""

import django.db.models.deletion
import merchants.ids
import merchants.tenancy.models
import merchants.tenancy.scope
from django.db import migrations, models

from merchants.tenancy.operations import TenantTable


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0024_enrolments'),
        ('invoices', '0016_captures_stay_so'),
        ('merchants', '0019_counters'),
    ]

    operations = [
        migrations.CreateModel(
            name='Reader',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80)),
                ('provider_ref', models.CharField(max_length=255)),
                ('created_at', models.DateTimeField()),
                ('retired_at', models.DateTimeField(null=True)),
                ('account', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.provideraccount')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('site', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.site')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('retired_at', None)), fields=['merchant', 'site'], name='readers_of_a_site')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('retired_at', None)), fields=('merchant', 'account', 'provider_ref'), name='a_reader_stands_at_one_site')],
            },
        ),
        migrations.CreateModel(
            name='ReaderPayment',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField()),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('payment', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='invoices.payment')),
                ('reader', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.reader')),
            ],
            options={
                'indexes': [models.Index(fields=['merchant', 'reader', '-id'], name='payments_at_a_reader')],
                'constraints': [models.UniqueConstraint(fields=('merchant', 'payment'), name='a_payment_is_asked_at_one_reader')],
            },
        ),
        TenantTable("Reader"),
        TenantTable("ReaderPayment"),
    ]
