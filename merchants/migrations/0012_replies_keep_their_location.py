"""An answer that is given again has its Location header too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("merchants", "0011_branded_entities")]
    operations = [
        migrations.AddField(
            model_name="idempotentreply",
            name="location",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="The header, where it had one", max_length=300
            ),
        ),
    ]
