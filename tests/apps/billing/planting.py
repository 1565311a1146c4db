"""Plant a fault as the owner of the tables, with the guards switched off: as a careless hand on the database would."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from billing.selectors import books
from invoices.services.books import Checked
from merchants.clock import instant
from merchants.models import Merchant
from merchants.tenancy.scope import tenant
from tests.worlds import Shop

SQL = Callable[..., list[tuple[Any, ...]]]


def plant(shop: Shop, owner_sql: SQL, table: str, statement: str) -> None:
    """Run a statement that no guard of `table` would let through."""
    owner_sql("SELECT set_config('app.merchant_id', %s, false)", str(shop.id))
    owner_sql(
        f"BEGIN; ALTER TABLE {table} DISABLE TRIGGER USER; {statement}; SET CONSTRAINTS ALL IMMEDIATE;"
        f" ALTER TABLE {table} ENABLE TRIGGER USER; COMMIT"
    )


def wrong(shop: Shop) -> dict[str, Checked]:
    """The rules that do not hold, by their words."""
    with tenant(shop.id):
        merchant = Merchant.objects.get(id=shop.id)
        return {checked.rule: checked for checked in books.check(merchant, instant()) if checked.wrong}


def run(shop: Shop) -> str:
    """What the command says."""
    out = StringIO()
    call_command("check_books", merchant=shop.merchant.public_id, stdout=out)
    return out.getvalue()


def found(shop: Shop, rule: str, says: str) -> None:
    """The rule is named with these words, and the command ends with a fault of that merchant."""
    faults = wrong(shop)
    assert rule in faults, [(one.rule, one.first) for one in faults.values()]
    assert says in faults[rule].first, faults[rule].first
    with pytest.raises(CommandError) as failed:
        run(shop)
    assert str(failed.value).startswith(f"{shop.merchant.public_id}: ")
    assert failed.value.returncode == 1
