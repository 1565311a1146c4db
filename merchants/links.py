"""Signed links: mint a token that opens one thing for one purpose for some time, and check it.

Tokens are minted when a message is sent or a page is answered; they are never stored in an event.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.core import signing


def mint(purpose: str, merchant_id: UUID, object_id: UUID, *, lasts: timedelta) -> str:
    """A token that opens `object_id` of `merchant_id` for `purpose` until `lasts` has passed (real time)."""
    signer = signing.TimestampSigner(salt=f"tacite.link.{purpose}")
    return signer.sign_object([merchant_id.hex, object_id.hex, int(lasts.total_seconds())], compress=False)


def check(purpose: str, token: str) -> tuple[UUID, UUID] | None:
    """`(merchant_id, object_id)` where the token is ours, for this purpose, and not too old; else None."""
    signer = signing.TimestampSigner(salt=f"tacite.link.{purpose}")
    try:
        merchant, thing, seconds = signer.unsign_object(token)
        signer.unsign(token, max_age=seconds)
        return UUID(merchant), UUID(thing)
    except (signing.BadSignature, ValueError, TypeError):
        return None
