"""What is signed at a counter: the company's terms, and its identifier for debits. Both empty for what is there."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('merchants', '0020_doors'),
    ]

    operations = [
        migrations.AddField(
            model_name='legalentity',
            name='contract_terms',
            field=models.JSONField(db_default={}, default=dict, help_text='By language: what a subscriber accepts when they sign at a counter'),
        ),
        migrations.AddField(
            model_name='legalentity',
            name='creditor_identifier',
            field=models.CharField(blank=True, db_default='', default='', help_text='SEPA (ICS): by which debits are collected', max_length=35),
        ),
    ]
