"""Features that are metered, and stages that say what their use costs."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("merchants", "0012_replies_keep_their_location")]
    operations = [
        migrations.AlterField(
            model_name="feature",
            name="kind",
            field=models.CharField(
                choices=[("switch", "Switch"), ("quota", "Quota"), ("level", "Level"), ("metered", "Metered")],
                max_length=7,
            ),
        ),
        migrations.AddField(
            model_name="feature",
            name="aggregation",
            field=models.CharField(
                blank=True,
                choices=[("sum", "Sum"), ("max", "Max"), ("count", "Count"), ("unique", "Unique")],
                db_default="",
                default="",
                help_text="Of what is metered: how a period's records become one quantity; it never changes",
                max_length=6,
            ),
        ),
        migrations.AddField(
            model_name="stage",
            name="usage",
            field=models.JSONField(
                db_default=[], default=list, help_text="Prices of what is metered (merchants.metered)"
            ),
        ),
        migrations.AddConstraint(
            model_name="feature",
            constraint=models.CheckConstraint(
                condition=(
                    (models.Q(kind="metered") & ~models.Q(aggregation=""))
                    | (~models.Q(kind="metered") & models.Q(aggregation=""))
                ),
                name="what_is_metered_says_how",
            ),
        ),
    ]
