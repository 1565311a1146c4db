"""How long a counter takes to recognise somebody while their name or number is typed, whole, begun or mistyped.

    python -m tools.devstack exec -- python -m benchmarks.known [--people 100000] [--times 300]

The aim is 100 ms at 100,000 subscribers. The database alone is asked, in this process, one question after the other:
the page around it is in `benchmarks.counter`. There are ten first names and ten family names, each with a number: what
is begun fits thousands, which is harder than life.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from collections.abc import Callable

import django


def main() -> None:
    """Plant, ask, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=300)
    given = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "billing.settings")
    django.setup()
    from django.core.management import call_command

    from benchmarks.counter import plant
    from merchants.tenancy.scope import tenant
    from subscribers.models import Subscriber
    from subscribers.selectors.known import known_people

    call_command("migrate", database="owner", verbosity=0, interactive=False)
    merchant_id, _offer = plant(given.people)
    chance = random.Random(7)
    with tenant(merchant_id):
        rows = list(Subscriber.objects.exclude(phone="").values_list("id", "name", "phone", "site_id")[: given.people])
        print(f"{len(rows)} people, {given.times} questions of each kind")
        kinds: dict[str, Callable[[tuple[str, str]], dict[str, str]]] = {
            "name": lambda who: {"name": who[0]},
            "name begun": lambda who: {"name": who[0][: len(who[0]) // 2 + 1]},
            "name mistyped": lambda who: {"name": swapped(who[0], chance)},
            "number": lambda who: {"phone": who[1]},
            "number begun": lambda who: {"phone": who[1][:9]},
            "number mistyped": lambda who: {"phone": swapped(who[1], chance)},
        }
        for kind, typed in kinds.items():
            taken, hits = [], 0
            for _ in range(given.times):
                id_, name, phone, site_id = chance.choice(rows)
                said = typed((name, phone))
                began = time.perf_counter()
                found = known_people(**said, site_id=site_id if chance.random() < 0.5 else None)
                taken.append(time.perf_counter() - began)
                hits += id_ in {one.pk for one in found}
            taken.sort()
            p50, p99 = statistics.median(taken) * 1000, taken[int(len(taken) * 0.99)] * 1000
            shown = hits * 100 // given.times
            print(f"{kind:<16} p50 {p50:6.1f} ms   p99 {p99:6.1f} ms   among the first three {shown} %")


def swapped(text: str, chance: random.Random) -> str:
    """The same with two neighbours that changed places."""
    at = chance.randrange(1, max(2, len(text) - 2))
    return text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :]


if __name__ == "__main__":
    main()
