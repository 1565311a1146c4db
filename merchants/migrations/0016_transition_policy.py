"""How changes of offer count, as the merchant's rows."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("merchants", "0015_withdrawal_policy")]
    operations = [
        migrations.AddField(
            model_name="merchant",
            name="transition_rules",
            field=models.JSONField(
                db_default=[],
                default=list,
                help_text="How changes of offer count, first match wins (merchants.transitions)",
            ),
        ),
    ]
