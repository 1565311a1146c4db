"""A mandate that is signed on paper or on a screen before the provider has the account. Its number and its owner are told
in no history: they stand in the row alone. Keys and rules are added unchecked and then checked, the index built beside."""

import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models

import merchants.tenancy.models
from merchants.tenancy.operations import across

ALWAYS = "id,merchant_id,created_at,updated_at"
KEYS = {"site": "merchants_site", "device": "merchants_device"}
GUARD = """
DROP TRIGGER every_change_is_written ON subscribers_mandate;
CREATE CONSTRAINT TRIGGER every_change_is_written AFTER INSERT OR UPDATE OR DELETE ON subscribers_mandate
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION every_change_is_written('%s');
"""


def key(name):
    """A column that names a row of the same tenant."""
    return merchants.tenancy.models.TenantForeignKey(
        db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT,
        related_name="+", to=f"merchants.{name}",
    )


def unchecked(name, parent):
    """The key to the same tenant's row, for what is written from now on."""
    called = f"subscribers_mandate_{name}_id_same_tenant"
    return migrations.RunSQL(
        f"ALTER TABLE subscribers_mandate ADD CONSTRAINT {called} FOREIGN KEY (merchant_id, {name}_id)"
        f" REFERENCES {parent} (merchant_id, id) DEFERRABLE INITIALLY DEFERRED NOT VALID",
        f"ALTER TABLE subscribers_mandate DROP CONSTRAINT {called}",
    )


def checked(name):
    """... and for what stood there."""
    called = f"subscribers_mandate_{name}_id_same_tenant"
    return migrations.RunSQL(
        f"ALTER TABLE subscribers_mandate VALIDATE CONSTRAINT {called}", migrations.RunSQL.noop
    )


def word(**more):
    """A text that is empty until it is known."""
    return models.CharField(blank=True, db_default="", default="", **more)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("merchants", "0020_doors"), ("subscribers", "0023_visits")]

    operations = [
        migrations.AddField("mandate", "bank", word(max_length=160)),
        migrations.AddField("mandate", "country", word(max_length=2)),
        migrations.AddField("mandate", "device", key("device")),
        migrations.AddField("mandate", "holder", word(max_length=160)),
        migrations.AddField("mandate", "iban", models.BinaryField(
            db_default=b"", default=b"", help_text="Encrypted; empty once it is lodged or refused")),
        migrations.AddField("mandate", "last4", word(max_length=4)),
        migrations.AddField("mandate", "lodged_at", models.DateTimeField(null=True)),
        migrations.AddField("mandate", "next_try_at", models.DateTimeField(
            help_text="Real time: when the provider is asked again", null=True)),
        migrations.AddField("mandate", "provider_reference", word(
            help_text="What the provider names it on statements", max_length=255)),
        migrations.AddField("mandate", "refused_at", models.DateTimeField(null=True)),
        migrations.AddField("mandate", "refused_code", word(max_length=60)),
        migrations.AddField("mandate", "site", key("site")),
        migrations.AddField("mandate", "tries", models.PositiveSmallIntegerField(db_default=0, default=0)),
        migrations.AlterField("mandate", "payment_method", merchants.tenancy.models.TenantForeignKey(
            db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT,
            related_name="+", to="subscribers.paymentmethod")),
        *(unchecked(name, parent) for name, parent in KEYS.items()),
        *(checked(name) for name in KEYS),
        AddConstraintNotValid("mandate", models.CheckConstraint(
            condition=models.Q(("lodged_at", None), models.Q(
                ("iban", b""), ("lodged_at__isnull", False), ("payment_method__isnull", False)), _connector="OR"),
            name="a_lodged_mandate_has_its_means")),
        ValidateConstraint("mandate", "a_lodged_mandate_has_its_means"),
        AddConstraintNotValid("mandate", models.CheckConstraint(
            condition=models.Q(("refused_at", None), models.Q(
                ("iban", b""), ("lodged_at", None), models.Q(("refused_code", ""), _negated=True)), _connector="OR"),
            name="a_refused_mandate_says_why")),
        ValidateConstraint("mandate", "a_refused_mandate_says_why"),
        AddIndexConcurrently("mandate", models.Index(
            condition=models.Q(("next_try_at__isnull", False)), fields=["next_try_at"], name="mandates_to_lodge")),
        migrations.RunSQL(GUARD % f"{ALWAYS},iban,holder,tries,next_try_at", GUARD % ALWAYS),
        migrations.RunSQL(
            "CREATE POLICY across ON subscribers_mandate FOR SELECT TO CURRENT_USER USING (true)",
            "DROP POLICY across ON subscribers_mandate",
        ),
        across(
            "across_mandates_to_lodge", "present timestamptz, most int",
            "SELECT m.merchant_id, m.id FROM subscribers_mandate m WHERE m.next_try_at <= present"
            " ORDER BY m.next_try_at, m.id LIMIT most",
        ),
    ]
