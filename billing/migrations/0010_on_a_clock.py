"""Steps of unpaid situations that are due on a test clock are found by index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0009_card_pages")]
    operations = [
        migrations.AddIndex(
            model_name="dunningcase",
            index=models.Index(
                fields=["merchant", "test_clock", "next_step_at"],
                condition=models.Q(next_step_at__isnull=False, test_clock__isnull=False),
                name="dunning_due_on_clocks",
            ),
        ),
    ]
