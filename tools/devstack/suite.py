"""`./test`: every check, then every test, on the throw-away stack that the environment describes.

Stops at the first check that fails, with a sentence; a failing round of tests does not keep the next from running.
Ends with pytest's own summary lines. With arguments: pytest alone.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.devstack import browser, messages
from tools.devstack.places import PROJECT

PACKAGES = ("merchants", "subscribers", "invoices", "billing", "alerts", "tools", "examples", "tests")
SERIAL = ("tests/faults", "tests/browser")  # real processes that are killed, a real browser: one after the other
LOCKS = ("requirements/*.lock", "tools/*.lock", "*.lock.json", "static/**/*.lock.json")
HOST_NAME = re.compile(r"https?://|--(extra-)?index-url|--find-links", re.IGNORECASE)
SLOWEST = ("--durations=15", "--durations-min=5")
"""What each round tells at its end: the suite has a time to keep."""
SUMMARY = re.compile(r"^=* ?(?P<counts>(\d+ \w+(, )?)+ in [\d.]+s.*?) ?=*$")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Check:
    """One kind of check: a command, and the sentence for who has to mend what it found."""

    name: str
    command: Sequence[str]
    otherwise: str


def python(*arguments: str) -> list[str]:
    """A command of this environment's Python."""
    return [sys.executable, *arguments]


def program(name: str, *arguments: str) -> list[str]:
    """A program of this environment."""
    return [str(Path(sys.executable).with_name(name)), *arguments]


CHECKS = (
    Check("style", program("ruff", "check", "."), "Ruff found something; ruff check --fix mends many."),
    Check("format", program("ruff", "format", "--check", "."), "Some files are not formatted: run ruff format."),
    Check("types", program("mypy", *PACKAGES), "The types do not fit: see mypy's lines above."),
    Check("imports", program("lint-imports"), "An import goes up or sideways: docs/map.md says which way is down."),
    Check(
        "migrations",
        python("manage.py", "makemigrations", "--check", "--dry-run"),
        "A model has changed without its migration: run manage.py makemigrations.",
    ),
    Check(
        "OpenAPI",
        python("manage.py", "openapi", "--check"),
        "docs/openapi.json is not what the API says: run manage.py openapi, and read the difference.",
    ),
    Check(
        "assets",
        python("tools/vendor_assets.py", "--check"),
        "A vendored asset is not what its lock says: run tools/vendor_assets.py.",
    ),
    Check(
        "catalogues",
        python("-m", "tools.devstack.messages", "--check"),
        "A text is not translated: run python -m tools.devstack.messages --update, then translate what is empty.",
    ),
)


def hosts_in_locks(folder: Path) -> list[str]:
    """Lines of lock files that name a host: a lock must install from anybody's index."""
    found = []
    for lock in sorted(
        [*folder.glob("requirements/*.lock"), *folder.glob("tools/*.lock"), *folder.glob("*.lock.json")]
    ):
        for number, line in enumerate(lock.read_text().splitlines(), 1):
            if HOST_NAME.search(line):
                found.append(f"{lock.relative_to(folder)}:{number}: {line.strip()[:100]}")
    return found


def say(text: str) -> None:
    """A line of progress, at once."""
    print(text, flush=True)


def checked(check: Check) -> bool:
    """Run one check quietly; what it said is shown when it fails."""
    since = time.monotonic()
    done = subprocess.run(check.command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        say(done.stdout.decode(errors="replace").rstrip())
        say(f"\n✗ {check.name}: {check.otherwise}")
        return False
    say(f"✓ {check.name} ({time.monotonic() - since:.1f} s)")
    return True


def summary_of(line: str) -> str | None:
    """Pytest's own last line, bare, if this is it.

    >>> summary_of("======= 3 passed, 1 skipped in 0.52s =======")
    '3 passed, 1 skipped in 0.52s'
    >>> summary_of("collected 3 items") is None
    True
    """
    found = SUMMARY.match(COLOUR.sub("", line).strip())
    return found["counts"] if found else None


def failed_of(line: str) -> str | None:
    """The test that a line of pytest's short summary names, if it is one.

    >>> failed_of("FAILED tests/unit/test_money.py::test_yen - AssertionError: 1 != 2")
    'tests/unit/test_money.py::test_yen'
    >>> failed_of("3 passed in 0.52s") is None
    True
    """
    kind, _, rest = COLOUR.sub("", line).strip().partition(" ")
    return rest.partition(" - ")[0] if kind in {"FAILED", "ERROR"} and "::" in rest else None


def tested(name: str, arguments: Sequence[str]) -> tuple[int, str, list[str]]:
    """Run pytest with its output shown as it comes; its exit code, its summary, and the tests that failed."""
    say(f"\n— {name}")
    colour = ["--color=yes"] if sys.stdout.isatty() else []
    process = subprocess.Popen(
        python("-m", "pytest", *SLOWEST, *colour, *arguments),
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    assert process.stdout is not None
    summary, failed = "", []
    for line in process.stdout:
        sys.stdout.write(line)
        sys.stdout.flush()
        summary = summary_of(line) or summary
        if test := failed_of(line):
            failed.append(test)
    return process.wait(), summary, failed


def everything() -> int:
    """All kinds in their order; the exit code."""
    if lines := hosts_in_locks(PROJECT):
        say("\n".join(lines))
        say("\n✗ locks: a lock file names a host: make it again with uv pip compile --no-emit-index-url.")
        return 1
    say("✓ locks name no host")
    if not all(checked(check) for check in CHECKS):
        return 1
    serial = [folder for folder in SERIAL if (PROJECT / folder).is_dir()]
    rounds = [("tests", ["-n", "2", "--dist", "loadgroup", *[f"--ignore={folder}" for folder in SERIAL]])]
    rounds += [(f"{folder}, one after the other", [folder]) for folder in serial]
    summaries, worst = [], 0
    for name, arguments in rounds:
        code, summary, failed = tested(name, arguments)
        summaries.append(f"{name}: {summary}")
        if code:
            again = [f"'{test}'" for test in failed[:20]] or arguments
            say(f"\n✗ {name}: something failed; again with ./test {' '.join(again)}")
        worst = worst or code
    if not os.environ.get("CHROMIUM"):
        say(f"\n{browser.LOUD}")
    say("\n" + "\n".join(summaries))
    return worst


def main(arguments: Sequence[str]) -> int:
    """All, or pytest alone when arguments are given."""
    messages.compile_all()
    browser.make_known()
    if arguments:
        return subprocess.run(python("-m", "pytest", *arguments), cwd=PROJECT, check=False).returncode
    return everything()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
