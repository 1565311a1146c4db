"""`/legal_entities/{id}/accounting`: what is said of accounts, journals, the year and rates, and what is refused."""

from __future__ import annotations

import pytest

from merchants.models import Event
from merchants.tenancy.scope import tenant
from tests.api.callers import Caller, faults, problem

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(shop):
    return Caller.of(shop)


@pytest.fixture
def path(shop):
    return f"legal_entities/{shop.entity.public_id}/accounting"


def numbers(answer):
    return {(row["account"], row["percent"], row["tax_code"]): row["number"] for row in answer.json()["accounts"]}


def test_it_begins_with_the_french_defaults(site, path, shop):
    answer = site.get(path)
    assert answer.status_code == 200
    found = answer.json()
    assert (found["object"], found["legal_entity"], found["closing_month"]) == (
        "accounting", shop.entity.public_id, 12,
    )  # fmt: skip
    assert numbers(answer)[("receivable", None, "")] == "411000"
    assert numbers(answer)[("revenue_goods", None, "")] == "707000"
    assert {row["is_default"] for row in found["accounts"] + found["journals"]} == {True}
    assert {row["journal"]: row["code"] for row in found["journals"]} == {
        "sales": "VE", "credits": "AV", "bank": "BQ", "cash": "CA", "other": "OD",
    }  # fmt: skip
    assert found["exchange_rates"] == []


def test_what_is_said_stands_before_the_defaults_and_each_list_is_given_whole(site, path, shop):
    said = {
        "closing_month": 6,
        "accounts": [
            {"account": "vat", "number": "445712", "label": "TVA 20", "percent": "20"},
            {"account": "bank", "number": "512100", "label": "Crédit coopératif"},
        ],
        "journals": [{"journal": "sales", "code": "VT", "label": "Ventes"}],
        "exchange_rates": [
            {"currency": "USD", "from_on": "2026-02-01", "euros": "0.92130"},
            {"currency": "USD", "from_on": "2026-01-01", "euros": "0.9"},
        ],
    }
    answer = site.patch(path, said)
    assert answer.status_code == 200 and answer.json() == site.get(path).json()
    found = answer.json()
    assert found["closing_month"] == 6 and numbers(answer)[("vat", "20", "")] == "445712"
    assert numbers(answer)[("vat", None, "")] == "445710" and numbers(answer)[("bank", None, "")] == "512100"
    assert [row for row in found["accounts"] if row["account"] == "bank"] == [
        {
            "account": "bank",
            "percent": None,
            "tax_code": "",
            "number": "512100",
            "label": "Crédit coopératif",
            "is_default": False,
        }
    ]
    assert [(row["from_on"], row["euros"]) for row in found["exchange_rates"]] == [
        ("2026-01-01", "0.9"),
        ("2026-02-01", "0.9213"),
    ]
    with tenant(shop.id):
        (told,) = Event.objects.filter(kind="accounting.updated")
        assert told.object_id == shop.entity.pk and told.data["object"] == found
    assert site.patch(path, said).status_code == 200
    assert site.patch(path, {"accounts": []}).json()["closing_month"] == 6
    assert numbers(site.get(path))[("bank", None, "")] == "512000"
    with tenant(shop.id):
        assert Event.objects.filter(kind="accounting.updated").count() == 2  # saying the same again tells nothing


def test_what_cannot_be_is_refused_where_it_stands_and_nothing_is_kept(site, path):
    wrong = {
        "accounts": [
            {"account": "bank", "number": "ABC", "label": "x"},
            {"account": "cash", "number": "530", "label": "x", "percent": "20"},
        ]
    }
    assert faults(site.patch(path, wrong)) == [
        ("accounts[0].number", "account_number_invalid"),
        ("accounts[1].percent", "account_not_by_rate"),
    ]
    unnamed = {"accounts": [{"number": "411", "label": "x"}]}
    assert faults(site.patch(path, unnamed)) == [("accounts[0].account", "required")]
    assert faults(site.patch(path, {"closing_month": 13})) == [("closing_month", "out_of_range")]
    assert faults(site.patch(path, {"accounts": [{"account": "gold"}]}))[0] == ("accounts[0].account", "invalid_choice")
    assert faults(site.patch(path, {"legal_entity": "ent_1"})) == [("legal_entity", "field_read_only")]
    euro = {"exchange_rates": [{"currency": "EUR", "from_on": "2026-01-01", "euros": "1"}]}
    assert faults(site.patch(path, euro)) == [("exchange_rates[0].currency", "currency_unknown")]
    assert {row["is_default"] for row in site.get(path).json()["accounts"]} == {True}


def test_a_key_needs_the_scope(shop, path):
    reader = Caller.of(shop, "accounting:read")
    assert reader.get(path).status_code == 200
    assert problem(reader.patch(path, {"closing_month": 6}))[0] == 403
