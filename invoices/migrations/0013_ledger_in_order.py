"""The ledger is read entry by entry, day by day: its index by date says so. Built beside the running system."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # an index is built without a lock outside a transaction only

    dependencies = [("invoices", "0012_accounting")]

    operations = [
        AddIndexConcurrently(
            model_name="ledgerentry",
            index=models.Index(fields=["merchant", "posted_on", "posting_id", "id"], name="ledger_in_order"),
        ),
        RemoveIndexConcurrently(model_name="ledgerentry", name="ledger_by_date"),
    ]
