"""`/features`, `/options`, `/coupons`, `/sites`: made, changed, withdrawn; each fault named."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from merchants.models import Coupon, Event, Option, OptionVersion
from merchants.tenancy.scope import tenant
from tests.api.callers import faults, monthly, problem

pytestmark = pytest.mark.django_db(transaction=True)
AUDIO = {"reference": "audio", "kind": "level", "title": {"en": "Audio"}, "levels": ["standard", "high"]}
EXTRA = {
    "reference": "extra",
    "title": {"en": "Extra"},
    "currency": "EUR",
    "prices": [{"interval": "month", "amount": 200}, {"interval": "year", "amount": 2000}],
}
WELCOME = {"reference": "w", "code": "WELCOME", "title": {"en": "Welcome"}, "percent_off": "20", "duration": "once"}


def told(site, kind):
    with tenant(site.shop.id):
        return list(Event.objects.filter(kind=kind).order_by("id").values_list("data", flat=True))


def test_a_feature_is_made_and_grows_levels(site):
    made = site.make("features", AUDIO)
    assert (made["object"], made["kind"], made["levels"], made["archived"]) == (
        "feature", "level", ["standard", "high"], False)  # fmt: skip
    answer = site.patch("features/ref:audio", {"levels": ["low", "standard", "high", "hifi"], "title": {"fr": "Son"}})
    assert answer.status_code == 200
    assert answer.json() == {**made, "levels": ["low", "standard", "high", "hifi"], "title": {"fr": "Son"}}
    assert told(site, "feature.created") == [{"object": made}]
    assert told(site, "feature.updated") == [{"object": answer.json()}]
    assert site.patch("features/ref:audio", {}).json() == answer.json()
    assert len(told(site, "feature.updated")) == 1


def test_what_a_feature_may_not_be(site):
    for changes, fault in (
        ({"kind": "number"}, ("kind", "invalid_choice")),
        ({"levels": []}, ("levels", "levels_out_of_range")),
        ({"levels": ["one"]}, ("levels", "levels_out_of_range")),
        ({"levels": ["a", "a"]}, ("levels[1]", "listed_twice")),
        ({"levels": ["a", ""]}, ("levels[1]", "blank")),
        ({"levels": ["a", 2]}, ("levels[1]", "invalid")),
        ({"levels": "high"}, ("levels", "not_a_list")),
        ({"levels": [str(n) for n in range(21)]}, ("levels", "max_length")),
        ({"kind": "switch"}, ("levels", "levels_not_expected")),
    ):
        assert faults(site.post("features", {**AUDIO, **changes})) == [fault], changes
    site.make("features", AUDIO)
    assert faults(site.patch("features/ref:audio", {"levels": ["high", "standard"]})) == [("levels", "levels_stay")]
    assert faults(site.patch("features/ref:audio", {"levels": ["standard"]})) == [("levels", "levels_stay")]
    assert faults(site.patch("features/ref:audio", {"kind": "switch"})) == [("kind", "field_read_only")]
    assert faults(site.patch("features/ref:audio", {"reference": "x"})) == [("reference", "field_read_only")]
    assert problem(site.post("features", AUDIO)) == (409, "reference_taken")


def test_an_option_is_priced_per_interval_or_once(site):
    site.make("features", AUDIO)
    made = site.make("options", {**EXTRA, "features": [{"feature": "ref:audio", "level": "high"}], "adds": True})
    assert made["prices"] == [
        {"interval": "month", "interval_count": 1, "amount": 200},
        {"interval": "year", "interval_count": 1, "amount": 2000},
    ]
    assert (made["amount"], made["tax_code"], made["adds"], made["version"]) == (None, None, True, 1)
    assert [(each["reference"], each["level"]) for each in made["features"]] == [("audio", "high")]
    once = site.make("options", {"reference": "once", "title": {"en": "Once"}, "currency": "EUR", "amount": 990})
    assert (once["amount"], once["prices"]) == (990, [])
    for changes, fault in (
        ({"prices": []}, ("prices", "option_without_price")),
        ({"amount": 5}, ("prices", "option_priced_twice")),
        ({"prices": [EXTRA["prices"][0]] * 2}, ("prices[1]", "listed_twice")),
        ({"prices": [{"interval": "month", "amount": -1}]}, ("prices[0].amount", "amount_negative")),
        ({"prices": [{"interval": "month", "interval_count": 121, "amount": 1}]},
         ("prices[0].interval_count", "interval_count_out_of_range")),
        ({"tax_code": "magic"}, ("tax_code", "tax_code_unknown")),
        ({"features": [{"feature": "ref:audio", "level": "x"}]}, ("features[0].level", "level_unknown")),
    ):  # fmt: skip
        assert faults(site.post("options", {**EXTRA, "reference": "other", **changes})) == [fault], changes
    with tenant(site.shop.id):
        assert Option.objects.count() == 2 and OptionVersion.objects.count() == 2


def test_a_change_of_an_option_is_a_version(site):
    made = site.make("options", EXTRA)
    to_once = site.patch("options/ref:extra", {"prices": [], "amount": 500}).json()
    assert (to_once["version"], to_once["amount"], to_once["prices"]) == (2, 500, [])
    assert (to_once["id"], to_once["title"]) == (made["id"], made["title"])
    archived = site.patch("options/ref:extra", {"archived": True, "metadata": {"a": "b"}}).json()
    assert (archived["version"], archived["archived"], archived["metadata"]) == (2, True, {"a": "b"})
    assert faults(site.patch("options/ref:extra", {"currency": "USD"})) == [("currency", "currency_fixed")]
    assert [data["object"]["version"] for data in told(site, "option.updated")] == [2, 2]


def test_a_coupon_takes_off_a_percentage_or_an_amount(site):
    offer = site.make("offers", monthly())
    option = site.make("options", EXTRA)
    made = site.make("coupons", {**WELCOME, "percent_off": "33.333", "duration": "repeating", "periods": 3,
                                 "max_uses": 10, "max_uses_per_subscriber": 1,
                                 "valid_until": "2190-01-01T00:00:00+02:00",
                                 "applies_to": {"offers": ["ref:standard"], "options": [option["id"]]}})  # fmt: skip
    assert (made["percent_off"], made["amount_off"], made["currency"]) == ("33.333", None, None)
    assert made["applies_to"] == {"offers": [offer["id"]], "options": [option["id"]]}
    assert (made["periods"], made["max_uses"], made["uses"]) == (3, 10, 0)
    assert made["valid_until"] == "2189-12-31T22:00:00Z"
    amount = site.make("coupons", {**WELCOME, "reference": "a", "code": "FIVE", "percent_off": None, "amount_off": 500,
                                   "currency": "EUR"})  # fmt: skip
    assert (amount["amount_off"], amount["currency"], amount["percent_off"]) == (500, "EUR", None)
    assert amount["applies_to"] == {"offers": [], "options": []}
    assert [each["id"] for each in site.get("coupons?code=welcome").json()["data"]] == [made["id"]]


def test_what_a_coupon_may_not_be(site, stranger):
    theirs = stranger.make("offers", monthly())["id"]
    both = {"amount_off": 5, "currency": "EUR"}
    for changes, found in (
        ({"percent_off": "0"}, [("percent_off", "percent_out_of_range")]),
        ({"percent_off": "101"}, [("percent_off", "out_of_range")]),
        ({"percent_off": "-1"}, [("percent_off", "decimal_malformed")]),
        ({"percent_off": "33.3333"}, [("percent_off", "too_many_decimals")]),
        ({"percent_off": "1e1"}, [("percent_off", "decimal_malformed")]),
        ({"percent_off": "NaN"}, [("percent_off", "decimal_malformed")]),
        ({"percent_off": "１０"}, [("percent_off", "decimal_malformed")]),
        ({"percent_off": 20}, [("percent_off", "decimal_malformed")]),
        ({"percent_off": 0.2}, [("percent_off", "decimal_malformed")]),
        ({"percent_off": None}, [("percent_off", "percentage_or_amount")]),
        (both, [("percent_off", "percentage_or_amount")]),
        ({**both, "percent_off": None, "amount_off": 0}, [("amount_off", "amount_out_of_range")]),
        ({**both, "percent_off": None, "currency": None}, [("currency", "currency_unknown")]),
        ({"currency": "EUR"}, [("currency", "currency_not_expected")]),
        ({"duration": "repeating"}, [("periods", "required")]),
        ({"periods": 3}, [("periods", "periods_not_expected")]),
        ({"duration": "always"}, [("duration", "invalid_choice")]),
        ({"max_uses": 0}, [("max_uses", "out_of_range")]),
        ({"code": "two words"}, [("code", "code_malformed")]),
        ({"code": "é"}, [("code", "code_malformed")]),
        ({"valid_until": "2020-01-01T00:00:00Z"}, [("valid_until", "in_the_past")]),
        ({"valid_until": "2020-01-01"}, [("valid_until", "not_an_instant")]),
        ({"applies_to": {"offers": [theirs]}}, [("applies_to.offers[0]", "not_found")]),
        ({"applies_to": {"offers": ["off_1", "ref:x"]}},
         [("applies_to.offers[0]", "not_found"), ("applies_to.offers[1]", "not_found")]),
        ({"uses": 3}, [("uses", "field_read_only")]),
    ):  # fmt: skip
        assert faults(site.post("coupons", {**WELCOME, **changes})) == found, changes
    with tenant(site.shop.id):
        assert not Coupon.objects.exists()


def test_a_code_is_taken_whatever_its_case_until_it_is_withdrawn(site):
    made = site.make("coupons", WELCOME)
    again = {**WELCOME, "reference": "again", "code": "welcome"}
    assert problem(site.post("coupons", again)) == (409, "a_coupon_code_is_unique")
    assert problem(site.post("coupons", {**again, "reference": "w", "code": "X"})) == (409, "reference_taken")
    assert site.patch(f"coupons/{made['id']}", {"archived": True}).json()["archived"] is True
    site.make("coupons", again)
    assert problem(site.patch(f"coupons/{made['id']}", {"archived": False})) == (409, "a_coupon_code_is_unique")


def test_a_coupon_s_limits_change_and_its_discount_does_not(site):
    site.make("coupons", {**WELCOME, "max_uses": 5})
    with tenant(site.shop.id):
        Coupon.objects.update(uses=3)
    assert site.patch("coupons/ref:w", {"max_uses": 3}).json()["max_uses"] == 3
    assert faults(site.patch("coupons/ref:w", {"max_uses": 2})) == [("max_uses", "used_more_often")]
    assert site.patch("coupons/ref:w", {"max_uses": None}).json()["max_uses"] is None
    for name, value in (("percent_off", "50"), ("code", "X"), ("duration", "forever")):
        assert faults(site.patch("coupons/ref:w", {name: value})) == [(name, "field_read_only")]


def test_a_site_is_a_place_with_a_siret(site):
    made = site.make("sites", {"reference": "lyon", "name": "Lyon", "siret": "732 829 320 00074", "city": "Lyon"})
    assert (made["siret"], made["closed"]) == ("73282932000074", False)
    assert site.make("sites", {"reference": "poste", "name": "Poste", "siret": "35600000049837"})
    bad = {"reference": "x", "name": "X", "siret": "73282932000075"}
    assert faults(site.post("sites", bad)) == [("siret", "siret_invalid")]
    assert site.patch("sites/ref:lyon", {"closed": True}).json()["closed"] is True
    assert [each["reference"] for each in site.get("sites?closed=false").json()["data"]] == ["poste"]
    assert problem(site.post("sites", {"reference": "lyon", "name": "L"})) == (409, "reference_taken")


def test_lists_cost_the_same_for_three_as_for_thirty(site):
    site.make("features", AUDIO)
    bodies = {
        "features": lambda n: {**AUDIO, "reference": f"f{n}"},
        "options": lambda n: {**EXTRA, "reference": f"o{n}", "features": [{"feature": "ref:audio", "level": "high"}]},
        "coupons": lambda n: {**WELCOME, "reference": f"c{n}", "code": f"C{n}"},
        "sites": lambda n: {"reference": f"s{n}", "name": "S"},
    }
    for path, body in bodies.items():
        costs = []
        for numbers in (range(3), range(3, 30)):
            for number in numbers:
                site.make(path, body(number))
            with CaptureQueriesContext(connection) as queries:
                assert len(site.get(f"{path}?limit=100").json()["data"]) >= len(numbers)
            costs.append(len(queries))
        assert costs[0] == costs[1], (path, costs)
