-- The two roles and the database, made once by an administrator (a superuser):
--
--   psql -v ON_ERROR_STOP=1 -v owner=tacite_owner -v owner_password=… -v app=tacite_app -v app_password=… \
--        -v database=tacite -f tools/devstack/roles.sql
--
-- The owner migrates (DATABASE_OWNER_URL). The application's role (DATABASE_URL) owns nothing, bypasses nothing and is
-- no member of the owner: row-level security holds for it. Migrations grant it its rights on each table.
CREATE ROLE :"owner" LOGIN PASSWORD :'owner_password' NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
CREATE ROLE :"app" LOGIN PASSWORD :'app_password' NOSUPERUSER NOBYPASSRLS NOINHERIT NOCREATEDB NOCREATEROLE;
CREATE DATABASE :"database" OWNER :"owner" TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE :"database" TO :"app";
