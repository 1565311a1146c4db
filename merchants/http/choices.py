"""The merchants that a person may switch between, by name.

Each name lies behind its own tenant's row-level security, so it is read in that tenant's scope, and remembered for a
while in the cache: losing the cache costs a few queries and nothing else. Whether the person is still a member is not
remembered: memberships are asked for anew each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.core.cache import cache

from merchants.ids import show
from merchants.models import Merchant
from merchants.tenancy.across import Found
from merchants.tenancy.scope import tenant

KEPT_FOR = 600
"""Seconds that a merchant's name is remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One merchant of the switch; `id` is the public one."""

    id: str
    name: str
    is_sandbox: bool
    is_current: bool


def _key(merchant_id: UUID) -> str:
    return f"merchant-name:{merchant_id.hex}"


def forget(merchant_id: UUID) -> None:
    """A merchant was renamed: read its name again next time."""
    cache.delete(_key(merchant_id))


def names_of(merchant_ids: Sequence[UUID]) -> dict[UUID, tuple[str, bool]]:
    """(name, whether it is a sandbox) of merchants, in their given order. Opens their scopes one after the other."""
    known: dict[str, tuple[str, bool]] = cache.get_many([_key(one) for one in merchant_ids])
    found: dict[UUID, tuple[str, bool]] = {}
    for merchant_id in merchant_ids:
        entry = known.get(_key(merchant_id))
        if entry is None:
            with tenant(merchant_id):
                merchant = Merchant.objects.filter(id=merchant_id).first()
            if merchant is None:
                continue
            entry = (merchant.name, merchant.is_sandbox)
            cache.set(_key(merchant_id), entry, KEPT_FOR)
        found[merchant_id] = entry
    return found


def choices_of(memberships: Sequence[Found], *, current: UUID | None = None) -> list[Choice]:
    """The merchants of a person's memberships, in the order they joined them. Needs that no scope is open."""
    names = names_of([found.merchant_id for found in memberships])
    return [
        Choice(id=show("mer", merchant_id), name=name, is_sandbox=sandbox, is_current=merchant_id == current)
        for merchant_id, (name, sandbox) in names.items()
    ]
