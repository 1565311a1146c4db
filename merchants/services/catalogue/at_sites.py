"""What sites do otherwise with an offer: they do not sell it, or at a price of their own, which is a version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from merchants.actors import Actor
from merchants.models import Offer, OfferAtSite, Site
from merchants.now import Now
from merchants.refusals import FieldError, gettext_noop
from merchants.selectors.offers import current_versions, terms_of
from merchants.services.catalogue.offers import at_price, tell_offer
from merchants.terms import fault, refuse_if

MOST = 10**15
"""Minor units: no price is above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtSite:
    """What one site does. `amount` of the last stage in minor units, None: as elsewhere."""

    site_id: UUID
    is_sold: bool = True
    amount: int | None = None


def sell_at_sites(offer: Offer, *, everywhere: bool, sites: Sequence[AtSite], actor: Actor, now: Now) -> Offer:
    """Say where an offer is sold, and at which prices; sites that are not named do as elsewhere. `everywhere`: at all
    sites but those that do not; else only at those that do. Who has a version keeps it.

    Raises Invalid at `sites[n].site` (`not_found`, `twice`), `sites[n].amount`, `sites` (`sold_nowhere`).
    """
    offer = Offer.objects.select_for_update().get(pk=offer.pk)
    places = _checked(everywhere, sites)
    before = {row.site_id: row for row in OfferAtSite.objects.filter(offer=offer).select_related("offer", "site")}
    current = current_versions([offer.pk])[offer.pk]
    terms = terms_of([current])[current.pk]
    changed = offer.everywhere != everywhere
    offer.everywhere = everywhere
    offer.save(update_fields=["everywhere"])
    for one in sites:
        row = before.pop(one.site_id, None)
        if row is not None and (row.is_sold, row.amount) == (one.is_sold, one.amount):
            continue
        same_price = row is not None and row.amount == one.amount
        row = row or OfferAtSite(offer=offer, site=places[one.site_id])
        row.is_sold, changed = one.is_sold, True
        if same_price:
            row.updated_at = now.at
            row.save(update_fields=["is_sold", "updated_at"])
        else:
            at_price(row, one.amount, terms, now)
    for row in before.values():
        row.delete()
        changed = True
    if changed:
        tell_offer("offer.updated", offer, actor, now)
    return offer


def _checked(everywhere: bool, sites: Sequence[AtSite]) -> dict[UUID, Site]:
    faults: list[FieldError] = []
    known: dict[UUID, Site] = Site.objects.in_bulk([one.site_id for one in sites])
    seen: set[UUID] = set()
    for at, one in enumerate(sites):
        if one.site_id not in known:
            faults.append(fault(f"sites[{at}].site", "not_found", gettext_noop("There is no such site.")))
        if one.site_id in seen:
            faults.append(fault(f"sites[{at}].site", "twice", gettext_noop("This site is named twice.")))
        if one.amount is not None and not 0 <= one.amount <= MOST:
            faults.append(fault(f"sites[{at}].amount", "out_of_range", gettext_noop("A price of 0 or more.")))
        seen.add(one.site_id)
    if not everywhere and not any(one.is_sold for one in sites):
        faults.append(fault("sites", "sold_nowhere", gettext_noop("Choose at least one site, or stop selling it.")))
    refuse_if(faults)
    return known
