"""Exports may be a year's archive."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0018_ereporting")]

    operations = [
        migrations.AlterField(
            model_name='export',
            name='format',
            field=models.CharField(choices=[('csv', 'Csv'), ('xlsx', 'Xlsx'), ('parquet', 'Parquet'), ('txt', 'Txt'), ('zip', 'Zip')], max_length=7),
        ),
        migrations.AlterField(
            model_name='export',
            name='kind',
            field=models.CharField(choices=[('invoices', 'Invoices'), ('invoice_lines', 'Invoice Lines'), ('invoice_taxes', 'Invoice Taxes'), ('payments', 'Payments'), ('subscribers', 'Subscribers'), ('changes', 'Changes'), ('fec', 'Fec'), ('archive', 'Archive')], max_length=14),
        ),
    ]
