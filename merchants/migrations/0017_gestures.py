"""Limits of gestures by role, and discounts that are gestures."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('merchants', '0016_transition_policy'),
    ]

    operations = [
        migrations.AddField(
            model_name='coupon',
            name='is_gesture',
            field=models.BooleanField(db_default=False, default=False, help_text='Made for a gesture: nobody types it, no list shows it'),
        ),
        migrations.AddField(
            model_name='merchant',
            name='gesture_limits',
            field=models.JSONField(db_default=[], default=list, help_text='What each role may give (merchants.gesture_limits)'),
        ),
    ]
