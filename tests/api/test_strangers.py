"""Every route of the API, found in the URL conf: a stranger's id answers as one that nothing has, to the letter.

A new route is covered without being named. One whose parameter names a new kind of thing fails here until
`tests/api/makers.py` can make that kind.
"""

from __future__ import annotations

import io
import zipfile

import pytest

from merchants.http.authentication import ApiKeyAuthentication, HasScope
from merchants.http.views import ApiView
from tests.api.callers import Caller, problem
from tests.api.makers import MAKERS, furnish, routes, unknown
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)
ROUTES = list(routes())
WITH_IDS = [(route, method) for route in ROUTES if route.parameters for method in route.methods]


@pytest.fixture(scope="module")
def worlds(django_db_setup, django_db_blocker):
    """Us and a stranger, furnished alike; nothing here writes."""
    with django_db_blocker.unblock():
        ours, theirs = Shop.open("Onde"), Shop.open("Soleil")
        yield Caller.of(ours), furnish(ours), furnish(theirs)


def told(answer):
    """An answer without what names this one request."""
    body = answer.json()
    body.pop("request_id", None)
    return answer.status_code, answer["Content-Type"], answer.get("Allow"), body


def test_every_route_is_one_of_ours_and_every_parameter_has_a_maker():
    assert len(ROUTES) >= 18 and len(WITH_IDS) >= 15
    unmade = {name for route in ROUTES for name in route.parameters} - MAKERS.keys()
    assert unmade == set(), "teach tests/api/makers.py to make one"
    assert [route.path for route in ROUTES if route.path.endswith("/")] == []
    assert [route.path for route in ROUTES if not route.methods] == []


def test_every_view_asks_for_a_key_and_names_a_scope_for_each_method():
    from django.urls import resolve

    for route in ROUTES:
        address = "/api/v1/" + route.address({name: unknown(name) for name in route.parameters})
        view = resolve(address).func.cls
        assert issubclass(view, ApiView), route
        assert view.authentication_classes == [ApiKeyAuthentication] and view.permission_classes == [HasScope], route
        assert {method.lower() for method in view.scopes} == set(route.methods), route
        for method, scope in view.scopes.items():
            reads = method == "GET" or route.path.endswith("/preview")
            assert scope.endswith(":read" if reads else ":write"), (route, scope)


@pytest.mark.parametrize(("route", "method"), WITH_IDS, ids=lambda value: getattr(value, "path", value))
def test_a_stranger_s_id_is_an_unknown_one(worlds, route, method):
    site, ours, theirs = worlds
    for name in route.parameters:
        own = {other: ours[other] for other in route.parameters}
        body: object = None if method == "get" else {}

        def ask(id_, own=own, name=name, body=body):
            return site.call(method.upper(), route.address({**own, name: id_}), body)

        nothing = ask(unknown(name))
        assert problem(nothing) == (404, "not_found"), (route, name)
        assert told(ask(theirs[name])) == told(nothing), (route, name)


def said(answer) -> str:
    """All that an answer holds, what is packed in it too."""
    body = answer.getvalue()
    if answer["Content-Type"] == "application/zip":
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            body = b"".join(packed.read(name) for name in packed.namelist())
    return body.decode(errors="replace")


@pytest.mark.parametrize("route", [route for route in ROUTES if "get" in route.methods], ids=lambda route: route.path)
def test_what_is_ours_is_found_and_lists_hold_nothing_of_a_stranger_s(worlds, route):
    site, ours, theirs = worlds
    asked = "?from=2020-01-01T00:00:00Z" if route.path.endswith("/diff") else ""
    answer = site.get(route.address(ours) + asked)
    if route.path.endswith(("/pdf", "/xml")) and answer.status_code == 409:
        assert problem(answer) == (409, "document_not_ready")  # found: no worker prints here
    else:
        assert answer.status_code == 200, route
    text = said(answer)
    assert [name for name, id_ in theirs.items() if id_ in text] == []


def test_without_a_key_nothing_is_told(worlds):
    site, ours, _ = worlds
    for route in ROUTES:
        for method in route.methods:
            answer = site.call(method.upper(), route.address(ours), Authorization="")
            assert problem(answer) == (401, "key_missing"), route
