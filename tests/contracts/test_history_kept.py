"""What was written stays, whoever writes: the history is never rewritten, and says what the rows say (domain 23)."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from merchants.clock import instant
from merchants.ids import new_id
from merchants.models import Event
from merchants.now import Now
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.history import UNTOLD
from subscribers.models import (
    Change,
    Grant,
    Mandate,
    PersonalValue,
    Subscriber,
)
from tests.contracts.guarded import TABLES, refused, sql
from tests.worlds import forget

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("table", ["subscribers_change", "merchants_event"])
@pytest.mark.parametrize("act", ["UPDATE {} SET channel = 'web'", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_changes_and_events_are_never_rewritten_by_the_application(shop, life, table, act):
    counted = Change if table == "subscribers_change" else Event
    with tenant(shop.id):
        before = list(counted.objects.order_by("id").values_list("id", "channel"))
    with pytest.raises(DatabaseError), tenant(shop.id), transaction.atomic():
        sql(act.format(table))
    with tenant(shop.id):
        assert list(counted.objects.order_by("id").values_list("id", "channel")) == before


@pytest.mark.parametrize("table", ["subscribers_change", "merchants_event"])
@pytest.mark.parametrize("act", ["UPDATE {} SET channel = 'web'", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_nor_by_the_owner(shop, life, owner_sql, table, act):
    import psycopg2

    owner_sql("SELECT set_config('app.merchant_id', %s, false)", str(shop.id))
    ours = f"SELECT id, channel FROM {table} WHERE merchant_id = %s ORDER BY id"
    before = owner_sql(ours, str(shop.id))
    assert len(before) > 3
    with pytest.raises(psycopg2.Error):
        owner_sql(act.format(table))
    assert owner_sql(ours, str(shop.id)) == before


@pytest.mark.parametrize("model", TABLES, ids=lambda model: model.__name__)
def test_guarded_tables_are_emptied_by_nobody(shop, life, owner_sql, model):
    import psycopg2

    with pytest.raises(psycopg2.Error):
        owner_sql(f"TRUNCATE {model._meta.db_table} CASCADE")
    with pytest.raises(DatabaseError), tenant(shop.id), transaction.atomic():
        sql(f"TRUNCATE {model._meta.db_table} CASCADE")
    with tenant(shop.id):
        assert model.objects.count() == 1


def test_the_owner_changes_no_life_silently_either(shop, life, owner_sql):
    import psycopg2

    owner_sql("SELECT set_config('app.merchant_id', %s, false)", str(shop.id))
    with pytest.raises(psycopg2.errors.CheckViolation):
        owner_sql("UPDATE subscribers_subscriber SET locale = 'en'")
    with tenant(shop.id):
        assert Subscriber.objects.get().locale == "fr"


def test_when_it_was_written_is_the_databases_own_clock(shop):
    with tenant(shop.id):
        past = Now(at=instant().replace(year=2001), zone="Europe/Paris")
        row = Subscriber(reference="old", channel="api", created_at=past.at, updated_at=past.at)
        history.create(row, actor=shop.actor, now=past)
        change = Change.objects.get()
    assert change.recorded_at.year == 2001
    assert abs((change.written_at - instant()).total_seconds()) < 60


def test_every_told_column_of_a_subscriber_wakes_the_guard():
    """The guard of subscribers listens to columns by name: a new column must be named there, or be bookkeeping."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.attname FROM pg_trigger t JOIN pg_attribute a ON a.attrelid = t.tgrelid"
            " AND a.attnum = ANY (t.tgattr) WHERE t.tgrelid = 'subscribers_subscriber'::regclass"
            " AND t.tgname = 'every_change_is_written'"
        )
        listens = {name for (name,) in cursor.fetchall()}
    columns = {field.column for field in Subscriber._meta.local_concrete_fields}
    told = columns - set(UNTOLD)
    assert told
    assert told - listens == set()
    assert listens - columns == set()


APART = {
    "Change": "it is the history, append-only",
    "PersonalValue": "what the history names by id; erasure alone deletes it",
    "Consumption": "a book of its own, append-only, with actor, channel and reason",
    "UsageRecord": "a book of its own, append-only",
    "QuotaCounter": "the sum of that book",
    "Visit": "a book of its own, with who let in, where and why; told as events",
    "MemberCard": "a random code, replaced and never changed; it says nothing of anyone",
    "GestureBatch": "what was asked for many at once; each gesture of it is told",
    "GestureMember": "how far it has come with each of them",
}
"""Tables of the customer's floor that the history does not tell, and why."""


