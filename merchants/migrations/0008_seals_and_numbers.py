"""A legal entity says how its documents are numbered; a site has a code in numbers, for ever; a merchant has a seal."""

import django.db.models.deletion
import merchants.ids
import merchants.tenancy.scope
from django.db import migrations, models

from merchants.tenancy.operations import AppendOnly, TenantTable

KEEPS_ITS_CODE = """
CREATE FUNCTION a_site_keeps_its_code() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'site %: its code stands in numbers', OLD.reference
        USING ERRCODE = 'check_violation', CONSTRAINT = 'a_site_keeps_its_code';
END $$;
CREATE TRIGGER a_site_keeps_its_code BEFORE UPDATE ON merchants_site FOR EACH ROW
    WHEN (OLD.code IS NOT NULL AND NEW.code IS DISTINCT FROM OLD.code) EXECUTE FUNCTION a_site_keeps_its_code();
"""

class Migration(migrations.Migration):

    dependencies = [
        ('merchants', '0007_taxed_abroad'),
    ]

    operations = [
        migrations.CreateModel(
            name='Seal',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('private_key', models.BinaryField(help_text='32 bytes in hexadecimal, encrypted')),
                ('public_key', models.CharField(help_text='32 bytes in hexadecimal', max_length=64)),
                ('fingerprint', models.CharField(help_text="SHA-256 of the public key's bytes", max_length=64)),
                ('created_at', models.DateTimeField()),
                ('retired_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name='legalentity',
            name='credit_number_format',
            field=models.CharField(blank=True, db_default='', default='', help_text='Empty: AV before that of invoices', max_length=60),
        ),
        migrations.AddField(
            model_name='legalentity',
            name='numbers_per_site',
            field=models.BooleanField(db_default=False, default=False, help_text='Each site counts for itself'),
        ),
        migrations.AddField(
            model_name='legalentity',
            name='numbers_per_year',
            field=models.BooleanField(db_default=False, default=False, help_text='Each year begins at 1'),
        ),
        migrations.AddField(
            model_name='site',
            name='code',
            field=models.CharField(help_text='Its name in document numbers; never changes', max_length=8, null=True),
        ),
        migrations.AlterField(
            model_name='legalentity',
            name='number_format',
            field=models.CharField(default='{year}-{number:06d}', help_text='merchants.numbers', max_length=60),
        ),
        migrations.AddConstraint(
            model_name='site',
            constraint=models.UniqueConstraint(fields=('merchant', 'code'), name='a_site_code_is_unique'),
        ),
        migrations.AddConstraint(
            model_name='site',
            constraint=models.CheckConstraint(condition=models.Q(('code', None), models.Q(('code__regex', '^[A-Z0-9]{1,8}$'), models.Q(('code', '0'), _negated=True)), _connector='OR'), name='a_site_code_is_short_and_plain'),
        ),
        migrations.AddField(
            model_name='seal',
            name='merchant',
            field=models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant'),
        ),
        migrations.AddConstraint(
            model_name='seal',
            constraint=models.UniqueConstraint(condition=models.Q(('retired_at', None)), fields=('merchant',), name='a_merchant_has_one_seal_in_use'),
        ),
        migrations.AddConstraint(
            model_name='seal',
            constraint=models.CheckConstraint(condition=models.Q(('fingerprint__regex', '^[0-9a-f]{64}$'), ('public_key__regex', '^[0-9a-f]{64}$')), name='a_seal_is_named_by_its_key'),
        ),
        TenantTable("Seal"),
        AppendOnly("Seal", settable=("retired_at",)),
        migrations.RunSQL(
            KEEPS_ITS_CODE, "DROP TRIGGER a_site_keeps_its_code ON merchants_site; DROP FUNCTION a_site_keeps_its_code()"
        ),
    ]
