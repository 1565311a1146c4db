"""What comes over the wire: bodies, addresses, methods, parameters. What is odd is a 4xx, and nothing is written."""

from __future__ import annotations

import json

import pytest
from django.db import OperationalError
from django.test import override_settings
from psycopg2 import errors

from merchants.models import Offer
from merchants.tenancy.scope import tenant
from tests.api.callers import faults, monthly, problem

pytestmark = pytest.mark.django_db(transaction=True)


def raw(text, *, encoding="utf-8"):
    return text.encode(encoding)


MALFORMED = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b"12",
    b"{} {}",
    b'{"a": 1, "a": 2}',
    b'{"a": {"b": 1, "b": 2}}',
    b'{"a": NaN}',
    b'{"a": Infinity}',
    b'{"a": 1' + b"0" * 5_000 + b"}",
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b'{"\\u0000": 1}',
    b'{"a": ' + b"[" * 20 + b"]" * 20 + b"}",
    b'{"a": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    b"reference=standard",
]


def test_what_is_no_json_object_is_malformed(site):
    for body in MALFORMED[1:]:
        assert problem(site.call("POST", "offers", body)) == (400, "malformed"), body[:40]
    with tenant(site.shop.id):
        assert not Offer.objects.exists()


def test_an_empty_body_is_an_object_without_fields(site):
    missing = [("reference", "required"), ("title", "required"), ("currency", "required")]
    assert set(missing) <= set(faults(site.call("POST", "offers", b"")))


def test_only_json_in_utf_8_is_read(site):
    body = json.dumps(monthly()).encode()
    for kind in ("", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                 "application/json; charset=utf-16"):  # fmt: skip
        answer = site.call("POST", "offers", body, **{"Content-Type": kind})
        assert problem(answer) == (415, "unsupported_media_type"), kind
    packed = site.call("POST", "offers", body, **{"Content-Encoding": "gzip"})
    assert problem(packed) == (415, "unsupported_media_type")
    assert site.call("POST", "offers", body, **{"Content-Type": "application/json; charset=UTF-8"}).status_code == 201


def test_a_body_is_bounded_and_says_its_length(site):
    large = json.dumps(monthly(metadata={"k": "x" * 256 * 1024})).encode()
    assert problem(site.call("POST", "offers", large)) == (413, "body_too_large")
    assert problem(site.call("POST", "offers", b"x" * 2_000_000)) == (413, "body_too_large")
    assert problem(site.call("POST", "offers", b"{}", **{"Transfer-Encoding": "chunked"})) == (411, "length_required")


def test_thousands_of_fields_are_told_in_a_short_answer(site):
    answer = site.post("offers", {f"field{n}": 1 for n in range(10_000)})
    assert answer.status_code == 422 and len(answer.json()["errors"]) == 50


def test_a_body_where_none_is_taken_names_its_fields(site):
    answer = site.call("GET", "offers/ref:x", b'{"a": 1}')
    assert answer.status_code == 404


def test_an_address_or_method_that_is_not_offered(site):
    assert problem(site.get("nothing")) == (404, "not_found")
    assert problem(site.get("offers/")) == (404, "not_found")
    assert problem(site.get("../../healthz%2e%2e")) == (404, "not_found")
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
        answer = site.call(method, "offers")
        assert problem(answer) == (405, "method_not_allowed"), method
    overridden = site.call("POST", "offers/off_1", {}, **{"X-HTTP-Method-Override": "DELETE"})
    assert problem(overridden) == (405, "method_not_allowed")
    assert site.call("HEAD", "offers").status_code == 200


def test_html_is_never_answered(site):
    answer = site.get("offers", Accept="text/html")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert problem(site.get("nothing", Accept="text/html")) == (404, "not_found")


def test_a_host_that_is_not_ours_is_refused(site):
    assert problem(site.get("offers", Host="evil.example")) == (400, "malformed")


