"""`?expand=offer,latest_invoice`: the object where its id stood, one level deep, loaded together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence
from typing import Any

from merchants.refusals import FieldError, Invalid, gettext_noop

Loader = Callable[[Collection[str]], Mapping[str, Any]]
"""From public ids to the objects as the API shows them."""


SCOPES: Mapping[str, str] = {
    "offer": "offers:read",
    "subscriber": "subscribers:read",
    "latest_invoice": "invoices:read",
}
"""What a key must be allowed to see an object where its id stood: what reading it at its own address needs."""


def read_expand(text: str | None, allowed: Collection[str]) -> frozenset[str]:
    """The names in `?expand=`. Raises Invalid (`expand_unknown`) for one that is not offered.

    >>> sorted(read_expand("offer,payer", ("offer", "payer", "site")))
    ['offer', 'payer']
    """
    names = [name for name in (text or "").split(",") if name]
    unknown = [name for name in names if name not in allowed]
    if unknown:
        detail = gettext_noop("Only these can be expanded: %(names)s.")
        params = {"names": ", ".join(sorted(allowed)) or "—"}
        raise Invalid(
            code="expand_unknown",
            errors=[FieldError(field="expand", code="expand_unknown", detail=detail, params=params)],
        )
    return frozenset(names)


def expand(objects: Sequence[MutableMapping[str, Any]], names: Collection[str], loaders: Mapping[str, Loader]) -> None:
    """Put objects where their ids stood, in place: one call of a loader per name, whatever the number of rows.

    An id that a loader does not find stays an id.
    """
    for name in sorted(names):
        ids = {each[name] for each in objects if isinstance(each.get(name), str)}
        if not ids:
            continue
        found = loaders[name](ids)
        for each in objects:
            if isinstance(each.get(name), str):
                each[name] = found.get(each[name], each[name])
