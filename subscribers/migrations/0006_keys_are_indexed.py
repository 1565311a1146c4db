"""Keys that are looked through get the index that they were meant to have."""

import django.db.models.deletion
import merchants.tenancy.models
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('merchants', '0006_one_worker_a_clock'),
        ('subscribers', '0005_on_a_clock'),
    ]

    operations = [
        migrations.AlterField(
            model_name='grant',
            name='subscription',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscription'),
        ),
        migrations.AlterField(
            model_name='mandate',
            name='subscriber',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscriber'),
        ),
        migrations.AlterField(
            model_name='paymentmethod',
            name='subscriber',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscriber'),
        ),
        migrations.AlterField(
            model_name='personalvalue',
            name='subscriber',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscriber'),
        ),
        migrations.AlterField(
            model_name='scheduledchange',
            name='subscription',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='scheduled', to='subscribers.subscription'),
        ),
        migrations.AlterField(
            model_name='subscriptioncoupon',
            name='coupon',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.coupon'),
        ),
        migrations.AlterField(
            model_name='subscriptioncoupon',
            name='subscription',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='coupons', to='subscribers.subscription'),
        ),
        migrations.AlterField(
            model_name='subscriptionoption',
            name='subscription',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='options', to='subscribers.subscription'),
        ),
    ]
