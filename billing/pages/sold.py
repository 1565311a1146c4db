"""What may be chosen in the dialogs that change a subscription: offers with how each would count, options with their
price."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing.engine.opening import first_paid
from billing.engine.transitions import When
from billing.flows.change import transition_of
from billing.pages.change_forms import OfferForm, Sellable, Sold
from merchants.ids import new_id
from merchants.languages import said_in
from merchants.models import Merchant, Offer, OfferAtSite, OfferVersion, VersionOption
from merchants.pitch import money, rhythm
from subscribers.models import Subscription
from subscribers.selectors.pictures import (
    WantedOption,
    newest_option_versions,
    newest_versions,
    offer_pictures,
    option_pictures,
)
from subscribers.snapshots import StageSnapshot, SubscriptionSnapshot


def offers_for(row: Subscription) -> Mapping[str, Sellable]:
    """The offers that a subscription may move to, by public id: sold now at its site at that site's price, in its
    currency; its own where it has a version that is newer. A fixed number of queries."""
    offers = dict(Offer.objects.filter(archived_at=None).values_list("id", "everywhere"))
    site_id = row.managed_at_id
    if site_id is not None:
        says = dict(OfferAtSite.objects.filter(site_id=site_id).values_list("offer_id", "is_sold"))
        offers = {key: True for key, everywhere in offers.items() if says.get(key, everywhere)}
    newest = newest_versions(offers, site_id=site_id)
    versions = OfferVersion.objects.filter(id__in=newest.values(), currency=row.currency).select_related("offer")
    others = [one for one in versions.order_by("offer__created_at", "id") if one.pk != row.offer_version_id]
    return {one.offer.public_id: Sellable(offer=one.offer, newest=one) for one in others}


def sold_with(version: OfferVersion, picture: SubscriptionSnapshot) -> list[Sold]:
    """The options that an offer sells beside it, each with its price for the periods it would be billed with; those
    that are part of the offer, or have no such price, are left out."""
    listed = VersionOption.objects.filter(version=version, included=False, option__archived_at=None)
    rows = [one.option for one in listed.select_related("option")]
    newest = newest_option_versions([option.pk for option in rows])
    patterns = option_pictures([WantedOption(id=new_id(), version_id=id_) for id_ in newest.values()])
    by_option = {one.option_id: one for one in patterns}
    interval = (picture.stage if version.pk == UUID(picture.offer.version_id) else _first(version)).interval
    held = {one.option_id: one.quantity for one in picture.options if one.ends_on is None and not one.complimentary}
    found = []
    for option in rows:
        pattern = by_option.get(str(option.pk))
        price = pattern.price(interval) if pattern is not None else None
        if pattern is None or price is None:
            continue
        often = _("once") if pattern.is_one_off else rhythm(interval.unit.value, interval.count)
        found.append(
            Sold(
                option=option,
                title=said_in(pattern.title, get_language() or "en") or option.reference,
                note=f"{money(price, version.currency)} {often}",
                held=0 if pattern.is_one_off else held.get(str(option.pk), 0),
            )
        )
    return found


def held_by(picture: SubscriptionSnapshot, today: date) -> list[tuple[UUID, str]]:
    """The options that a subscription could do without: its own id of each, and the title."""
    language = get_language() or "en"
    living = [one for one in picture.options if not one.is_one_off and one.lives(today) and one.ends_on is None]
    return [(UUID(one.id), _times(said_in(one.title, language) or one.reference, one.quantity)) for one in living]


def _times(title: str, quantity: int) -> str:
    return f"{title} × {quantity}" if quantity > 1 else title


def with_other_periods(version: OfferVersion, picture: SubscriptionSnapshot) -> bool:
    """Whether the first paid stage of an offer has periods of another length."""
    return _first(version).interval != picture.stage.interval


def offer_rows(form: OfferForm, merchant: Merchant, picture: SubscriptionSnapshot, today: date) -> dict[str, object]:
    """The offers as the dialog lists them, each with its price and when it would count; and the options of the one
    that is chosen, with how many are asked for."""
    chosen = form.chosen.public_id if form.chosen else ""
    pictures = offer_pictures(one.newest.pk for one in form.offers.values())
    rows, ruled = [], ""
    for id_, one in form.offers.items():
        offer = pictures[one.newest.pk]
        stage = first_paid(offer)
        often = rhythm(stage.interval.unit.value, stage.interval.count)
        when = transition_of(merchant, picture, offer, on=today).when
        ruled = when.value if id_ == chosen else ruled
        rows.append(
            {
                "id": id_,
                "title": said_in(offer.title, get_language() or "en") or offer.reference,
                "price": f"{money(stage.amount, offer.currency)} {often}",
                "note": _counts(when),
                "checked": id_ == chosen,
            }
        )
    options = [
        {
            "sold": one,
            "id": f"id_{one.name}",
            "value": one.held if form.keeps or not form.is_bound else form[one.name].value(),
            "errors": form[one.name].errors if form.is_bound else [],
        }
        for one in form.sold
    ]
    return {
        "offers": rows,
        "option_rows": options,
        "chosen": chosen,
        "ruled": ruled,
        "fresh": form.keeps and bool(chosen),
    }


def _counts(when: When) -> str:
    return {
        When.now: _("By the policy: at once"),
        When.period_end: _("By the policy: at the end of the period"),
        When.forbidden: _("Not allowed by the policy"),
    }[when]


def _first(version: OfferVersion) -> StageSnapshot:
    return first_paid(offer_pictures([version.pk])[version.pk])
