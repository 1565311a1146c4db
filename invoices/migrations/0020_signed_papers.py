"""Papers that subscribers sign at a counter: kept as they were signed, changed and deleted by nobody."""

import django.db.models.deletion
import merchants.ids
import merchants.tenancy.models
import merchants.tenancy.scope
from django.db import migrations, models

from merchants.tenancy.operations import AppendOnly, TenantTable


class Migration(migrations.Migration):

    dependencies = [
        ('invoices', '0019_entries_of_an_open_session'),
        ('merchants', '0021_counters_sign'),
        ('subscribers', '0024_mandates_signed_at_a_counter'),
    ]

    operations = [
        migrations.CreateModel(
            name='SignedPaper',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('contract', 'Contract'), ('mandate', 'Mandate')], max_length=10)),
                ('locale', models.CharField(max_length=5)),
                ('content', models.JSONField()),
                ('secret', models.BinaryField(db_default=b'', default=b'', help_text='Encrypted: the account of a mandate')),
                ('signature', models.JSONField(help_text='{strokes: …} as drawn, or {typed: name}')),
                ('content_hash', models.CharField(max_length=64)),
                ('signed_at', models.DateTimeField(help_text='Real time')),
                ('device', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.device')),
                ('mandate', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.mandate')),
                ('member', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, help_text='Who was at the counter', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.membership')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('site', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.site')),
                ('subscriber', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscriber')),
                ('subscription', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscription')),
            ],
            options={
                'indexes': [models.Index(fields=['merchant', 'subscriber', '-id'], name='papers_of_a_subscriber')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('kind', 'contract'), ('mandate', None), ('subscription__isnull', False)), models.Q(('kind', 'mandate'), ('mandate__isnull', False)), _connector='OR'), name='a_paper_is_of_what_was_signed'), models.UniqueConstraint(condition=models.Q(('mandate__isnull', False)), fields=('merchant', 'mandate'), name='a_mandate_is_signed_once')],
            },
        ),
        TenantTable("SignedPaper"),
        AppendOnly("SignedPaper"),
    ]
