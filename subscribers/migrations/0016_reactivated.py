"""A subscription that goes on from one that had ended. The key is added unchecked and then checked, so that nobody waits
for it."""

import django.db.models.deletion
from django.db import migrations, models

import merchants.tenancy.models

KEY = "subscribers_subscription_reactivates_id_same_tenant"


class Migration(migrations.Migration):
    atomic = False  # a key that is checked in the transaction that added it keeps writers waiting

    dependencies = [
        ("merchants", "0017_gestures"),
        ("subscribers", "0015_who_undid_a_batch"),
    ]

    operations = [
        migrations.AddField(
            model_name="subscription",
            name="reactivates",
            field=merchants.tenancy.models.TenantForeignKey(
                db_constraint=False,
                db_index=False,
                help_text="The ended one that this one goes on from",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="subscribers.subscription",
            ),
        ),
        migrations.RunSQL(
            f"ALTER TABLE subscribers_subscription ADD CONSTRAINT {KEY} FOREIGN KEY (merchant_id, reactivates_id)"
            " REFERENCES subscribers_subscription (merchant_id, id) DEFERRABLE INITIALLY DEFERRED NOT VALID",
            f"ALTER TABLE subscribers_subscription DROP CONSTRAINT {KEY}",
        ),
        migrations.RunSQL(
            f"ALTER TABLE subscribers_subscription VALIDATE CONSTRAINT {KEY}", migrations.RunSQL.noop
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reactivates__isnull", False), models.Q(("status", "ended"), _negated=True)),
                fields=("merchant", "reactivates"),
                name="an_ended_subscription_goes_on_in_one_at_a_time",
            ),
        ),
    ]
