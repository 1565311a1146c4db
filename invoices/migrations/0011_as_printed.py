"""How a document stood when it was printed, so that its PDF can be made again byte for byte."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('invoices', '0010_series_are_chained'),
    ]

    operations = [
        migrations.AddField(
            model_name='documentfile',
            name='as_printed',
            field=models.JSONField(help_text='How the document stood when it was first printed', null=True),
        ),
    ]
