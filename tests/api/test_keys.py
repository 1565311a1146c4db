"""Who may call: keys, scopes, revocation; and what a caller without one is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import override_settings
from django.urls import URLResolver, get_resolver

from merchants.clock import instant
from merchants.http.expand import SCOPES
from merchants.http.operations import operation_of
from merchants.models import ApiKey, Merchant
from merchants.services.keys import revoke_key
from merchants.tenancy.scope import tenant
from tests.api.callers import Caller, monthly, problem

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def fresh_cache():
    """Counts of calls begin anew."""
    from django.core.cache import cache

    cache.clear()


def refused(answer):
    assert answer["WWW-Authenticate"] == 'Bearer realm="Tacite API"'
    return problem(answer)


def test_only_a_key_of_ours_opens_the_api(site):
    assert site.get("offers").status_code == 200
    for header, code in (
        ("", "key_missing"),
        ("Bearer", "key_unknown"),
        ("Basic c2tfdGVzdDo=", "key_unknown"),
        ("Bearer sk_test_" + "x" * 43, "key_unknown"),
        ("Bearer " + site.secret + "x", "key_unknown"),
        ("Bearer eyJhbGciOiJub25lIn0.e30.", "key_unknown"),
    ):
        assert refused(site.get("offers", Authorization=header)) == (401, code), header
    assert refused(site.get(f"offers?key={site.secret}", Authorization="")) == (401, "key_missing")


def test_no_log_holds_a_secret(site, caplog):
    caplog.set_level("DEBUG")
    site.get("offers")
    site.get("offers", Authorization=f"Bearer {site.secret}x")
    site.post("offers", {"unknown": site.secret})
    assert site.secret not in caplog.text


def test_a_revoked_key_is_refused_at_once(site):
    with tenant(site.shop.id):
        revoke_key(site.key, now=site.shop.now())
    assert refused(site.get("offers")) == (401, "key_revoked")


def test_an_expired_key_is_refused(site):
    with tenant(site.shop.id):
        ApiKey.objects.filter(pk=site.key.pk).update(expires_at=instant() - timedelta(seconds=1))
    assert refused(site.get("offers")) == (401, "key_expired")


def test_a_suspended_merchant_s_key_is_refused(site):
    with tenant(site.shop.id):
        Merchant.objects.update(suspended_at=instant())
    assert problem(site.get("offers")) == (403, "merchant_suspended")


def test_a_key_does_what_its_scopes_say(shop):
    reader = Caller.of(shop, "offers:read")
    assert reader.get("offers").status_code == 200
    assert problem(reader.post("offers", monthly())) == (403, "scope_missing")
    assert problem(reader.get("features")) == (403, "scope_missing")
    writer = Caller.of(shop, "offers:write", "features:read")
    assert writer.post("offers", monthly()).status_code == 201
    assert problem(writer.get("offers")) == (403, "scope_missing")
    assert writer.get("features").status_code == 200


def test_the_use_of_a_key_is_noted_once_a_minute(site):
    def used():
        with tenant(site.shop.id):
            return ApiKey.objects.get(pk=site.key.pk).last_used_at

    assert used() is None
    site.get("offers")
    first = used()
    assert first is not None and abs(first - instant()) < timedelta(seconds=20)
    site.get("offers")
    assert used() == first
    with tenant(site.shop.id):
        ApiKey.objects.filter(pk=site.key.pk).update(last_used_at=instant() - timedelta(seconds=61))
    site.get("offers")
    assert used() > first


@override_settings(API_CALLS_PER_10_SECONDS=2)
def test_too_many_calls_of_one_key_wait(site, stranger):
    answers = [site.get("merchant") for _ in range(6)]
    late = [answer for answer in answers if answer.status_code == 429]
    assert late and {answer.status_code for answer in answers} == {200, 429}
    assert problem(late[0]) == (429, "rate_limited")
    assert 1 <= int(late[0]["Retry-After"]) <= 10
    assert stranger.get("merchant").status_code == 200


GONE = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}}


def test_without_the_cache_everyone_is_let_through(site, monkeypatch):
    from merchants.http import throttling

    monkeypatch.setattr(throttling, "_silent_until", 0.0)
    with override_settings(CACHES=GONE, API_CALLS_PER_10_SECONDS=1):
        assert [site.get("merchant").status_code for _ in range(3)] == [200, 200, 200]
        assert site.post("offers", monthly(), key="k").status_code == 201
    monkeypatch.setattr(throttling, "_silent_until", 0.0)


def test_an_answer_has_the_caller_s_request_id_or_ours(site):
    assert site.get("offers", **{"X-Request-Id": "4bf92f3577b34da6"})["X-Request-Id"] == "4bf92f3577b34da6"
    for odd in ("short", "x" * 65, "with blank in it", "é" * 10):
        assert site.get("offers", **{"X-Request-Id": odd})["X-Request-Id"].startswith("req_")
    assert site.get("offers")["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "scope"),
    [("subscriber", "subscribers:read"), ("offer", "offers:read"), ("latest_invoice", "invoices:read")],
)
def test_a_key_sees_by_expanding_no_more_than_by_reading(site, name, scope):
    narrow = Caller.of(site.shop, "subscriptions:read")
    assert narrow.get("subscriptions").status_code == 200
    assert problem(narrow.get(f"subscriptions?expand={name}")) == (403, "scope_missing")
    assert scope in narrow.get(f"subscriptions?expand={name}").json()["detail"]
    assert Caller.of(site.shop, "subscriptions:read", scope).get(f"subscriptions?expand={name}").status_code == 200
    assert site.get(f"subscriptions?expand={name}").status_code == 200


def test_whatever_can_be_expanded_names_what_it_needs():
    def views(patterns):
        for pattern in patterns:
            yield from views(pattern.url_patterns) if isinstance(pattern, URLResolver) else [pattern.callback]

    kinds = {view.cls for view in views(get_resolver().url_patterns) if hasattr(view, "cls")}
    declared = [found for kind in kinds for method in ("GET", "POST") if (found := operation_of(kind, method))]
    offered = {name for operation in declared for name in operation.expand}
    assert offered == set(SCOPES)
