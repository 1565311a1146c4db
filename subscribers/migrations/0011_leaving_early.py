"""How a planned end goes: whether it costs the fee of a commitment, what it gives back when its day comes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('subscribers', '0010_usage'),
    ]
    operations = [
        migrations.AddField(
            model_name='subscription',
            name='end_refund',
            field=models.CharField(db_default='none', default='none', help_text='What the planned end gives back of its period', max_length=8),
        ),
        migrations.AddField(
            model_name='subscription',
            name='end_refund_to',
            field=models.CharField(db_default='refund', default='refund', help_text='refund or balance', max_length=8),
        ),
        migrations.AddField(
            model_name='subscription',
            name='owes_early_end',
            field=models.BooleanField(db_default=False, default=False, help_text="The planned end costs the fee of the offer's commitment"),
        ),
    ]
