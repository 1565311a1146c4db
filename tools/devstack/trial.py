"""A throw-away stack for tests: `exec` runs one command on it, `keep` leaves its database up for many `exec`s.

PostgreSQL runs without fsync, in a folder and on ports of its own, so that it stands beside `./run`. Each `exec` has
its own database (and test databases named after it), its own Valkey and its own Stripe double: several may run at once.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2 import sql

from tools.devstack import environment, keys, ports, postgres, roles, valkey
from tools.devstack.children import Children, dying_with_parent, wait_until
from tools.devstack.places import PROJECT, CannotStart, local


@dataclass(frozen=True)
class Kept:
    """The address of a kept server, as `keep` wrote it."""

    server: postgres.Server

    @staticmethod
    def file() -> Path:
        """Where `keep` writes and `exec` looks; `TACITE_TEST_STACK` names another place."""
        return Path(os.environ.get("TACITE_TEST_STACK") or local() / "test.env")

    @classmethod
    def find(cls) -> postgres.Server | None:
        """The kept server if its file is there and it answers."""
        try:
            lines = cls.file().read_text().splitlines()
        except OSError:
            return None
        values = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
        try:
            passwords = postgres.Passwords(values["SUPERUSER"], values["OWNER"], values["APP"])
            server = postgres.Server(int(values["PORT"]), passwords)
            server.connect().close()
        except (KeyError, ValueError, psycopg2.OperationalError):
            return None
        return server

    def write(self) -> None:
        """Let later `exec`s find the server."""
        passwords = self.server.passwords
        lines = [
            "# The kept test database; written by `tools.devstack keep`, removed when it ends.",
            f"PORT={self.server.port}",
            f"SUPERUSER={passwords.superuser}",
            f"OWNER={passwords.owner}",
            f"APP={passwords.app}",
        ]
        keys.write_private(self.file(), "\n".join(lines) + "\n")


def start_postgres(children: Children, folder: Path) -> postgres.Server:
    """A server without durability; another port is tried when somebody was quicker to take the one we chose."""
    passwords = keys.new().passwords
    for attempt in itertools.count(1):
        try:
            server = postgres.start(
                children,
                folder=folder / "pg",
                port=ports.any_free(),
                passwords=passwords,
                options=postgres.THROW_AWAY,
            )
            break
        except CannotStart as problem:
            if attempt == 3 or "could not bind" not in str(problem):
                raise
            for child in [child for child in children.running if child.process.poll() is not None]:
                children.forget(child)
    roles.make(server, may_create_databases=True)
    return server


def start_double(children: Children, env: dict[str, str]) -> None:
    """The Stripe double, if it is in the tree; it tells whoever registers a webhook endpoint with it."""
    if not environment.exists("tools.stripe_double.__main__"):
        return
    port = ports.any_free()
    command = [sys.executable, "-m", "tools.stripe_double", "--port", str(port)]
    child = children.start("stripe_double", command, env=env, cwd=PROJECT)
    wait_until(lambda: ports.answers(port), child=child)
    env["STRIPE_API_BASE"] = f"http://{ports.HOST}:{port}"


def scratch_folder(children: Children) -> Path:
    """A temporary folder for everything of this stack, removed at its end."""
    folder = children.folder(Path(tempfile.mkdtemp(prefix="tacite-test-")))
    children.logs = folder
    return folder


def database_named(server: postgres.Server, name: str) -> None:
    """A database of the owner's for one `exec`, if it is not there yet."""
    connection = server.connect()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone() is None:
            create = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0")
            cursor.execute(create.format(sql.Identifier(name), sql.Identifier(postgres.OWNER)))
    connection.close()


def drop_databases(server: postgres.Server, name: str) -> None:
    """Drop an `exec`'s database on the kept server, and the test databases that were made from its name."""
    connection = server.connect()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT datname FROM pg_database WHERE datname = %(name)s OR starts_with(datname, %(test)s)",
            {"name": name, "test": f"test_{name}"},
        )
        for (found,) in cursor.fetchall():
            cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(found)))
    connection.close()


def execute(command: Sequence[str]) -> int:
    """Run a command on a throw-away stack; its exit code. Nothing is left behind."""
    server = Kept.find()
    lasting = os.environ.get("TACITE_TEST_DATABASE", "")
    name = (lasting or f"tacite_{os.getpid()}") if server else postgres.DATABASE
    with Children(logs=Path("/")) as children:
        folder = scratch_folder(children)
        if server is None:
            chosen = start_postgres(children, folder)
        else:
            chosen = server
            database_named(server, name)
        try:
            web = ports.any_free()
            env = {
                **environment.inherited(),
                **environment.common(keys.new(), media=folder / "media"),
                "DATABASE_URL": chosen.url(role=postgres.APP, database=name),
                "DATABASE_OWNER_URL": chosen.url(role=postgres.OWNER, database=name),
                **valkey.urls(valkey.start(children)),
                "EMAIL_URL": "memory:",
                "STRIPE_API_BASE": environment.NOWHERE,
                "PUBLIC_URL": f"http://{ports.HOST}:{web}",
                "TACITE_TEST_WEB_PORT": str(web),
                "PLAIN_STATIC": "1",
                "DEMO": "0",
            }
            start_double(children, env)
            return run_command(command, env)
        finally:
            if server is not None and not lasting:
                drop_databases(server, name)


def run_command(command: Sequence[str], env: dict[str, str]) -> int:
    """Run it in the foreground: Ctrl-C goes to it, and we wait for what it makes of that."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)

    def arrange() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if wish := dying_with_parent(signal.SIGTERM):
            wish()

    try:
        process = subprocess.Popen(list(command), env=env, preexec_fn=arrange)
    except FileNotFoundError as error:
        raise CannotStart(f"There is no program {command[0]!r}: name one that exists after `--`.") from error
    try:
        code = process.wait()
    except SystemExit:  # we were asked to end: so is it
        process.terminate()
        process.wait()
        raise
    finally:
        signal.signal(signal.SIGINT, before)
    return code if code >= 0 else 128 - code


def keep() -> int:
    """Hold a throw-away PostgreSQL up until Ctrl-C, for every `exec` that starts meanwhile."""
    if Kept.find() is not None:
        raise CannotStart(f"A test database is kept already (see {Kept.file()}): end that one first.")
    with Children(logs=Path("/")) as children:
        server = start_postgres(children, scratch_folder(children))
        Kept(server).write()
        print(
            f"PostgreSQL {server.version} on {ports.HOST}:{server.port}, kept for `exec`; Ctrl-C ends it.", flush=True
        )
        try:
            while (ended := children.ended()) is None:
                time.sleep(0.5)
            raise CannotStart(f"{ended.name} ended; its last lines:\n{ended.last_lines}")
        finally:
            Kept.file().unlink(missing_ok=True)
