"""What we hold on a person, kind by kind. Each app says what it keeps and how it is told or masked; the export and the
erasure (`billing.flows.person_export`, `billing.flows.erase`) go through all of it without knowing any app above.

Who adds a table with something personal in it registers a holding for it; `tests/stories/test_erasing.py` searches
every text of the database after an erasure, so that one that was forgotten shows, and `tests/contracts/test_persons.py`
goes through every table that leads to a person: each is told by a holding or named there with the reason why not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from merchants.now import Now
from subscribers.models import Subscriber

AT_ONCE = 200
"""Rows that are read together."""

Told = Iterator[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One kind of what is held. `told` gives each row as JSON, the oldest first, a block at a time; `mask` takes out of
    its tables what says who the person is, within the transaction of the erasure, and is None where nothing may or
    need be taken out. `columns` are shown on the readable page, `title` says what it is (an English message id),
    `tables` are the models whose rows it tells."""

    name: str
    title: str
    columns: Mapping[str, str]
    tables: tuple[type[Model], ...]
    told: Callable[[Subscriber], Told]
    mask: Callable[[Subscriber, Now], None] | None = None


_held: dict[str, Holding] = {}


def register(*holdings: Holding) -> None:
    """Say what an app holds; once, when the app is ready. The order is that of the export."""
    for each in holdings:
        if each.name in _held and _held[each.name] is not each:
            raise ValueError(f"{each.name} is registered twice")
        _held[each.name] = each


def held() -> list[Holding]:
    """All that is held, from the ground floor up."""
    return list(_held.values())


def blocks(rows: Any) -> Iterator[list[Any]]:
    """A query's rows some at a time, in the order of their ids: memory does not grow with a life."""
    last: Any = None
    while block := list((rows.filter(id__gt=last) if last else rows).order_by("id")[:AT_ONCE]):
        yield block
        last = block[-1].pk
