"""What is due on a test clock is found by index, however many subscriptions live in real time beside it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("subscribers", "0004_dunning_and_expiry")]
    operations = [
        migrations.AddIndex(
            model_name="subscription",
            index=models.Index(
                fields=["merchant", "test_clock", "next_action_at"],
                condition=models.Q(test_clock__isnull=False),
                name="subscriptions_on_a_clock",
            ),
        ),
        migrations.AddIndex(
            model_name="subscriber",
            index=models.Index(
                fields=["merchant", "test_clock", "id"],
                condition=models.Q(test_clock__isnull=False),
                name="subscribers_on_a_clock",
            ),
        ),
    ]
