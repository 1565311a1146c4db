"""How many times a second a merchant's site can ask what somebody may do, and use a quota, beside the bare read.

    python -m tools.devstack exec -- python -m benchmarks.rights [--people 2000] [--each 400]

One process, no network: the whole endpoint (key, scope, rights, JSON) by Django's test client, the service alone, and
as the limit one indexed row of the rights read by the driver. Seconds are of the wall, the best of three rounds.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import django


def main() -> None:
    """Plant, measure, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=2_000)
    parser.add_argument("--each", type=int, default=400)
    given = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "billing.settings")
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    settings.API_CALLS_PER_10_SECONDS = 10**9
    settings.ALLOWED_HOSTS = ["*"]
    call_command("migrate", database="owner", verbosity=0, interactive=False)
    merchant_id, secret = plant(given.people)
    for name, act in acts(merchant_id, secret, given.people).items():
        print(f"{name:<34} {best(act, given.each):8.0f} a second")


def best(act: Callable[[int], None], each: int) -> float:
    """Calls a second in the best of three rounds; the first calls warm up."""
    for n in range(20):
        act(n)
    rounds = []
    for turn in range(3):
        began = time.perf_counter()
        for n in range(each):
            act(1_000_000 * (turn + 1) + n)
        rounds.append(each / (time.perf_counter() - began))
    return max(rounds)


def acts(merchant_id: UUID, secret: str, people: int) -> dict[str, Callable[[int], None]]:
    """What is measured, by its name."""
    from django.db import connection
    from django.test import Client

    from merchants.actors import Actor
    from merchants.clock import instant
    from merchants.models import Feature
    from merchants.now import Now
    from merchants.tenancy.scope import tenant
    from subscribers.models import Subscriber
    from subscribers.selectors.rights import held
    from subscribers.services import consuming

    with tenant(merchant_id):
        keys = list(Subscriber.objects.order_by("id").values_list("id", flat=True))
        who = list(Subscriber.objects.filter(id__in=keys))
        feature = Feature.objects.get(reference="classes")
    client, headers = Client(), {"Authorization": f"Bearer {secret}"}
    actor = Actor.system("benchmark")

    read = "SELECT * FROM subscribers_grant WHERE merchant_id = %s AND subscriber_id = %s AND feature_id = %s"

    def asks(path: str) -> Callable[[int], None]:
        def act(n: int) -> None:
            answer = client.get(f"/api/v1/subscribers/ref:b{n % people}/{path}", headers=headers)
            assert answer.status_code == 200, answer.content

        return act

    def posts(n: int) -> None:
        path = f"/api/v1/subscribers/ref:b{n % people}/features/ref:classes/consume"
        answer = client.post(path, {"key": f"k{n}"}, content_type="application/json", headers=headers)
        assert answer.status_code == 200, answer.content

    def alone(n: int) -> None:
        with tenant(merchant_id):
            held(keys[n % people], Now(at=instant(), zone="Europe/Paris"), feature_id=feature.pk)

    def uses(n: int) -> None:
        with tenant(merchant_id):
            now = Now(at=instant(), zone="Europe/Paris")
            consuming.consume(who[n % people], feature, quantity=1, key=f"s{n}", actor=actor, now=now)

    def row(n: int) -> None:
        with tenant(merchant_id), connection.cursor() as cursor:
            cursor.execute(read, [merchant_id, keys[n % people], feature.pk])
            cursor.fetchall()

    return {
        "GET …/features/{feature}": asks("features/ref:classes"),
        "GET …/features": asks("features"),
        "GET …/access": asks("access"),
        "POST …/consume": posts,
        "the rights alone, in their scope": alone,
        "a use alone, in its scope": uses,
        "limit: one row of rights, in a scope": row,
    }


def plant(count: int) -> tuple[UUID, str]:
    """A merchant whose subscribers all have two features of one offer; and a key of its site. Not measured."""
    from benchmarks.planting import plant as plant_subscriptions
    from merchants.actors import Actor
    from merchants.models import Feature, Merchant
    from merchants.now import Now
    from merchants.services.keys import make_key
    from merchants.tenancy.scope import tenant
    from subscribers import history
    from subscribers.models import Grant, Subscription

    merchant_id = plant_subscriptions("Rights", count)
    actor, at = Actor.system("benchmark"), datetime(2026, 1, 31, 9, tzinfo=UTC)
    now = Now(at=at, zone="Europe/Paris")
    with tenant(merchant_id):
        features = [
            Feature.objects.create(reference="classes", kind="quota", title={"en": "Classes"}, created_at=at),
            Feature.objects.create(reference="sauna", kind="switch", title={"en": "Sauna"}, created_at=at),
        ]
        opens: dict[str, Any] = {"source": "offer", "starts_at": at, "created_at": at}
        grants = [
            Grant(
                subscriber_id=row.subscriber_id,
                subscription=row,
                feature=feature,
                quota=10**9 if feature.kind == "quota" else None,
                **opens,
            )
            for row in Subscription.objects.order_by("id")
            for feature in features
        ]
        history.create_all(grants, actor=actor, now=now, verb="opened")
        made = make_key(merchant=Merchant.objects.get(), name="site", scopes=[], by=None, now=now)
    return merchant_id, made.secret


if __name__ == "__main__":
    main()
