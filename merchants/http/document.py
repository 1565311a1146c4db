"""The whole OpenAPI document, made once a process."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.utils.translation import override
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import patched_settings

from merchants.http.schema import closed_bodies

PATH = "docs/openapi.json"


_SETTINGS = {"POSTPROCESSING_HOOKS": [], "ENUM_GENERATE_CHOICE_DESCRIPTION": False}


@cache
def openapi() -> dict[str, Any]:
    """The document of every endpoint in the URL conf, in English."""
    with override("en"), patched_settings(_SETTINGS):
        made = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return closed_bodies(made)


@cache
def openapi_text() -> str:
    """The document as it is served, and kept under PATH: keys in a fixed order, so that a change is a readable diff."""
    return json.dumps(openapi(), indent=1, sort_keys=True, ensure_ascii=False, default=str) + "\n"
