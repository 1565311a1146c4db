"""`/usage`: batches of records, each answered in its place; a metered feature and its prices, as the API takes them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.api.usage import UsageBatchShape, UsageRecordShape, UsageSummaryShape
from merchants.tenancy.scope import tenant
from subscribers.models import UsageRecord
from tests.api.callers import Caller, faults, monthly, problem

pytestmark = pytest.mark.django_db(transaction=True)
TIERS = [
    {"up_to": "100", "unit_price": "0"},
    {"up_to": "1000", "unit_price": "0.10"},
    {"unit_price": "0.05", "flat_amount": 500},
]
STEPS = {"feature": "ref:calls", "model": "graduated", "tiers": TIERS}


def feature(site, reference="calls", aggregation="sum"):
    body = {"reference": reference, "kind": "metered", "aggregation": aggregation, "title": {"en": reference}}
    return site.make("features", body)


def offered(site, *usage):
    stage = {"interval": "month", "amount": 2000, "usage": list(usage)}
    return site.make("offers", monthly("api", stages=[stage]))


@pytest.fixture
def sub(site, shop):
    feature(site)
    feature(site, "seats", "unique")
    offered(site, STEPS, {"feature": "ref:seats", "model": "per_unit", "unit_price": "4"})
    shop.enrol("lucie")
    wanted = {"subscriber": "ref:lucie", "offer": "ref:api", "reference": "S-1", "activation": "now"}
    return site.make("subscriptions", wanted)


@pytest.fixture
def at(shop):
    return lambda **back: (shop.now().at - timedelta(**back)).strftime("%Y-%m-%dT%H:%M:%SZ")


def record(name, when, **given):
    return {"subscription": "ref:S-1", "feature": "ref:calls", "quantity": "1", "at": when, "key": name, **given}


def told(answer):
    assert answer.status_code == 200, answer.content
    return [
        (one["error"]["field"], one["error"]["code"]) if one["error"] else one["outcome"]
        for one in answer.json()["results"]
    ]


def test_a_metered_feature_and_its_prices_come_back_as_they_were_written(site):
    made = feature(site)
    assert (made["kind"], made["aggregation"], made["levels"]) == ("metered", "sum", [])
    offer = offered(site, STEPS)
    (price,) = offer["stages"][0]["usage"]
    assert price == {
        "feature": made["id"],
        "reference": "calls",
        "model": "graduated",
        "unit_price": None,
        "package_size": None,
        "tiers": [{"up_to": None, "flat_amount": 0, **tier} for tier in TIERS],
    }
    later = site.patch(f"offers/{offer['id']}", {"title": {"en": "Plus"}}).json()
    assert (later["version"], later["stages"]) == (2, offer["stages"])
    stages = [{"interval": "month", "amount": 2000, "usage": []}]
    assert site.patch(f"offers/{offer['id']}", {"stages": stages}).json()["stages"][0]["usage"] == []
    first = site.get(f"offers/{offer['id']}/versions").json()["data"][-1]
    assert first["stages"] == offer["stages"]


BAD_PRICES = [
    ({"model": "flat"}, ("model", "invalid_choice")),
    ({"model": "per_unit"}, ("unit_price", "required")),
    ({"model": "per_unit", "unit_price": "-1"}, ("unit_price", "decimal_malformed")),
    ({"model": "per_unit", "unit_price": 1.5}, ("unit_price", "decimal_malformed")),
    ({"model": "per_unit", "unit_price": "0.0000001"}, ("unit_price", "too_many_decimals")),
    ({"model": "per_unit", "unit_price": "1", "package_size": "5"}, ("package_size", "package_size_not_expected")),
    ({"model": "per_unit", "unit_price": "1", "tiers": TIERS}, ("tiers", "tiers_not_expected")),
    ({"model": "package", "unit_price": "1"}, ("package_size", "package_size_out_of_range")),
    ({"model": "package", "unit_price": "1", "package_size": "0"}, ("package_size", "package_size_out_of_range")),
    ({"model": "volume", "tiers": []}, ("tiers", "tiers_out_of_range")),
    ({"model": "volume", "tiers": TIERS[:1]}, ("tiers[0].up_to", "last_tier_is_open")),
    ({"model": "volume", "tiers": [TIERS[1], *TIERS]}, ("tiers[1].up_to", "tiers_not_ascending")),
    ({"model": "volume", "tiers": TIERS, "unit_price": "1"}, ("unit_price", "unit_price_not_expected")),
    ({"feature": "ref:hifi", "model": "per_unit", "unit_price": "1"}, ("feature", "feature_not_metered")),
    ({"feature": "ref:nothing", "model": "per_unit", "unit_price": "1"}, ("feature", "not_found")),
]


def test_a_price_that_says_nothing_sure_is_refused_by_its_path(site):
    feature(site)
    site.make("features", {"reference": "hifi", "kind": "switch", "title": {"en": "Hifi"}})
    for given, (name, code) in BAD_PRICES:
        stages = [{"interval": "month", "amount": 0, "usage": [{"feature": "ref:calls", **given}]}]
        answer = site.post("offers", monthly("api", stages=stages))
        assert (f"stages[0].usage[0].{name}", code) in faults(answer)
    assert site.get("offers").json()["data"] == []


def test_what_is_metered_says_how_and_is_not_opened(site):
    body = {"reference": "calls", "kind": "metered", "title": {"en": "Calls"}}
    assert faults(site.post("features", body)) == [("aggregation", "invalid_choice")]
    assert faults(site.post("features", {**body, "kind": "switch", "aggregation": "sum"})) == [
        ("aggregation", "aggregation_not_expected")
    ]
    feature(site)
    stages = [{"interval": "month", "amount": 0, "features": [{"feature": "ref:calls"}]}]
    assert faults(site.post("offers", monthly("api", stages=stages))) == [
        ("stages[0].features[0].feature", "feature_is_metered")
    ]


def test_each_record_counts_once_and_is_answered_in_its_place(site, shop, sub, at):
    when = at(seconds=10)
    first = site.post("usage", {"records": [record("a", when, quantity="150.5"), record("b", when)]})
    assert told(first) == ["accepted", "accepted"]
    assert set(first.json()) == set(UsageBatchShape.__annotations__)
    again = site.post("usage", {"records": [record("b", when), record("a", when, quantity="150"), record("c", when)]})
    assert told(again) == ["duplicate", ("records[1].key", "usage_key_reused"), "accepted"]
    assert [again.json()[name] for name in ("accepted", "duplicates", "refused")] == [1, 1, 1]
    assert again.json()["results"][0]["id"] == first.json()["results"][1]["id"]
    twice = [record("d", when), record("d", when), record("d", when, quantity="2")]
    assert told(site.post("usage", {"records": twice})) == [
        "accepted",
        "duplicate",
        ("records[2].key", "usage_key_reused"),
    ]
    listed = site.get("usage?subscription=ref:S-1&feature=ref:calls").json()["data"]
    assert [(one["key"], one["quantity"]) for one in listed] == [("d", "1"), ("c", "1"), ("b", "1"), ("a", "150.5")]
    assert set(listed[0]) == set(UsageRecordShape.__annotations__)
    assert [one["key"] for one in site.get("usage?key=b").json()["data"]] == ["b"]
    summary = site.get("subscriptions/ref:S-1/usage").json()
    assert set(summary) == set(UsageSummaryShape.__annotations__)
    assert summary["period"] == sub["current_period"]
    calls, seats = summary["features"]
    assert (calls["quantity"], calls["amount"], calls["formula"]) == ("153.5", 5_35, "100 × 0 + 53.5 × 0.10 = 5.35")
    assert (seats["quantity"], seats["amount"], seats["formula"], summary["amount"]) == ("0", 0, None, 5_35)


def test_what_is_counted_once_keeps_no_value(site, shop, sub, at):
    when = at(seconds=5)
    seat = {"feature": "ref:seats", "value": "ada@courriel.example"}
    rows = [
        {**record(key, when), **seat, "value": value} for key, value in (("1", "ada@x"), ("2", "bob"), ("3", "ada@x"))
    ]
    for row in rows:
        del row["quantity"]
    assert told(site.post("usage", {"records": rows})) == ["accepted"] * 3
    _, seats = site.get("subscriptions/ref:S-1/usage").json()["features"]
    assert (seats["quantity"], seats["amount"]) == ("2", 8_00)
    with tenant(shop.id):
        assert {len(row.value_digest) for row in UsageRecord.objects.all()} == {32}


def test_what_cannot_be_billed_is_refused_by_its_place(site, shop, sub, at):
    site.make("features", {"reference": "hifi", "kind": "switch", "title": {"en": "Hifi"}})
    feature(site, "minutes")
    now = at(seconds=1)
    ahead = at(minutes=-5)
    rows = [
        record("1", now, subscription="ref:S-2"),
        record("2", now, feature="ref:nothing"),
        record("3", now, feature="ref:hifi"),
        record("4", now, feature="ref:minutes"),
        record("5", ahead),
        record("6", at(days=3)),
        record("7", now, feature="ref:seats"),
        record("8", now, feature="ref:seats", quantity="2", value="ada"),
        record("9", now, value="ada"),
        record("10", now),
    ]
    del rows[6]["quantity"]
    assert told(site.post("usage", {"records": rows})) == [
        ("records[0].subscription", "not_found"),
        ("records[1].feature", "not_found"),
        ("records[2].feature", "feature_not_metered"),
        ("records[3].feature", "feature_not_in_offer"),
        ("records[4].at", "at_in_future"),
        ("records[5].at", "at_before_start"),
        ("records[6].value", "required"),
        ("records[7].quantity", "quantity_not_expected"),
        ("records[8].value", "value_not_expected"),
        "accepted",
    ]


MALFORMED = [
    ({"quantity": 1}, ("quantity", "decimal_malformed")),
    ({"quantity": "-1"}, ("quantity", "decimal_malformed")),
    ({"quantity": "NaN"}, ("quantity", "decimal_malformed")),
    ({"quantity": "1e3"}, ("quantity", "decimal_malformed")),
    ({"quantity": "0.0000001"}, ("quantity", "too_many_decimals")),
    ({"quantity": "1" + "0" * 12}, ("quantity", "out_of_range")),
    ({"at": "2026-02-30T00:00:00Z"}, ("at", "not_an_instant")),
    ({"at": "2026-02-01"}, ("at", "not_an_instant")),
    ({"key": ""}, ("key", "blank")),
    ({"key": "k" * 201}, ("key", "max_length")),
    ({"colour": "red"}, ("colour", "field_unknown")),
]


def test_a_malformed_batch_is_refused_whole(site, shop, sub, at):
    for given, (name, code) in MALFORMED:
        rows = [record("1", at(seconds=1)) | given, record("2", at(seconds=1))]
        assert (f"records[0].{name}", code) in faults(site.post("usage", {"records": rows}))
    with tenant(shop.id):
        assert not UsageRecord.objects.exists()


def test_a_batch_has_bounds_and_needs_its_scope(site, shop, sub, at):
    when = at(seconds=1)
    assert faults(site.post("usage", {"records": []})) == [("records", "empty")]
    small = {"subscription": "ref:S-1", "feature": "ref:calls", "quantity": "1", "at": when}
    rows = [{**small, "key": str(place)} for place in range(1001)]
    assert faults(site.post("usage", {"records": rows})) == [("records", "max_length")]
    assert set(told(site.post("usage", {"records": rows[:1000]}))) == {"accepted"}
    assert set(told(site.post("usage", {"records": rows[:1000]}))) == {"duplicate"}
    (calls, _) = site.get("subscriptions/ref:S-1/usage").json()["features"]
    assert calls["quantity"] == "1000"
    reader = Caller.of(shop, "usage:read")
    assert reader.get("usage").status_code == 200
    assert problem(reader.post("usage", {"records": rows[:1]})) == (403, "scope_missing")
    assert problem(site.get("subscriptions/ref:S-9/usage")) == (404, "not_found")
