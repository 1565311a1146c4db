"""The hot path reads a few rows by index, however many rights, uses and subscribers there are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from merchants.now import Now
from merchants.tenancy import bulk
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import Grant, QuotaCounter, Subscriber, Subscription
from subscribers.selectors.live_grants import live_grants
from subscribers.selectors.rights import access_of, held, held_named, live_subscriptions, verdict_of
from subscribers.services import consuming

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 500


@pytest.fixture
def lucie(shop: Any, owner_sql: Any) -> Subscriber:
    """Lucie among many others, who all have and use two features; the tables are known to the planner."""
    features = [shop.feature("classes", "quota"), shop.feature("sauna")]
    shop.feature("sound", "level", ["standard", "hifi"])
    opened = {"classes": {"quota": 4}, "sauna": {}, "sound": {"level": "hifi"}}
    who: Subscriber = shop.enrol("lucie")
    shop.subscribe(who, shop.offer("club", ("month", None, 12_99), features=opened))
    now = shop.now()
    before = Now(at=now.at - timedelta(days=40), zone=now.zone)
    with tenant(shop.id):
        at = {"created_at": before.at, "updated_at": before.at}
        people = [Subscriber(reference=f"n{n}", name=f"N {n}", channel="import", **at) for n in range(MANY)]
        history.create_all(people, actor=shop.actor, now=before)
        opens = {"source": "override", "starts_at": before.at, "created_at": before.at}
        grants = [Grant(subscriber=one, feature=feature, quota=4, **opens) for one in people for feature in features]
        history.create_all(grants, actor=shop.actor, now=before, verb="opened")
        bulk.insert([QuotaCounter(subscriber=one, feature=features[0], since=before.today) for one in people])
        consuming.consume(who, features[0], quantity=1, key="a", actor=shop.actor, now=now)
    owner_sql("ANALYZE subscribers_grant; ANALYZE subscribers_quotacounter; ANALYZE subscribers_subscription")
    return who


def plan_of(asked: CaptureQueriesContext) -> list[dict[str, Any]]:
    """Every node that reads a table in the one query that was asked."""
    (query,) = [one["sql"] for one in asked if one["sql"].startswith("SELECT") and " FROM " in one["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + query)
        (plans,) = cursor.fetchone()
    nodes, waiting = [], [plans[0]["Plan"]]
    while waiting:
        node = waiting.pop()
        waiting += node.get("Plans", [])
        if "Relation Name" in node:
            nodes.append(node)
    return nodes


def by_index(asked: CaptureQueriesContext) -> set[str]:
    """The large tables that were read; each by index, and a few rows of it."""
    large = [one for one in plan_of(asked) if one["Relation Name"] in ("subscribers_grant", "subscribers_quotacounter")]
    assert all("Index" in node["Node Type"] or node["Node Type"] == "Bitmap Heap Scan" for node in large), large
    assert all(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) <= 5 for node in large), large
    return {node["Relation Name"] for node in large}


def test_one_query_by_index_answers_what_one_may_do(shop, lucie):
    both = {"subscribers_grant", "subscribers_quotacounter"}
    with tenant(shop.id):
        now = shop.now()
        with CaptureQueriesContext(connection) as asked:
            found = held(lucie.pk, now)
        assert (set(found.rights), found.rights["classes"].remaining) == ({"classes", "sauna", "sound"}, 3)
        assert by_index(asked) == both
        for name in ("classes", "sound"):
            with CaptureQueriesContext(connection) as asked:
                ((feature, right),) = held_named(lucie.pk, now, f"ref:{name}")
            assert (feature.reference, right.on) == (name, True)
            assert by_index(asked) == both
        with CaptureQueriesContext(connection) as asked:
            assert access_of(live_subscriptions(lucie.pk), now).verdict.why == "active"
        assert by_index(asked) == set()
    summed_by_index_where_another_source_took_over(shop, lucie)


def summed_by_index_where_another_source_took_over(shop: Any, lucie: Subscriber) -> None:
    """The one case of a second query: the counter counts since another day."""
    with tenant(shop.id):
        now = shop.now()
        QuotaCounter.objects.filter(subscriber=lucie).update(since=now.today - timedelta(days=3))
        with CaptureQueriesContext(connection) as asked:
            assert held(lucie.pk, now).rights["classes"].used == 1
        assert len(asked) == 2
        consuming.consume(
            lucie, held(lucie.pk, now).features["classes"], quantity=1, key="b", actor=shop.actor, now=now
        )
        with CaptureQueriesContext(connection) as asked:
            assert held(lucie.pk, now).rights["classes"].used == 2
        assert len(asked) == 1


def test_the_one_statement_reads_all_that_a_verdict_asks_of_a_subscription(shop):
    """A planned suspension, for one: nothing is fetched after the one query, and nothing is guessed."""
    shop.feature("sauna")
    who = shop.enrol("lucie")
    row = shop.subscribe(who, shop.offer("club", ("month", None, 12_99), features={"sauna": {}}))
    now = shop.now()
    with tenant(shop.id):
        row = Subscription.objects.get(id=row.pk)
        stops = {"suspended_from": now.today, "suspended_until": now.today + timedelta(days=9)}
        history.update(row, stops, actor=shop.actor, now=now, verb="suspended")
        (live,) = live_grants(who.pk, now)
        with CaptureQueriesContext(connection) as asked:
            assert verdict_of(live.grant.subscription, now.today) == verdict_of(row, now.today)
        assert len(asked) == 0
        assert verdict_of(row, now.today).why == "suspended"
        found = held(who.pk, now)
        assert (found.rights, found.shut["sauna"].why) == ({}, "suspended")
