"""`/merchant`, `/legal_entities`, `/tax_rates`, `/test_clocks`, `/events`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.services.relay import publish
from merchants.clock import instant
from merchants.ids import new_id
from merchants.models import Event, LegalEntity, Merchant, TaxRate
from merchants.tenancy.scope import tenant
from tests.api.callers import Caller, faults, monthly, problem
from tests.worlds import Shop, forget

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = {"line1": "1 rue de la Paix", "postal_code": "75002", "city": "Paris"}
COMPANY = {"name": "Onde SAS", "siren": "732 829 320", "siret": "73282932000074", "vat_number": "fr44732829320",
           "address": ADDRESS}  # fmt: skip


@pytest.fixture
def bare():
    """A live merchant that has nothing yet."""
    merchant_id = new_id()
    with tenant(merchant_id):
        merchant = Merchant.objects.create(id=merchant_id, name="Bare", created_at=instant())
    return Caller.of(Shop(merchant=merchant, entity=None, account=None))


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


FRENCH = {"electronic": "20", "services": "20", "on_site": "20", "goods": "20", "reduced": "10", "restaurant": "10",
          "transport": "10", "food": "5.5", "books": "5.5", "press": "2.1", "exempt": "0"}  # fmt: skip


def test_the_first_french_entity_is_the_default_and_has_the_french_table(bare):
    made = bare.make("legal_entities", COMPANY)
    assert (made["siren"], made["siret"], made["vat_number"]) == ("732829320", "73282932000074", "FR44732829320")
    assert made["is_default"] is True and made["number_format"] == "{year}-{number:06d}"
    assert made["address"] == {**ADDRESS, "line2": "", "country": "FR"}
    rates = bare.get(f"tax_rates?legal_entity={made['id']}").json()["data"]
    assert {rate["tax_code"]: rate["percent"] for rate in rates} == FRENCH
    assert {(rate["country"], rate["from_on"], rate["legal_entity"]) for rate in rates} == {
        ("FR", "2014-01-01", made["id"])
    }
    assert bare.get(f"tax_rates/{rates[0]['id']}").json() == rates[0]


def test_another_entity_may_take_the_default_s_place(bare):
    first = bare.make("legal_entities", COMPANY)
    second = bare.make("legal_entities", {"name": "Onde Srl", "address": {**ADDRESS, "country": "IT"}})
    assert second["is_default"] is False
    assert bare.get(f"tax_rates?legal_entity={second['id']}").json()["data"] == []
    third = bare.make("legal_entities", {"name": "Onde 3", "address": ADDRESS, "is_default": True})
    assert bare.patch(f"legal_entities/{second['id']}", {"is_default": True}).json()["is_default"] is True
    defaults = {each["id"]: each["is_default"] for each in bare.get("legal_entities").json()["data"]}
    assert defaults == {first["id"]: False, second["id"]: True, third["id"]: False}
    none = bare.patch(f"legal_entities/{second['id']}", {"is_default": False})
    assert faults(none) == [("is_default", "default_needed")]


def test_an_entity_s_numbers_are_checked(bare):
    for changes, fault in (
        ({"siren": "732829321"}, ("siren", "siren_invalid")),
        ({"siren": "７３２８２９３２０"}, ("siren", "siren_invalid")),
        ({"siret": "73282932000075"}, ("siret", "siret_invalid")),
        ({"siret": "35600000049837"}, ("siret", "siret_of_another")),
        ({"vat_number": "FR00732829320"}, ("vat_number", "vat_number_invalid")),
        ({"vat_number": "DE136695976"}, ("vat_number", "vat_number_invalid")),
        ({"vat_number": "FR83404833048"}, ("vat_number", "vat_number_of_another")),
        ({"address": {**ADDRESS, "country": "ZZ"}}, ("address.country", "country_unknown")),
        ({"address": {"line1": "x", "city": "y"}}, ("address.postal_code", "required")),
        ({"number_format": "{year}"}, ("number_format", "number_format_invalid")),
        ({"number_format": "{number.__class__}"}, ("number_format", "number_format_invalid")),
        ({"number_format": "{number}{number}"}, ("number_format", "number_format_invalid")),
        ({"number_format": "x" * 30 + "{number}"}, ("number_format", "number_format_too_long")),
    ):
        assert faults(bare.post("legal_entities", {**COMPANY, **changes})) == [fault], changes
    with tenant(bare.shop.id):
        assert not LegalEntity.objects.exists() and not TaxRate.objects.exists()
    la_poste = {"name": "La Poste", "siren": "356000000", "siret": "35600000049837", "address": ADDRESS}
    assert bare.make("legal_entities", la_poste)["siret"] == "35600000049837"
    german = {"name": "Welle GmbH", "vat_number": "DE136695976", "address": {**ADDRESS, "country": "DE"}}
    assert bare.make("legal_entities", german)["vat_number"] == "DE136695976"


def test_a_change_of_an_entity_keeps_what_is_not_given(bare):
    made = bare.make("legal_entities", COMPANY)
    changed = bare.patch(f"legal_entities/{made['id']}", {"legal_form": "SAS", "vat_on_debits": True})
    assert changed.json() == {**made, "legal_form": "SAS", "vat_on_debits": True}
    assert faults(bare.patch(f"legal_entities/{made['id']}", {"siren": "404833048"})) == [
        ("siret", "siret_of_another"),
        ("vat_number", "vat_number_of_another"),
    ]


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


def test_a_company_says_since_when_it_declares_abroad_and_what_its_documents_say(bare):
    made = bare.make("legal_entities", COMPANY)
    assert made["oss_since"] is None and made["late_penalty"] == made["own_mentions"] == {}
    said = {
        "oss_since": "2026-07-01",
        "late_penalty": {"fr": "12 % par an", "en": "12% a year"},
        "own_mentions": {"fr": "Médiateur : cm2c.net"},
    }
    path = f"legal_entities/{made['id']}"
    changed = bare.patch(path, said).json()
    assert {name: changed[name] for name in said} == said and changed["early_discount"] == {}
    assert bare.patch(path, {"oss_since": None, "own_mentions": {}}).json()["oss_since"] is None
    for faulty, fault in (
        ({"oss_since": "2021-06-30"}, ("oss_since", "oss_too_early")),
        ({"oss_since": "2026-07-01", "vat_exempt": True}, ("oss_since", "oss_under_franchise")),
        ({"oss_since": "2026-07-01", "vat_number": ""}, ("oss_since", "oss_needs_vat_number")),
        ({"late_penalty": {"de": "12 %"}}, ("late_penalty", "language_unknown")),
        ({"own_mentions": {"fr": "x" * 401}}, ("own_mentions", "too_long")),
        ({"siren": "", "vat_number": "FR83404833048"}, ("vat_number", "vat_number_of_another")),
    ):
        assert faults(bare.patch(path, faulty)) == [fault], faulty
    assert bare.get(path).json()["late_penalty"] == said["late_penalty"]


@pytest.mark.parametrize(
    ("address", "country", "rates"),
    [
        ({"country": "FR", "postal_code": "97410"}, "RE", {"electronic": "8.5", "books": "2.1", "press": "1.05"}),
        ({"country": "GP", "postal_code": "97110"}, "GP", {"goods": "8.5", "food": "2.1", "exempt": "0"}),
        ({"country": "FR", "postal_code": "97300"}, "GF", {}),
        ({"country": "BE", "postal_code": "1000"}, "BE", {}),
    ],
)
def test_a_company_begins_with_the_table_of_its_place(bare, address, country, rates):
    made = bare.make("legal_entities", {"name": "Onde", "address": {**ADDRESS, **address}})
    found = bare.get(f"tax_rates?legal_entity={made['id']}").json()["data"]
    table = {rate["tax_code"]: rate["percent"] for rate in found}
    assert {rate["country"] for rate in found} == ({country} if rates else set())
    assert {code: table.get(code) for code in rates} == rates and bool(table) is bool(rates)


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
