"""What opens a door: a feature of the merchant's, and how long one rests between two entries."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('merchants', '0019_counters'),
    ]

    operations = [
        migrations.AddField(
            model_name='merchant',
            name='entry_feature',
            field=models.UUIDField(help_text='The feature that opens doors; none: access alone does', null=True),
        ),
        migrations.AddField(
            model_name='merchant',
            name='entry_gap_hours',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, help_text='Hours between two entries of somebody; 0: none'),
        ),
    ]
