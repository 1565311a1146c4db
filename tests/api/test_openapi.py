"""The OpenAPI document says what the code does: the kept file, every route and status, shapes as answered."""

from __future__ import annotations

import io
import re

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from merchants.http.document import openapi, openapi_text
from tests.api.callers import monthly
from tests.api.makers import routes

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_kept_document_is_what_the_code_says():
    out = io.StringIO()
    call_command("openapi", check=True, stdout=out)
    assert out.getvalue() == "docs/openapi.json is what the code says\n"


def test_a_document_that_differs_is_told(settings, tmp_path):
    (tmp_path / "docs").mkdir()
    settings.BASE_DIR = tmp_path
    with pytest.raises(CommandError, match=r"run manage\.py openapi"):
        call_command("openapi", check=True)
    call_command("openapi", stdout=io.StringIO())
    assert (tmp_path / "docs" / "openapi.json").read_text() == openapi_text()
    call_command("openapi", check=True, stdout=io.StringIO())


def test_it_is_made_without_a_warning(capsys):
    """Two kinds of one name, or a field without a type, would be told here."""
    openapi.__wrapped__()
    assert capsys.readouterr() == ("", "")


def test_every_method_of_every_route_is_told_and_nothing_else():
    told = {(path, method) for path, methods in openapi()["paths"].items() for method in methods}
    offered = {
        ("/api/v1/" + re.sub(r"<str:(\w+)>", r"{\1}", route.path), method)
        for route in routes()
        for method in route.methods
    }
    assert told == offered
    ids = [call["operationId"] for methods in openapi()["paths"].values() for call in methods.values()]
    assert len(ids) == len(set(ids))


def test_every_call_tells_its_problems_and_its_key():
    for path, methods in openapi()["paths"].items():
        for method, call in methods.items():
            statuses = set(call["responses"])
            assert {"401", "403", "422", "429", "500", "503"} <= statuses, (path, method)
            assert ("404" in statuses) is ("{" in path), (path, method)
            headers = (
                {each["name"] for each in call["parameters"] if each["in"] == "header"}
                if "parameters" in call
                else set()
            )
            assert headers == ({"Idempotency-Key"} if method == "post" else set()), (path, method)
            assert call["security"] == [{"secret_key": []}], (path, method)
            assert call["summary"] and call["description"], (path, method)


def check(value, schema, schemas, at):
    """That a JSON value is as its schema says, with no field more and none less."""
    if value is None:
        assert schema.get("nullable"), at
        return
    if "allOf" in schema:
        schema = schema["allOf"][0]
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if "properties" in schema:
        assert set(schema["required"]) <= set(value) <= set(schema["properties"]), at
        for name, inner in value.items():
            check(inner, schema["properties"][name], schemas, f"{at}.{name}")
    elif schema.get("type") == "array":
        for each in value:
            check(each, schema["items"], schemas, f"{at}[]")
    elif schema.get("type"):
        kinds = {"string": str, "integer": int, "boolean": bool, "object": dict}
        assert type(value) is kinds[schema["type"]], (at, value)
        assert value in schema.get("enum", [value]), (at, value)


def test_answers_are_as_the_document_says(site):
    site.make("features", {"reference": "audio", "kind": "level", "title": {"en": "A"}, "levels": ["a", "b"]})
    prices = [{"interval": "month", "amount": 5}]
    site.make("options", {"reference": "extra", "title": {"en": "E"}, "currency": "EUR", "prices": prices})
    stages = [{"interval": "month", "amount": 1, "features": [{"feature": "ref:audio", "level": "b"}]}]
    site.make("offers", monthly(stages=stages, options=[{"option": "ref:extra"}]))
    site.make("coupons", {"reference": "c", "code": "C", "title": {"en": "C"}, "percent_off": "5", "duration": "once"})
    site.make("sites", {"reference": "s", "name": "S"})
    site.make("test_clocks", {"time": "2026-11-22T09:30:00Z"})
    document = openapi()
    schemas = document["components"]["schemas"]
    for name in ("merchant", "features", "options", "offers", "coupons", "sites", "legal_entities", "tax_rates",
                 "test_clocks", "offers/ref:standard/versions"):  # fmt: skip
        path = "/api/v1/" + name.replace("ref:standard", "{offer}")
        schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        answer = site.get(name).json()
        assert name == "merchant" or answer["data"], name
        check(answer, schema, schemas, name)
    check(site.get("offers/off_1").json(), {"$ref": "#/components/schemas/Problem"}, schemas, "problem")


def test_bodies_are_closed():
    schemas = openapi()["components"]["schemas"]
    for name in (
        "OfferBody",
        "StageBody",
        "OpenedFeatureBody",
        "CommitmentBody",
        "PatchedOfferChanges",
        "LegalAddressBody",
    ):
        assert schemas[name]["additionalProperties"] is False, name
    assert "additionalProperties" not in schemas["Offer"]


def test_the_document_and_the_reference_page_need_no_key_and_no_script_of_theirs():
    client = Client()
    served = client.get("/api/v1/openapi.json")
    assert served["Content-Type"] == "application/json" and served.json()["openapi"].startswith("3.")
    page = client.get("/api/v1/docs")
    text = page.content.decode()
    assert page.status_code == 200 and page["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|<style|\son\w+=", text)
    for route in routes():
        assert " /" + re.sub(r"<str:(\w+)>", r"{\1}", route.path) + "</code>" in text
    assert client.post("/api/v1/docs").status_code == 405
