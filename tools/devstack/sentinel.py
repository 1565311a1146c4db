"""Ends what a supervisor left behind when it was killed too hard to do so itself.

Runs on its own, in a session of its own, and reads its standard input, which only the supervisor holds open:

    group <process group> <signal>    a child was started; that signal asks it to stop
    gone <process group>              it has ended, its number may be given to another process
    folder <path>                     a temporary folder to remove

When the pipe closes, what is still in the list is stopped, after a few seconds killed, and the folders are removed.
Standard library only: it is started by path, before anything else.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from typing import TextIO

PATIENCE = 5.0  # seconds between asking and killing


def remember(lines: TextIO) -> tuple[dict[int, int], list[str]]:
    """Read until the supervisor is gone; what it has left running, and its temporary folders.

    >>> import io
    >>> remember(io.StringIO("group 71 2\\ngroup 72 15\\nfolder /tmp/x y\\ngone 72\\n"))
    ({71: 2}, ['/tmp/x y'])
    """
    groups: dict[int, int] = {}
    folders: list[str] = []
    for line in lines:
        verb, _, rest = line.rstrip("\n").partition(" ")
        if verb == "group":
            group, _, number = rest.partition(" ")
            groups[int(group)] = int(number)
        elif verb == "gone":
            groups.pop(int(rest), None)
        elif verb == "folder":
            folders.append(rest)
    return groups, folders


def alive(group: int) -> bool:
    """Whether any process of the group still runs."""
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


def end(groups: dict[int, int]) -> None:
    """Ask, the last started first, wait a little, then kill what is left."""
    for group in reversed(groups):
        if alive(group):
            os.killpg(group, groups[group])
    until = time.monotonic() + PATIENCE
    while any(alive(group) for group in groups) and time.monotonic() < until:
        time.sleep(0.05)
    for group in groups:
        if alive(group):
            os.killpg(group, signal.SIGKILL)


def main() -> None:
    """Wait for the supervisor's end, then clean up after it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups, folders = remember(sys.stdin)
    end(groups)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
