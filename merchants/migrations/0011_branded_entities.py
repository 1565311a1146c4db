"""A legal entity may have its own name beside the logo, colour, logo and account for transfers; logos are kept for ever,
because documents name them by digest: those that merchants have now are taken over."""

import django.db.models.deletion
import merchants.ids
import merchants.tenancy.scope
from django.db import migrations, models

from merchants.tenancy.operations import AppendOnly, TenantTable

KEEP_TODAYS_LOGOS = """
DO $$
DECLARE each uuid;
BEGIN
    FOR each IN SELECT id FROM merchants_merchant LOOP
        PERFORM set_config('app.merchant_id', each::text, true);
        INSERT INTO merchants_logo (id, merchant_id, digest, svg, created_at)
            SELECT gen_random_uuid(), id, encode(sha256(convert_to(logo_svg, 'UTF8')), 'hex'), logo_svg, now()
            FROM merchants_merchant WHERE id = each AND logo_svg <> '';
    END LOOP;
    PERFORM set_config('app.merchant_id', '', true);
END $$;
"""

class Migration(migrations.Migration):

    dependencies = [
        ('merchants', '0008_seals_and_numbers'),
    ]

    operations = [
        migrations.CreateModel(
            name='Logo',
            fields=[
                ('id', models.UUIDField(default=merchants.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('digest', models.CharField(help_text='SHA-256 of the drawing, by which documents name it', max_length=64)),
                ('svg', models.TextField(help_text='Checked: no script, no outside reference')),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name='legalentity',
            name='bic',
            field=models.CharField(blank=True, db_default='', default='', max_length=11),
        ),
        migrations.AddField(
            model_name='legalentity',
            name='brand_color',
            field=models.CharField(blank=True, db_default='', default='', help_text="#RRGGBB; empty: the merchant's", max_length=7),
        ),
        migrations.AddField(
            model_name='legalentity',
            name='brand_name',
            field=models.CharField(blank=True, db_default='', default='', help_text="Beside the logo; empty: the merchant's name", max_length=120),
        ),
        migrations.AddField(
            model_name='legalentity',
            name='iban',
            field=models.CharField(blank=True, db_default='', default='', help_text='Where transfers go; on documents to be paid', max_length=34),
        ),
        migrations.AddField(
            model_name='legalentity',
            name='logo',
            field=models.CharField(blank=True, db_default='', default='', help_text="Digest of a Logo; empty: the merchant's", max_length=64),
        ),
        migrations.AddConstraint(
            model_name='legalentity',
            constraint=models.CheckConstraint(condition=models.Q(('brand_color', ''), ('brand_color__regex', '^#[0-9A-Fa-f]{6}$'), _connector='OR'), name='the_colour_of_a_company_is_six_hex_digits'),
        ),
        migrations.AddField(
            model_name='logo',
            name='merchant',
            field=models.ForeignKey(db_constraint=False, db_index=False, default=merchants.tenancy.scope.current_or_none, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='merchants.merchant'),
        ),
        migrations.AddConstraint(
            model_name='logo',
            constraint=models.UniqueConstraint(fields=('merchant', 'digest'), name='a_logo_is_kept_once'),
        ),
        migrations.AddConstraint(
            model_name='logo',
            constraint=models.CheckConstraint(condition=models.Q(('digest__regex', '^[0-9a-f]{64}$')), name='a_logo_is_named_by_its_digest'),
        ),
        TenantTable("Logo"),
        AppendOnly("Logo"),
        migrations.RunSQL(KEEP_TODAYS_LOGOS, migrations.RunSQL.noop),
    ]
