"""Why a subscription was parked, so that each reader has it in their language."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0014_merchants_to_collect'),
    ]

    operations = [
        migrations.AddField(
            model_name='parkedinrun',
            name='msgid',
            field=models.TextField(blank=True, db_default='', default='', help_text='The reason as an English msgid…'),
        ),
        migrations.AddField(
            model_name='parkedinrun',
            name='params',
            field=models.JSONField(db_default={}, default=dict, help_text='… and its values, so that each reader has it said'),
        ),
        migrations.AlterField(
            model_name='parkedinrun',
            name='reason',
            field=models.TextField(help_text='In English, for logs and the API'),
        ),
    ]