def test_parameters_are_known_and_stand_once(site):
    assert faults(site.get("offers?page=1")) == [("page", "parameter_unknown")]
    assert faults(site.get("offers?sort=metadata")) == [("sort", "parameter_unknown")]
    assert faults(site.get("offers?visible=true&visible=false")) == [("visible", "parameter_repeated")]
    assert faults(site.get("offers?visible=1")) == [("visible", "not_a_flag")]
    assert faults(site.get("offers?reference=%00")) == [("reference", "text_not_storable")]
    assert faults(site.get("offers?expand=stages")) == [("expand", "parameter_unknown")]
    for day in ("2026-02-29", "2026-04-31T00:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T09:30:00",
                "2026-12-31T23:59:60Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
                "١٢٣٤-01-01T00:00:00Z"):  # fmt: skip
        assert faults(site.get(f"offers?created_after={day}")) == [("created_after", "not_an_instant")], day
    site.make("offers", monthly())
    for moment, count in (
        ("2026-03-29T02:30:00%2B01:00", 1),
        ("2150-01-01T00:00:00Z", 0),
        ("2020-01-01T00:00:00.5z", 1),
    ):
        assert len(site.get(f"offers?created_after={moment}").json()["data"]) == count, moment


def test_unknown_ids_of_every_form_are_one_answer(site, stranger):
    theirs = stranger.make("offers", monthly("theirs"))["id"]
    own = site.make("features", {"reference": "standard", "kind": "switch", "title": {"en": "x"}})["id"]

    def body(name):
        answer = site.get(f"offers/{name}")
        assert problem(answer) == (404, "not_found")
        return {key: value for key, value in answer.json().items() if key != "request_id"}

    wanted = body("off_0000000000000000000001")
    for name in (
        theirs,
        own,
        "ref:theirs",
        "ref:",
        "ref:%00",
        "1",
        "off_",
        "off_' OR 1=1--",
        theirs.upper(),
        theirs[4:],
    ):
        assert body(name) == wanted, name


def test_text_is_kept_as_it_was_written(site):
    for number, text in enumerate(
        ("O'Brien\"; DROP TABLE", "' OR 1=1--", "{{7*7}}${7*7}", "<script>alert(1)</script>", "👩‍👩‍👧", "E\u0301",
         "=HYPERLINK(1)", "ﷺ" * 20)
    ):  # fmt: skip
        made = site.make("offers", monthly(f"{number}", title={"en": text}))
        assert made["title"] == {"en": text}
        assert site.get(f"offers/{made['id']}").json()["title"] == {"en": text}


class Broken(Exception):  # noqa: N818
    """Something that nobody foresaw."""


def test_what_nobody_foresaw_is_a_500_without_a_trace(site, monkeypatch):
    def fail(**_):
        raise Broken("secret detail")

    monkeypatch.setattr("merchants.api.offers.create_offer", fail)
    site.client.raise_request_exception = False
    answer = site.post("offers", monthly())
    assert problem(answer) == (500, "internal")
    assert "secret detail" not in answer.content.decode() and "Broken" not in answer.content.decode()


@pytest.mark.parametrize("cause", [errors.QueryCanceled, errors.LockNotAvailable, errors.DeadlockDetected])
def test_a_lock_that_is_not_had_in_time_is_busy(site, monkeypatch, cause):
    def fail(**_):
        offer = Offer.objects.create(reference="half", created_at=site.shop.now().at)
        assert offer.pk
        error = OperationalError("…")
        error.__cause__ = type("Cause", (cause,), {"pgcode": {
            errors.QueryCanceled: "57014", errors.LockNotAvailable: "55P03", errors.DeadlockDetected: "40P01",
        }[cause]})()  # fmt: skip
        raise error

    monkeypatch.setattr("merchants.api.offers.create_offer", fail)
    answer = site.post("offers", monthly(), key="again")
    assert problem(answer) == (503, "busy") and answer["Retry-After"] == "1"
    with tenant(site.shop.id):
        assert not Offer.objects.exists()
    monkeypatch.undo()
    assert site.post("offers", monthly(), key="again").status_code == 201


def test_a_lock_that_is_really_held_is_busy(site):
    """The time-out of PostgreSQL itself, on an offer whose row another connection holds."""
    from django.db import connection

    made = site.make("offers", monthly())
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT set_config('app.merchant_id', %s, true)", [str(site.shop.id)])
            cursor.execute("SELECT 1 FROM merchants_offer FOR UPDATE")
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 200")
        answer = site.patch(f"offers/{made['id']}", {"visible": False})
        assert problem(answer) == (503, "busy")
    finally:
        other.rollback()
        other.close()
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
    assert site.patch(f"offers/{made['id']}", {"visible": False}).status_code == 200


@override_settings(LANGUAGE_CODE="en")
def test_details_follow_the_reader_s_language_and_codes_do_not(site):
    answer = site.get("offers/off_1", **{"Accept-Language": "fr"})
    assert answer.json()["code"] == "not_found" and answer["Content-Language"] == "fr"
