"""Recognising somebody at one site: the site's own people are looked for, not picked from those of all sites."""

from django.conf import settings
from django.db import migrations

KNOWN = f"""
CREATE FUNCTION subscribers_known(first text, others text[], site uuid, most bigint) RETURNS TABLE (id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY EXECUTE
        'SELECT s.id FROM subscribers_subscriber s WHERE s.merchant_id = $1 AND s.search LIKE $2'
        ' AND s.search LIKE ALL ($3) AND s.erased_at IS NULL'
        || CASE WHEN site IS NULL THEN '' ELSE ' AND s.site_id = $4' END || ' ORDER BY s.id DESC LIMIT $5'
        USING nullif(current_setting('app.merchant_id', true), '')::uuid, first, others, site, most;
END $$;
REVOKE ALL ON FUNCTION subscribers_known FROM PUBLIC;
GRANT EXECUTE ON FUNCTION subscribers_known TO {settings.APP_ROLE};
CREATE FUNCTION subscribers_alike(typed text, nearness real, site uuid, most bigint)
RETURNS TABLE (id uuid, near real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('pg_trgm.word_similarity_threshold', nearness::text, true);
    RETURN QUERY EXECUTE
        'SELECT s.id, word_similarity($2, s.search) FROM subscribers_subscriber s'
        ' WHERE s.merchant_id = $1 AND $2 <% s.search AND s.erased_at IS NULL'
        || CASE WHEN site IS NULL THEN '' ELSE ' AND s.site_id = $3' END
        || ' ORDER BY word_similarity($2, s.search) DESC, s.id DESC LIMIT $4'
        USING nullif(current_setting('app.merchant_id', true), '')::uuid, typed, site, most;
END $$;
REVOKE ALL ON FUNCTION subscribers_alike FROM PUBLIC;
GRANT EXECUTE ON FUNCTION subscribers_alike TO {settings.APP_ROLE};
"""


class Migration(migrations.Migration):
    dependencies = [("subscribers", "0024_mandates_signed_at_a_counter")]
    operations = [
        migrations.RunSQL(KNOWN, "DROP FUNCTION subscribers_known; DROP FUNCTION subscribers_alike")
    ]
