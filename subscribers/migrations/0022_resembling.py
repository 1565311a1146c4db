"""Recognised while typing, by trigrams: words and telephone numbers, mistakes included.

A function of the owner's, for the reason that migration 0003 gives: under row-level security PostgreSQL uses an index
only for operators marked leakproof. It answers ids of the open scope's own rows, and how near each is.
"""

from django.conf import settings
from django.db import migrations

RESEMBLING = f"""
CREATE FUNCTION subscribers_resembling(typed text, nearness real, most bigint)
RETURNS TABLE (id uuid, near real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('pg_trgm.strict_word_similarity_threshold', nearness::text, true);
    PERFORM set_config('pg_trgm.word_similarity_threshold', nearness::text, true);
    RETURN QUERY EXECUTE
        'SELECT s.id, word_similarity($2, s.search) FROM subscribers_subscriber s'
        ' WHERE s.merchant_id = $1 AND $2 <% s.search'
        ' ORDER BY word_similarity($2, s.search) DESC, s.id DESC LIMIT $3'
        USING nullif(current_setting('app.merchant_id', true), '')::uuid, typed, most;
END $$;
REVOKE ALL ON FUNCTION subscribers_resembling FROM PUBLIC;
GRANT EXECUTE ON FUNCTION subscribers_resembling TO {settings.APP_ROLE};
"""


class Migration(migrations.Migration):
    dependencies = [("subscribers", "0021_sold_by")]
    operations = [migrations.RunSQL(RESEMBLING, "DROP FUNCTION subscribers_resembling")]
