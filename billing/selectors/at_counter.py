"""What a counter sells, as its cards say it: offers with their price, and the options of one. A fixed number of
queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing.engine.opening import first_paid
from merchants.ids import show
from merchants.languages import said_in
from merchants.models import Feature, Offer, OfferAtSite, OfferVersion, VersionOption
from merchants.pitch import money, promise, rhythm, said
from merchants.selectors.offers import terms_of
from merchants.terms import FeatureTerm, OfferTerms
from subscribers.selectors.pictures import (
    WantedOption,
    newest_option_versions,
    newest_versions,
    offer_pictures,
    option_pictures,
)

MOST = 30
"""More cards than these fit no tablet: the newest are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferCard:
    """An offer as a seller reads it. `price` and `rhythm` are of the first stage that is paid."""

    id: str
    title: str
    price: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionCard:
    """An option that goes with an offer."""

    id: str
    title: str
    price: str


def sold_here(*, currency: str, site_id: UUID) -> Mapping[UUID, OfferVersion]:
    """The offers that may be sold at a site, each with the version that it sells there, in the order they were made."""
    offers = Offer.objects.filter(archived_at=None, visible=True).order_by("created_at", "id")
    says = dict(OfferAtSite.objects.filter(site_id=site_id).values_list("offer_id", "is_sold"))
    sold = [key for key, everywhere in offers.values_list("id", "everywhere") if says.get(key, everywhere)]
    newest = newest_versions(sold, site_id=site_id)
    versions = OfferVersion.objects.filter(id__in=newest.values(), currency=currency).select_related("offer")
    found = sorted(versions, key=lambda one: (one.offer.created_at, one.pk))
    return {one.offer_id: one for one in found[-MOST:]}


def offer_cards(versions: Sequence[OfferVersion]) -> list[OfferCard]:
    """Their cards."""
    terms = terms_of(versions)
    wanted = {each.feature for one in terms.values() for stage in one.stages for each in stage.features}
    features = Feature.objects.in_bulk(list(wanted))
    return [_card(version, terms[version.pk], features) for version in versions]


def _card(version: OfferVersion, terms: OfferTerms, features: Mapping[UUID, Feature]) -> OfferCard:
    language = get_language() or "en"
    paid = next((stage for stage in terms.stages if stage.amount), terms.stages[-1])
    free = terms.stages[0].amount == 0 and len(terms.stages) > 1
    words = [rhythm(paid.interval, paid.interval_count), *_opened(terms.stages[-1].features[:1], features)]
    lines = [", ".join(words), promise(terms)]
    if free:
        lines.insert(0, _("free first"))
    return OfferCard(
        id=show("off", version.offer_id),
        title=said_in(version.title, language) or version.offer.reference,
        price=money(paid.amount, terms.currency),
        words="\n".join(lines),
    )


def _opened(opened: Sequence[FeatureTerm], features: Mapping[UUID, Feature]) -> list[str]:
    """What stands for the offer: `8 sessions` of a quota, a feature's name for the others."""
    found = []
    for term in opened:
        feature = features[term.feature]
        name = said(feature.title, feature.reference)
        if feature.kind == Feature.Kind.QUOTA and term.quota is not None:
            name = f"{term.quota} {name[:1].lower()}{name[1:]}"
        elif feature.kind == Feature.Kind.QUOTA:
            name = _("%(name)s: %(value)s") % {"name": f"{name[:1].lower()}{name[1:]}", "value": _("no limit")}
        found.append(name)
    return found


def option_cards(version: OfferVersion) -> list[OptionCard]:
    """The options that go with an offer and have a price for its periods."""
    listed = VersionOption.objects.filter(version=version, included=False, option__archived_at=None)
    ids = list(listed.order_by("position").values_list("option_id", flat=True))
    newest = newest_option_versions(ids)
    interval = first_paid(offer_pictures([version.pk])[version.pk]).interval
    language = get_language() or "en"
    cards = []
    for option in option_pictures([WantedOption(id=one, version_id=newest[one]) for one in ids if one in newest]):
        amount = option.one_off_amount if option.is_one_off else option.price(interval)
        if amount is None:
            continue
        often = _("once") if option.is_one_off else rhythm(interval.unit.value, interval.count)
        cards.append(
            OptionCard(
                id=show("opt", UUID(option.option_id)),
                title=said_in(option.title, language) or option.reference,
                price=f"{money(amount, version.currency)} {often}",
            )
        )
    return cards
