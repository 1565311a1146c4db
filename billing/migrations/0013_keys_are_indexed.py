"""Keys that are looked through get the index that they were meant to have."""

import django.db.models.deletion
import merchants.tenancy.models
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0012_merchants_to_bill'),
        ('invoices', '0009_keys_are_indexed'),
        ('subscribers', '0006_keys_are_indexed'),
    ]

    operations = [
        migrations.AlterField(
            model_name='checkoutsession',
            name='subscriber',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscriber'),
        ),
        migrations.AlterField(
            model_name='checkoutsession',
            name='subscription',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscription'),
        ),
        migrations.AlterField(
            model_name='dunningcase',
            name='invoice',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='invoices.invoice'),
        ),
        migrations.AlterField(
            model_name='dunningcase',
            name='payer',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscriber'),
        ),
        migrations.AlterField(
            model_name='parkedinrun',
            name='run',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='parkings', to='billing.billingrun'),
        ),
        migrations.AlterField(
            model_name='parkedinrun',
            name='subscription',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscription'),
        ),
        migrations.AlterField(
            model_name='quote',
            name='subscription',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscription'),
        ),
    ]
