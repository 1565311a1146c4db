"""Twelve salons with four tablets each, enrolling and letting in at once: how long a seller waits.

    python -m tools.devstack exec -- python -m benchmarks.counter [--seconds 60] [--people 20000] [--tablets 48]

One process, no network: every request goes through the whole page (cookie, PIN, scope, flow, answer) by Django's test
client, from as many threads as there are tablets. Each tablet looks for somebody while typing, enrols with cash about
every twenty seconds, and lets somebody in about every five: three times a busy Saturday. The provider is not asked.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import django

PIN = "4711"
Times = dict[str, list[float]]


def main() -> None:
    """Plant, run, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--tablets", type=int, default=48)
    given = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "billing.settings")
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.ALLOWED_HOSTS = ["*"]
    call_command("migrate", database="owner", verbosity=0, interactive=False)
    merchant_id, offer = plant(given.people)
    tablets = [tablet(merchant_id, at) for at in range(given.tablets)]
    print(f"{given.people} people, {given.tablets} tablets, {given.seconds} s")
    times: Times = defaultdict(list)
    until = time.monotonic() + given.seconds
    threads = [
        threading.Thread(target=work, args=(client, offer, at, until, times)) for at, client in enumerate(tablets)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, taken in sorted(times.items()):
        taken.sort()
        p50, p99 = statistics.median(taken), taken[int(len(taken) * 0.99)]
        print(f"{name:<12} {len(taken):6} times   p50 {p50 * 1000:6.0f} ms   p99 {p99 * 1000:6.0f} ms")


def plant(people: int) -> tuple[UUID, str]:
    """A merchant with an offer of eight sessions, twelve sites, and people who are known."""
    from merchants.models import Merchant, Site
    from merchants.tenancy import bulk
    from merchants.tenancy.scope import tenant
    from subscribers.models import Subscriber
    from subscribers.search_text import fold
    from tests.worlds import Shop

    shop = Shop.open("Soleil")
    sessions = shop.feature("sessions", "quota")
    offer = shop.offer("liberte", ("month", None, 29_90), features={"sessions": {"quota": 8}})
    chance = random.Random(1)
    with tenant(shop.id):
        Merchant.objects.update(entry_feature=sessions.pk)
        sites = [
            Site.objects.create(reference=f"S{at}", name=f"Salon {at}", created_at=shop.now().at) for at in range(12)
        ]
    for start in range(0, people, 2_000):
        rows = []
        with tenant(shop.id):
            for at in range(start, min(start + 2_000, people)):
                name = f"{chance.choice(NAMES)} {chance.choice(FAMILIES)} {at}"
                phone = f"06{chance.randrange(10**8):08}"
                rows.append(
                    bulk.lean(
                        Subscriber,
                        reference=f"p-{at}",
                        name=name,
                        phone=phone,
                        site_id=sites[at % 12].pk,
                        channel="import",
                        search=fold(name, phone),
                        created_at=shop.now().at,
                        updated_at=shop.now().at,
                    )
                )
            from subscribers import history

            history.create_all(rows, actor=shop.actor, now=shop.now(), verb="created")
    return shop.id, offer.public_id


NAMES = ("Lucie", "Hugo", "Inès", "Malo", "Jeanne", "Karim", "Nadia", "Victor", "Salomé", "Yann")
FAMILIES = ("Garnier", "Perrin", "Nguyen", "Moreau", "Diallo", "Roussel", "Benali", "Mercier", "Caron", "Marchand")


def tablet(merchant_id: UUID, at: int) -> Any:
    """A tablet at one of the sites, somebody signed in, its till open."""
    from merchants.models import Site
    from merchants.tenancy.scope import tenant
    from tests.pages.counters import seller
    from tests.pages.counters import tablet as paired

    with tenant(merchant_id):
        site = Site.objects.get(reference=f"S{at % 12}")
    made = paired(merchant_id, site, f"Till {at}")
    made.sign_in(seller(merchant_id, f"Seller {at}", sites=[site]))
    assert made.client.post("/counter/till/open", {"float_amount": "100"}).status_code == 302
    return made.client


def work(client: Any, offer: str, at: int, until: float, times: Times) -> None:
    """One seller's time: type, enrol, let in, wait."""
    from django.db import connections

    from merchants.ids import new_id

    chance, turn = random.Random(at), 0
    time.sleep(chance.random() * 20)
    while time.monotonic() < until:
        turn += 1
        if turn % 4 == 1:
            typed = {"name": f"{chance.choice(FAMILIES)[:5]} {chance.randrange(20_000)}"}
            _timed(times, "search", partial(client.get, "/counter/enrol/people", typed))
            sent = {
                "client_id": str(new_id()), "name": f"Walk In {at} {turn}", "phone": f"07{chance.randrange(10**8):08}",
                "offer": offer, "means": "cash", "later": "counter", "tendered": "3000", "seen": "2990",
            }  # fmt: skip
            headers = {"Accept": "application/json"}
            answer = _timed(times, "enrolment", partial(client.post, "/counter/enrol/act", sent, headers=headers))
            assert answer.status_code == 200, answer.content
        else:
            _timed(times, "door", lambda: client.get("/counter/door/people", {"q": chance.choice(FAMILIES)}))
        time.sleep(chance.uniform(3, 7))
    connections.close_all()


def _timed(times: Times, name: str, act: Callable[[], Any]) -> Any:
    began = time.perf_counter()
    answer = act()
    times[name].append(time.perf_counter() - began)
    return answer


if __name__ == "__main__":
    main()