def test_every_table_of_the_customers_floor_is_told_or_says_why_not():
    """A new table is a decision: told by the history (KINDS, guard, words), or a reason here."""
    tables = {model.__name__ for model in apps.get_app_config("subscribers").get_models()}
    assert tables == {model.__name__ for model in history.KINDS} | set(APART)


def test_the_history_says_no_other_value_than_the_rows(shop, life):
    row, now = life[Subscriber], shop.now()

    def lies() -> None:
        with tenant(shop.id):
            entry = history.Entry(row=row, verb="updated", columns={"locale": "de"}, before={"locale": "fr"})
            history.write_all([entry], actor=shop.actor, now=now)
            sql("UPDATE subscribers_subscriber SET locale = 'en' WHERE id = %s", row.pk)

    assert refused(lies).endswith("changed otherwise than its history says: locale")
    with tenant(shop.id):
        assert Subscriber.objects.get(pk=row.pk).locale == "fr"


@pytest.mark.parametrize("model", TABLES, ids=lambda model: model.__name__)
def test_a_told_value_that_is_not_the_row_s_is_refused_in_every_table(shop, life, model):
    """The same column, told with the value that stood before."""
    row, (column, value, _) = life[model], TABLES[model]
    name = model._meta.get_field(column).attname

    def lies() -> None:
        with tenant(shop.id):
            row_now = model.objects.select_related().get(pk=row.pk)
            entry = history.Entry(row=row_now, verb="updated", columns={name: getattr(row_now, name)})
            history.write_all([entry], actor=shop.actor, now=shop.now())
            sql(f"UPDATE {model._meta.db_table} SET {column} = {value} WHERE id = %s", row.pk)

    assert refused(lies).endswith(f"changed otherwise than its history says: {column}")


@pytest.mark.parametrize("model", [Grant, Mandate], ids=lambda model: model.__name__)
def test_a_deletion_is_told_as_one_and_an_id_stays(shop, life, model):
    row, now = life[model], shop.now()

    def deleted_as_updated() -> None:
        with tenant(shop.id):
            entry = history.Entry(row=row, verb="updated", columns={}, before={"id": row.pk})
            history.write_all([entry], actor=shop.actor, now=now)
            sql(f"DELETE FROM {model._meta.db_table} WHERE id = %s", row.pk)

    def renamed() -> None:
        with tenant(shop.id):
            sql(f"UPDATE {model._meta.db_table} SET id = %s WHERE id = %s", new_id(), row.pk)

    assert refused(deleted_as_updated).endswith("without a word in the history: deleted")
    assert refused(renamed).endswith("without a word in the history: id")
    with tenant(shop.id):
        entry = history.Entry(row=row, verb="deleted", columns={}, before={"id": row.pk})
        history.write_all([entry], actor=shop.actor, now=now)
        sql(f"DELETE FROM {model._meta.db_table} WHERE id = %s", row.pk)
    with tenant(shop.id):
        assert not model.objects.exists()


def test_a_personal_value_is_never_rewritten_and_goes_only_by_an_erasure(shop, life, owner_sql):
    import psycopg2

    with tenant(shop.id):
        before = list(PersonalValue.objects.order_by("id").values_list("id", "value"))
    assert before

    def rewritten() -> None:
        with tenant(shop.id):
            sql("UPDATE subscribers_personalvalue SET value = 'Eve'")

    def deleted() -> None:
        with tenant(shop.id):
            PersonalValue.objects.all().delete()

    for act, why in ((rewritten, "never_rewritten"), (deleted, "only_erased")):
        with pytest.raises(IntegrityError) as error:
            act()
        assert error.value.__cause__.diag.constraint_name == why
    owner_sql("SELECT set_config('app.merchant_id', %s, false)", str(shop.id))
    for statement in ("UPDATE {} SET value = 'Eve'", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
        with pytest.raises(psycopg2.Error):
            owner_sql(statement.format("subscribers_personalvalue"))
    with tenant(shop.id):
        assert list(PersonalValue.objects.order_by("id").values_list("id", "value")) == before
        forget(life[Subscriber])
    with tenant(shop.id):
        assert not PersonalValue.objects.exists()
