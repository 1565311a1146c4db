"""Legal entities of a merchant: their numbers, their tables of taxes, what their documents say."""

from __future__ import annotations

import pytest

from merchants.models import LegalEntity, TaxRate
from merchants.tenancy.scope import tenant
from tests.api.callers import faults

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = {"line1": "1 rue de la Paix", "postal_code": "75002", "city": "Paris"}
COMPANY = {"name": "Onde SAS", "siren": "732 829 320", "siret": "73282932000074", "vat_number": "fr44732829320",
           "address": ADDRESS}  # fmt: skip
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
