"""What a site asks before it opens a door: features, one feature, access."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from merchants.ids import new_id, show
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import Subscription
from tests.api.callers import problem

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bought(shop):
    """Lucie has bought: audio quality hifi, 2 streams plus 1 of an option."""
    shop.feature("quality", "level", ["standard", "high", "hifi"])
    shop.feature("streams", "quota")
    shop.feature("concerts")
    extra = shop.option("device", 2_00, features={"streams": {"quota": 1}}, adds=True)
    offer = shop.offer(
        "hifi",
        ("month", None, 12_99),
        options=[extra],
        features={"quality": {"level": "hifi"}, "streams": {"quota": 2}},
    )
    return shop.buy(shop.enrol("lucie"), offer, options=[extra]).subscription


def test_features_say_what_one_may_and_where_it_comes_from(site, bought):
    answer = site.get("subscribers/ref:lucie/features").json()
    by_reference = {row["reference"]: row for row in answer["data"]}
    assert (set(by_reference), answer["has_more"], answer["next_cursor"]) == ({"quality", "streams"}, False, None)
    quality, streams = by_reference["quality"], by_reference["streams"]
    assert (quality["on"], quality["level"], quality["rank"], quality["kind"]) == (True, "hifi", 2, "level")
    assert (streams["on"], streams["quota"], streams["unlimited"]) == (True, 3, False)
    assert [(one["kind"], one["quota"], one["adds"]) for one in streams["sources"]] == [
        ("offer", 2, False),
        ("option", 1, True),
    ]
    assert [one["subscription"] for one in streams["sources"]] == [bought.public_id] * 2
    assert streams["sources"][0]["option"] is None and streams["sources"][1]["option"].startswith("sop_")
    assert quality["sources"][0]["title"] == {"en": "hifi", "fr": "hifi"}


def test_one_feature_answers_on_or_off_and_404_only_where_there_is_none(site, bought):
    assert site.get("subscribers/ref:lucie/features/ref:quality").json()["level"] == "hifi"
    off = site.get("subscribers/ref:lucie/features/ref:concerts").json()
    assert (off["on"], off["sources"], off["quota"], off["until"]) == (False, [], None, None)
    assert problem(site.get("subscribers/ref:lucie/features/ref:nothing")) == (404, "not_found")
    assert problem(site.get(f"subscribers/ref:lucie/features/{show('fea', new_id())}")) == (404, "not_found")
    assert problem(site.get("subscribers/ref:nobody/features/ref:quality")) == (404, "not_found")


def test_access_is_one_verdict(site, shop, bought):
    found = site.get("subscribers/ref:lucie/access").json()
    assert (found["access"], found["why"], found["until"]) == ("full", "active", None)
    (only,) = found["subscriptions"]
    assert (only["subscription"], only["status"], only["payment_state"]) == (bought.public_id, "active", "ok")
    shop.enrol("nobody-yet")
    none = site.get("subscribers/ref:nobody-yet/access").json()
    assert (none["access"], none["why"], none["subscriptions"]) == ("none", "no_subscription", [])
    assert site.get("subscribers/ref:nobody-yet/features").json()["data"] == []


def test_an_end_shows_before_it_comes_and_closes_when_it_has(site, shop, bought):
    now = shop.now()
    with tenant(shop.id):
        row = Subscription.objects.get(pk=bought.pk)
        end = now.today + timedelta(days=10)
        history.update(row, {"service_ends_on": end}, actor=shop.actor, now=now, verb="cancelled")
    found = site.get("subscribers/ref:lucie/access").json()
    assert (found["access"], found["why"], found["until"]) == ("full", "cancelled", end.isoformat())
    assert site.get("subscribers/ref:lucie/features/ref:quality").json()["until"] == end.isoformat()
    with tenant(shop.id):
        history.update(row, {"service_ends_on": now.today}, actor=shop.actor, now=now, verb="cancelled")
    found = site.get("subscribers/ref:lucie/access").json()
    assert (found["access"], found["why"]) == ("none", "ended")
    assert site.get("subscribers/ref:lucie/features/ref:quality").json()["on"] is False


def test_a_key_needs_the_scope_to_ask(shop, bought):
    from tests.api.callers import Caller

    key = Caller.of(shop, "offers:read")
    for path in ("", "/features", "/features/ref:quality", "/access", "/timeline"):
        assert problem(key.get(f"subscribers/ref:lucie{path}")) == (403, "scope_missing")
    assert problem(key.get("changes")) == (403, "scope_missing")
    reader = Caller.of(shop, "subscribers:read")
    assert reader.get("subscribers/ref:lucie/access").status_code == 200
    assert problem(reader.post("subscribers", {})) == (403, "scope_missing")


def test_the_hot_paths_ask_little_of_the_database(site, bought):
    site.get("subscribers/ref:lucie/access")  # the first use of a key is noted
    site.post("subscribers/ref:lucie/features/ref:streams/consume", {"key": "a"})
    for path, own in (("features", 2), ("features/ref:quality", 2), ("features/ref:streams", 2), ("access", 2)):
        with CaptureQueriesContext(connection) as asked:
            assert site.get(f"subscribers/ref:lucie/{path}").status_code == 200
        reads = [one["sql"] for one in asked if one["sql"].startswith("SELECT") and " FROM " in one["sql"]]
        assert len(reads) == 2 + own, reads  # two to know the key, one the person, one the rights
