"""The API's reference: the OpenAPI document, and a page that people read, made from it without a script."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from merchants.http.document import openapi, openapi_text
from merchants.http.schema import PROBLEM

_CACHED = "public, max-age=300"
_EVERYWHERE = frozenset({"limit", "cursor", "Idempotency-Key"})
"""Parameters that the page explains once, at its head."""
_CODE = re.compile(r"`([^`]+)`")


@require_safe
def document(request: HttpRequest) -> HttpResponse:
    """`/api/v1/openapi.json`."""
    response = HttpResponse(openapi_text(), content_type="application/json")
    response["Cache-Control"] = _CACHED
    response["Access-Control-Allow-Origin"] = "*"
    return response


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """`/api/v1/docs`: resources, their calls, and the objects they take and give."""
    made = openapi()
    resources: dict[str, list[dict[str, Any]]] = {}
    for path, methods in made["paths"].items():
        for method, call in methods.items():
            resources.setdefault(call["tags"][0], []).append(_call(path, method, call))
    schemas = made["components"]["schemas"]
    shown = {
        "resources": resources,
        "objects": [_object(name, schema) for name, schema in sorted(schemas.items()) if schema.get("properties")],
        "problem": list(_fields(PROBLEM)),
    }
    return render(request, "api/reference.html", shown)


def _coded(text: str) -> SafeString:
    """Plain text in which `…` is code.

    >>> _coded("a `ref:<reference>` & more")
    'a <code>ref:&lt;reference&gt;</code> &amp; more'
    """
    return mark_safe(_CODE.sub(r"<code>\1</code>", escape(text)))  # noqa: S308 - escaped just before


def _call(path: str, method: str, call: Mapping[str, Any]) -> dict[str, Any]:
    success = next(answer for status, answer in call["responses"].items() if status.startswith("2"))
    content = call.get("requestBody", {}).get("content", {}).get("application/json", {})
    return {
        "id": call["operationId"],
        "method": method.upper(),
        "path": path.removeprefix("/api/v1"),
        "summary": call.get("summary", ""),
        "description": [_coded(part) for part in call.get("description", "").split("\n\n") if part],
        "parameters": [
            {
                "name": each["name"],
                "in": each["in"],
                "type": _type(each["schema"]),
                "text": _coded(each.get("description", "")),
            }
            for each in call.get("parameters", [])
            if each["name"] not in _EVERYWHERE
        ],
        "body": _reference(content.get("schema", {})),
        "answer": _reference(_first(success.get("content", {})).get("schema", {})),
        "statuses": sorted(call["responses"]),
    }


def _first(content: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(iter(content.values()), {})


def _object(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "text": _coded(schema.get("description", "")), "fields": list(_fields(schema))}


def _fields(schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    required = schema.get("required", [])
    for name, each in schema.get("properties", {}).items():
        yield {
            "name": name,
            "type": _type(each),
            "reference": _reference(each),
            "required": name in required,
            "text": _coded(each.get("description", "")),
        }


def _inner(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself, below a list or a wrapping that only says `nullable`."""
    if schema.get("type") == "array":
        return _inner(schema["items"])
    whole = schema.get("allOf") or schema.get("oneOf")
    return _inner(whole[0]) if whole else schema


def _reference(schema: Mapping[str, Any]) -> str:
    """The name of the object that a schema is, or is a list of; empty for plain values."""
    return str(_inner(schema).get("$ref", "")).rpartition("/")[2]


def _type(schema: Mapping[str, Any]) -> str:
    """In words: `integer or null`, `list of string`, `one of month, year`."""
    if schema.get("type") == "array":
        text = f"list of {_type(schema['items'])}"
    elif name := _reference(schema):
        text = name
    elif words := _inner(schema).get("enum"):
        text = "one of " + ", ".join(str(word) for word in words if word)
    else:
        text = str(schema.get("type", "any"))
        text = schema.get("format", text) if text == "string" else text
    return f"{text} or null" if schema.get("nullable") else text
