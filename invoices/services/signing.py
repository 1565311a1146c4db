"""Keeping what was signed, with its proof; and checking that it still is what was signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from invoices.models import SignedPaper
from invoices.strokes import read_strokes
from merchants.canonical import digest
from merchants.clock import instant
from merchants.ids import new_id
from merchants.models import Device, Membership, Site
from merchants.refusals import Invalid, gettext_noop
from merchants.secrets import decrypt, encrypt

NAME_MOST = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A paper that somebody read and signed. `content` are its words (`invoices.agreements`), `secret` the account that
    stood on it beside them, `signature` what `read_signature` made of what was sent."""

    kind: str
    locale: str
    content: Mapping[str, Any]
    signature: Mapping[str, Any]
    secret: str = ""


def read_signature(drawn: str, typed: str) -> dict[str, Any]:
    """A signature as it was drawn, or the name of who cannot draw. Raises Invalid at `signature`.

    >>> read_signature("", " Ana Diaz ")
    {'typed': 'Ana Diaz'}
    """
    name = " ".join(typed.split())
    if not drawn.strip() and name:
        if len(name) > NAME_MOST:
            raise Invalid.at("signature", "too_long", gettext_noop("At most %(most)s characters."), {"most": NAME_MOST})
        return {"typed": name}
    return {"strokes": read_strokes(drawn)}


def keep(
    draft: Draft,
    *,
    subscriber_id: UUID,
    subscription_id: UUID | None = None,
    mandate_id: UUID | None = None,
    site: Site | None = None,
    device: Device | None = None,
    member: Membership | None = None,
) -> SignedPaper:
    """The paper as a row that nobody changes any more. Needs the tenant's scope."""
    row = SignedPaper(
        id=new_id(),
        kind=draft.kind,
        subscriber_id=subscriber_id,
        subscription_id=subscription_id,
        mandate_id=mandate_id,
        locale=draft.locale,
        content=dict(draft.content),
        secret=encrypt(draft.secret) if draft.secret else b"",
        signature=dict(draft.signature),
        site=site,
        device=device,
        member=member,
        signed_at=instant().replace(microsecond=0),
    )
    row.content_hash = proof(row, draft.secret)
    row.save(force_insert=True)
    return row


def proof(row: SignedPaper, secret: str) -> str:
    """SHA-256 over all that was signed: words, account, signature, moment, place, device, who stood at the counter."""
    return digest(
        {
            "id": row.pk,
            "kind": row.kind,
            "subscriber": row.subscriber_id,
            "subscription": row.subscription_id,
            "mandate": row.mandate_id,
            "content": row.content,
            "secret": secret,
            "signature": row.signature,
            "signed_at": row.signed_at,
            "site": row.site_id,
            "device": row.device_id,
            "member": row.member_id,
        }
    )


def account_on(row: SignedPaper) -> str:
    """The account that stands on a mandate's paper, '' on any other."""
    return decrypt(row.secret)


def is_intact(row: SignedPaper) -> bool:
    """Whether the paper is what was signed, to the letter."""
    return proof(row, account_on(row)) == row.content_hash
