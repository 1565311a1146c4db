"""Who enrolled somebody at a counter. The key is added unchecked and then checked, so that nobody waits for it."""

import django.db.models.deletion
from django.db import migrations

import merchants.tenancy.models

KEY = "subscribers_subscription_sold_by_id_same_tenant"


class Migration(migrations.Migration):
    atomic = False  # a key that is checked in the transaction that added it keeps writers waiting

    dependencies = [
        ("merchants", "0019_counters"),
        ("subscribers", "0020_moved_from_the_announced_day_on"),
    ]

    operations = [
        migrations.AddField(
            model_name="subscription",
            name="sold_by",
            field=merchants.tenancy.models.TenantForeignKey(
                db_constraint=False,
                db_index=False,
                help_text="Who enrolled them at a counter",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="merchants.membership",
            ),
        ),
        migrations.RunSQL(
            f"ALTER TABLE subscribers_subscription ADD CONSTRAINT {KEY} FOREIGN KEY (merchant_id, sold_by_id)"
            " REFERENCES merchants_membership (merchant_id, id) DEFERRABLE INITIALLY DEFERRED NOT VALID",
            f"ALTER TABLE subscribers_subscription DROP CONSTRAINT {KEY}",
        ),
        migrations.RunSQL(
            f"ALTER TABLE subscribers_subscription VALIDATE CONSTRAINT {KEY}", migrations.RunSQL.noop
        ),
    ]
