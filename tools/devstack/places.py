"""Where things are: the project's folder and its private `.local/`."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def local() -> Path:
    """The folder of everything that a start leaves behind, readable by its owner only (0700).

    `TACITE_LOCAL` names another one, so that a test can start a second stack beside the first.
    """
    folder = Path(os.environ.get("TACITE_LOCAL") or PROJECT / ".local").absolute()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)
    return folder


class CannotStart(Exception):  # noqa: N818 - read as a sentence: raise CannotStart("…")
    """A start that cannot go on. Its text is one sentence that says what to do."""
