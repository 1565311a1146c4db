"""The merchant's logo: kept only as a drawing of plain shapes."""

from __future__ import annotations

from merchants.actors import Actor
from merchants.journal import record
from merchants.logos import check_logo
from merchants.models import Merchant
from merchants.now import Now
from merchants.selectors.merchants import show_merchant


def set_logo(svg: str, *, actor: Actor, now: Now) -> Merchant:
    """Keep a logo; '' takes it away. Raises Invalid (`logo_not_plain`). Needs the tenant's scope."""
    drawing = check_logo(svg)
    merchant = Merchant.objects.select_for_update().get()
    if merchant.logo_svg != drawing:
        merchant.logo_svg = drawing
        merchant.save(update_fields=["logo_svg"])
        shown = show_merchant(merchant)
        record(kind="merchant.updated", object_id=merchant.pk, data={"object": shown}, actor=actor, now=now)
    return merchant
