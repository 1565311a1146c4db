"""Signed links: mint a token that opens one thing for one purpose for some time, and check it.

Tokens are minted when a message is sent or a page is answered; they are never stored in an event.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse

from merchants.clock import instant


def mint(purpose: str, merchant_id: UUID, object_id: UUID, *, lasts: timedelta) -> str:
    """A token that opens `object_id` of `merchant_id` for `purpose` until `lasts` has passed (real time)."""
    return mint_until(purpose, merchant_id, object_id, until=instant() + lasts)


def mint_until(purpose: str, merchant_id: UUID, object_id: UUID, *, until: datetime) -> str:
    """The same until an instant. The same arguments give the same token: what is asked again is asked to the letter."""
    said = [merchant_id.hex, object_id.hex, int(until.timestamp())]
    return _signer(purpose).sign_object(said)


def address_until(page: str, purpose: str, merchant_id: UUID, object_id: UUID, *, until: datetime) -> str:
    """The whole address of a page that a token opens, by the page's name (`hosted:owed`): whoever writes it on paper or
    into a letter may lie below the app that answers there."""
    return str(settings.PUBLIC_URL + reverse(page, args=[mint_until(purpose, merchant_id, object_id, until=until)]))


def check(purpose: str, token: str) -> tuple[UUID, UUID] | None:
    """`(merchant_id, object_id)` where the token is ours, for this purpose, and not too old; else None."""
    said = _read(purpose, token)
    return said[:2] if said and said[2] >= instant() else None


def check_lapsed(purpose: str, token: str) -> tuple[UUID, UUID] | None:
    """The same where the token was ours and is too old now: only to say so, and how to get a new one."""
    said = _read(purpose, token)
    return said[:2] if said and said[2] < instant() else None


def _read(purpose: str, token: str) -> tuple[UUID, UUID, datetime] | None:
    try:
        merchant, thing, until = _signer(purpose).unsign_object(token)
        return UUID(merchant), UUID(thing), datetime.fromtimestamp(until, UTC)
    except (signing.BadSignature, ValueError, TypeError, OverflowError):
        return None


def _signer(purpose: str) -> signing.Signer:
    return signing.Signer(salt=f"tacite.link.{purpose}")
