"""`up`: the whole product on this machine, from nothing to a table of addresses; and down again."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import psycopg2

from tools.devstack import environment, keys, parts, ports, postgres, roles, valkey
from tools.devstack.children import Children
from tools.devstack.places import PROJECT, CannotStart, local

STAYS = {"lock", "lib", "apt", "bytecode", "chromium", "test.env"}  # of `.local/`, when starting over


def progress(since: float, text: str) -> None:
    """One line of progress."""
    print(f"[{time.monotonic() - since:5.1f} s] {text}", flush=True)


def alive(process: str) -> bool:
    """Whether the process with that number, as the lock file says it, still runs."""
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def only_one(folder: Path, *, patience: float = 15.0) -> Iterator[IO[str]]:
    """One stack a folder. The lock outlives a killed supervisor until the last of its children is gone."""
    with (folder / "lock").open("a+") as lock:
        until = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                lock.seek(0)
                if alive(lock.read()) or time.monotonic() > until:
                    raise CannotStart(
                        "Tacite is running already from this folder: stop it there with Ctrl-C first."
                    ) from None
                time.sleep(0.2)
        lock.truncate(0)
        print(os.getpid(), file=lock, flush=True)
        yield lock
        lock.truncate(0)


def start_over(folder: Path) -> None:
    """Forget everything that a start leaves behind, except what was downloaded."""
    if os.environ.get("DATABASE_URL"):
        raise CannotStart("--fresh starts the local data over; it does not touch a server given by DATABASE_URL.")
    files = folder / "pg"
    if files.is_symlink():
        shutil.rmtree(files.resolve(), ignore_errors=True)
    for entry in folder.iterdir():
        if entry.name in STAYS:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def databases(children: Children, *, folder: Path, port: int, kept: keys.Keys) -> tuple[dict[str, str], str]:
    """The two addresses of the database and a word on it: given ones unchanged, else our own server's."""
    given = {name: os.environ.get(name, "") for name in ("DATABASE_URL", environment.OWNER_ONLY)}
    if not any(given.values()):
        server = postgres.start(children, folder=folder / "pg", port=port, passwords=kept.passwords)
        roles.make(server, may_create_databases=False)
        ours = {"DATABASE_URL": server.url(role=postgres.APP), environment.OWNER_ONLY: server.url(role=postgres.OWNER)}
        return ours, f"PostgreSQL {server.version} on {ports.HOST}:{server.port}"
    for name, url in given.items():
        if not url:
            raise CannotStart(
                f"Give {name} too: a given server needs both addresses, of the role that owns (DATABASE_OWNER_URL)"
                " and of the role that works (DATABASE_URL); tools/devstack/roles.sql makes the two."
            )
        try:
            psycopg2.connect(url, connect_timeout=5).close()
        except psycopg2.Error as error:
            raise CannotStart(f"The server of {name} does not let us in: {str(error).strip()}") from error
    return given, "PostgreSQL as given by DATABASE_URL"


def queues(children: Children) -> tuple[dict[str, str], str]:
    """The addresses of broker and cache and a word on them: given ones unchanged, else our own server's."""
    broker = os.environ.get("REDIS_URL", "")
    if not broker:
        return valkey.urls(valkey.start(children)), "Valkey on a socket of its own"
    _check_broker(broker)
    cache = os.environ.get("CACHE_URL") or broker
    if cache.startswith("redis+socket://"):
        path, _, number = cache.removeprefix("redis+socket://").partition("?virtual_host=")
        cache = f"unix://{path}?db={number or 0}"
    return {"REDIS_URL": broker, "CACHE_URL": cache}, "the broker given by REDIS_URL"


def _check_broker(url: str) -> None:
    """Refuse a given broker that nobody answers for before anything is started on it."""
    where = urlsplit(url)
    if where.scheme not in ("redis", "rediss") or not where.hostname:
        return  # a socket, or a broker of another kind: its own client says what is wrong
    try:
        socket.create_connection((where.hostname, where.port or 6379), timeout=5).close()
    except OSError as error:
        raise CannotStart(
            f"Nothing answers at {where.hostname}:{where.port or 6379}, which REDIS_URL names ({error}). Start it, or"
            " unset REDIS_URL: a Valkey of our own is started then."
        ) from error


def take_ports(folder: Path, since: float) -> dict[str, int]:
    """This run's ports, the former run's if they are free; a changed one is said."""
    file = folder / "ports.json"
    before = ports.recall(file)
    chosen = ports.choose(ports.PREFERRED, before)
    for name, port in chosen.items():
        wish = before.get(name, ports.PREFERRED[name])
        if port != wish:
            progress(since, f"port {wish} is in use: {name} takes {port}")
    file.write_text(json.dumps(chosen, indent=1) + "\n")
    return chosen


