"""Notice in months; what leaving before the end of a commitment costs."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('merchants', '0013_metered'),
    ]
    operations = [
        migrations.AddField(
            model_name='offerversion',
            name='early_end',
            field=models.JSONField(db_default={}, default=dict, help_text='Fee for leaving early; empty: not possible'),
        ),
        migrations.AddField(
            model_name='offerversion',
            name='notice_months',
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
    ]
