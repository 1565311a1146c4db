"""What a merchant decides of renewals, and where a test clock is being advanced to."""

from django.db import migrations, models

from merchants.tenancy.operations import across


class Migration(migrations.Migration):

    dependencies = [
        ('merchants', '0004_across_merchants'),
    ]

    operations = [
        migrations.AddField(
            model_name='merchant',
            name='dunning_steps',
            field=models.JSONField(db_default=[], default=list, help_text='[{after_days, actions}]; empty: the standard steps'),
        ),
        migrations.AddField(
            model_name='merchant',
            name='grouping',
            field=models.CharField(choices=[('subscription', 'Subscription'), ('payer', 'Payer')], db_default='subscription', default='subscription', help_text='What stands on one invoice', max_length=12),
        ),
        migrations.AddField(
            model_name='merchant',
            name='share_billing_day',
            field=models.BooleanField(db_default=False, default=False, help_text="A payer's new subscriptions take the billing day of the first"),
        ),
        migrations.AddField(
            model_name='testclock',
            name='error',
            field=models.CharField(blank=True, db_default='', help_text='Why the last advance stopped short', max_length=400),
        ),
        migrations.AddField(
            model_name='testclock',
            name='released_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='testclock',
            name='target',
            field=models.DateTimeField(help_text='Where it is being advanced to', null=True),
        ),
        migrations.RunSQL(
            "CREATE POLICY across ON merchants_testclock FOR SELECT TO CURRENT_USER USING (true)",
            "DROP POLICY across ON merchants_testclock",
        ),
        across(
            "across_advancing_clocks", "most int",
            "SELECT c.merchant_id, c.id FROM merchants_testclock c WHERE c.status = 'advancing' AND c.deleted_at IS NULL"
            " ORDER BY c.id LIMIT most",
        ),
    ]