def outside(children: Children, env: dict[str, str], *, folder: Path, chosen: Mapping[str, int]) -> parts.Started:
    """Start what stands in for the outside world, where nothing else was given."""
    standing_in = []
    if not (os.environ.get("STRIPE_API_BASE") or os.environ.get("STRIPE_SECRET_KEY")):
        env["STRIPE_API_BASE"] = parts.address(chosen["stripe"])
        standing_in.append(parts.stripe_double(chosen["stripe"], state=folder / "stripe.json"))
    if not os.environ.get("EMAIL_URL"):
        env["EMAIL_URL"] = f"smtp://{ports.HOST}:{chosen['smtp']}"
        standing_in.append(parts.mail_catcher(chosen["mail"], smtp_port=chosen["smtp"], folder=folder / "mail"))
    return parts.start_together(children, standing_in, environment.without_owner(env))


def prepare(children: Children, env: Mapping[str, str], demo_file: Path, since: float) -> dict[str, object]:
    """Catalogues, migrations, static files and demo data, in one process that knows the owner's address."""

    def tell(line: str) -> None:
        if line.startswith("demo: "):
            progress(since, line)

    command = [sys.executable, "-m", "tools.devstack.prepare", str(demo_file)]
    doing = "Preparing the database and the demo data"
    children.run("prepare", command, doing=doing, env=env, cwd=PROJECT, telling=tell)
    demo: dict[str, object] = json.loads(demo_file.read_text())
    return demo


def table(env: Mapping[str, str], chosen: Mapping[str, int], demo: Mapping[str, object], started: list[str]) -> str:
    """Where to look, and who to be there."""
    rows = [("Tacite", env["PUBLIC_URL"], "back office, API under /api/v1/")]
    rows.append(("Demo shop", parts.address(chosen["shop"]), "buys through the API, told by webhooks"))
    if "mail-catcher" in started:
        rows.append(("Mail", parts.address(chosen["mail"]), "every e-mail that was sent"))
    if "stripe-double" in started:
        rows.append(("Stripe double", parts.address(chosen["stripe"]), "captures, events, faults on demand"))
    merchants = demo.get("merchants")
    for merchant in merchants if isinstance(merchants, list) else []:
        rows.append((merchant["name"], merchant["address"], f"{merchant['login']}  {merchant['password']}"))
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    lines = [f"  {name:<{first}}  {where:<{second}}  {what}" for name, where, what in rows]
    if os.environ.get("TACITE_PDF_UNAVAILABLE"):
        lines.append("  PDFs are not made: Pango is missing (see the beginning of this output).")
    return "\n".join(lines)


def up(*, fresh: bool) -> int:
    """Start everything, print the table, and stay until Ctrl-C or until a part ends."""
    since = time.monotonic()
    folder = local()
    with only_one(folder) as lock:
        if fresh:
            start_over(folder)
            progress(since, "started over: the old data is gone")
        with Children(logs=folder, holding=[lock.fileno()]) as children:
            try:
                run(children, folder=folder, since=since)
            except SystemExit:
                progress(since, "stopping…")
                raise
            finally:
                children.stop()
                progress(since, "stopped")
    return 0


def run(children: Children, *, folder: Path, since: float) -> None:
    """From the ground upwards. Returns only by an exception: Ctrl-C, or `CannotStart` when a part has ended."""
    kept = keys.kept(folder / "secrets.json")
    chosen = take_ports(folder, since)
    database, word = databases(children, folder=folder, port=chosen["postgres"], kept=kept)
    progress(since, word)
    broker, word = queues(children)
    progress(since, word)
    ours = {"PUBLIC_URL": parts.address(chosen["web"]), "SHOP_URL": parts.address(chosen["shop"]), "DEMO": "1"}
    defaults = environment.common(kept, media=folder / "media") | ours
    env = {**defaults, **environment.inherited(), **environment.fixed(), **database, **broker}
    started = outside(children, env, folder=folder, chosen=chosen)
    demo = prepare(children, env, folder / "demo.json", since)
    parts.wait_for(started)
    names = [part.name for part, _child in started]
    progress(since, ", ".join(["migrated", "demo data there", *(name.replace("-", " ") for name in names)]))
    site = parts.shop(chosen["shop"], api=env["PUBLIC_URL"], keys=parts.shop_keys(demo))
    above = [parts.web(chosen["web"]), *parts.workers(), parts.beat(folder / "beat-schedule"), site]
    parts.wait_for(parts.start_together(children, above, environment.without_owner(env)))
    progress(since, "web, workers, beat and shop answer")
    print(f"\n{table(env, chosen, demo, names)}\n\n  Logs: {folder}. Ctrl-C stops everything.\n", flush=True)
    while (ended := children.ended()) is None:
        time.sleep(0.3)
    raise CannotStart(
        f"{ended.name} ended with {ended.process.returncode}, so everything is stopped; see {ended.log}:\n"
        f"{ended.last_lines}"
    )
