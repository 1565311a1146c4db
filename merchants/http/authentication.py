"""Who calls: a secret key of one merchant, and what it may do. It is looked up at each request: revoked means now."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from merchants.actors import Actor, ActorKind, Channel
from merchants.clock import instant
from merchants.models import ApiKey, Merchant
from merchants.tenancy.across import across_tenants
from merchants.tenancy.scope import tenant

_KEY = re.compile(r"sk_(?:live|test)_[A-Za-z0-9_-]{20,80}", re.ASCII)
USE_IS_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """What a request's key says: whose it is, what it may do (no scope: everything), and the actor of what it does.

    `merchant` is as it stood when the key was checked, just before the request's own transaction.
    """

    merchant: Merchant
    key_id: UUID
    scopes: frozenset[str]
    actor: Actor
    use_is_stale: bool = False

    @property
    def merchant_id(self) -> UUID:
        """The tenant whose scope the request opens."""
        return self.merchant.pk

    def may(self, scope: str) -> bool:
        """Whether the key is allowed what a scope names. A scope that nothing has (`—`) is had by whole keys only."""
        return not self.scopes or scope in self.scopes

    @property
    def livemode(self) -> bool:
        """Whether real money moves: not in a sandbox."""
        return not self.merchant.is_sandbox


def digest_of(secret: str) -> bytes:
    """What is stored of a key: 32 bytes from which it cannot be had back. It has 256 random bits: no salt is needed."""
    return hashlib.sha256(secret.encode()).digest()


def _bearer(request: Request) -> str:
    kind, _blank, secret = request.headers.get("Authorization", "").partition(" ")
    if not kind:
        raise AuthenticationFailed(_("Send your secret key: Authorization: Bearer sk_…"), code="key_missing")
    if kind.lower() != "bearer" or not _KEY.fullmatch(secret.strip()):
        raise AuthenticationFailed(_("That is not a key of this service."), code="key_unknown")
    return secret.strip()


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer sk_live_…` or `sk_test_…`; `request.auth` becomes a `Caller`."""

    def authenticate(self, request: Request) -> tuple[Merchant, Caller]:
        """Merchant and caller. Raises AuthenticationFailed (401) with codes key_missing, key_unknown, key_revoked,
        key_expired, and PermissionDenied (403, merchant_suspended)."""
        found = across_tenants("api_key", digest_of(_bearer(request)))
        if not found:
            raise AuthenticationFailed(_("That is not a key of this service."), code="key_unknown")
        merchant_id, key_id = found[0]
        with tenant(merchant_id):
            key = ApiKey.objects.select_related("merchant").get(pk=key_id)
        now = instant()
        if key.revoked_at is not None:
            raise AuthenticationFailed(_("This key was revoked. Make a new one."), code="key_revoked")
        if key.expires_at is not None and key.expires_at <= now:
            raise AuthenticationFailed(_("This key has expired. Make a new one."), code="key_expired")
        merchant: Merchant = key.merchant
        if merchant.suspended_at is not None:
            raise PermissionDenied(_("This merchant's account is suspended."), code="merchant_suspended")
        actor = Actor(kind=ActorKind.api_key, id=key.public_id, label=key.name, channel=Channel.api)
        stale = key.last_used_at is None or key.last_used_at <= now - USE_IS_NOTED_EVERY
        caller = Caller(merchant=merchant, key_id=key.pk, scopes=frozenset(key.scopes), actor=actor, use_is_stale=stale)
        return merchant, caller

    def authenticate_header(self, request: Request) -> str:
        """What a 401 says in WWW-Authenticate."""
        return 'Bearer realm="Tacite API"'


class HasScope(BasePermission):
    """The view's `scopes` name what each method needs; a key without scopes may do everything.

    A method that the view answers and names no scope for is refused: forgetting one never opens it.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """True, or raises PermissionDenied (403, scope_missing)."""
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method.lower() not in view.http_method_names or not hasattr(view, method.lower()):
            return True  # answered with 405
        scopes: Mapping[str, str] = view.scopes
        caller = request.auth
        if method in scopes and isinstance(caller, Caller) and caller.may(scopes[method]):
            return True
        raise scope_missing(scopes.get(method, "—"))


def scope_missing(scope: str) -> PermissionDenied:
    """403: the key is not allowed that."""
    return PermissionDenied(_("This key lacks the scope %(scope)s.") % {"scope": scope}, code="scope_missing")


def note_use(caller: Caller) -> None:
    """Write when the key was last used, at most once a minute; called once the answer is on its way."""
    if not caller.use_is_stale:
        return
    now = instant()
    with tenant(caller.merchant_id):
        stale = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_IS_NOTED_EVERY)
        ApiKey.objects.filter(stale, pk=caller.key_id).update(last_used_at=now)


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document tells of keys."""

    target_class = "merchants.http.authentication.ApiKeyAuthentication"
    name = "secret_key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """A bearer scheme."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A secret key: `sk_live_…`, or `sk_test_…` for the sandbox. It stays on your server.",
        }
