"""What must be true before the product starts: catalogues, tables, static files, demo data. One process, one Django.

Run as `python -m tools.devstack.prepare DEMO_FILE` with the environment of `up`, the owner's address included. Every
step can be repeated; static files are collected only when one of them changed.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from tools.devstack import messages
from tools.devstack.parts import is_well
from tools.devstack.ports import HOST


def static_files() -> Iterator[Path]:
    """Every file that would be collected."""
    for finder in get_finders():
        for name, storage in finder.list([]):
            yield Path(storage.path(name))


def stamp(files: Iterable[Path]) -> str:
    """Changes when a file is added, removed, resized or written."""
    seen = hashlib.sha256()
    for file in sorted(files):
        at = file.stat()
        seen.update(f"{file} {at.st_size} {at.st_mtime_ns}\n".encode())
    return seen.hexdigest()


def collect_static() -> None:
    """Collect and compress, unless the last collection was of the same files."""
    root = Path(settings.STATIC_ROOT)
    files = list(static_files())
    mark, now = root / ".stamp", stamp(files)
    if mark.exists() and mark.read_text() == now:
        return
    # On one machine nobody gains from a minute of compressing: that is for the image (Dockerfile).
    settings.WHITENOISE_SKIP_COMPRESS_EXTENSIONS = sorted({file.suffix.lstrip(".") for file in files})
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    mark.write_text(now)


def await_double() -> None:
    """The double was started at the same time as we: the demo data may need it to answer."""
    base = settings.STRIPE_API_BASE or ""
    until = time.monotonic() + 30
    while base.startswith(f"http://{HOST}:") and not is_well(base) and time.monotonic() < until:
        time.sleep(0.05)


def main(demo_file: str) -> None:
    """All steps in their order."""
    messages.compile_all()
    django.setup()
    call_command("migrate", database="owner", interactive=False, verbosity=1, skip_checks=False)
    collect_static()
    await_double()
    call_command("seed_demo", "--write", demo_file)


if __name__ == "__main__":
    main(sys.argv[1])
