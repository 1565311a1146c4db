"""`python -m tools.devstack up | exec -- COMMAND… | keep`."""

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
    throw_away = verbs.add_parser("exec", help="run a command on a throw-away stack, and hand on its exit code")
    throw_away.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    verbs.add_parser("keep", help="keep a throw-away PostgreSQL up for many `exec`s")
    return parser


def end_quietly(number: int, _frame: object) -> None:
    """A signal that asks us to end: everything is stopped on the way out."""
    raise SystemExit(0 if number == signal.SIGINT else 128 + number)


def main() -> int:
    """Do what the command line says. A start that cannot go on is one sentence, not a trace."""
    chosen = arguments().parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end_quietly)
    try:
        if chosen.verb == "exec":
            command = chosen.command[1:] if chosen.command[:1] == ["--"] else chosen.command
            if not command:
                raise CannotStart("Say what to run: python -m tools.devstack exec -- COMMAND…")
            return trial.execute(command)
        return trial.keep()
    except CannotStart as problem:
        print(f"\n{problem}", file=sys.stderr, flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
