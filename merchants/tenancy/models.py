"""What every table of a tenant is made of: its id, its merchant, keys that cannot point at another tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar
from uuid import UUID

from django.db import models

from merchants.ids import PREFIXES, new_id, show
from merchants.tenancy.scope import current, current_or_none

M = TypeVar("M", bound=models.Model)

if TYPE_CHECKING:
    _Field = models.Field[Any, Any]
else:
    _Field = models.Field


class TransactionId(_Field):
    """PostgreSQL's 64-bit transaction id."""

    def db_type(self, connection: Any) -> str:
        """xid8."""
        return "xid8"


class TenantManager(models.Manager[M]):
    """Sees the open scope's rows only, and raises OutsideTenant where no scope is open."""

    def get_queryset(self) -> models.QuerySet[M]:
        """All rows of the current tenant (the filter also lets indexes that lead with merchant_id be used)."""
        return super().get_queryset().filter(merchant_id=current())


class TenantForeignKey(models.ForeignKey[Any, Any]):
    """A key to a row of the same tenant.

    The database checks `(merchant_id, x_id)` against `(merchant_id, id)` of the parent: `TenantTable` adds that
    composite constraint, since a plain foreign key does not know row-level security.
    """

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **options: Any) -> None:
        options["db_constraint"] = False
        options.setdefault("db_index", False)
        options.setdefault("related_name", "+")
        super().__init__(to, on_delete, **options)

    def deconstruct(self) -> Any:
        """As written in a migration. Django leaves `db_index=True` out, its own default: ours is the other one."""
        name, path, positional, options = super().deconstruct()
        options["db_index"] = bool(getattr(self, "db_index", False))
        return name, path, positional, options


class TenantModel(models.Model):
    """A row that belongs to exactly one merchant."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    merchant = models.ForeignKey(
        "merchants.Merchant",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        default=current_or_none,
        editable=False,
        related_name="+",
    )

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        abstract = True

    @property
    def tenant_id(self) -> UUID:
        """The id of the merchant whose row it is."""
        whose: UUID = self.merchant_id  # type: ignore[assignment] # never null: its default only looks so
        return whose

    @property
    def public_id(self) -> str:
        """The id as the API shows it, with its prefix."""
        return show(PREFIXES[type(self).__name__], self.pk)
