"""What tablets at counters enrolled: written once."""

import django.db.models.deletion
import merchants.ids
import merchants.tenancy.models
import merchants.tenancy.scope
from django.db import migrations, models

from merchants.tenancy.operations import AppendOnly, TenantTable


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0023_campaigns_go_on_as_begun'),
        ('invoices', '0016_captures_stay_so'),
        ('merchants', '0019_counters'),
        ('subscribers', '0022_resembling'),
    ]

    operations = [
        migrations.CreateModel(
            name='Enrolment',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('client_id', models.UUIDField()),
                ('digest', models.CharField(help_text='SHA-256 of what was sent', max_length=64)),
                ('means', models.CharField(help_text='cash, cheque, transfer, terminal, page; empty: nothing was due', max_length=10)),
                ('later', models.CharField(help_text='sepa, card, counter: how renewals are paid', max_length=8)),
                ('due', models.BigIntegerField(help_text='Minor units, tax included')),
                ('tendered', models.BigIntegerField(help_text='Cash handed over, of which change was given', null=True)),
                ('currency', models.CharField(max_length=3)),
                ('seconds', models.PositiveIntegerField(help_text="From the first touch to the last, by the tablet's clock", null=True)),
                ('touches', models.PositiveIntegerField(null=True)),
                ('created_at', models.DateTimeField()),
                ('device', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.device')),
                ('member', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.membership')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('payment', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, help_text='Where it was paid at the counter', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='invoices.payment')),
                ('session', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, help_text='Where it is paid on a page', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.checkoutsession')),
                ('site', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.site')),
                ('subscription', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='subscribers.subscription')),
            ],
            options={
                'indexes': [models.Index(fields=['merchant', 'site', '-id'], name='enrolments_of_a_site')],
                'constraints': [models.UniqueConstraint(fields=('merchant', 'client_id'), name='an_enrolment_is_sent_once'), models.CheckConstraint(condition=models.Q(('tendered', None), models.Q(('means', 'cash'), ('tendered__gte', models.F('due'))), _connector='OR'), name='cash_handed_over_covers_what_is_due'), models.CheckConstraint(condition=models.Q(('session', None), ('payment', None), _connector='OR'), name='an_enrolment_is_paid_one_way')],
            },
        ),
        TenantTable("Enrolment"),
        AppendOnly("Enrolment"),
    ]
