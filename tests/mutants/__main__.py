"""Mutation tests of the rules: does a test fail when a rule is changed? `python -m tests.mutants` mutates what
`pyproject.toml` names (an hour or more), `python -m tests.mutants "billing.engine.proration*"` a part of it.

Wants mutmut, which the product does not: `.venv/bin/pip install mutmut`. Only pure tests run, no database; mutants live
in the folder `mutants/`, which is nobody's. Ends with how many were found, module by module.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

MUTMUT = Path(sys.executable).with_name("mutmut")
PLACE = Path("mutants")
NOT_TESTED = (5, 33)
NOTHING = {  # nothing of it is ever opened
    "SECRET_KEY": "nothing",
    "DATABASE_URL": "postgres://nobody:nothing@localhost/none",
    "CACHE_URL": "redis://localhost/0",
    "REDIS_URL": "redis://localhost/0",
    "FIELD_KEYS": "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=",
    "LIVES": "80",
}


def scores() -> Iterator[tuple[str, Counter[str]]]:
    """By module: how many mutants were found, survived, are in no test's way, or were not tried."""
    for meta in sorted(PLACE.rglob("*.meta")):
        ends = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"].values()
        if ends:
            yield str(meta.relative_to(PLACE)).removesuffix(".py.meta"), Counter(map(_said, ends))


def _said(end: int | None) -> str:
    if end is None:
        return "not tried"
    return "survived" if end == 0 else "untested" if end in NOT_TESTED else "found"


def main() -> int:
    """Run mutmut, then tell the scores; its exit code."""
    if not MUTMUT.exists():
        print("Install mutmut first: .venv/bin/pip install mutmut", file=sys.stderr)
        return 2
    done = subprocess.run([str(MUTMUT), "run", *sys.argv[1:]], env={**NOTHING, **os.environ}, check=False)
    whole: Counter[str] = Counter()
    for module, told in scores():
        whole += told
        print(f"{module:32} {_line(told)}")
    print(f"{'all':32} {_line(whole)}")
    return done.returncode


def _line(told: Counter[str]) -> str:
    tried = told["found"] + told["survived"]
    share = f"{100 * told['found'] / tried:.1f} %" if tried else "—"
    left = f"{told['untested']} untested, {told['not tried']} not tried"
    return f"{share:>8} {told['found']:5} of {tried:5} found, {left}"


if __name__ == "__main__":
    sys.exit(main())
