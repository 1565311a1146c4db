"""Offers that only some sites sell, and prices of a site's own. The key of a version's site is added unchecked and then
checked, so that nobody who sells waits for it."""

import django.db.models.deletion
import merchants.ids
import merchants.tenancy.models
import merchants.tenancy.scope
from django.db import migrations, models

from merchants.tenancy.operations import TenantTable

KEY = "merchants_offerversion_site_id_same_tenant"


class Migration(migrations.Migration):
    atomic = False  # a key that is checked in the transaction that added it keeps writers waiting

    dependencies = [
        ('merchants', '0021_counters_sign'),
    ]

    operations = [
        migrations.AddField(
            model_name='offer',
            name='everywhere',
            field=models.BooleanField(db_default=True, default=True, help_text='False: at the sites named alone (OfferAtSite)'),
        ),
        migrations.AddField(
            model_name='offerversion',
            name='site',
            field=merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, help_text='Whose price it has; empty: what is sold elsewhere', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.site'),
        ),
        migrations.RunSQL(
            f"ALTER TABLE merchants_offerversion ADD CONSTRAINT {KEY} FOREIGN KEY (merchant_id, site_id)"
            " REFERENCES merchants_site (merchant_id, id) DEFERRABLE INITIALLY DEFERRED NOT VALID",
            f"ALTER TABLE merchants_offerversion DROP CONSTRAINT {KEY}",
        ),
        migrations.RunSQL(f"ALTER TABLE merchants_offerversion VALIDATE CONSTRAINT {KEY}", migrations.RunSQL.noop),
        migrations.CreateModel(
            name='OfferAtSite',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('is_sold', models.BooleanField(default=True)),
                ('amount', models.BigIntegerField(null=True)),
                ('updated_at', models.DateTimeField()),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('offer', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='at_sites', to='merchants.offer')),
                ('site', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.site')),
                ('version', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.offerversion')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('merchant', 'offer', 'site'), name='an_offer_is_once_at_a_site'), models.CheckConstraint(condition=models.Q(models.Q(('amount', None), ('version', None)), models.Q(('amount__gte', 0), ('version__isnull', False)), _connector='OR'), name='a_price_of_a_site_is_a_version')],
            },
        ),
        TenantTable("OfferAtSite"),
    ]
