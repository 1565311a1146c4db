"""A feature set by hand: it gives beside what was bought, until a day, with a reason; foreseen, told, ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from merchants.models import Event, Feature
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Grant
from tests.api.callers import Caller, problem

pytestmark = pytest.mark.django_db(transaction=True)
AT = "subscribers/ref:lucie/features/ref:"


@pytest.fixture
def lucie(shop):
    """Lucie has 4 classes a month and the standard sound."""
    shop.feature("classes", "quota")
    shop.feature("sound", "level", ["standard", "high", "hifi"])
    shop.feature("sauna")
    opened = {"classes": {"quota": 4}, "sound": {"level": "standard"}}
    who = shop.enrol("lucie")
    shop.subscribe(who, shop.offer("club", ("month", None, 12_99), features=opened))
    return who


def counts(shop):
    with tenant(shop.id):
        told = Event.objects.filter(kind="subscriber.feature_changed").count()
        return Grant.objects.filter(source="override").count(), Change.objects.count(), told, Event.objects.count()


def test_a_quota_is_raised_until_a_day_and_uses_go_on_counting(site, shop, lucie):
    site.post(f"{AT}classes/consume", {"key": "a", "quantity": 4})
    until = shop.now().today + timedelta(days=10)
    body = {"quota": 6, "until": until.isoformat(), "reason": "the pool was shut"}
    before = counts(shop)
    seen = site.post(f"{AT}classes/override/preview", body)
    assert counts(shop) == before, "a preview writes nothing"
    done = site.post(f"{AT}classes/override", body)
    assert (done.status_code, done.json()) == (200, seen.json())
    was, now = done.json()["before"], done.json()["after"]
    assert (was["quota"], was["remaining"], was["until"]) == (4, 0, None)
    assert (now["quota"], now["used"], now["remaining"], now["until"]) == (6, 4, 2, until.isoformat())
    assert [source["kind"] for source in now["sources"]] == ["override"]
    assert (now["period_start"], now["resets_on"]) == (was["period_start"], was["resets_on"]), "the same period"
    assert site.get(f"{AT}classes").json() == now
    assert site.post(f"{AT}classes/consume", {"key": "b", "quantity": 2}).json()["remaining"] == 0
    assert problem(site.post(f"{AT}classes/consume", {"key": "c"})) == (409, "quota_exceeded")

    ended = site.post(f"{AT}classes/override/end", {"reason": "open again"})
    assert (ended.json()["after"]["quota"], ended.json()["after"]["remaining"]) == (4, 0)
    assert problem(site.post(f"{AT}classes/override/end", {"reason": "again"})) == (409, "nothing_set_by_hand")
    with tenant(shop.id):
        rows = Change.objects.filter(subject_kind="grant", verb__in=["set_by_hand", "hand_taken_back"]).order_by("id")
        assert [(row.verb, row.reason, row.actor_kind) for row in rows] == [
            ("set_by_hand", "the pool was shut", "api_key"),
            ("hand_taken_back", "open again", "api_key"),
        ]
        told = list(Event.objects.filter(kind="subscriber.feature_changed").order_by("id"))
    assert [(event.data["object"]["quota"], event.data["previous"]["quota"]) for event in told] == [(6, 4), (4, 6)]
    assert told[0].data["object"]["reference"] == "classes"


def test_a_new_one_takes_the_place_of_the_old_and_one_below_changes_nothing(site, shop, lucie):
    site.post(f"{AT}sound/override", {"level": "hifi", "reason": "a gift"})
    lower = site.post(f"{AT}sound/override", {"level": "high", "reason": "meant high"}).json()
    assert (lower["before"]["level"], lower["after"]["level"]) == ("hifi", "high")
    same = site.post(f"{AT}sound/override", {"level": "standard", "reason": "none after all"}).json()
    assert same["after"]["level"] == "standard"
    with tenant(shop.id):
        assert Grant.objects.filter(source="override", ends_at=None).count() == 1
        assert Event.objects.filter(kind="subscriber.feature_changed").count() == 3
    site.post(f"{AT}sound/override", {"level": "standard", "reason": "once more"})
    with tenant(shop.id):
        assert Event.objects.filter(kind="subscriber.feature_changed").count() == 3, "nothing changed"


def test_who_has_no_subscription_may_be_given_a_feature_and_its_quota_goes_by_months(site, shop, lucie):
    shop.enrol("guest")
    at = "subscribers/ref:guest/features/ref:"
    given = site.post(f"{at}classes/override", {"quota": 1, "reason": "a trial class"}).json()["after"]
    assert (given["on"], given["remaining"], given["period_start"]) == (True, 1, shop.now().today.isoformat())
    assert given["sources"][0]["subscription"] is None and given["sources"][0]["option"] is None
    assert site.post(f"{at}classes/consume", {"key": "a"}).json()["subscription"] is None
    assert site.get("subscribers/ref:guest/access").json()["access"] == "none"
    assert site.post(f"{at}sauna/override", {"reason": "a gift"}).json()["after"]["on"] is True
    free = site.post(f"{at}classes/override", {"unlimited": True, "reason": "a friend"}).json()["after"]
    assert (free["unlimited"], free["used"], free["remaining"]) == (True, 1, None)


@pytest.mark.parametrize(
    ("feature", "body", "field", "code"),
    [
        ("classes", {"quota": 6}, "reason", "required"),
        ("classes", {"quota": 6, "reason": " "}, "reason", "blank"),
        ("classes", {"reason": "x"}, "quota", "quota_missing"),
        ("classes", {"quota": 6, "unlimited": True, "reason": "x"}, "quota", "quota_missing"),
        ("classes", {"quota": 0, "reason": "x"}, "quota", "out_of_range"),
        ("classes", {"quota": 6, "level": "hifi", "reason": "x"}, "level", "level_not_expected"),
        ("classes", {"quota": 6, "until": "2020-01-01", "reason": "x"}, "until", "until_past"),
        ("classes", {"quota": 6, "until": "2026-02-30", "reason": "x"}, "until", "not_a_day"),
        ("sound", {"reason": "x"}, "level", "level_unknown"),
        ("sound", {"level": "loud", "reason": "x"}, "level", "level_unknown"),
        ("sound", {"level": "hifi", "quota": 2, "reason": "x"}, "quota", "quota_not_expected"),
        ("sauna", {"unlimited": True, "reason": "x"}, "quota", "quota_not_expected"),
        ("sauna", {"on": False, "reason": "x"}, "on", "field_unknown"),
    ],
)
def test_what_cannot_be_given_is_refused_by_the_field(site, shop, lucie, feature, body, field, code):
    before = counts(shop)
    for path in ("override", "override/preview"):
        answer = site.post(f"{AT}{feature}/{path}", body)
        assert (answer.status_code, [(one["field"], one["code"]) for one in answer.json()["errors"]]) == (
            422,
            [(field, code)],
        )
    assert counts(shop) == before


def test_a_withdrawn_feature_is_not_given_and_a_key_needs_the_scope(site, shop, lucie):
    with tenant(shop.id):
        Feature.objects.filter(reference="sauna").update(archived_at=shop.now().at)
    assert problem(site.post(f"{AT}sauna/override", {"reason": "x"})) == (409, "feature_archived")
    with tenant(shop.id):
        Feature.objects.create(reference="calls", kind="metered", aggregation="sum", created_at=shop.now().at)
    assert problem(site.post(f"{AT}calls/override", {"reason": "x"})) == (409, "feature_metered")
    assert problem(site.post(f"{AT}calls/consume", {"key": "x"})) == (409, "not_a_quota")
    kiosk = Caller.of(shop, "consumptions:write", "subscribers:read")
    assert problem(kiosk.post(f"{AT}classes/override", {"quota": 9, "reason": "x"})) == (403, "scope_missing")
