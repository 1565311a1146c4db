"""Real workers and beat on the test's own database."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection


def environment(**more: str) -> dict[str, str]:
    """What a process needs to work on the database of this test, as the application's role."""
    role = connection.settings_dict
    database = f"postgresql://{role['USER']}:{role['PASSWORD']}@{role['HOST']}:{role['PORT']}/{role['NAME']}"
    settings = {"DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "billing.settings", "C_FORCE_ROOT": "1"}
    return {**os.environ, **settings, **more}


@contextmanager
def workers(queues: str = "money,documents,alerts,default", **more: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """One worker for these queues, and a beat; ended, kindly then not, on leaving."""
    celery = [sys.executable, "-m", "celery", "-A", "billing.celery"]
    with tempfile.TemporaryDirectory() as folder:
        log = (Path(folder) / "log").open("wb")
        schedule = ["-s", f"{folder}/schedule", "--pidfile="]
        commands = [
            [
                *celery,
                "worker",
                "-Q",
                queues,
                "-c",
                "2",
                "--without-mingle",
                "--without-gossip",
            ],
            [*celery, "beat", *schedule],
        ]
        started = [subprocess.Popen(command, env=environment(**more), stdout=log, stderr=log) for command in commands]
        try:
            yield started
        except BaseException:
            print((Path(folder) / "log").read_text(errors="replace")[-6_000:])  # pytest shows it with the failure
            raise
        finally:
            for process in started:
                process.terminate()
            for process in started:
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
            log.close()


def until(look: Callable[[], Any], wanted: Any, *, seconds: float = 60) -> None:
    """Look until what is seen is what is wanted; fails with the last sight where it does not come."""
    end = time.monotonic() + seconds
    while (seen := look()) != wanted:
        assert time.monotonic() < end, f"not within {seconds} s: {seen}"
        time.sleep(0.3)
