"""Lists: newest first, page by page, nothing twice, nothing left out; a cursor is of one list of one merchant."""

from __future__ import annotations

import base64
import json

import pytest

from merchants.clock import instant
from merchants.ids import new_id
from merchants.models import Feature
from merchants.tenancy.scope import tenant
from tests.api.callers import faults

pytestmark = pytest.mark.django_db(transaction=True)


def many(site, count):
    at = instant()
    with tenant(site.shop.id):
        rows = Feature.objects.bulk_create(
            Feature(reference=f"f{n}", kind="switch", title={"en": f"{n}"}, created_at=at) for n in range(count)
        )
    return [row.public_id for row in reversed(rows)]


def walk(site, path, limit):
    found, cursor = [], ""
    while True:
        page = site.get(f"{path}{'&' if '?' in path else '?'}limit={limit}{cursor}").json()
        assert set(page) == {"data", "has_more", "next_cursor"}
        assert page["has_more"] is (page["next_cursor"] is not None)
        assert len(page["data"]) == limit or not page["has_more"]
        found += [each["id"] for each in page["data"]]
        if not page["has_more"]:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def test_pages_hold_each_row_once_newest_first(site):
    ids = many(site, 60)
    for limit in (7, 25, 60, 100):
        assert walk(site, "features", limit) == ids
    assert len(site.get("features").json()["data"]) == 25
    assert walk(site, "features?kind=switch&archived=false", 20) == ids
    assert site.get("features?kind=level").json() == {"data": [], "has_more": False, "next_cursor": None}


def test_what_is_made_meanwhile_shifts_nothing(site):
    ids = many(site, 10)
    first = site.get("features?limit=5").json()
    with tenant(site.shop.id):
        Feature.objects.create(reference="new", kind="switch", title={"en": "new"}, created_at=instant())
    rest = site.get(f"features?limit=5&cursor={first['next_cursor']}").json()
    assert [each["id"] for each in first["data"] + rest["data"]] == ids


def test_a_limit_is_from_1_to_100(site):
    for limit in ("0", "-1", "101", "10%5E9", "1e2", "", "１", "ten"):
        assert faults(site.get(f"features?limit={limit}")) == [("limit", "limit_out_of_range")], limit


def test_a_cursor_that_is_none_of_this_list_is_refused(site, stranger):
    many(site, 3)
    many(stranger, 3)
    with tenant(site.shop.id):
        at = instant()
        from merchants.models import Site

        Site.objects.bulk_create(Site(reference=f"s{n}", name="s", created_at=at) for n in range(3))
    good = site.get("features?limit=1").json()["next_cursor"]
    theirs = stranger.get("features?limit=1").json()["next_cursor"]
    other = site.get("sites?limit=1").json()["next_cursor"]
    tag = json.loads(base64.urlsafe_b64decode(good + "=="))[0]

    def made(*parts):
        return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")

    for cursor in (theirs, other, "", "x", "x" * 2_000, made(), made(tag), made(tag, 1, 2), made(tag, None),
                   made(tag, "' OR 1=1--"), made(tag, 10**40), made("bad", str(new_id()))):  # fmt: skip
        assert faults(site.get(f"features?cursor={cursor}")) == [("cursor", "cursor_invalid")], cursor
    assert site.get(f"features?cursor={good}").status_code == 200
