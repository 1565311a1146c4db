"""A purchase's payment names the invoice that it pays: a debit on its way is in flight for that invoice, too."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('invoices', '0007_on_a_clock'),
        ('merchants', '0006_one_worker_a_clock'),
        ('subscribers', '0005_on_a_clock'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='payment',
            name='a_payment_is_for_one_thing',
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('invoice__isnull', False), ('session_id__isnull', False), _connector='OR'), name='a_payment_is_for_something'),
        ),
    ]
