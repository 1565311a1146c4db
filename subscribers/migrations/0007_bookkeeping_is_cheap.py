"""A subscriber's bookkeeping (the number of their last event, search text) wakes no guard: only told columns do.

Every fact of a life counts up `event_sequence`; the guard looked at the whole row each time, and found nothing.
"""

from django.db import migrations

TOLD = (
    "reference, name, email, phone, birth_on, company, siren, vat_number, line1, line2, postal_code, city, country,"
    " locale, payer_id, site_id, test_clock_id, metadata, channel, erased_at, id, merchant_id"
)
GUARD = """
DROP TRIGGER every_change_is_written ON subscribers_subscriber;
CREATE CONSTRAINT TRIGGER every_change_is_written AFTER INSERT OR DELETE OR UPDATE%s ON subscribers_subscriber
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION every_change_is_written(
        'id,merchant_id,created_at,updated_at,search,provider_customers,event_sequence');
"""


class Migration(migrations.Migration):
    dependencies = [("subscribers", "0006_keys_are_indexed")]
    operations = [migrations.RunSQL(GUARD % f" OF {TOLD}", GUARD % "")]
