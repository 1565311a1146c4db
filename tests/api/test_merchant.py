"""`/merchant`, `/tax_rates`, `/test_clocks`, `/events`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.services.relay import publish
from merchants.clock import instant
from merchants.models import Event
from merchants.tenancy.scope import tenant
from tests.api.callers import faults, monthly, problem
from tests.worlds import forget

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_merchant_tells_and_changes_what_it_says_of_itself(site):
    before = site.get("merchant").json()
    assert before["id"] == site.shop.merchant.public_id and before["sandbox"] is True
    changes = {"name": "Onde", "timezone": "Pacific/Noumea", "currency": "XPF", "locale": "en",
               "brand_color": "#0a0B0c", "payment_terms_days": 30,
               "return_pages": {"cancel_url": "https://onde.example/annule"},
               "support_email": "aide@onde.example", "metadata": {"crm": "7"}}  # fmt: skip
    after = site.patch("merchant", changes).json()
    pages = {**before["return_pages"], "cancel_url": "https://onde.example/annule"}
    assert after == {**before, **changes, "return_pages": pages}
    assert site.get("merchant").json() == after
    assert site.patch("merchant", {"name": "Onde"}).status_code == 200
    with tenant(site.shop.id):
        assert [event.data for event in Event.objects.filter(kind="merchant.updated")] == [{"object": after}]


def test_a_merchant_says_how_it_bills_and_duns(site):
    before = site.get("merchant").json()
    assert (before["grouping"], before["share_billing_day"]) == ("subscription", False)
    assert [step["after_days"] for step in before["dunning_steps"]] == [3, 7, 14]
    steps = [{"after_days": 2, "actions": ["retry", "write"]}, {"after_days": 30, "actions": ["suspend", "alert"]}]
    changes = {"grouping": "payer", "share_billing_day": True, "dunning_steps": steps}
    assert site.patch("merchant", changes).json() == {**before, **changes}
    assert site.patch("merchant", {"dunning_steps": []}).json() == {
        **before,
        **changes,
        "dunning_steps": before["dunning_steps"],
    }


def test_a_merchant_says_what_its_doors_go_by(site, shop):
    before = site.get("merchant").json()
    assert (before["shares_members"], before["entry_feature"], before["entry_gap_hours"]) == (False, None, 0)
    sessions, quality = shop.feature("sessions", "quota"), shop.feature("quality", "level", ["sd", "hd"])
    changes = {"shares_members": True, "entry_feature": sessions.public_id, "entry_gap_hours": 48}
    assert site.patch("merchant", changes).json() == {**before, **changes}
    for wrong, fault in (
        ({"entry_feature": quality.public_id}, ("entry_feature", "opens_no_door")),
        ({"entry_feature": "fea_1"}, ("entry_feature", "not_found")),
        ({"entry_gap_hours": 745}, ("entry_gap_hours", "out_of_range")),
    ):
        assert faults(site.patch("merchant", wrong)) == [fault]
    assert site.patch("merchant", {"entry_feature": None}).json()["entry_feature"] is None


def test_what_a_merchant_may_not_say(site):
    for changes, fault in (
        ({"timezone": "Europe/Pariss"}, ("timezone", "timezone_unknown")),
        ({"timezone": "EST"}, ("timezone", "timezone_unknown")),
        ({"timezone": "UTC+1"}, ("timezone", "timezone_unknown")),
        ({"currency": "XXX"}, ("currency", "currency_unknown")),
        ({"locale": "de"}, ("locale", "invalid_choice")),
        ({"name": " "}, ("name", "blank")),
        ({"brand_color": "red"}, ("brand_color", "color_malformed")),
        ({"brand_color": '#fff"}'}, ("brand_color", "color_malformed")),
        ({"payment_terms_days": 366}, ("payment_terms_days", "out_of_range")),
        ({"grouping": "day"}, ("grouping", "invalid_choice")),
        ({"share_billing_day": 1}, ("share_billing_day", "not_a_flag")),
        ({"dunning_steps": [{"after_days": 0, "actions": ["write"]}]}, ("dunning_steps[0].after_days", "out_of_range")),
        (
            {"dunning_steps": [{"after_days": 3, "actions": ["shout"]}]},
            ("dunning_steps[0].actions[0]", "invalid_choice"),
        ),
        (
            {"dunning_steps": [{"after_days": 3, "actions": []}]},
            ("dunning_steps[0].actions", "dunning_step_does_nothing"),
        ),
        (
            {"dunning_steps": [{"after_days": 3, "actions": ["write"]}, {"after_days": 3, "actions": ["alert"]}]},
            ("dunning_steps[1].after_days", "dunning_steps_not_in_order"),
        ),
        ({"support_email": "a@b"}, ("support_email", "email_malformed")),
        ({"support_email": "a@b.example\r\nBcc: c@d.example"}, ("support_email", "control_character")),
        ({"website": "javascript:alert(1)"}, ("website", "url_malformed")),
        ({"website": "https://onde.example@evil.example/"}, ("website", "url_malformed")),
        ({"terms_url": "file:///etc/passwd"}, ("terms_url", "url_malformed")),
        ({"return_pages": {"success_url": "//evil.example"}}, ("return_pages.success_url", "url_malformed")),
        ({"return_pages": {"url": "x"}}, ("return_pages.url", "field_unknown")),
        ({"sandbox": False}, ("sandbox", "field_read_only")),
        ({"suspended_at": None}, ("suspended_at", "field_unknown")),
    ):
        assert faults(site.patch("merchant", changes)) == [fault], changes


def test_a_tax_rate_is_added_and_never_changed(site):
    rate = {"country": "FR", "tax_code": "electronic", "percent": "21", "from_on": "2027-01-01", "name": "TVA 21 %"}
    made = site.make("tax_rates", rate)
    assert made == {**rate, "id": made["id"], "object": "tax_rate", "legal_entity": site.shop.entity.public_id}
    assert problem(site.post("tax_rates", rate)) == (409, "a_tax_rate_stands_once")
    assert problem(site.patch(f"tax_rates/{made['id']}", {"percent": "5"})) == (405, "method_not_allowed")
    for changes, fault in (
        ({"percent": "100"}, ("percent", "out_of_range")),
        ({"percent": "1000"}, ("percent", "out_of_range")),
        ({"percent": "-1"}, ("percent", "decimal_malformed")),
        ({"percent": "20.0000001"}, ("percent", "too_many_decimals")),
        ({"percent": 20}, ("percent", "decimal_malformed")),
        ({"country": "EU"}, ("country", "country_unknown")),
        ({"country": "fr"}, ("country", "country_unknown")),
        ({"tax_code": "Livres"}, ("tax_code", "tax_code_malformed")),
        ({"from_on": "2026-02-29"}, ("from_on", "not_a_day")),
        ({"from_on": "2026-04-31"}, ("from_on", "not_a_day")),
        ({"from_on": "1899-12-31"}, ("from_on", "not_a_day")),
        ({"from_on": "9999-12-31"}, ("from_on", "not_a_day")),
        ({"from_on": "2026-11-22T00:00:00Z"}, ("from_on", "not_a_day")),
        ({"from_on": 20260101}, ("from_on", "not_a_day")),
        ({"legal_entity": "ent_1"}, ("legal_entity", "not_found")),
    ):
        assert faults(site.post("tax_rates", {**rate, **changes})) == [fault], changes
    for percent in ("0", "5.5", "20.001"):
        assert (
            site.make("tax_rates", {**rate, "tax_code": f"code_{len(percent)}", "percent": percent})["percent"]
            == percent
        )
    assert faults(site.get("tax_rates?legal_entity=ent_1")) == [("legal_entity", "not_found")]


def test_without_an_entity_a_rate_belongs_to_nobody(bare):
    rate = {"country": "FR", "tax_code": "electronic", "percent": "21", "from_on": "2027-01-01"}
    assert faults(bare.post("tax_rates", rate)) == [("legal_entity", "not_found")]


def test_a_test_clock_exists_in_a_sandbox_only(site, bare):
    made = site.make("test_clocks", {"name": "renewals", "time": "2026-01-31T09:30:00+01:00"})
    assert (made["time"], made["status"], made["name"]) == ("2026-01-31T08:30:00Z", "ready", "renewals")
    assert site.get(f"test_clocks/{made['id']}").json() == made
    assert site.get("test_clocks").json()["data"] == [made]
    far = (instant() + timedelta(days=3661)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert faults(site.post("test_clocks", {"time": far})) == [("time", "time_too_far")]
    assert faults(site.post("test_clocks", {"time": "2026-01-31"})) == [("time", "not_an_instant")]
    assert problem(bare.post("test_clocks", {"time": "2026-01-31T09:30:00Z"})) == (409, "sandbox_only")
    assert bare.get("test_clocks").json()["data"] == []


def test_events_are_told_in_their_order_once_published(site, stranger):
    for number in range(5):
        site.make("offers", monthly(f"offer {number}"))
    assert site.get("events").json()["data"] == []
    publish(site.shop.id)
    newest = site.get("events").json()["data"]
    assert [event["sequence"] for event in newest] == [5, 4, 3, 2, 1]
    assert {event["type"] for event in newest} == {"offer.created"}
    first = newest[-1]
    assert first["data"]["object"]["reference"] == "offer 0" and first["channel"] == "api"
    assert site.get(f"events/{first['id']}").json() == first
    after = site.get("events?after=2&limit=2").json()
    assert [event["sequence"] for event in after["data"]] == [3, 4] and after["has_more"] is True
    rest = site.get(f"events?after=2&limit=2&cursor={after['next_cursor']}").json()
    assert [event["sequence"] for event in rest["data"]] == [5] and rest["has_more"] is False
    assert site.get("events?after=5").json()["data"] == []
    assert site.get("events?type=offer.archived").json()["data"] == []
    assert [event["sequence"] for event in site.get("events?type=offer.created&after=4").json()["data"]] == [5]
    assert stranger.get("events?after=0").json()["data"] == []
    for after in ("-1", "x", "1.5", str(2**63), "9" * 40):
        assert [field for field, _ in faults(site.get(f"events?after={after}"))] == ["after"], after


def test_an_event_tells_no_value_that_was_erased(site):
    subscriber = site.shop.enrol("lucie", name="Lucie Garnier")
    publish(site.shop.id)
    event = site.get("events?type=subscriber.created").json()["data"][0]
    assert event["data"]["object"]["name"] == "Lucie Garnier" and event["subscriber_sequence"] == 1
    assert [each["id"] for each in site.get(f"events?subscriber={subscriber.public_id}").json()["data"]] == [
        event["id"]
    ]
    site.make("offers", monthly())
    publish(site.shop.id)
    for nobody in ("cus_1", "off_0000000000000000000001", "ref:lucie"):
        assert site.get(f"events?subscriber={nobody}").json()["data"] == []
    with tenant(site.shop.id):
        forget(subscriber)
    erased = site.get(f"events/{event['id']}").json()
    assert erased["data"]["object"]["name"] is None and erased["data"]["object"]["reference"] is None
    assert erased["data"]["object"]["id"] == subscriber.public_id


def test_the_transition_policy_is_replaced_whole_and_wrong_rows_are_named(site, shop):
    offer = shop.offer("hifi", ("month", None, 12_99))
    rules = [{"from_offer": "ref:hifi", "direction": "down", "when": "forbidden", "overridden_by": ["owner"]}]
    said = site.patch("merchant", {"transition_rules": rules}).json()["transition_rules"]
    assert said == [
        {
            "from_offer": offer.public_id,
            "to_offer": None,
            "direction": "down",
            "in_commitment": None,
            "when": "forbidden",
            "proration": "days",
            "fee": 0,
            "overridden_by": ["owner"],
        }
    ]
    assert site.get("merchant").json()["transition_rules"] == said
    for wrong, field, code in (
        ({"when": "later"}, "when", "invalid_choice"),
        ({"when": "period_end", "fee": 5_00}, "fee", "transition_fee_needs_now"),
        ({"when": "now", "to_offer": "off_nothing"}, "to_offer", "not_found"),
        ({"when": "now", "overridden_by": ["read_only"]}, "overridden_by[0]", "invalid_choice"),
    ):
        answer = site.patch("merchant", {"transition_rules": [wrong]})
        error = answer.json()["errors"][0]
        assert (answer.status_code, error["field"], error["code"]) == (422, f"transition_rules[0].{field}", code)
    assert site.patch("merchant", {"transition_rules": []}).json()["transition_rules"] == []
