"""A migrated database to copy: migrating once costs half a minute, copying half a second."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
APPS = ("merchants", "subscribers", "invoices", "billing", "alerts")


def fingerprint() -> str:
    """What the migrations say, in twelve characters: another word in them is another template."""
    said = hashlib.sha256()
    for file in sorted(p for app in APPS for p in (ROOT / app / "migrations").glob("*.py")):
        said.update(file.name.encode() + file.read_bytes())
    said.update((ROOT / "merchants" / "tenancy" / "operations.py").read_bytes())
    said.update((ROOT / "requirements" / "base.lock").read_bytes())
    return said.hexdigest()[:12]


def template_database() -> str:
    """The name of a database that has all migrations, made by the owner role where there is none yet.

    Workers, and runs side by side on one kept server, wait for each other by an advisory lock. Such a lock is of one
    database, so all take it in the same one. A run that was killed half-way leaves nothing that looks finished.
    """
    url = urlsplit(os.environ["DATABASE_OWNER_URL"])
    name = f"tacite_template_{fingerprint()}"
    with_name = urlunsplit(url._replace(path=f"/{name}_making"))
    link = psycopg2.connect(urlunsplit(url._replace(path="/postgres")))
    link.autocommit = True
    try:
        with link.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if cursor.fetchone() is None:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}_making" WITH (FORCE)')
                cursor.execute(f'CREATE DATABASE "{name}_making"')
                subprocess.run(
                    [sys.executable, "manage.py", "migrate", "--database=owner", "--skip-checks", "--verbosity=0"],
                    cwd=ROOT,
                    env={**os.environ, "DATABASE_OWNER_URL": with_name},
                    check=True,
                )
                cursor.execute(f'ALTER DATABASE "{name}_making" RENAME TO "{name}"')
            cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [name])
    finally:
        link.close()
    return name
