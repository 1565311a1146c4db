"""What the register of VAT numbers last said of a payer's number; a told column: its guard knows it."""

from django.db import migrations, models

TOLD = (
    "reference, name, email, phone, birth_on, company, siren, vat_number, line1, line2, postal_code, city, country,"
    " locale, payer_id, site_id, test_clock_id, metadata, channel, erased_at, id, merchant_id"
)
GUARD = """
DROP TRIGGER every_change_is_written ON subscribers_subscriber;
CREATE CONSTRAINT TRIGGER every_change_is_written AFTER INSERT OR DELETE OR UPDATE OF %s ON subscribers_subscriber
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION every_change_is_written(
        'id,merchant_id,created_at,updated_at,search,provider_customers,event_sequence');
"""


class Migration(migrations.Migration):
    dependencies = [("subscribers", "0007_bookkeeping_is_cheap")]
    operations = [
        migrations.AddField(
            model_name="subscriber",
            name="vat_check",
            field=models.JSONField(
                db_default={},
                default=dict,
                help_text="The register's last answer: number, verdict, at, consultation",
            ),
        ),
        migrations.RunSQL(GUARD % f"{TOLD}, vat_check", GUARD % TOLD),
    ]
