"""Logos: kept only as drawings of plain shapes, and for ever, because documents were printed with them."""

from __future__ import annotations

from hashlib import sha256

from merchants.actors import Actor
from merchants.journal import record
from merchants.logos import check_logo
from merchants.models import Logo, Merchant
from merchants.now import Now
from merchants.selectors.merchants import show_merchant


def set_logo(svg: str, *, actor: Actor, now: Now) -> Merchant:
    """Keep the merchant's logo; '' takes it away. Raises Invalid (`logo_not_plain`). Needs the tenant's scope."""
    drawing = check_logo(svg)
    merchant = Merchant.objects.select_for_update().get()
    if merchant.logo_svg != drawing:
        keep_logo(drawing, now=now)
        merchant.logo_svg = drawing
        merchant.save(update_fields=["logo_svg"])
        shown = show_merchant(merchant)
        record(kind="merchant.updated", object_id=merchant.pk, data={"object": shown}, actor=actor, now=now)
    return merchant


def keep_logo(drawing: str, *, now: Now) -> str:
    """Keep a drawing that was checked; its digest, or '' for none. The same drawing is kept once."""
    if not drawing:
        return ""
    digest = sha256(drawing.encode()).hexdigest()
    Logo.objects.get_or_create(digest=digest, defaults={"svg": drawing, "created_at": now.at})
    return digest
