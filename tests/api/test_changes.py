"""`/changes`: who changed what of whom, when, how and why."""

from __future__ import annotations

import pytest

from merchants.actors import Actor, ActorKind, Channel
from merchants.now import Now
from merchants.tenancy.scope import tenant
from subscribers.models import Change
from subscribers.services import enrolment
from tests.api.callers import faults
from tests.worlds import Shop, utc

pytestmark = pytest.mark.django_db(transaction=True)
JULIE = Actor(kind=ActorKind.member, id="usr_julie", label="Julie", channel=Channel.call_centre)


def shown(site, query):
    return site.get(f"changes?{query}").json()["data"]


def test_a_purchase_is_told_change_by_change_with_public_ids(site, shop):
    shop.feature("quality", "level", ["standard", "hifi"])
    offer = shop.offer("hifi", ("month", None, 12_99), features={"quality": {"level": "hifi"}})
    subscription = shop.buy(shop.enrol("lucie"), offer).subscription
    rows = shown(site, "subscriber=ref:lucie&limit=100")
    assert {(row["kind"], row["verb"]) for row in rows} == {
        ("subscriber", "created"),
        ("subscription", "created"),
        ("subscription", "activated"),
        ("payment_method", "attached"),
        ("grant", "opened"),
    }
    activated = next(row for row in rows if row["verb"] == "activated")
    assert (activated["before"]["status"], activated["after"]["status"]) == ("incomplete", "active")
    assert activated["after"]["payment_method"].startswith("pm_")
    assert activated["subject"] == activated["subscription"] == subscription.public_id
    grant = next(row for row in rows if row["kind"] == "grant")
    assert grant["after"]["feature"].startswith("fea_") and grant["after"]["subscription"] == subscription.public_id
    assert grant["subject"].startswith("gra_")
    with tenant(shop.id):
        assert len(rows) == Change.objects.count()
    about = shown(site, f"subscription={subscription.public_id}&limit=100")
    assert {row["kind"] for row in about} == {"subscription", "grant"}
    assert shown(site, f"subscription={subscription.public_id}&subscriber=ref:lucie&limit=100") == about


def test_filters_narrow_and_faults_are_named(site, shop):
    lucie = shop.enrol("lucie")
    with tenant(shop.id):
        enrolment.revise(lucie, {"city": "Lyon"}, actor=JULIE, now=shop.now(), reason="moved")
    shop.enrol("anne")
    (only,) = shown(site, "actor=usr_julie")
    assert (only["actor"], only["channel"], only["reason"]) == (
        {"kind": "member", "id": "usr_julie", "label": "Julie"},
        "call_centre",
        "moved",
    )
    assert shown(site, "channel=call_centre") == [only]
    assert [row["verb"] for row in shown(site, "kind=subscriber")] == ["created", "updated", "created"]
    assert shown(site, "kind=grant") == []
    assert faults(site.get("changes?kind=everything")) == [("kind", "invalid_choice")]
    assert faults(site.get("changes?subscriber=ref:nobody")) == [("subscriber", "not_found")]
    assert faults(site.get("changes?subscription=ref:nothing")) == [("subscription", "not_found")]
    assert faults(site.get("changes?since=today")) == [("since", "not_an_instant")]


@pytest.mark.parametrize("sandbox", [True, False])
def test_since_is_when_they_were_recorded(transactional_db, sandbox):
    from tests.api.callers import Caller

    shop = Shop.open("Onde", sandbox=sandbox)
    site = Caller.of(shop)
    before = shop.now().at
    shop.enrol("lucie")
    assert len(shown(site, f"since={before:%Y-%m-%dT%H:%M:%S.%f}Z")) == 1
    assert shown(site, "since=2150-01-01T00:00:00Z") == []
    if sandbox:  # a test clock's time is recorded, not the real one
        with tenant(shop.id):
            late = Now(at=utc("2151-01-01T00:00"), zone="Europe/Paris")
            enrolment.enrol({"reference": "late"}, merchant=shop.merchant, actor=shop.actor, now=late)
        assert [row["recorded_at"] for row in shown(site, "since=2150-01-01T00:00:00Z")] == ["2151-01-01T00:00:00Z"]


def test_one_merchant_sees_nothing_of_another(site, stranger, shop, another_shop):
    shop.enrol("lucie"), another_shop.enrol("lucie"), another_shop.enrol("anne")
    assert len(shown(site, "limit=100")) == 1
    assert len(shown(stranger, "limit=100")) == 2


def test_pages_hold_everything_once(site, shop):
    for n in range(5):
        shop.enrol(f"s{n}")
    for query in ("limit=2", "limit=2&channel=api"):
        seen, cursor = [], ""
        while True:
            page = site.get(f"changes?{query}{cursor}").json()
            seen += [row["id"] for row in page["data"]]
            if not page["has_more"]:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert seen == sorted(set(seen), reverse=True) and len(seen) == 5
