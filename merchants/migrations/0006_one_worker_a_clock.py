"""A test clock is advanced by one worker at a time; one that died holds it no longer than its hold lasts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("merchants", "0005_renewal_settings")]
    operations = [
        migrations.AddField(
            model_name="testclock",
            name="held_by",
            field=models.UUIDField(null=True, help_text="The worker that advances it: one at a time"),
        ),
        migrations.AddField(
            model_name="testclock",
            name="held_until",
            field=models.DateTimeField(null=True, help_text="Real time: after this another worker may go on"),
        ),
        migrations.AlterField(
            model_name="testclock",
            name="released_at",
            field=models.DateTimeField(null=True, help_text="Release was asked for; done where the status says so"),
        ),
    ]
