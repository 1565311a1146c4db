#!/bin/sh
# Run once by the postgres image, on an empty data directory: makes the two roles and the database.
set -eu
exec psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    -v owner=tacite_owner -v owner_password="$OWNER_DB_PASSWORD" \
    -v app=tacite_app -v app_password="$APP_DB_PASSWORD" \
    -v database=tacite -f /roles.sql
