"""One request under way, and what all requests have in common: lists, expanded fields, events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .errors import invalid
from .notes import public
from .store import Account, Obj, World

KIND_OF_PREFIX = {
    "cus": "customer",
    "pm": "payment_method",
    "pi": "payment_intent",
    "seti": "setup_intent",
    "ch": "charge",
    "py": "charge",
    "re": "refund",
    "du": "dispute",
    "mandate": "mandate",
}


@dataclass
class Desk:
    """Where one request works: whose account, under which address, and what its events will name as their cause."""

    world: World
    account: Account
    base_url: str
    request_id: str | None = None
    idempotency_key: str | None = None

    def emit(self, kind: str, obj: Obj, *, previous: Obj | None = None) -> None:
        """Write an event of this request."""
        request = {"id": self.request_id, "idempotency_key": self.idempotency_key}
        self.world.emit(self.account, kind, obj, previous=previous, request=request)


@dataclass
class Call(Desk):
    """One API request: its checked parameters and the id in its path."""

    params: dict[str, Any] = field(default_factory=dict)
    ident: str = ""
    path: str = ""


def merge_metadata(obj: Obj, given: Any) -> None:
    """Add to an object's metadata as Stripe does: an empty value deletes, an empty whole clears.

    >>> it = {"metadata": {"a": "1", "b": "2"}}; merge_metadata(it, {"a": "", "c": "3"}); it
    {'metadata': {'b': '2', 'c': '3'}}
    """
    if given is None:
        return
    if given == "":
        obj["metadata"] = {}
        return
    merged = {**obj["metadata"], **given}
    obj["metadata"] = {name: value for name, value in merged.items() if value != ""}


def listing(call: Call, rows: Iterable[Obj], *, keep: Callable[[Obj], bool] = lambda row: True) -> Obj:
    """One page of a list, newest first, by `limit`, `starting_after`, `ending_before` and `created`."""
    limit = call.params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise invalid(f"This value must be between 1 and 100 (you passed {limit}).", param="limit")
    found = [row for row in rows if keep(row) and _created_within(row, call.params.get("created"))]
    ids = [row["id"] for row in found]
    after, before = call.params.get("starting_after"), call.params.get("ending_before")
    for cursor, name in ((after, "starting_after"), (before, "ending_before")):
        if cursor and cursor not in ids:
            raise invalid(f"No such object: '{cursor}'", param=name, code="resource_missing")
    if after:
        found = found[ids.index(after) + 1 :]
    if before:
        found = found[: ids.index(before)][-limit:]
    return {"object": "list", "data": found[:limit], "has_more": len(found) > limit, "url": call.path}


def _created_within(row: Obj, span: Any) -> bool:
    if span is None:
        return True
    created: int = row["created"]
    if not isinstance(span, dict):
        return bool(created == int(span))
    return bool(
        created > int(span.get("gt", -1))
        and created >= int(span.get("gte", 0))
        and created < int(span.get("lt", created + 1))
        and created <= int(span.get("lte") or created)
    )


def search(call: Call, kind: str) -> Obj:
    """Stripe's search, as far as `metadata['name']:'value'` and `email:'value'` joined by AND."""
    wanted = [_clause(part) for part in call.params["query"].split(" AND ")]
    limit = call.params.get("limit", 10)
    found = [row for row in call.account.newest(kind) if all(_matches(row, *clause) for clause in wanted)]
    return {
        "object": "search_result",
        "data": found[:limit],
        "has_more": len(found) > limit,
        "next_page": None,
        "url": call.path,
    }


def _clause(text: str) -> tuple[str, str]:
    name, colon, value = text.strip().partition(":")
    if not colon or len(value) < 2 or value[0] not in "'\"" or value[-1] != value[0]:
        raise invalid(f"We were unable to parse your search query: `{text}`", param="query")
    return name.strip(), value[1:-1]


def _matches(row: Obj, name: str, value: str) -> bool:
    if name.startswith("metadata["):
        return bool(row["metadata"].get(name[len("metadata[") : -1].strip("'\"")) == value)
    return row.get(name) == value


def answer(call: Call, obj: Obj) -> Obj:
    """The object as it is sent: without notes, a copy, the asked fields expanded."""
    shown: Obj = public(obj)
    for path in call.params.get("expand") or []:
        _expand(call.account, shown, obj, path.split("."), path)
    return shown


def _expand(account: Account, shown: Any, source: Any, steps: list[str], path: str) -> None:
    if isinstance(shown, list):
        for item in shown:
            _expand(account, item, account.of(item.get("object", "")).get(item.get("id", ""), item), steps, path)
        return
    name = steps[0]
    if not isinstance(shown, dict) or (name not in shown and f"_{name}" not in source):
        if isinstance(shown, dict) and name == "refunds" and shown.get("object") == "charge":
            shown[name] = _refunds_of(account, shown["id"])
            return
        raise invalid(f"This property cannot be expanded ({path}).", param=f"expand[{path}]")
    if name not in shown or shown[name] is None:
        if f"_{name}" in source:
            shown[name] = public(source[f"_{name}"])
        return
    value = shown[name]
    if isinstance(value, str):
        found = account.of(KIND_OF_PREFIX.get(value.split("_")[0], "")).get(value)
        if found is None:
            raise invalid(f"This property cannot be expanded ({path}).", param=f"expand[{path}]")
        shown[name] = public(found)
    if len(steps) > 1:
        _expand(account, shown[name], shown[name], steps[1:], path)


def _refunds_of(account: Account, charge: str) -> Obj:
    rows = [public(row) for row in account.newest("refund") if row["charge"] == charge]
    return {"object": "list", "data": rows, "has_more": False, "url": f"/v1/charges/{charge}/refunds"}
