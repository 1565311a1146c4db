"""The OpenAPI document: made from what each view declares (`operation`) and the TypedDicts that the shapes return."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

from merchants.http import cursors, idempotency
from merchants.http.operations import Operation, operation_of
from merchants.http.problems import MEDIA_TYPE

_PLAIN: Mapping[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer", "format": "int64"},
    bool: {"type": "boolean"},
    Any: {},
}
_TEXT = {"type": "string"}
PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `code` is stable; `detail` is for people. An error changed nothing. Some codes tell more"
    " in members of their own: `quota_exceeded` says `quota`, `used`, `remaining` and `resets_on`.",
    "required": ["type", "title", "status", "detail", "code", "errors", "request_id"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "code": _TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {
                    "field": {"type": "string", "example": "stages[1].recurrences"},
                    "code": _TEXT,
                    "detail": _TEXT,
                },
            },
        },
        "request_id": _TEXT,
    },
}
_ERRORS = {
    400: "The request cannot be read",
    401: "No key, or not a valid one",
    403: "The key lacks the scope",
    404: "Nothing under that id",
    409: "Not possible in the present state; `code` says why",
    413: "The body is larger than 256 KB",
    415: "The body is not JSON in UTF-8",
    422: "Some fields are not valid; `errors` names them",
    429: "Too many requests; see Retry-After",
    500: "Our fault; it was noted",
    503: "Busy; nothing was changed; see Retry-After",
}


class Schema(AutoSchema):
    """DRF's schema class for all our views (settings: DEFAULT_SCHEMA_CLASS)."""

    @property
    def declared(self) -> Operation:
        """What this method of the view declares."""
        found = operation_of(self.view, self.method)
        if found is None:
            raise TypeError(f"{type(self.view).__name__}.{self.method.lower()} lacks @operation")
        return found

    def is_excluded(self) -> bool:
        """What declares nothing is not offered."""
        return operation_of(self.view, self.method) is None

    def get_operation_id(self) -> str:
        """`list_offers`, `create_offers`… : verb, then the words of the address."""
        verbs = {"GET": "list" if self.declared.page else "read", "POST": "create", "PATCH": "update"}
        words = [part for part in self.path.removeprefix("/api/v1/").split("/") if part]
        fixed = [word for word in words if not word.startswith("{")]
        verb = verbs.get(self.method, "delete")
        if self.method == "POST" and words and len(words) > 2 and not words[-1].startswith("{"):
            verb, fixed = fixed[-1], fixed[:-1]
        one = words[-1:] and words[-1].startswith("{") and self.method != "POST"
        return "_".join([verb, *fixed, *(["one"] if one else [])])

    def get_tags(self) -> list[str]:
        """The resource: the first word of the address."""
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_summary(self) -> str:
        """One line."""
        return self.declared.summary

    def get_description(self) -> str:  # type: ignore[override]
        """The handler's docstring, and the scope it needs."""
        scope = getattr(self.view, "scopes", {}).get(self.method)
        needs = f"Scope: `{scope}`." if scope else ""
        return "\n\n".join(part for part in (self.declared.description, needs) if part)

    def get_request_serializer(self) -> Any:
        """The body."""
        return self.declared.body

    def get_filter_backends(self) -> list[Any]:
        """None: filters are declared."""
        return []

    def _get_parameters(self) -> list[dict[str, Any]]:
        """Address, filters, paging, expansion, Idempotency-Key."""
        found: list[dict[str, Any]] = [
            {"in": "path", "name": name, "required": True, "schema": _TEXT, "description": _id_text(name)}
            for name in (word[1:-1] for word in self.path.split("/") if word.startswith("{"))
        ]
        filters = self.declared.filters()
        shapes = self._map_serializer(filters, "request")["properties"] if filters.fields else {}  # type: ignore[no-untyped-call]
        for name, schema in shapes.items():
            found.append({"in": "query", "name": name, "required": filters.fields[name].required, "schema": schema})
        if self.declared.page:
            limit = {"type": "integer", "minimum": 1, "maximum": cursors.MOST, "default": cursors.LIMIT}
            found.append({"in": "query", "name": "limit", "schema": limit})
            found.append({"in": "query", "name": "cursor", "schema": _TEXT, "description": "`next_cursor` of a page"})
        if self.declared.expand:
            names = ", ".join(f"`{name}`" for name in self.declared.expand)
            found.append({"in": "query", "name": "expand", "schema": _TEXT, "description": f"Of {names}, with commas"})
        if self.method == "POST":
            key = {"type": "string", "minLength": 1, "maxLength": idempotency.KEY_LENGTH}
            text = "The same key and body get the same answer, once done; kept 72 hours."
            found.append({"in": "header", "name": idempotency.HEADER, "schema": key, "description": text})
        return found

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        """The answer and every problem that the address can meet."""
        found = {str(self.declared.status): self._success()}
        problem = self._component("Problem", PROBLEM)
        for status, text in _ERRORS.items():
            if (status == 404 and "{" not in self.path) or (status in (409, 413, 415) and self.method == "GET"):
                continue
            if status in (401, 403) and not self.view.authentication_classes:
                continue
            headers = {"X-Request-Id": {"schema": _TEXT}}
            if status in (429, 503):
                headers["Retry-After"] = {"schema": {"type": "integer"}}
            found[str(status)] = {"description": text, "headers": headers, "content": {MEDIA_TYPE: {"schema": problem}}}
        return found

    def _success(self) -> dict[str, Any]:
        declared = self.declared
        if declared.media_type != "application/json":
            binary = {"type": "string", "format": "binary"}
            return {"description": declared.summary, "content": {declared.media_type: {"schema": binary}}}
        if declared.answer is None:
            return {"description": "Done"}
        schema = self._shape(declared.answer)
        if declared.page:
            page = {
                "type": "object",
                "required": ["data", "has_more", "next_cursor"],
                "properties": {
                    "data": {"type": "array", "items": schema},
                    "has_more": {"type": "boolean"},
                    "next_cursor": {"type": "string", "nullable": True},
                },
            }
            schema = self._component(f"{_name(declared.answer)}Page", page)
        return {"description": declared.summary, "content": {"application/json": {"schema": schema}}}

    def _component(self, name: str, schema: dict[str, Any]) -> dict[str, Any]:
        component = _part(name, schema, name)
        self.registry.register_on_missing(component)
        return dict(component.ref)

    def _shape(self, hint: Any) -> dict[str, Any]:
        """The schema of a type hint: TypedDicts become components under their names, without `Shape`."""
        if is_typeddict(hint):
            return self._typed_dict(hint)
        if hint in _PLAIN:
            return dict(_PLAIN[hint])
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return {**self._shape(arguments[0]), **arguments[1].schema}
        if origin is NotRequired:
            return self._shape(arguments[0])
        if origin is Literal:
            return {"type": "string", "enum": list(arguments)}
        if origin in (Union, types.UnionType):
            return self._union([each for each in arguments if each is not types.NoneType], types.NoneType in arguments)
        if origin is list:
            return {"type": "array", "items": self._shape(arguments[0])}
        if origin is dict:
            return {"type": "object", "additionalProperties": self._shape(arguments[1])}
        raise TypeError(f"No schema for {hint!r}")

    def _union(self, hints: Iterable[Any], nullable: bool) -> dict[str, Any]:
        shapes = [self._shape(hint) for hint in hints]
        shape = shapes[0] if len(shapes) == 1 else {"oneOf": shapes}
        if nullable and "$ref" in shape:
            return {"allOf": [shape], "nullable": True}
        return {**shape, "nullable": True} if nullable else shape

    def _typed_dict(self, hint: Any) -> dict[str, Any]:
        name = self._free_name(_name(hint), hint)
        mark = _part(name, {}, hint)
        if mark.key not in self.registry._components:
            self.registry.register(mark)  # first, so that a shape may hold itself
            fields = get_type_hints(hint, include_extras=True)
            fields = {name: fields[name] for name in ("id", "object") if name in fields} | fields
            mark.schema = {
                "type": "object",
                "description": (hint.__doc__ or "").strip(),
                "required": sorted(hint.__required_keys__),
                "properties": {field: self._shape(kind) for field, kind in fields.items()},
            }
        return dict(mark.ref)

    def _get_serializer_name(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> str:
        name = super()._get_serializer_name(serializer, direction, bypass_extensions)
        return self._free_name(str(name), type(getattr(serializer, "child", serializer)))

    def _free_name(self, name: str, owner: Any) -> str:
        """The name, or with the app's before it where another app's object has it and is not alike."""
        known = self.registry._components.get((name, ResolvedComponent.SCHEMA))
        other = None if known is None else known.object
        if other is None or other is owner or type(other) is owner or _alike(other, owner):
            return name
        return str(owner.__module__).partition(".")[0].capitalize() + name


def _alike(one: Any, other: Any) -> bool:
    """Whether two TypedDicts say the same."""
    if not (is_typeddict(one) and is_typeddict(other)):
        return False
    same_keys = one.__required_keys__ == other.__required_keys__
    return same_keys and get_type_hints(one, include_extras=True) == get_type_hints(other, include_extras=True)


def _part(name: str, schema: dict[str, Any], owner: Any) -> ResolvedComponent:
    return ResolvedComponent(name, ResolvedComponent.SCHEMA, schema, object=owner)  # type: ignore[no-untyped-call]


def _name(hint: Any) -> str:
    return str(hint.__name__).removesuffix("Shape")


def _id_text(name: str) -> str:
    referable = {"offer", "option", "feature", "coupon", "site", "subscriber"}
    return "Its id, or `ref:<reference>`" if name in referable else "Its id"


def closed_bodies(result: dict[str, Any]) -> dict[str, Any]:
    """The document with every body, and every object in one, closed: it takes no other field than those named."""
    schemas = result["components"]["schemas"]
    waiting = [
        call["requestBody"] for path in result["paths"].values() for call in path.values() if "requestBody" in call
    ]
    seen: set[str] = set()
    while waiting:
        part = waiting.pop()
        name = str(part.get("$ref", "")).rpartition("/")[2] if isinstance(part, dict) else ""
        if name and name not in seen:
            seen.add(name)
            schemas[name]["additionalProperties"] = False
            waiting.append(schemas[name])
        elif isinstance(part, dict):
            waiting += [each for each in part.values() if isinstance(each, dict | list)]
        elif isinstance(part, list):
            waiting += part
    return result
