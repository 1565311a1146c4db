"""`/offers`: made of stages, options and features; a change is a version; every fault is named where it stands."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from merchants.models import Event, Offer, OfferVersion
from merchants.tenancy.scope import tenant
from tests.api.callers import faults, monthly, problem

pytestmark = pytest.mark.django_db(transaction=True)


def full(site):
    site.make(
        "features", {"reference": "audio", "kind": "level", "title": {"en": "Audio"}, "levels": ["standard", "hifi"]}
    )
    site.make("features", {"reference": "downloads", "kind": "quota", "title": {"en": "Downloads"}})
    site.make("features", {"reference": "radio", "kind": "switch", "title": {"en": "Radio"}})
    prices = [{"interval": "month", "amount": 500}]
    site.make("options", {"reference": "family", "title": {"en": "Family"}, "currency": "EUR", "prices": prices})
    hifi = {"feature": "ref:audio", "level": "hifi"}
    return monthly(
        "premium",
        title={"fr": "Premium", "en": "Premium"},
        description={"en": "All of it"},
        alignment="calendar",
        billing_day=5,
        setup_amount=900,
        commitment={"intervals": 12, "notice": 30},
        stages=[
            {"interval": "day", "interval_count": 14, "recurrences": 1, "amount": 0, "features": [hifi]},
            {"interval": "month", "recurrences": 3, "amount": 990, "features": [hifi], "label": {"fr": "Lancement"}},
            {
                "interval": "month",
                "amount": 1990,
                "features": [hifi, {"feature": "ref:downloads", "quota": 50}, {"feature": "ref:radio"}],
            },
        ],
        options=[{"option": "ref:family", "included": True}],
        metadata={"crm": "12"},
    )


def test_an_offer_is_told_as_it_was_made(site):
    made = site.make("offers", full(site))
    assert made["id"].startswith("off_") and made["object"] == "offer" and made["version"] == 1
    assert (made["currency"], made["tax_behavior"], made["tax_code"]) == ("EUR", "inclusive", "electronic")
    assert (made["alignment"], made["billing_day"], made["setup_amount"]) == ("calendar", 5, 900)
    assert made["commitment"] == {"intervals": 12, "notice": 30, "notice_unit": "day", "early_end": None}
    assert [stage["amount"] for stage in made["stages"]] == [0, 990, 1990]
    assert [stage["recurrences"] for stage in made["stages"]] == [1, 3, None]
    last = made["stages"][2]["features"]
    assert [(each["reference"], each["quota"], each["level"]) for each in last] == [
        ("audio", None, "hifi"),
        ("downloads", 50, None),
        ("radio", None, None),
    ]
    assert [(each["reference"], each["included"]) for each in made["options"]] == [("family", True)]
    assert made["visible"] is True and made["archived"] is False and made["metadata"] == {"crm": "12"}
    assert site.get(f"offers/{made['id']}").json() == made
    assert site.get("offers/ref:premium").json() == made
    assert site.get("offers").json() == {"data": [made], "has_more": False, "next_cursor": None}
    with tenant(site.shop.id):
        event = Event.objects.get(kind="offer.created")
        assert event.data == {"object": made} and event.actor == "website" and event.channel == "api"


def test_a_change_of_terms_is_a_version(site):
    made = site.make("offers", full(site))
    stages = [{"interval": "month", "amount": 2190}]
    changed = site.patch("offers/ref:premium", {"stages": stages, "alignment": "anniversary", "billing_day": None})
    assert changed.status_code == 200
    after = changed.json()
    assert (after["version"], after["id"]) == (2, made["id"])
    assert [stage["amount"] for stage in after["stages"]] == [2190]
    assert after["title"] == made["title"] and after["options"] == made["options"]
    versions = site.get("offers/ref:premium/versions").json()["data"]
    assert [version["version"] for version in versions] == [2, 1]
    assert versions[1]["stages"] == made["stages"] and versions[1]["offer"] == made["id"]


def test_a_change_that_changes_no_term_makes_no_version(site):
    made = site.make("offers", full(site))
    same = {"title": made["title"], "metadata": {}, "visible": False, "archived": True}
    after = site.patch("offers/ref:premium", same).json()
    assert (after["version"], after["metadata"], after["visible"], after["archived"]) == (1, {}, False, True)
    assert [each["id"] for each in site.get("offers?archived=true&visible=false").json()["data"]] == [made["id"]]
    assert site.get("offers?archived=false").json()["data"] == []
    with tenant(site.shop.id):
        assert OfferVersion.objects.count() == 1
        assert Event.objects.filter(kind="offer.updated").count() == 1


AMOUNTS = [-1, 0.5, 2**53 + 1, 1490.0, "1490", "1,000", "１２", "0x10", True, None, 10**15, 2**63, 10**30, [], {}]


def test_no_amount_but_a_whole_one_within_bounds(site):
    for amount in AMOUNTS:
        answer = site.post("offers", monthly(stages=[{"interval": "month", "amount": amount}]))
        assert [field for field, _ in faults(answer)] == ["stages[0].amount"], amount
    with tenant(site.shop.id):
        assert not Offer.objects.exists() and not Event.objects.exists()


def test_amounts_that_are_right_come_back_exactly(site):
    for amount in (0, 1, 2**31, 10**15 - 1):
        made = site.make("offers", monthly(f"at {amount}", stages=[{"interval": "month", "amount": amount}]))
        assert made["stages"][0]["amount"] == amount


ENDLESS = {"interval": "month", "amount": 1490}
WRONG = [
    ({"stages": [ENDLESS, ENDLESS]}, ("stages[0].recurrences", "stage_without_end_is_last")),
    ({"stages": [{**ENDLESS, "recurrences": 3}, {**ENDLESS, "amount": "5"}]}, ("stages[1].amount", "amount_not_whole")),
    ({"stages": [ENDLESS, 5]}, ("stages[1]", "invalid")),
    ({"stages": []}, ("stages", "empty")),
    ({"stages": [{**ENDLESS, "recurrences": 0}]}, ("stages[0].recurrences", "out_of_range")),
    ({"stages": [{**ENDLESS, "interval_count": 0}]}, ("stages[0].interval_count", "out_of_range")),
    ({"stages": [{**ENDLESS, "interval_count": -1}]}, ("stages[0].interval_count", "out_of_range")),
    ({"stages": [{**ENDLESS, "interval_count": 10**6}]}, ("stages[0].interval_count", "out_of_range")),
    ({"stages": [{**ENDLESS, "interval_count": 121}]}, ("stages[0].interval_count", "interval_count_out_of_range")),
    ({"stages": [{**ENDLESS, "interval": "fortnight"}]}, ("stages[0].interval", "invalid_choice")),
    ({"stages": [{**ENDLESS, "billing": "later"}]}, ("stages[0].billing", "invalid_choice")),
    ({"stages": [{**ENDLESS, "price": 1}]}, ("stages[0].price", "field_unknown")),
    ({"stages": [{"interval": "year", "interval_count": 10, "recurrences": 11, "amount": 1}]},
     ("stages[0].recurrences", "stage_too_long")),
    ({"stages": [{"interval": "month"}]}, ("stages[0].amount", "required")),
    ({"stages": "monthly"}, ("stages", "not_a_list")),
    ({"stages": [{**ENDLESS, "features": [{"feature": "fea_unknown"}]}]},
     ("stages[0].features[0].feature", "not_found")),
    ({"stages": [{**ENDLESS, "features": [{"feature": "ref:nothing"}]}]},
     ("stages[0].features[0].feature", "not_found")),
    ({"alignment": "calendar", "stages": [{"interval": "week", "amount": 100}]},
     ("stages[0].interval", "stage_never_aligned")),
    ({"billing_day": 3}, ("billing_day", "billing_day_without_calendar")),
    ({"alignment": "calendar", "billing_day": 32}, ("billing_day", "out_of_range")),
    ({"currency": "eur"}, ("currency", "currency_unknown")),
    ({"currency": "EUR "}, ("currency", "currency_unknown")),
    ({"currency": "XXX"}, ("currency", "currency_unknown")),
    ({"currency": "₿"}, ("currency", "currency_unknown")),
    ({"currency": 978}, ("currency", "currency_unknown")),
    ({"tax_behavior": "net"}, ("tax_behavior", "invalid_choice")),
    ({"tax_code": "magic"}, ("tax_code", "tax_code_unknown")),
    ({"setup_amount": -1}, ("setup_amount", "amount_negative")),
    ({"commitment": {"intervals": 121}}, ("commitment.intervals", "out_of_range")),
    ({"title": {}}, ("title", "blank")),
    ({"title": {"en": " "}}, ("title", "blank")),
    ({"title": {"de": "Standard"}}, ("title", "language_unknown")),
    ({"title": "Standard"}, ("title", "not_an_object")),
    ({"title": {"en": "x" * 121}}, ("title", "too_long")),
    ({"title": {"en": "a\x07b"}}, ("title", "control_character")),
    ({"title": {"en": "a\x00b"}}, ("title.en", "text_not_storable")),
    ({"title": {"en": "\ud800"}}, ("title.en", "text_not_storable")),
    ({"reference": ""}, ("reference", "blank")),
    ({"reference": "a/b"}, ("reference", "reference_malformed")),
    ({"reference": "x" * 121}, ("reference", "max_length")),
    ({"reference": 12}, ("reference", "invalid")),
    ({"visible": "yes"}, ("visible", "not_a_flag")),
    ({"visible": 1}, ("visible", "not_a_flag")),
    ({"metadata": {"n": 1}}, ("metadata", "not_an_object")),
    ({"metadata": {str(n): "x" for n in range(51)}}, ("metadata", "too_many")),
    ({"id": "off_1"}, ("id", "field_read_only")),
    ({"version": 3}, ("version", "field_read_only")),
    ({"merchant": "mer_1"}, ("merchant", "field_unknown")),
    ({"options": [{"option": "ref:nothing"}]}, ("options[0].option", "not_found")),
]  # fmt: skip


def test_each_fault_is_named_where_it_stands(site):
    for changes, fault in WRONG:
        assert faults(site.post("offers", monthly(**changes))) == [fault], changes
    with tenant(site.shop.id):
        assert not Offer.objects.exists() and not OfferVersion.objects.exists()


def test_several_faults_are_told_at_once(site):
    body = monthly(stages=[ENDLESS, {**ENDLESS, "interval_count": 121}], billing_day=3, tax_code="magic")
    answer = site.post("offers", body)
    assert faults(answer) == [
        ("billing_day", "billing_day_without_calendar"),
        ("stages[0].recurrences", "stage_without_end_is_last"),
        ("stages[1].interval_count", "interval_count_out_of_range"),
        ("tax_code", "tax_code_unknown"),
    ]
    assert problem(answer) == (422, "invalid")


def feature_faults(site, **opened):
    stages = [{**ENDLESS, "features": [opened]}]
    return faults(site.post("offers", monthly(stages=stages)))


def test_features_are_opened_in_their_own_terms(site):
    full(site)
    at = "stages[0].features[0]"
    assert feature_faults(site, feature="ref:audio", level="lossless") == [(f"{at}.level", "level_unknown")]
    assert feature_faults(site, feature="ref:audio") == [(f"{at}.level", "level_unknown")]
    assert feature_faults(site, feature="ref:audio", level="hifi", quota=3) == [(f"{at}.quota", "quota_not_expected")]
    assert feature_faults(site, feature="ref:radio", level="hifi") == [(f"{at}.level", "level_not_expected")]
    assert feature_faults(site, feature="ref:downloads", quota=-1) == [(f"{at}.quota", "out_of_range")]
    assert feature_faults(site, feature="ref:downloads", quota=1.5) == [(f"{at}.quota", "not_whole")]
    twice = [{"feature": "ref:radio"}, {"feature": "ref:radio"}]
    answer = site.post("offers", monthly(stages=[{**ENDLESS, "features": twice}]))
    assert faults(answer) == [("stages[0].features[1].feature", "listed_twice")]


def test_options_are_sold_in_the_offer_s_currency(site):
    prices = [{"interval": "month", "amount": 500}]
    site.make("options", {"reference": "usd", "title": {"en": "Dollars"}, "currency": "USD", "prices": prices})
    answer = site.post("offers", monthly(options=[{"option": "ref:usd"}]))
    assert faults(answer) == [("options[0].option", "currency_mismatch")]


def test_a_reference_is_taken_once(site, stranger):
    first = site.make("offers", monthly())
    answer = site.post("offers", monthly(title={"en": "Another"}))
    assert problem(answer) == (409, "reference_taken")
    assert [each["field"] for each in answer.json()["errors"]] == ["reference"]
    assert [each["id"] for each in site.get("offers").json()["data"]] == [first["id"]]
    assert stranger.make("offers", monthly())["reference"] == "standard"


def test_another_merchant_s_parts_are_unknown(site, stranger):
    full(stranger)
    audio = stranger.get("features/ref:audio").json()["id"]
    family = stranger.get("options/ref:family").json()["id"]
    unknown = audio[:-4] + ("0000" if audio[-4:] != "0000" else "0001")
    for feature in (audio, unknown):
        assert feature_faults(site, feature=feature) == [("stages[0].features[0].feature", "not_found")]
    assert faults(site.post("offers", monthly(options=[{"option": family}]))) == [("options[0].option", "not_found")]


def test_a_list_costs_the_same_for_three_as_for_thirty(site):
    body = full(site)
    costs = []
    for count in (3, 27):
        for number in range(count):
            site.make("offers", {**body, "reference": f"offer {count} {number}"})
        with CaptureQueriesContext(
            connection,
        ) as queries:
            shown = site.get("offers?limit=100").json()["data"]
        costs.append((len(shown), len(queries)))
    assert [rows for rows, _ in costs] == [3, 30]
    assert costs[0][1] == costs[1][1], costs
