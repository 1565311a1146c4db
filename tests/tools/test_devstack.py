"""The local stack: ports, secrets, roles, and that nothing outlives it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest

from tools.devstack import keys, ports, sentinel
from tools.devstack.children import Children, rotate, wait_until
from tools.devstack.places import PROJECT, CannotStart
from tools.devstack.roles import SCRIPT, fill_in
from tools.devstack.up import databases, only_one, queues, start_over

PYTHON = sys.executable


def becomes(true: Callable[[], bool], *, seconds: float = 15.0) -> bool:
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.05)
    return true()


def runs(process: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def descendants(process: int) -> list[int]:
    """All processes below one, read from /proc."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, fields = entry.read_text().rpartition(")")[::2]
        except OSError:
            continue
        if int(fields.split()[1]) == process:
            child = int(name.split()[0])
            found += [child, *descendants(child)]
    return found


class TestPorts:
    def test_a_port_in_use_is_noticed_and_another_taken(self) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            taken = other.getsockname()[1]
            assert not ports.is_free(taken)
            assert ports.answers(taken)
            chosen = ports.choose({"web": taken}, {})["web"]
        assert chosen != taken
        assert (chosen - taken) % ports.STEP == 0

    def test_remembered_while_free_else_from_the_preferred_on(self) -> None:
        free = {8010, 8020, 8001}.__contains__
        assert ports.choose({"web": 8000}, {"web": 8020}, free=free) == {"web": 8020}
        assert ports.choose({"web": 8000}, {"web": 8030}, free=free) == {"web": 8010}

    def test_two_parts_never_share_a_port(self) -> None:
        assert ports.choose({"web": 8000, "shop": 8010}, {"shop": 8000}, free=lambda _: True) == {
            "web": 8000,
            "shop": 8010,
        }
        assert ports.choose({"web": 8000, "shop": 8000}, {}, free=lambda _: True) == {"web": 8000, "shop": 8010}

    def test_a_damaged_memory_is_no_memory(self, tmp_path: Path) -> None:
        file = tmp_path / "ports.json"
        for text in ("", "[]", '{"web": "8000", "mail": 80, "shop": true}'):
            file.write_text(text)
            assert ports.recall(file) == {}
        file.write_text('{"web": 8010}')
        assert ports.recall(file) == {"web": 8010}


class TestKeys:
    def test_made_once_private_and_completed(self, tmp_path: Path) -> None:
        file = tmp_path / "secrets.json"
        first = keys.kept(file)
        assert file.stat().st_mode & 0o777 == 0o600
        assert keys.kept(file) == first
        stored = json.loads(file.read_text())
        del stored["stripe_webhook_secret"]
        file.write_text(json.dumps(stored))
        completed = keys.kept(file)
        assert completed.secret_key == first.secret_key
        assert completed.stripe_webhook_secret.startswith("whsec_")
        assert keys.kept(file) == completed
        file.write_text("{")
        with pytest.raises(CannotStart, match="--fresh"):
            keys.kept(file)

    def test_no_two_are_alike(self) -> None:
        values = [*vars(keys.new()).values(), *vars(keys.new()).values()]
        assert len(set(values)) == len(values)


