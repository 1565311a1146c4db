"""Documents are found by their number, and listed by their status."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("invoices", "0004_owed_refunds"),
        ("merchants", "0004_across_merchants"),
        ("subscribers", "0003_finding_subscribers"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="creditnote",
            index=models.Index(fields=["merchant", "number"], name="credit_notes_by_number"),
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(fields=["merchant", "number"], name="invoices_by_number"),
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(fields=["merchant", "status", "-id"], name="invoices_by_status"),
        ),
    ]
