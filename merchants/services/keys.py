"""Keys of a merchant's website: made, shown once, kept as a fingerprint, revoked at once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from merchants import ids
from merchants.models import ApiKey, Merchant, User
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, NotFound, gettext_noop

OPEN_KEYS = 50
"""As many keys as a merchant may have in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key and its secret, which is known only now: what is stored cannot be turned back into it."""

    key: ApiKey
    secret: str


def prefix_of(merchant: Merchant) -> str:
    """How a merchant's keys begin, so that a live key is recognised at sight.

    >>> prefix_of(Merchant(name="Onde"))
    'sk_live'
    """
    return "sk_test" if merchant.is_sandbox else "sk_live"


def keys() -> list[ApiKey]:
    """All keys of the open scope, those in use first, the newest first."""
    rows = ApiKey.objects.select_related("created_by").order_by("-id")
    return sorted(rows, key=lambda row: row.revoked_at is not None)


def key(shown: str) -> ApiKey:
    """The key under a public id. Raises NotFound."""
    key_id = ids.read("key", shown)
    found: ApiKey | None = ApiKey.objects.filter(id=key_id).first() if key_id else None
    if found is None:
        raise NotFound
    return found


def make_key(*, merchant: Merchant, name: str, scopes: Sequence[str], by: User | None, now: Now) -> NewKey:
    """A new key: 256 random bits, of which the SHA-256 is kept. No scope: it may do everything.

    The caller has checked that each scope exists. Raises Invalid, Conflict (`too_many_keys`).
    """
    clean = " ".join(name.split())
    if not 1 <= len(clean) <= 80 or not clean.isprintable():
        raise Invalid.at("name", "name_invalid", gettext_noop("A name has 1 to 80 characters."))
    if ApiKey.objects.filter(revoked_at=None).count() >= OPEN_KEYS:
        raise Conflict(
            gettext_noop("%(most)s keys are in use already."),
            code="too_many_keys",
            params={"most": OPEN_KEYS},
            way_out=gettext_noop("Revoke those that no site uses any more."),
        )
    prefix = prefix_of(merchant)
    secret = f"{prefix}_{secrets.token_urlsafe(32)}"
    row = ApiKey.objects.create(
        name=clean,
        prefix=prefix,
        last4=secret[-4:],
        digest=sha256(secret.encode()).digest(),
        scopes=sorted(set(scopes)),
        created_by=by,
        created_at=now.at,
    )
    return NewKey(key=row, secret=secret)


def revoke_key(row: ApiKey, *, now: Now) -> None:
    """From now on the key opens nothing: each request looks it up. Revoking twice changes nothing."""
    ApiKey.objects.filter(id=row.id, revoked_at=None).update(revoked_at=now.at)
