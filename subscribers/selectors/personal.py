"""Saying personal values: changes and events hold only their ids, and an erased one has no row any more (domain 23)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from subscribers.models import PersonalValue
from subscribers.models.people import value_of

ERASED = "erased"
"""What stands in the place of a personal value that was erased."""


def _id_in(value: Mapping[str, Any]) -> tuple[bool, str | None]:
    """Whether a JSON object stands for a personal value, and which."""
    return set(value) == {"personal"}, value.get("personal")


def ids_in(value: Any) -> Iterator[str]:
    """The ids of all personal values named anywhere in some JSON.

    >>> list(ids_in({"name": {"personal": "1"}, "address": {"city": {"personal": "2"}}, "tags": ["a"]}))
    ['1', '2']
    """
    if isinstance(value, Mapping):
        personal, id_ = _id_in(value)
        if personal:
            if id_ is not None:
                yield id_
            return
        for part in value.values():
            yield from ids_in(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from ids_in(part)


def known(values: Iterable[Any]) -> dict[str, Any]:
    """The personal values that these JSON values name and that still exist, by id: one query at most."""
    wanted = {UUID(id_) for value in values for id_ in ids_in(value)}
    if not wanted:
        return {}
    rows = PersonalValue.objects.filter(id__in=wanted).values_list("id", "field", "value")
    return {str(id_): value_of(field, text) for id_, field, text in rows}


def said(value: Any, texts: Mapping[str, Any]) -> Any:
    """The JSON with each personal value in the place of its id, and `erased` where it is no more.

    >>> said({"name": {"personal": "1"}, "email": {"personal": "2"}, "siren": "552100554"}, {"1": "Ada"})
    {'name': 'Ada', 'email': 'erased', 'siren': '552100554'}
    """
    if isinstance(value, Mapping):
        personal, id_ = _id_in(value)
        if personal:
            return texts.get(id_ or "", ERASED)
        return {name: said(part, texts) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [said(part, texts) for part in value]
    return value
