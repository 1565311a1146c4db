"""Tablets at counters: paired to a site, signed in to by PIN."""

import django.db.models.deletion
import merchants.ids
import merchants.tenancy.models
import merchants.tenancy.scope
from django.conf import settings
from django.db import migrations, models

from merchants.tenancy.operations import TenantTable, across


class Migration(migrations.Migration):

    dependencies = [
        ('merchants', '0018_coupons_say_what_they_take_off'),
    ]

    operations = [
        migrations.AddField(
            model_name='membership',
            name='pin',
            field=models.CharField(blank=True, db_default='', default='', help_text='Hashed; empty: none', max_length=128),
        ),
        migrations.AddField(
            model_name='membership',
            name='pin_failures',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, help_text='Wrong ones in a row'),
        ),
        migrations.AddField(
            model_name='membership',
            name='pin_locked_until',
            field=models.DateTimeField(help_text='Real time', null=True),
        ),
        migrations.AddField(
            model_name='merchant',
            name='shares_members',
            field=models.BooleanField(db_default=False, default=False, help_text='Whether each counter knows and serves the members of every site'),
        ),
        migrations.CreateModel(
            name='Device',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80)),
                ('code_digest', models.BinaryField(help_text='Of the code that pairs it; gone once used', max_length=32, null=True)),
                ('code_expires_at', models.DateTimeField(null=True)),
                ('digest', models.BinaryField(help_text='Of the secret in its browser', max_length=32, null=True)),
                ('created_at', models.DateTimeField()),
                ('paired_at', models.DateTimeField(null=True)),
                ('unpaired_at', models.DateTimeField(null=True)),
                ('member_since', models.DateTimeField(null=True)),
                ('seen_at', models.DateTimeField(help_text='Real time, to the minute', null=True)),
                ('member', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.membership')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('registered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('site', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.site')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('unpaired_at', None)), fields=['merchant', 'site'], name='devices_of_a_site')],
                'constraints': [models.UniqueConstraint(fields=('digest',), name='a_device_has_its_own_secret'), models.UniqueConstraint(fields=('code_digest',), name='a_pairing_code_opens_one_device'), models.CheckConstraint(condition=models.Q(('unpaired_at', None), models.Q(('code_digest', None), ('member', None)), _connector='OR'), name='an_unpaired_device_serves_nobody'), models.CheckConstraint(condition=models.Q(models.Q(('digest', None), ('paired_at', None)), models.Q(('digest__isnull', False), ('paired_at__isnull', False)), _connector='OR'), name='a_paired_device_has_its_secret')],
            },
        ),
        TenantTable("Device", across=["Device"]),
        across(
            "across_device", "secret bytea",
            "SELECT d.merchant_id, d.id FROM merchants_device d WHERE d.digest = secret AND d.unpaired_at IS NULL",
        ),
        across(
            "across_pairing", "code bytea",
            "SELECT d.merchant_id, d.id FROM merchants_device d WHERE d.code_digest = code AND d.unpaired_at IS NULL",
        ),
    ]
