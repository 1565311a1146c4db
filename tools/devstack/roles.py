"""Our two roles and the database, made from the same script that an administrator uses in production."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from psycopg2 import sql

from tools.devstack.postgres import APP, DATABASE, OWNER, Server

SCRIPT = Path(__file__).with_name("roles.sql")


def fill_in(script: str, values: Mapping[str, str]) -> list[sql.Composed]:
    """The statements of a psql script with `:'literal'` and `:"identifier"` variables, safely quoted."""
    bare = re.sub(r"(?m)^\s*(--|\\).*$", "", script)
    statements = []
    for statement in filter(None, (part.strip() for part in bare.split(";"))):
        pieces = re.split(r":(['\"])(\w+)\1", statement)
        built: list[sql.Composable] = [sql.SQL(pieces[0])]
        for quote, name, rest in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
            built.append(sql.Literal(values[name]) if quote == "'" else sql.Identifier(values[name]))
            built.append(sql.SQL(rest))
        statements.append(sql.Composed(built))
    return statements


def make(server: Server, *, may_create_databases: bool) -> None:
    """The role that owns and the role that works, and the database; once, from the script that production uses too."""
    connection = server.connect()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if cursor.fetchone() is None:
            values = {
                "owner": OWNER,
                "app": APP,
                "database": DATABASE,
                "owner_password": server.passwords.owner,
                "app_password": server.passwords.app,
            }
            for role in (APP, OWNER):  # of a start that broke off before the database was there
                cursor.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))
            for statement in fill_in(SCRIPT.read_text(), values):
                cursor.execute(statement)
        if may_create_databases:
            cursor.execute(sql.SQL("ALTER ROLE {} CREATEDB").format(sql.Identifier(OWNER)))
    connection.close()
