"""The history cannot be forgotten: whatever path a change takes, the database wants its Change (domain 23)."""

from __future__ import annotations

import pytest

from merchants.clock import instant
from merchants.ids import new_id
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import (
    Change,
    Grant,
    Mandate,
    PaymentMethod,
    ScheduledChange,
    Subscriber,
    Subscription,
    SubscriptionCoupon,
)
from tests.contracts.guarded import GUARD, TABLES, refused, sql

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_guarded_tables_are_those_that_the_history_knows(owner_sql):
    found = {name for (name,) in owner_sql(
        "SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE t.tgname = %s AND t.tgenabled = 'O' AND t.tgdeferrable AND t.tginitdeferred", GUARD,
    )}  # fmt: skip
    assert found == {model._meta.db_table for model in TABLES} == {model._meta.db_table for model in history.KINDS}


@pytest.mark.parametrize("model", TABLES, ids=lambda model: model.__name__)
def test_raw_sql_and_bulk_writes_without_a_change_are_refused_at_commit(shop, life, model):
    row, (column, value, _) = life[model], TABLES[model]
    table = model._meta.db_table

    def updates() -> None:
        with tenant(shop.id):
            assert sql(f"UPDATE {table} SET {column} = {value} WHERE id = %s", row.pk) == 1

    def bulk() -> None:
        with tenant(shop.id):
            field = model._meta.get_field(column)
            assert model.objects.filter(pk=row.pk).update(**{column: field.to_python(value.strip("'"))}) == 1

    def saves() -> None:
        with tenant(shop.id):
            found = model.objects.get(pk=row.pk)
            setattr(found, column, model._meta.get_field(column).to_python(value.strip("'")))
            found.save()

    for act in (updates, bulk, saves):
        assert f"{table} {row.pk} changed without a word in the history: {column}" in refused(act)
    with tenant(shop.id):
        same = model.objects.get(pk=row.pk)
        assert {f.attname: getattr(same, f.attname) for f in model._meta.local_concrete_fields} == {
            f.attname: getattr(row, f.attname) for f in model._meta.local_concrete_fields
        }


COPIES = {
    Subscriber: {"reference": "'copy'"},
    Subscription: {"reference": "'copy'"},
    SubscriptionCoupon: {"coupon_id": "coupon_id"},
    PaymentMethod: {"provider_ref": "'copy'", "is_default": "false"},
    Mandate: {"reference": "'copy'"},
    ScheduledChange: {"kind": "'change_offer'"},
}
"""What a copy of a row must not share with it."""


@pytest.mark.parametrize("model", [m for m in TABLES if m is not SubscriptionCoupon], ids=lambda m: m.__name__)
def test_a_row_copied_in_by_sql_is_refused(shop, life, model):
    own = COPIES.get(model, {})
    columns = [f.column for f in model._meta.local_concrete_fields if f.column != "id"]
    values = ", ".join(own.get(column, column) for column in columns)

    def inserts() -> None:
        with tenant(shop.id):
            table = model._meta.db_table
            into = f"INSERT INTO {table} (id, {', '.join(columns)}) SELECT %s, {values} FROM {table} WHERE id = %s"
            assert sql(into, new_id(), life[model].pk) == 1

    assert "changed without a word in the history" in refused(inserts)
    with tenant(shop.id):
        assert model.objects.count() == 1


@pytest.mark.parametrize("model", [Grant, Mandate, ScheduledChange, SubscriptionCoupon], ids=lambda m: m.__name__)
def test_a_row_to_which_nothing_points_is_not_deleted_silently(shop, life, model):
    def deletes() -> None:
        with tenant(shop.id):
            assert sql(f"DELETE FROM {model._meta.db_table} WHERE id = %s", life[model].pk) == 1

    assert "changed without a word in the history" in refused(deletes)
    with tenant(shop.id):
        assert model.objects.count() == 1


def test_rows_created_in_bulk_without_a_change_are_refused(shop):
    def creates() -> None:
        with tenant(shop.id):
            now = instant()
            Subscriber.objects.bulk_create(
                Subscriber(reference=f"s{n}", channel="api", created_at=now, updated_at=now) for n in range(3)
            )

    refused(creates)
    with tenant(shop.id):
        assert not Subscriber.objects.exists()


def test_a_change_that_names_only_some_of_the_columns_is_refused(shop, life):
    row = life[Subscriber]

    def half() -> None:
        with tenant(shop.id):
            entry = history.Entry(row=row, verb="updated", columns={"locale": "en"}, before={"locale": "fr"})
            history.write_all([entry], actor=shop.actor, now=shop.now())
            sql("UPDATE subscribers_subscriber SET locale = 'en', country = 'BE' WHERE id = %s", row.pk)

    assert refused(half).endswith("changed without a word in the history: country")


def test_a_change_of_another_transaction_or_of_another_row_does_not_count(shop, life):
    row, now = life[Subscriber], shop.now()
    entry = history.Entry(row=row, verb="updated", columns={"locale": "en"}, before={"locale": "fr"})
    with tenant(shop.id):
        history.write_all([entry], actor=shop.actor, now=now)

    def later() -> None:
        with tenant(shop.id):
            sql("UPDATE subscribers_subscriber SET locale = 'en' WHERE id = %s", row.pk)

    def other() -> None:
        with tenant(shop.id):
            history.write_all([entry], actor=shop.actor, now=now)
            sql("UPDATE subscribers_subscription SET cancel_reason = 'x' WHERE id = %s", life[Subscription].pk)

    def dated() -> None:
        """A change cannot be dated into this transaction from outside: the database stamps it."""
        with tenant(shop.id):
            sql(
                "INSERT INTO subscribers_change SELECT (jsonb_populate_record(c, jsonb_build_object('id', %s::text,"
                " 'txid', (pg_current_xact_id()::text::bigint + 1)::text))).* FROM subscribers_change c LIMIT 1",
                new_id(),
            )
        later()

    for act in (later, other, dated):
        refused(act)


def test_a_change_written_beside_it_is_all_that_is_asked(shop, life):
    row = life[Subscriber]
    with tenant(shop.id):
        entry = history.Entry(row=row, verb="updated", columns={"locale": "en"}, before={"locale": "fr"})
        history.write_all([entry], actor=shop.actor, now=shop.now())
        sql("UPDATE subscribers_subscriber SET locale = 'en' WHERE id = %s", row.pk)
    with tenant(shop.id):
        assert Subscriber.objects.get().locale == "en"


@pytest.mark.parametrize("model", [m for m, (_, _, own) in TABLES.items() if own], ids=lambda m: m.__name__)
def test_bookkeeping_needs_no_word(shop, life, model):
    with tenant(shop.id):
        before = Change.objects.count()
        assert sql(f"UPDATE {model._meta.db_table} SET {TABLES[model][2]} = now() WHERE id = %s", life[model].pk) == 1
    with tenant(shop.id):
        assert Change.objects.count() == before


def test_an_update_that_changes_nothing_needs_no_word(shop, life):
    with tenant(shop.id):
        assert sql("UPDATE subscribers_subscriber SET locale = locale") == 1
