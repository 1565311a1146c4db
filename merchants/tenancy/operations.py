"""Migration operations that make a table a tenant's: forced row-level security, composite keys, guards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

from merchants.tenancy.models import TenantForeignKey

MINE = "merchant_id = nullif(current_setting('app.merchant_id', true), '')::uuid"


class _Statements(Operation):
    """Runs SQL built from the migration's own state, for one table or several in order; reversible."""

    reduces_to_sql = True
    reversible = True

    def __init__(self, *names: str) -> None:
        self.names = names

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Nothing changes in Django's picture of the table."""

    def forwards(self, model: type[models.Model]) -> list[str]:
        """The statements that do it."""
        raise NotImplementedError

    def backwards(self, model: type[models.Model]) -> list[str]:
        """The statements that undo it."""
        raise NotImplementedError

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Run the statements."""
        for name in self.names:
            for statement in self.forwards(to_state.apps.get_model(app_label, name)):
                schema_editor.execute(statement)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Undo them. Django hands the older state as `to_state`; the table is still the newer one's."""
        for name in reversed(self.names):
            for statement in self.backwards(from_state.apps.get_model(app_label, name)):
                schema_editor.execute(statement)


def _keys(model: type[models.Model]) -> list[tuple[str, str, str]]:
    """(constraint name, column, parent table) of each key to a row of the same tenant."""
    table = model._meta.db_table
    return [
        (f"{table}_{field.column}_same_tenant"[:63], field.column, field.related_model._meta.db_table)
        for field in model._meta.local_fields
        if isinstance(field, TenantForeignKey)
    ]


class TenantTable(_Statements):
    """Force row-level security on a table, let others point at `(merchant_id, id)`, tie its own keys to its tenant.

    `across` names the tables of which the owner role, and so only the SECURITY DEFINER functions it made, sees all.
    A table with no key to another row of the tenant gets a key to the merchant itself.
    """

    def __init__(self, *names: str, across: Sequence[str] = ()) -> None:
        super().__init__(*names)
        self.across = tuple(across)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """As written in a migration."""
        return (type(self).__name__, [*self.names], {"across": self.across} if self.across else {})

    def describe(self) -> str:
        """One line for `migrate --plan`."""
        return f"Force row-level security on {', '.join(self.names)}"

    def forwards(self, model: type[models.Model]) -> list[str]:
        """Policy, unique parent key, composite foreign keys."""
        table = model._meta.db_table
        done = [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY tenant ON {table} USING ({MINE}) WITH CHECK ({MINE})",
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_tenant_id UNIQUE (merchant_id, id)",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {settings.APP_ROLE}",
        ]
        if model.__name__ in self.across:
            done.append(f"CREATE POLICY across ON {table} FOR SELECT TO CURRENT_USER USING (true)")
        keys = _keys(model)
        if not keys:
            done.append(
                f"ALTER TABLE {table} ADD CONSTRAINT {table}_merchant FOREIGN KEY (merchant_id)"
                " REFERENCES merchants_merchant (id) DEFERRABLE INITIALLY DEFERRED"
            )
        return done + [
            f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (merchant_id, {column})"
            f" REFERENCES {parent} (merchant_id, id) DEFERRABLE INITIALLY DEFERRED"
            for name, column, parent in keys
        ]

    def backwards(self, model: type[models.Model]) -> list[str]:
        """All of it away again."""
        table = model._meta.db_table
        names = [name for name, _, _ in _keys(model)] or [f"{table}_merchant"]
        return [
            *(f"ALTER TABLE {table} DROP CONSTRAINT {name}" for name in names),
            *([f"DROP POLICY across ON {table}"] if model.__name__ in self.across else []),
            f"ALTER TABLE {table} DROP CONSTRAINT {table}_tenant_id",
            f"DROP POLICY tenant ON {table}",
            f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        ]


class AppendOnly(_Statements):
    """Refuse DELETE and TRUNCATE, and any UPDATE except of `settable` columns that are still NULL."""

    def __init__(self, *names: str, settable: Sequence[str] = ()) -> None:
        super().__init__(*names)
        self.settable = tuple(settable)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """As written in a migration."""
        return (type(self).__name__, [*self.names], {"settable": self.settable} if self.settable else {})

    def describe(self) -> str:
        """One line for `migrate --plan`."""
        return f"Make {', '.join(self.names)} append-only"

    def forwards(self, model: type[models.Model]) -> list[str]:
        """Triggers for every role, and no right for the application's."""
        table, columns = model._meta.db_table, ",".join(self.settable)
        done = [
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION append_only('{columns}')",
            f"CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {table} EXECUTE FUNCTION never_emptied()",
            f"REVOKE DELETE ON {table} FROM {settings.APP_ROLE}",
            f"REVOKE UPDATE ON {table} FROM {settings.APP_ROLE}",
        ]
        if columns:
            done.append(f"GRANT UPDATE ({columns}) ON {table} TO {settings.APP_ROLE}")
        return done

    def backwards(self, model: type[models.Model]) -> list[str]:
        """Rights and freedom back."""
        table = model._meta.db_table
        return [
            f"GRANT UPDATE, DELETE ON {table} TO {settings.APP_ROLE}",
            f"DROP TRIGGER never_emptied ON {table}",
            f"DROP TRIGGER append_only ON {table}",
        ]


def across(name: str, parameters: str, query: str) -> migrations.RunSQL:
    """A question across tenants (`tenancy.across`): run with the owner's eyes, answered with pairs only."""
    return migrations.RunSQL(
        f"""CREATE FUNCTION {name}({parameters}) RETURNS TABLE (merchant_id uuid, id uuid)
            LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $${query}$$;
        REVOKE ALL ON FUNCTION {name} FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION {name} TO {settings.APP_ROLE};""",
        f"DROP FUNCTION {name}",
    )