class TestChildren:
    def test_stopped_in_reverse_order_of_storeys(self, tmp_path: Path) -> None:
        script = (
            "import signal, sys, time, pathlib\n"
            "def end(*_):\n"
            "    open('order', 'a').write(sys.argv[1] + ' '); sys.exit()\n"
            "signal.signal(signal.SIGTERM, end)\n"
            "pathlib.Path(sys.argv[1]).touch()\n"
            "time.sleep(60)\n"
        )
        with Children(logs=tmp_path) as children:
            for storey, name in enumerate(["ground", "first", "second"]):
                children.storey = storey
                child = children.start(name, [PYTHON, "-c", script, name], cwd=tmp_path)
                wait_until((tmp_path / name).exists, child=child)
            started = [child.process.pid for child in children.running]
        assert (tmp_path / "order").read_text() == "second first ground "
        assert not any(runs(process) for process in started)

    def test_one_that_will_not_end_is_killed_with_its_children(self, tmp_path: Path) -> None:
        stubborn = "trap '' TERM; sleep 300 & echo $! > below; wait; sleep 300"
        with Children(logs=tmp_path) as children:
            children.start("stubborn", ["sh", "-c", stubborn], cwd=tmp_path, patience=0.3)
            assert becomes((tmp_path / "below").exists)
            assert becomes(lambda: bool((tmp_path / "below").read_text().strip()))
            below = int((tmp_path / "below").read_text())
            assert runs(below)
        assert becomes(lambda: not runs(below), seconds=5)

    def test_one_that_ends_early_says_why(self, tmp_path: Path) -> None:
        with Children(logs=tmp_path) as children:
            child = children.start("web", ["sh", "-c", "echo no such module; exit 3"])
            with pytest.raises(CannotStart, match=r"web ended with 3; see .*web\.log:\nno such module"):
                wait_until(lambda: False, child=child)
            assert children.ended() is child

    def test_logs_are_rotated_at_the_start(self, tmp_path: Path) -> None:
        log = tmp_path / "web.log"
        for run in range(6):
            rotate(log)
            log.write_text(str(run))
        kept = {file.name: file.read_text() for file in tmp_path.iterdir()}
        assert kept == {"web.log": "5", "web.log.1": "4", "web.log.2": "3", "web.log.3": "2"}

    def test_the_sentinel_ends_what_a_killed_supervisor_left(self, tmp_path: Path) -> None:
        folder = tmp_path / "scratch"
        folder.mkdir()
        left = subprocess.Popen(["sleep", "300"], start_new_session=True)
        gone = subprocess.Popen(["sleep", "300"], start_new_session=True)
        try:
            said = f"group {left.pid} 15\ngroup {gone.pid} 15\ngone {gone.pid}\nfolder {folder}\n"
            subprocess.run([PYTHON, "-I", sentinel.__file__], input=said, text=True, check=True, timeout=20)
            assert left.wait(5) == -signal.SIGTERM
            assert gone.poll() is None
            assert not folder.exists()
        finally:
            gone.kill()
            gone.wait()


class TestOneAtATime:
    def test_a_second_start_is_refused_and_a_later_one_is_not(self, tmp_path: Path) -> None:
        with only_one(tmp_path), pytest.raises(CannotStart, match="running already"), only_one(tmp_path):
            pytest.fail("two at once")
        with only_one(tmp_path) as lock:
            assert int((tmp_path / "lock").read_text()) == os.getpid()
            assert not lock.closed
        assert (tmp_path / "lock").read_text() == ""

    def test_waits_for_the_children_of_one_that_was_killed(self, tmp_path: Path) -> None:
        hold = (
            "import fcntl, sys, time; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX);"
            " f.write('4194305'); f.flush(); print('held', flush=True); time.sleep(1)"
        )
        holder = subprocess.Popen([PYTHON, "-c", hold, str(tmp_path / "lock")], stdout=subprocess.PIPE)
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with only_one(tmp_path):
            assert holder.wait(5) == 0


