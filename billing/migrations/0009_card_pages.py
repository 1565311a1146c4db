"""Pages at the provider on which a payer gives another card."""

import django.db.models.deletion
import merchants.ids
import merchants.tenancy.models
import merchants.tenancy.scope
from django.db import migrations, models

from merchants.tenancy.operations import TenantTable


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0008_runs_and_dunning'),
        ('merchants', '0005_renewal_settings'),
        ('subscribers', '0004_dunning_and_expiry'),
    ]

    operations = [
        migrations.CreateModel(
            name='NewCard',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('status', models.CharField(choices=[('open', 'Open'), ('saved', 'Saved'), ('closed', 'Closed')], default='open', max_length=6)),
                ('provider_session', models.CharField(blank=True, max_length=255)),
                ('url', models.TextField(blank=True)),
                ('code', models.CharField(blank=True, help_text='The last refusal, in our words', max_length=60)),
                ('created_at', models.DateTimeField()),
                ('asked_at', models.DateTimeField(help_text='Real time: when the provider was asked for the page')),
                ('closes_at', models.DateTimeField(help_text='Real time: when the provider closes it')),
                ('settled_at', models.DateTimeField(null=True)),
                ('account', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.provideraccount')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('payer', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscriber')),
                ('payment_method', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.paymentmethod')),
                ('test_clock', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.testclock')),
            ],
            options={
                'indexes': [models.Index(fields=['merchant', 'account', 'provider_session'], name='card_pages_by_provider'), models.Index(fields=['merchant', 'payer', '-id'], name='card_pages_of_a_payer')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('status', 'open')), fields=('merchant', 'payer'), name='a_payer_has_one_card_page'), models.CheckConstraint(condition=models.Q(models.Q(('settled_at', None), ('status', 'open')), models.Q(models.Q(('status', 'open'), _negated=True), ('settled_at__isnull', False)), _connector='OR'), name='a_card_page_that_is_over_says_when'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'saved'), _negated=True), ('payment_method__isnull', False), _connector='OR'), name='a_saved_card_is_named')],
            },
        ),
        TenantTable('NewCard'),
    ]
