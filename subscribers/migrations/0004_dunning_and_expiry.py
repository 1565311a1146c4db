"""What an unpaid invoice does to access, and cards by their last month."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('merchants', '0005_renewal_settings'),
        ('subscribers', '0003_finding_subscribers'),
    ]

    operations = [
        migrations.AddField(
            model_name='subscription',
            name='dunning',
            field=models.CharField(db_default='none', default='none', help_text='What an unpaid invoice does to access: none, restrict, suspend', max_length=8),
        ),
        migrations.AddIndex(
            model_name='paymentmethod',
            index=models.Index(condition=models.Q(('detached_at', None), ('is_default', True)), fields=['merchant', 'exp_year', 'exp_month'], name='payment_methods_expiring'),
        ),
    ]
