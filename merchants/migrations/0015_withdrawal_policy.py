"""What a withdrawal gives back, and who may withdraw."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('merchants', '0014_leaving_early'),
    ]
    operations = [
        migrations.AddField(
            model_name='merchant',
            name='withdrawal_companies',
            field=models.BooleanField(db_default=False, default=False, help_text='Whether companies may withdraw as consumers do'),
        ),
        migrations.AddField(
            model_name='merchant',
            name='withdrawal_credit',
            field=models.CharField(db_default='prorated', default='prorated', help_text='What a withdrawal gives back: prorated, full', max_length=8),
        ),
    ]
