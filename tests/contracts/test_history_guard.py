"""The history cannot be forgotten: whatever path a change takes, the database wants its Change (domain 23)."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError
from psycopg2 import errors as pg

from merchants.clock import instant
from merchants.ids import new_id
from merchants.models import Event
from merchants.now import Now
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.history import UNTOLD
from subscribers.models import (
    Change,
    Gesture,
    Grant,
    Mandate,
    PaymentMethod,
    PersonalValue,
    ScheduledChange,
    Subscriber,
    Subscription,
    SubscriptionCoupon,
    SubscriptionOption,
)
from tests.worlds import forget

pytestmark = pytest.mark.django_db(transaction=True)
GUARD = "every_change_is_written"
TABLES = {
    Subscriber: ("locale", "'en'", "updated_at"),
    Subscription: ("cancel_reason", "'x'", "next_action_at"),
    SubscriptionOption: ("reason", "'x'", None),
    SubscriptionCoupon: ("periods_used", "7", None),
    Grant: ("quota", "7", None),
    PaymentMethod: ("country", "'BE'", None),
    Mandate: ("text_version", "'2'", None),
    ScheduledChange: ("details", "'{\"a\": 1}'", None),
    Gesture: ("incident", "'x'", None),
}
"""Each guarded table: a column of a fact, another value of it, and a column of bookkeeping."""


@pytest.fixture
def life(shop):
    """A subscriber with one of everything, by model."""
    shop.feature("quality", "level", ["standard", "hifi"])
    option = shop.option("device", 2_00)
    coupon = shop.coupon("LAUNCH", percent_off=10, duration="forever")
    offer = shop.offer("hifi", ("month", None, 12_99), options=[option], features={"quality": {"level": "hifi"}})
    subscription = shop.buy(shop.enrol("lucie"), offer, options=[option], coupons=[coupon]).subscription
    now = shop.now()
    with tenant(shop.id):
        method = PaymentMethod.objects.get()
        rows = [
            Mandate(
                subscriber_id=subscription.subscriber_id,
                payment_method=method,
                reference=f"UMR-{new_id()}"[:35],
                creditor_identifier="FR72ZZZ123456",
                accepted_at=now.at,
                text_version="1",
                created_at=now.at,
            ),
            ScheduledChange(
                subscription=Subscription.objects.get(), kind="cancel", due_on=now.today, created_at=now.at
            ),
            Gesture(
                subscription=Subscription.objects.get(),
                subscriber_id=subscription.subscriber_id,
                kind=Gesture.Kind.AMOUNT,
                currency="EUR",
                amount=5_00,
                cost=5_00,
                balance_entry_id=new_id(),
                reason="the outage",
                given_on=now.today,
                created_at=now.at,
            ),
        ]
        for row in rows:
            history.create(row, actor=shop.actor, now=now)
        return {model: model.objects.get() for model in TABLES}


def refused(act) -> str:
    """The sentence with which the database refuses what `act` did, at the end of its transaction."""
    with pytest.raises(IntegrityError) as error:
        act()
    cause = error.value.__cause__
    assert isinstance(cause, pg.CheckViolation)
    assert cause.diag.constraint_name == GUARD
    return str(cause.diag.message_primary)


def sql(statement: str, *values: object) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, [str(value) for value in values])
        return int(cursor.rowcount)


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
