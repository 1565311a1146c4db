"""More random lives on the engine than the suite has time for, with progress: `python -m tests.lives 100000 --seed 7`.

Each life is told again by seed and number: `python -m tests.lives 1 --seed 7 --from 4711`. Lives through the flows and
the database are batches of fifty: `LIVES_BATCHES=100 LIVES_SEED=7 ./test tests/lives/test_flows.py -s`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

import django


def main() -> int:
    """Play them; the exit code says whether all added up."""
    parser = argparse.ArgumentParser(prog="python -m tests.lives", description=__doc__)
    parser.add_argument("lives", type=int)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--from", type=int, default=0, dest="first")
    asked = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "billing.settings")
    nothing = {  # nothing of it is ever opened
        "SECRET_KEY": "nothing",
        "DATABASE_URL": "postgres://nobody:nothing@localhost/none",
        "CACHE_URL": "redis://localhost/0",
        "REDIS_URL": "redis://localhost/0",
        "FIELD_KEYS": "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=",
    }
    for name, value in nothing.items():
        os.environ.setdefault(name, value)
    django.setup()
    from tests.lives.numbers import drawn
    from tests.lives.pure import play

    begun, acts, wrong = time.monotonic(), 0, 0
    for number in range(asked.first, asked.first + asked.lives):
        try:
            acts += play(*drawn(asked.seed, number)).acts
        except Exception as fault:
            wrong += 1
            print(f"life {number} of seed {asked.seed}: {fault!r}"[:300], flush=True)
        done = number - asked.first + 1
        if done % 1000 == 0 or done == asked.lives:
            pace = done / (time.monotonic() - begun)
            print(f"{done} of {asked.lives} lives, {acts} acts, {wrong} wrong, {pace:.0f} a second", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
