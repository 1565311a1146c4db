"""Whose rows a command is about: one merchant that was named, or all in turn."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django.core.management.base import CommandError

from merchants.ids import read
from merchants.tenancy.across import across_tenants

AT_ONCE = 500


def merchants_meant(shown: str | None) -> Iterator[UUID]:
    """The merchant of that public id (it may not exist), or without one every merchant. Raises CommandError where the
    text is no merchant's id."""
    if shown is not None:
        merchant_id = read("mer", shown)
        if merchant_id is None:
            raise CommandError(f"{shown} is no merchant's id: it looks like mer_…")
        yield merchant_id
        return
    last = UUID(int=0)
    while found := across_tenants("merchants", last, AT_ONCE):
        yield from (each.id for each in found)
        last = found[-1].id