class TestFresh:
    def test_keeps_only_what_was_downloaded(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("DATABASE_URL", raising=False)
        for name in ("pg/data", "media", "lib/usr"):
            (tmp_path / name).mkdir(parents=True)
        for name in ("secrets.json", "demo.json", "web.log", "lock"):
            (tmp_path / name).write_text("x")
        start_over(tmp_path)
        assert {entry.name for entry in tmp_path.iterdir()} == {"lib", "lock"}

    def test_never_touches_a_given_server(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DATABASE_URL", "postgresql://a:b@db.example/tacite")
        (tmp_path / "secrets.json").write_text("x")
        with pytest.raises(CannotStart, match="does not touch"):
            start_over(tmp_path)
        assert (tmp_path / "secrets.json").exists()


class TestGivenServers:
    def test_one_address_alone_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DATABASE_URL", os.environ["DATABASE_URL"])
        monkeypatch.delenv("DATABASE_OWNER_URL", raising=False)
        with pytest.raises(CannotStart, match="Give DATABASE_OWNER_URL too"):
            databases(Children(logs=tmp_path), folder=tmp_path, port=1, kept=keys.new())

    def test_an_address_that_does_not_answer_is_one_sentence(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
            monkeypatch.setenv(name, "postgresql://a:b@127.0.0.1:9/tacite")
        with pytest.raises(CannotStart, match="The server of DATABASE_URL does not let us in"):
            databases(Children(logs=tmp_path), folder=tmp_path, port=1, kept=keys.new())

    def test_the_cache_follows_the_broker(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("CACHE_URL", raising=False)
        with socket.create_server(("127.0.0.1", 0)) as answering:
            there = f"redis://127.0.0.1:{answering.getsockname()[1]}/0"
            for broker, cache in {
                there: there,
                "redis+socket:///run/v.sock?virtual_host=3": "unix:///run/v.sock?db=3",
            }.items():
                monkeypatch.setenv("REDIS_URL", broker)
                assert queues(Children(logs=tmp_path))[0] == {"REDIS_URL": broker, "CACHE_URL": cache}

    def test_a_broker_that_does_not_answer_is_one_sentence(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9/0")
        with pytest.raises(CannotStart, match=r"Nothing answers at 127\.0\.0\.1:9, which REDIS_URL names"):
            queues(Children(logs=tmp_path))


def test_role_script_is_filled_in_safely() -> None:
    values = {"owner": 'ow"ner', "owner_password": "it's", "app": "app", "app_password": "p", "database": "d"}
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    first, *rest = [statement.as_string(connection) for statement in fill_in(SCRIPT.read_text(), values)]
    connection.close()
    assert first.startswith("CREATE ROLE \"ow\"\"ner\" LOGIN PASSWORD 'it''s' ")
    assert len(rest) == 4
    assert not any(":'" in statement or "--" in statement for statement in [first, *rest])


def test_the_two_roles_are_what_they_must_be() -> None:
    """Row-level security is only worth something for a role that is no superuser, bypasses nothing and owns nothing."""
    for name, role, may_create in (
        ("DATABASE_URL", "tacite_app", False),
        ("DATABASE_OWNER_URL", "tacite_owner", True),
    ):
        connection = psycopg2.connect(os.environ[name])
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles"
                " WHERE rolname = current_user"
            )
            assert cursor.fetchone() == (role, False, False, may_create, False)
            cursor.execute("SELECT pg_has_role('tacite_app', 'tacite_owner', 'MEMBER')")
            assert cursor.fetchone() == (False,)
        connection.close()


@pytest.mark.slow
def test_kill_9_leaves_no_orphan(tmp_path: Path) -> None:
    """PostgreSQL, Valkey and the command all end, and the temporary folders go, however hard the supervisor dies."""
    env = {**os.environ, "TACITE_LOCAL": str(tmp_path / "local"), "TMPDIR": str(tmp_path)}
    inside = "import os; print(os.environ['CACHE_URL'], flush=True); import time; time.sleep(300)"
    supervisor = subprocess.Popen(
        [PYTHON, "-m", "tools.devstack", "exec", "--", PYTHON, "-c", inside],
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        env=env,
    )
    try:
        assert supervisor.stdout is not None
        valkey = Path(supervisor.stdout.readline().removeprefix("unix://").partition("?")[0])
        family = descendants(supervisor.pid)
        names = " ".join(Path(f"/proc/{process}/cmdline").read_text() for process in family)
        assert "postgres" in names
        assert "valkey" in names
        assert valkey.exists()
    finally:
        supervisor.kill()
        supervisor.wait()
    assert becomes(lambda: not any(runs(process) for process in family)), [p for p in family if runs(p)]
    assert becomes(lambda: not valkey.parent.exists())
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith("tacite-test-")] == []


def test_exec_hands_on_the_exit_code_and_cleans_up(tmp_path: Path) -> None:
    env = {**os.environ, "TACITE_LOCAL": str(tmp_path / "local"), "TMPDIR": str(tmp_path)}
    command = [PYTHON, "-m", "tools.devstack", "exec", "--", "sh", "-c", "exit 7"]
    assert subprocess.run(command, cwd=PROJECT, env=env, timeout=60, check=False).returncode == 7
    assert {entry.name for entry in tmp_path.iterdir()} <= {"local"}


def test_what_follows_test_is_pytests(tmp_path: Path) -> None:
    """README and ./test --help promise ./test -k WORD."""
    from tools.devstack.__main__ import read

    assert read(["test", "-k", "proration", "-x"]).arguments == ["-k", "proration", "-x"]
    assert read(["test", "tests/unit", "-n", "2"]).arguments == ["tests/unit", "-n", "2"]
    assert read(["test"]).arguments == []
    assert read(["exec", "--", "pytest", "-k", "x"]).command == ["--", "pytest", "-k", "x"]
