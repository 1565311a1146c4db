"""A legal entity says since when it is in the one-stop shop and what its documents say beside the law; who has the
French table gets its rate for services that are neither electronic nor given on the spot."""

from django.db import migrations, models

SERVICES = """
DO $$
DECLARE
    each uuid;
BEGIN
    FOR each IN SELECT id FROM merchants_merchant LOOP
        PERFORM set_config('app.merchant_id', each::text, true);
        INSERT INTO merchants_taxrate (id, merchant_id, legal_entity_id, country, tax_code, percent, from_on, name)
        SELECT gen_random_uuid(), r.merchant_id, r.legal_entity_id, 'FR', 'services', 20, r.from_on, r.name
        FROM merchants_taxrate r
        WHERE r.country = 'FR' AND r.tax_code = 'electronic' AND r.percent = 20 AND r.from_on = '2014-01-01'
            AND NOT EXISTS (SELECT FROM merchants_taxrate o WHERE o.legal_entity_id = r.legal_entity_id
                AND o.country = 'FR' AND o.tax_code = 'services');
    END LOOP;
    PERFORM set_config('app.merchant_id', '', true);
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("merchants", "0006_one_worker_a_clock")]
    operations = [
        migrations.AddField(
            model_name="legalentity",
            name="oss_since",
            field=models.DateField(
                help_text="In the one-stop shop from that day on (CGI 298 sexdecies G)", null=True
            ),
        ),
        migrations.AddField(
            model_name="legalentity",
            name="late_penalty",
            field=models.JSONField(
                db_default={},
                default=dict,
                help_text="By language: the rate of penalties; empty: three times the legal rate",
            ),
        ),
        migrations.AddField(
            model_name="legalentity",
            name="early_discount",
            field=models.JSONField(db_default={}, default=dict, help_text="By language; empty: none is given"),
        ),
        migrations.AddField(
            model_name="legalentity",
            name="own_mentions",
            field=models.JSONField(
                db_default={},
                default=dict,
                help_text="By language: mediator, insurance, what the trade's law asks for",
            ),
        ),
        migrations.RunSQL(SERVICES, migrations.RunSQL.noop),
    ]
