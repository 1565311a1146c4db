"""Three belts hold tenants apart: the scope, the managers, the database. And each trap met on the way."""

from __future__ import annotations

import uuid

import pytest
from django.apps import apps
from django.db import IntegrityError, ProgrammingError, connection, transaction

from merchants.models import Merchant, Offer, OfferVersion, Site, Stage
from merchants.tenancy.across import QUESTIONS, across_tenants
from merchants.tenancy.models import TenantForeignKey, TenantModel
from merchants.tenancy.scope import AnotherTenant, OutsideTenant, tenant
from subscribers.models import Subscriber

pytestmark = pytest.mark.django_db(transaction=True)

TENANT_MODELS = [model for model in apps.get_models() if issubclass(model, TenantModel)]


def rows(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def test_the_application_neither_owns_nor_bypasses():
    assert rows("SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user") == [
        (False, False, False)
    ]
    owned = rows("SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user")
    assert owned == [(0,)]
    assert rows("SELECT pg_has_role(current_user, (SELECT tableowner FROM pg_tables LIMIT 1), 'MEMBER')") == [(False,)]


def test_every_table_with_a_merchant_has_forced_row_level_security():
    tables = rows(
        "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'merchant_id' AND NOT a.attisdropped"
        " WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"
    )
    names = {name for name, _, _ in tables}
    assert names == {model._meta.db_table for model in TENANT_MODELS}
    assert [name for name, on, forced in tables if not (on and forced)] == []
    policies = dict(
        rows(
            "SELECT tablename, count(*) FROM pg_policies WHERE policyname = 'tenant'"
            " AND with_check IS NOT NULL GROUP BY 1"
        )
    )
    assert {name for name in names | {"merchants_merchant"} if policies.get(name) != 1} == set()


def test_tables_without_a_merchant_are_known_by_name():
    """A new table must be a tenant's, or be named here with its reason."""
    shared = {
        "merchants_merchant",  # the tenant itself: its own policy, by id
        "merchants_user",  # people work for several merchants
        "merchants_user_groups",
        "merchants_user_user_permissions",
    }
    prefixes = ("auth_", "django_", "account_", "mfa_")
    tables = {name for (name,) in rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    ours = {name for name in tables if not name.startswith(prefixes)}
    assert ours - {model._meta.db_table for model in TENANT_MODELS} == shared


def test_every_key_that_is_looked_through_has_its_index():
    """A key that says `db_index` is the first column of an index: a migration once lost them all."""
    indexed = set(
        rows(
            "SELECT c.relname, a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]"
            " WHERE c.relnamespace = 'public'::regnamespace"
        )
    )
    wanted = {
        (model._meta.db_table, field.column)
        for model in TENANT_MODELS
        for field in model._meta.local_fields
        if isinstance(field, TenantForeignKey) and field.db_index
    }
    assert len(wanted) > 15
    assert wanted - indexed == set()


def test_every_key_to_a_row_of_the_tenant_is_composite():
    """`(merchant_id, x_id)` references `(merchant_id, id)`: row-level security does not look at foreign keys."""
    found = {
        (table, tuple(columns), parent, tuple(parent_columns))
        for table, columns, parent, parent_columns in rows(
            "SELECT conrelid::regclass::text,"
            " ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY k(n, o) JOIN pg_attribute"
            "  ON attrelid = conrelid AND attnum = n ORDER BY o),"
            " confrelid::regclass::text,"
            " ARRAY(SELECT attname::text FROM unnest(confkey) WITH ORDINALITY k(n, o) JOIN pg_attribute"
            "  ON attrelid = confrelid AND attnum = n ORDER BY o)"
            " FROM pg_constraint WHERE contype = 'f'"
        )
    }
    missing, plain = [], []
    for model in TENANT_MODELS:
        table = model._meta.db_table
        keys = [f for f in model._meta.local_fields if f.many_to_one and f.name != "merchant"]
        for field in keys:
            parent = field.related_model._meta.db_table
            if not issubclass(field.related_model, TenantModel):
                continue
            if not isinstance(field, TenantForeignKey):
                plain.append(f"{table}.{field.column}")
            elif (table, ("merchant_id", field.column), parent, ("merchant_id", "id")) not in found:
                missing.append(f"{table}.{field.column}")
        tied = any(isinstance(f, TenantForeignKey) for f in keys)
        if not tied and (table, ("merchant_id",), "merchants_merchant", ("id",)) not in found:
            missing.append(f"{table}.merchant_id")
    assert (missing, plain) == ([], [])
    session = ("invoices_payment", ("merchant_id", "session_id"), "billing_checkoutsession", ("merchant_id", "id"))
    assert session in found


def test_managers_raise_outside_a_scope(shop):
    with pytest.raises(OutsideTenant):
        Subscriber.objects.count()
    with pytest.raises(OutsideTenant):
        Subscriber.objects.filter(merchant_id=shop.id).first()


def test_without_a_setting_the_database_shows_no_row(shop):
    shop.enrol("lucie")
    assert rows("SELECT count(*) FROM subscribers_subscriber") == [(0,)]
    assert rows("SELECT count(*) FROM merchants_merchant") == [(0,)]


def test_the_setting_is_empty_text_not_null_after_a_scope_and_still_shows_nothing(shop):
    with tenant(shop.id):
        assert rows("SELECT current_setting('app.merchant_id', true)") == [(str(shop.id),)]
    assert rows("SELECT coalesce(current_setting('app.merchant_id', true), 'null')") == [("",)]
    assert rows("SELECT count(*) FROM merchants_site") == [(0,)]


def test_another_tenant_is_neither_seen_nor_written(shop, another_shop):
    theirs = another_shop.enrol("paul")
    with tenant(shop.id):
        assert not Subscriber.objects.filter(id=theirs.pk).exists()
        assert Subscriber._base_manager.filter(id=theirs.pk).count() == 0  # the database, not the manager
        assert rows("UPDATE subscribers_subscriber SET locale = 'en' WHERE id = %s RETURNING 1", theirs.pk) == []
        assert rows("DELETE FROM subscribers_subscriber WHERE id = %s RETURNING 1", theirs.pk) == []
    with pytest.raises(ProgrammingError, match="row-level security"), tenant(shop.id):
        Site.objects.create(merchant_id=another_shop.id, reference="x", name="x", created_at=shop.now().at)
    with pytest.raises(ProgrammingError, match="row-level security"), tenant(shop.id):
        Merchant._base_manager.create(id=uuid.uuid4(), name="x", created_at=shop.now().at)


def test_a_row_cannot_point_at_another_tenant(shop, another_shop):
    theirs = another_shop.offer("loin", ("month", None, 5_00))
    with pytest.raises(IntegrityError, match="same_tenant"), tenant(shop.id):
        OfferVersion.objects.create(
            offer_id=theirs.pk, number=2, currency="EUR", tax_behavior="inclusive", created_at=shop.now().at
        )


def test_a_second_tenant_inside_the_first_raises_and_the_first_goes_on(shop, another_shop):
    with tenant(shop.id):
        with pytest.raises(AnotherTenant), tenant(another_shop.id):
            pass
        with tenant(shop.id):  # its own again: joins
            assert Offer.objects.count() == 0
        with pytest.raises(AnotherTenant):
            across_tenants("memberships", uuid.uuid4())


def test_a_scope_is_a_transaction_of_its_own(shop):
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic(), tenant(shop.id):
        pass


def test_deferred_guards_are_checked_while_the_setting_stands(shop):
    """Reset before COMMIT they would see no rows and refuse all: a good change must pass, a bad one must not."""
    shop.enrol("lucie")
    with pytest.raises(IntegrityError, match="without a word in the history"), tenant(shop.id):
        Subscriber.objects.update(name="Autre")
    with tenant(shop.id):
        assert Subscriber.objects.get().name == "Lucie Garnier"


def test_an_error_ends_the_scope_and_nothing_stays(shop):
    with pytest.raises(ZeroDivisionError), tenant(shop.id):
        Site.objects.create(reference="paris", name="Paris", created_at=shop.now().at)
        raise ZeroDivisionError
    with tenant(shop.id):
        assert not Site.objects.exists()


def test_looking_across_tenants_answers_pairs_and_only_reads(shop):
    for question, call in QUESTIONS.items():
        name = call.split("(")[0]
        (definer, volatility, result), *more = rows(
            "SELECT prosecdef, provolatile, pg_get_function_result(oid) FROM pg_proc WHERE proname = %s", name
        )
        assert (definer, volatility, result, more) == (True, "s", "TABLE(merchant_id uuid, id uuid)", []), question
        settings = rows("SELECT proconfig FROM pg_proc WHERE proname = %s", name)
        assert settings == [(["search_path=public, pg_temp"],)], question
        assert rows(
            "SELECT has_function_privilege('public', oid, 'EXECUTE') FROM pg_proc WHERE proname = %s", name
        ) == [(False,)]


def test_a_version_that_was_sold_never_changes(shop):
    offer = shop.offer("hifi", ("month", None, 12_99))
    with tenant(shop.id):
        version = OfferVersion.objects.get(offer=offer)
    attempts = [
        ("UPDATE merchants_stage SET amount = 1 WHERE version_id = %s", version.pk),
        ("DELETE FROM merchants_stage WHERE version_id = %s", version.pk),
        ("UPDATE merchants_offerversion SET currency = 'USD' WHERE id = %s", version.pk),
    ]
    for statement, value in attempts:
        with pytest.raises((IntegrityError, ProgrammingError)), tenant(shop.id), connection.cursor() as cursor:
            cursor.execute(statement, [value])
    with pytest.raises(IntegrityError, match="never changes"), tenant(shop.id):
        Stage.objects.create(version=version, position=1, interval="month", amount=1)
    with tenant(shop.id):
        assert list(Stage.objects.values_list("amount", flat=True)) == [12_99]


def test_the_owner_cannot_change_it_either(shop, owner_sql):
    shop.offer("hifi", ("month", None, 12_99))
    setting = "SELECT set_config('app.merchant_id', %s, false)"
    owner_sql(setting, str(shop.id))
    import psycopg2

    for statement in (
        "UPDATE merchants_stage SET amount = 1",
        "DELETE FROM merchants_stage",
        "TRUNCATE merchants_stage CASCADE",
    ):
        with pytest.raises(psycopg2.Error, match=r"append-only|never emptied"):
            owner_sql(statement)
