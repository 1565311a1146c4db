"""What a person who signs up calls their company, until its merchant is open."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("merchants", "0002_guards")]
    operations = [
        migrations.AddField(
            model_name="user",
            name="company",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Named at sign-up; emptied once its merchant and sandbox are open",
                max_length=120,
            ),
            preserve_default=False,
        ),
    ]
