"""What bills a subscription from a day on is found by index: what a change or an end gives back."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("invoices", "0014_customers_are_cleared"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="invoiceline",
            index=models.Index(
                condition=models.Q(("subscription_id__isnull", False)),
                fields=["subscription_id", "period_end"],
                name="lines_of_a_subscription",
            ),
        ),
    ]
