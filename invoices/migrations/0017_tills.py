"""Tills and their register: a journal that only grows, in order, chained; the till's row follows it by itself."""

import django.db.models.deletion
import merchants.ids
import merchants.tenancy.models
import merchants.tenancy.scope
from django.db import migrations, models

from merchants.tenancy.operations import AppendOnly, TenantTable


GUARDS = """
CREATE FUNCTION a_register_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    till invoices_till%ROWTYPE;
BEGIN
    SELECT * INTO till FROM invoices_till WHERE id = NEW.till_id FOR UPDATE;
    IF NEW.sequence <> till.entries + 1
        OR NEW.previous <> coalesce(nullif(till.head, ''), repeat('0', 64))
        OR NEW.day_on < till.day_on THEN
        RAISE EXCEPTION 'entry % does not follow entry % of till %', NEW.sequence, till.entries, NEW.till_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_register_goes_on';
    END IF;
    UPDATE invoices_till SET entries = NEW.sequence, head = NEW.link, perpetual = perpetual + NEW.amount,
        day_on = NEW.day_on WHERE id = NEW.till_id;
    RETURN NEW;
END $$;
CREATE TRIGGER a_register_goes_on BEFORE INSERT ON invoices_registerentry
    FOR EACH ROW EXECUTE FUNCTION a_register_goes_on();

CREATE FUNCTION a_till_follows_its_register() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (pg_trigger_depth() = 1 AND (NEW.entries, NEW.head, NEW.perpetual, NEW.day_on)
            IS DISTINCT FROM (OLD.entries, OLD.head, OLD.perpetual, OLD.day_on))
        OR (NEW.merchant_id, NEW.site_id, NEW.device_id, NEW.legal_entity_id, NEW.currency)
            IS DISTINCT FROM (OLD.merchant_id, OLD.site_id, OLD.device_id, OLD.legal_entity_id, OLD.currency) THEN
        RAISE EXCEPTION 'till % follows its register', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_till_follows_its_register';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a_till_follows_its_register BEFORE UPDATE OR DELETE ON invoices_till
    FOR EACH ROW EXECUTE FUNCTION a_till_follows_its_register();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON invoices_till EXECUTE FUNCTION never_emptied();
"""
NO_GUARDS = """
DROP TRIGGER never_emptied ON invoices_till;
DROP TRIGGER a_till_follows_its_register ON invoices_till;
DROP FUNCTION a_till_follows_its_register();
DROP TRIGGER a_register_goes_on ON invoices_registerentry;
DROP FUNCTION a_register_goes_on();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('invoices', '0016_captures_stay_so'),
        ('merchants', '0019_counters'),
    ]

    operations = [
        migrations.CreateModel(
            name='Till',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80)),
                ('currency', models.CharField(max_length=3)),
                ('entries', models.BigIntegerField(db_default=0, default=0, help_text='How many the register has')),
                ('head', models.CharField(blank=True, db_default='', default='', help_text="The last entry's link", max_length=64)),
                ('perpetual', models.BigIntegerField(db_default=0, default=0, help_text='All takings ever, minor units')),
                ('day_on', models.DateField(help_text='The business day that its last entry belongs to', null=True)),
                ('created_at', models.DateTimeField()),
                ('device', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.device')),
                ('legal_entity', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.legalentity')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('site', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.site')),
            ],
        ),
        migrations.CreateModel(
            name='TillSession',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('opened_at', models.DateTimeField()),
                ('float_amount', models.BigIntegerField(help_text='Cash in the drawer at the beginning, minor units')),
                ('closed_at', models.DateTimeField(null=True)),
                ('expected', models.BigIntegerField(help_text='Cash that should be there', null=True)),
                ('counted', models.BigIntegerField(help_text='Cash that was counted', null=True)),
                ('note', models.CharField(max_length=400, null=True)),
                ('closed_by', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.membership')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('opened_by', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.membership')),
                ('till', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='invoices.till')),
            ],
        ),
        migrations.CreateModel(
            name='RegisterEntry',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('sequence', models.BigIntegerField()),
                ('kind', models.CharField(choices=[('session_opened', 'Session Opened'), ('received', 'Received'), ('reversed', 'Reversed'), ('cash_in', 'Cash In'), ('cash_out', 'Cash Out'), ('session_closed', 'Session Closed'), ('day_closed', 'Day Closed'), ('month_closed', 'Month Closed'), ('year_closed', 'Year Closed'), ('receipt_printed', 'Receipt Printed'), ('software_changed', 'Software Changed')], max_length=16)),
                ('means', models.CharField(blank=True, max_length=10)),
                ('amount', models.BigIntegerField(default=0, help_text='What it adds to the takings, minor units, signed')),
                ('cash', models.BigIntegerField(default=0, help_text='What it adds to the drawer, minor units, signed')),
                ('day_on', models.DateField()),
                ('content', models.JSONField()),
                ('previous', models.CharField(max_length=64)),
                ('link', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField()),
                ('member', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, help_text='None: the service itself', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='merchants.membership')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant')),
                ('payment', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='invoices.payment')),
                ('till', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='invoices.till')),
                ('session', merchants.tenancy.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='invoices.tillsession')),
            ],
        ),
        migrations.AddConstraint(
            model_name='till',
            constraint=models.UniqueConstraint(fields=('merchant', 'device'), name='a_device_has_one_till'),
        ),
        migrations.AddConstraint(
            model_name='tillsession',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('merchant', 'till'), name='a_till_is_open_once'),
        ),
        migrations.AddConstraint(
            model_name='tillsession',
            constraint=models.CheckConstraint(condition=models.Q(('float_amount__gte', 0)), name='a_float_is_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='tillsession',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at', None), ('closed_by', None), ('counted', None), ('expected', None)), models.Q(('closed_at__isnull', False), ('closed_by__isnull', False), ('counted__gte', 0), ('expected__isnull', False)), _connector='OR'), name='a_closed_till_was_counted'),
        ),
        migrations.AddIndex(
            model_name='registerentry',
            index=models.Index(fields=['merchant', 'till', 'day_on', 'sequence'], name='register_by_day'),
        ),
        migrations.AddIndex(
            model_name='registerentry',
            index=models.Index(condition=models.Q(('session__isnull', False)), fields=['merchant', 'session', 'sequence'], name='register_of_a_session'),
        ),
        migrations.AddConstraint(
            model_name='registerentry',
            constraint=models.UniqueConstraint(fields=('merchant', 'till', 'sequence'), name='a_register_has_no_second_entry'),
        ),
        migrations.AddConstraint(
            model_name='registerentry',
            constraint=models.UniqueConstraint(condition=models.Q(('kind__in', ('received', 'reversed'))), fields=('merchant', 'payment', 'kind'), name='a_payment_is_rung_up_once'),
        ),
        TenantTable("Till", "TillSession", "RegisterEntry"),
        AppendOnly("RegisterEntry"),
        AppendOnly("TillSession", settable=["closed_at", "closed_by_id", "expected", "counted", "note"]),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
