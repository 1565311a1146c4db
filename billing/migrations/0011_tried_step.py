"""Which step of a dunning case made its own try, so that a step that is taken up again makes no second one."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0010_on_a_clock'),
    ]

    operations = [
        migrations.AddField(
            model_name='dunningcase',
            name='tried',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, help_text='The last step whose own try was made: it makes no second one'),
        ),
    ]
