"""Many rows at once: the same rows, refusals and guards as one at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError

from merchants.models import Event, Feature, TaxRate
from merchants.tenancy import bulk
from merchants.tenancy.scope import tenant

pytestmark = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 1, 31, 10, 0, 0, 123456, tzinfo=UTC)
ODD = "tab\tline\nreturn\rback\\slash \\N “ü” 日本"


def features(count: int, **columns: Any) -> list[Feature]:
    return [
        Feature(reference=f"f{n}", kind="level", title={"en": ODD}, levels=[ODD, "b"], created_at=AT, **columns)
        for n in range(count)
    ]


@pytest.mark.parametrize("count", [1, 8, 9, 40])
def test_rows_come_back_as_they_went(shop: Any, count: int) -> None:
    with tenant(shop.id):
        bulk.insert(features(count))
    with tenant(shop.id):
        rows = list(Feature.objects.order_by("id"))
    assert [row.reference for row in rows] == [f"f{n}" for n in range(count)]
    assert {(row.title["en"], tuple(row.levels), row.created_at, row.archived_at) for row in rows} == {
        (ODD, (ODD, "b"), AT, None)
    }


def test_twice_in_one_transaction(shop: Any) -> None:
    with tenant(shop.id):
        bulk.insert(features(10))
        more = features(20)[10:]
        bulk.insert(more)
        assert Feature.objects.count() == 20


def test_columns_that_the_database_fills(shop: Any) -> None:
    with tenant(shop.id):
        bulk.insert([Event(kind="merchant.updated", created_at=AT, data={"n": n}) for n in range(12)])
        assert [row.data for row in Event.objects.filter(created_at=AT).order_by("id")] == [{"n": n} for n in range(12)]


def test_another_tenants_rows_are_refused(shop: Any, another_shop: Any) -> None:
    rows = features(12)
    for row in rows:
        row.merchant_id = another_shop.id
    with pytest.raises(ProgrammingError, match="row-level security"), tenant(shop.id):
        bulk.insert(rows)
    with tenant(another_shop.id):
        assert not Feature.objects.exists()


def test_constraints_hold(shop: Any) -> None:
    with pytest.raises(IntegrityError, match="a_feature_reference_is_unique"), tenant(shop.id):
        rows = features(12)
        rows[5].reference = "f4"
        bulk.insert(rows)
    with tenant(shop.id):
        assert not Feature.objects.exists()
        bulk.insert(features(12))  # the temporary table went with the refused transaction
        assert Feature.objects.count() == 12


def test_few_updates(shop: Any) -> None:
    with tenant(shop.id):
        bulk.insert(features(3))
        ids = list(Feature.objects.order_by("reference").values_list("id", flat=True))
        assert bulk.update(Feature, ["title", "archived_at"], [(ids[1], {"fr": ODD}, AT), (ids[2], {}, None)]) == 2
        assert bulk.update(Feature, ["title"], []) == 0
        rows = list(Feature.objects.order_by("reference").values_list("title", "archived_at"))
    assert rows == [({"en": ODD}, None), ({"fr": ODD}, AT), ({}, None)]


def test_many_updates_touch_their_own_rows_only(shop: Any, another_shop: Any) -> None:
    with tenant(another_shop.id):
        bulk.insert(features(10))
        theirs = list(Feature.objects.values_list("id", flat=True))
    with tenant(shop.id):
        bulk.insert(features(10))
        ids = list(Feature.objects.order_by("reference").values_list("id", flat=True))
    with tenant(shop.id):
        values = [(id_, f"new{n}", {"en": str(n)}) for n, id_ in enumerate([*ids[:9], *theirs])]
        assert bulk.update(Feature, ["reference", "title"], values) == 9
        assert Feature.objects.get(id=ids[3]).title == {"en": "3"}
        assert Feature.objects.get(id=ids[9]).reference == "f9"
    with tenant(another_shop.id):
        assert set(Feature.objects.values_list("reference", flat=True)) == {f"f{n}" for n in range(10)}


def test_numbers_keep_their_digits(shop: Any) -> None:
    with tenant(shop.id):
        rates = [
            TaxRate(legal_entity=shop.entity, country="FR", tax_code=f"c{n}", percent=Decimal("2.1"), from_on=AT.date())
            for n in range(10)
        ]
        bulk.insert(rates)
        assert {rate.percent for rate in TaxRate.objects.filter(tax_code__startswith="c")} == {Decimal("2.100")}
