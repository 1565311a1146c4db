"""Every field of every action on a subscription, found in the OpenAPI document, with values that are nothing: refused
beside the field, with a code and a sentence, and nothing is written. A new action, or a new field, is covered unnamed.

The values are those of the customer's list: amounts and quantities, dates, and what is not of its type at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.api.callers import Caller
from tests.api.makers import furnish
from tests.stories.statements import rows
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)
WRITTEN = json.loads((Path(settings.BASE_DIR) / "docs/openapi.json").read_text(encoding="utf-8"))
SCHEMAS = WRITTEN["components"]["schemas"]
SUBSCRIBING = SCHEMAS["SubscriptionBody"]
ROOT = "/api/v1/"
ABOUT = ("subscriptions/{", "gestures", "charges", "usage", "/migrate", "/consume", "subscriptions/preview")
NUL, LONG, MANY = "a\u0000b", "x" * 10_001, list(range(1_001))

NUMBERS = [
    "-1",
    "-0.5",
    "1e309",
    "NaN",
    "Infinity",
    "1,000",
    "\uff11\uff12",
    "0x10",
    "1.5.2",
    "",
    " 1",
    "9" * 40,
    True,
    [],
    {},
]
DATES = [
    "2027-02-29", "2026-04-31", "2026-13-01", "0000-01-01", "20261101", "2026-11-01T00:00:00Z", "2026-11-1", "tomorrow",
    "", "24:00", 20261101, True, [], {},
]  # fmt: skip
INSTANTS = ["2026-11-01", "2026-11-01T12:00:00", "2026-11-01T24:00:00Z", "2026-02-30T12:00:00Z", "", 12, True, [], {}]
BAD: dict[str, list[Any]] = {
    "integer": [-1, 1.5, "1", "", True, 2**53 + 1, 2**63, 10**30, [], {}],
    "number": NUMBERS,
    "date": DATES,
    "date-time": INSTANTS,
    "text": [NUL, LONG, 5, True, [], {}],
    "enum": ["nonsense", "NOW", " now", "", NUL, 5, True, [], {}],
    "boolean": ["true", "", 0, 1, [], {}],
    "array": ["x", 5, True, {}, [None], [True], MANY],
    "object": ["x", 5, True, [], {"a": {"b": "c"}}, {"a": None}],
}
OUT_OF_RANGE: dict[str, list[Any]] = {
    "integer": [0, 10**6 + 1, 2**31],
    "number": ["0", "-0", "1" + "0" * 15, "33.3333333"],
    "date": ["0001-01-01", "2016-11-01", "9999-12-31"],
    "date-time": ["0001-01-01T00:00:00Z", "2016-11-01T00:00:00Z", "9999-12-31T23:59:59Z"],
}
"""Of its type, and past every bound: refused, by the field or by what the action finds first."""
MAY_BE = {("amount", 10**6 + 1), ("amount", 2**31), ("notice_days", 0)}
"""A sum may be large, and a notice need not be given."""


def kind_of(schema: dict[str, Any]) -> str:
    """Which list of bad values a field's schema calls for."""
    if "$ref" in schema:
        return kind_of(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    if "enum" in schema:
        return "enum"
    if schema.get("format") in ("date", "date-time"):
        return str(schema["format"])
    if schema["type"] == "string":
        return "number" if str(schema.get("pattern", "")).startswith("^[0-9]") else "text"
    return str(schema["type"])


def actions() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each action's address, and the schema of its body."""
    for path, methods in WRITTEN["paths"].items():
        content = methods.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {})
        if any(part in path for part in ABOUT) and "$ref" in content.get("schema", {}):
            yield path.removeprefix(ROOT), SCHEMAS[content["schema"]["$ref"].rpartition("/")[2]]


ACTIONS = list(actions())
ASKED = [(path, schema) for path, schema in ACTIONS if not path.endswith("/preview") or schema is SUBSCRIBING]


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """A furnished shop; nothing here writes."""
    with django_db_blocker.unblock():
        shop = Shop.open("Refus")
        yield shop, Caller.of(shop), furnish(shop)


def good(schema: dict[str, Any], ids: dict[str, str], day: str) -> dict[str, Any]:
    """A body in which what is required stands, so that only the field under test is wrong."""
    said = {
        "subscription": ids["subscription"], "option": ids["option"], "offer": ids["offer"], "coupon": ids["coupon"],
        "feature": ids["feature"], "subscriber": ids["subscriber"], "title": {"en": "Help"}, "reason": "An outage",
        "kind": "amount", "amount": 100, "key": "one", "quantity": 1, "date": day, "effect_on": day, "version": 2,
        "population": {"from": day, "until": day}, "at": f"{day}T00:00:00Z",
        "records": [{**dict.fromkeys(("key", "feature", "subscription"), "one"), "at": f"{day}T00:00:00Z"}],
    }  # fmt: skip
    return {name: said[name] for name in schema.get("required", ())}


def told(answer: Any, field: str) -> str:
    """What is wrong with how a body was refused; empty where nothing is."""
    if not 400 <= answer.status_code < 500:
        return f"answered {answer.status_code}"
    body = answer.json()
    if not (body.get("code") and body.get("detail")):
        return f"said {body}"
    named = [each["field"] for each in body["errors"]]
    if answer.status_code == 422 and not any(each.partition(".")[0].partition("[")[0] == field for each in named):
        return f"named {named or body['code']}"
    if any(not each["code"] or not each["detail"] for each in body["errors"]):
        return f"gave no sentence: {body['errors']}"
    return ""


def test_every_action_is_found_and_a_preview_takes_the_body_of_its_act():
    bodies = dict(ACTIONS)
    previews = [path for path in bodies if path.endswith("/preview")]
    assert len(bodies) >= 37 and len(previews) >= 15
    assert [
        path for path in previews if bodies[path] is not bodies.get(path.removesuffix("/preview"), SUBSCRIBING)
    ] == []


@pytest.mark.parametrize(("path", "schema"), ASKED, ids=[path for path, _ in ASKED])
def test_what_is_nothing_is_refused_beside_its_field(world, path, schema):
    shop, site, ids = world
    day = shop.now().today.isoformat()
    address = path.format(**ids)
    before, wrong = rows(shop.id), []
    for field, form in schema["properties"].items():
        kind = kind_of(form)
        for value in [*BAD[kind], None]:
            answer = site.post(address, {**good(schema, ids, day), field: value})
            if said := told(answer, field) or ("was not 422" if answer.status_code != 422 else ""):
                wrong.append((field, str(value)[:40], said, answer.status_code))
        for value in OUT_OF_RANGE.get(kind, ()):
            if (field, value) in MAY_BE:
                continue
            answer = site.post(address, {**good(schema, ids, day), field: value})
            if said := "" if 400 <= answer.status_code < 500 else f"answered {answer.status_code}":
                wrong.append((field, str(value)[:40], said, answer.status_code))
    assert wrong == []
    assert rows(shop.id) == before
