"""The processes of a stack: started with a log each, watched, stopped in reverse order, never orphaned."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tools.devstack import sentinel
from tools.devstack.places import CannotStart

LOGS_KEPT = 3
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Account:
    """An unprivileged account that a root supervisor drops to for one child."""

    uid: int
    gid: int


@dataclass
class Child:
    """One running process. `storey` groups children that are stopped together."""

    name: str
    process: subprocess.Popen[bytes]
    stop_signal: int
    log: Path
    storey: int
    patience: float = 20.0

    @property
    def last_lines(self) -> str:
        """The end of its log, for a message."""
        return tail(self.log)


def tail(log: Path, *, lines: int = 15) -> str:
    """The last lines of a log, or an empty text when there is none."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def rotate(log: Path) -> None:
    """Set the former run's log aside: `web.log` becomes `web.log.1`, and so on up to three."""
    for number in range(LOGS_KEPT, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        newer = log if number == 1 else log.with_name(f"{log.name}.{number - 1}")
        if newer.exists():
            newer.replace(older)


def dying_with_parent(number: int) -> Callable[[], None] | None:
    """What a child runs before its program, so that the kernel ends it when its parent dies (Linux only)."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def arrange() -> None:
        libc.prctl(PR_SET_PDEATHSIG, number)

    return arrange


def follow(child: Child, telling: Callable[[str], None]) -> None:
    """Hand over each whole line of a child's log until it has ended."""
    with child.log.open(errors="replace") as log:
        rest = ""
        while True:
            ended = child.process.poll() is not None
            *lines, rest = (rest + log.read()).split("\n")
            for line in lines:
                telling(line)
            if ended:
                return
            time.sleep(0.2)


@dataclass
class Children:
    """All that one supervisor started. Use as a context manager: leaving it stops everything."""

    logs: Path
    holding: Sequence[int] = ()  # file descriptors that stay open until the last child is gone (the run's lock)
    running: list[Child] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    storey: int = 0
    _sentinel: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._sentinel = subprocess.Popen(
            [sys.executable, "-I", str(Path(sentinel.__file__))],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
            pass_fds=tuple(self.holding),
            cwd="/",
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | str | None = None,
        stop: int = signal.SIGTERM,
        orphaned: int | None = None,
        account: Account | None = None,
        patience: float = 20.0,
    ) -> Child:
        """Start a child with its own log, session and death wish. Call it from the main thread only.

        `stop` is the signal that asks it to end, `orphaned` the one it gets when the supervisor was killed.
        """
        log = self.logs / f"{name}.log"
        rotate(log)
        with log.open("wb") as out:
            os.fchmod(out.fileno(), 0o600)
            process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                start_new_session=True,
                preexec_fn=dying_with_parent(orphaned or stop),
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
        self._tell(f"group {process.pid} {orphaned or stop}")
        child = Child(name, process, stop, log, self.storey, patience)
        self.running.append(child)
        return child

    def run(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        doing: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | str | None = None,
        account: Account | None = None,
        telling: Callable[[str], None] | None = None,
    ) -> None:
        """Start a child and wait for its end. `doing` says in a message what failed; `telling` gets each line of its
        log as it comes."""
        child = self.start(name, command, env=env, cwd=cwd, account=account)
        if telling is not None:
            follow(child, telling)
        code = child.process.wait()
        self.forget(child)
        if code:
            raise CannotStart(f"{doing} failed ({code}); see {child.log}:\n{child.last_lines}")

    def folder(self, path: Path) -> Path:
        """A temporary folder that is removed at the end, however the end comes."""
        self._tell(f"folder {path}")
        self.folders.append(path)
        return path

    def ended(self) -> Child | None:
        """The first child that is no longer there, if any."""
        return next((child for child in self.running if child.process.poll() is not None), None)

    def forget(self, child: Child) -> None:
        """A child has ended: its number may be given to another process now."""
        self._tell(f"gone {child.process.pid}")
        self.running.remove(child)

    def stop(self) -> None:
        """Stop everything, the upper storeys first; those of one storey at the same time. Then remove the folders."""
        for storey in sorted({child.storey for child in self.running}, reverse=True):
            asked = [child for child in reversed(self.running) if child.storey == storey]
            for child in asked:
                if child.process.poll() is None:
                    child.process.send_signal(child.stop_signal)
            for child in asked:
                self._wait(child)
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)
        if self._sentinel is not None and self._sentinel.stdin is not None:
            self._sentinel.stdin.close()
            self._sentinel.wait()
            self._sentinel = None

    def _wait(self, child: Child) -> None:
        try:
            child.process.wait(child.patience)
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
        if sentinel.alive(child.process.pid):  # grandchildren that outlived it
            os.killpg(child.process.pid, signal.SIGKILL)
        self.forget(child)

    def _tell(self, line: str) -> None:
        pipe: IO[str] | None = self._sentinel.stdin if self._sentinel else None
        if pipe is not None:
            pipe.write(line + "\n")
            pipe.flush()


def wait_until(ready: Callable[[], bool], *, child: Child, beside: Sequence[Child] = (), seconds: float = 60.0) -> None:
    """Wait until a child answers. Raises `CannotStart` when it, or one beside it, ends first, or it takes too long."""
    until = time.monotonic() + seconds
    while not ready():
        for other in (child, *beside):
            if other.process.poll() is not None:
                raise CannotStart(
                    f"{other.name} ended with {other.process.returncode}; see {other.log}:\n{other.last_lines}"
                )
        if time.monotonic() > until:
            raise CannotStart(
                f"{child.name} did not answer within {seconds:.0f} s; see {child.log}:\n{child.last_lines}"
            )
        time.sleep(0.03)
