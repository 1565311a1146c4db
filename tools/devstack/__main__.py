"""What `./run` and `./test` call: `python -m tools.devstack up | exec -- COMMAND… | keep | test`."""

from __future__ import annotations

import argparse
import signal
import sys

from tools.devstack import trial
from tools.devstack.places import CannotStart


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.devstack", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    whole = verbs.add_parser("up", help="start the whole product on this machine, until Ctrl-C")
    whole.add_argument("--fresh", action="store_true", help="start over: the local data is removed first")
    throw_away = verbs.add_parser("exec", help="run a command on a throw-away stack, and hand on its exit code")
    throw_away.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    verbs.add_parser("keep", help="keep a throw-away PostgreSQL up for many `exec`s")
    suite = verbs.add_parser("test", help="run all checks and tests, or pytest alone with the arguments given")
    suite.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser


def read(words: list[str]) -> argparse.Namespace:
    """The command line, where whatever follows `test` is pytest's: argparse would take `-k` for its own.

    >>> read(["test", "-k", "proration"]).arguments
    ['-k', 'proration']
    """
    if words[:1] == ["test"] and words[1:2] not in (["-h"], ["--help"]):
        return argparse.Namespace(verb="test", arguments=words[1:])
    return arguments().parse_args(words)


def end_quietly(number: int, _frame: object) -> None:
    """A signal that asks us to end: everything is stopped on the way out, a second one is not heard."""
    for heard in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(heard, signal.SIG_IGN)
    raise SystemExit(0 if number == signal.SIGINT else 128 + number)


def follow(chosen: argparse.Namespace) -> int:
    """Do what the command line says; the exit code."""
    if chosen.verb == "up":
        from tools.devstack.up import up

        return up(fresh=chosen.fresh)
    if chosen.verb == "keep":
        return trial.keep()
    if chosen.verb == "test":
        return trial.execute([sys.executable, "-m", "tools.devstack.suite", *chosen.arguments])
    command = chosen.command[1:] if chosen.command[:1] == ["--"] else chosen.command
    if not command:
        raise CannotStart("Say what to run: python -m tools.devstack exec -- COMMAND…")
    return trial.execute(command)


def main() -> int:
    """A start that cannot go on is one sentence, not a trace."""
    chosen = read(sys.argv[1:])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end_quietly)
    try:
        return follow(chosen)
    except CannotStart as problem:
        print(f"\n{problem}", file=sys.stderr, flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
