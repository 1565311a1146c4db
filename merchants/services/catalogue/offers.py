"""Make an offer, give it a new version, show or hide it. What was sold never changes: other terms are a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from django.db.models import Max

from merchants.actors import Actor
from merchants.journal import record
from merchants.metered import usage_json
from merchants.models import Offer, OfferAtSite, OfferVersion, Site, Stage, StageFeature, VersionOption
from merchants.now import Now
from merchants.refusals import gettext_noop
from merchants.selectors.offers import current_versions, show_offers, terms_of
from merchants.services.catalogue.rules import (
    feature_faults,
    option_list_faults,
    tax_code_faults,
    usage_feature_faults,
)
from merchants.services.violations import refusing
from merchants.terms import OfferTerms, fault, offer_faults, refuse_if


def check_offer(terms: OfferTerms) -> None:
    """All rules at once. Raises Invalid whose fields are paths such as `stages[1].recurrences`."""
    refuse_if(
        [
            *offer_faults(terms),
            *tax_code_faults(terms.tax_code),
            *option_list_faults(terms.options, terms.currency),
            *feature_faults({f"stages[{place}].features": stage.features for place, stage in enumerate(terms.stages)}),
            *usage_feature_faults({f"stages[{place}].usage": stage.usage for place, stage in enumerate(terms.stages)}),
        ]
    )


def create_offer(
    *,
    reference: str,
    terms: OfferTerms,
    actor: Actor,
    now: Now,
    visible: bool = True,
    metadata: Mapping[str, str] | None = None,
) -> Offer:
    """An offer with its first version. Raises Invalid, and Conflict (`reference_taken`)."""
    check_offer(terms)
    with refusing():
        offer: Offer = Offer.objects.create(
            reference=reference, visible=visible, metadata=dict(metadata or {}), created_at=now.at
        )
    write_version(offer, terms, now)
    tell_offer("offer.created", offer, actor, now)
    return offer


def revise_offer(offer: Offer, *, terms: OfferTerms, actor: Actor, now: Now) -> OfferVersion:
    """A new version that says `terms`; where it would say what the current one says, that one. Raises Invalid.

    Subscriptions keep the version they have until they are moved (domain 16).
    """
    Offer.objects.select_for_update().get(pk=offer.pk)  # numbers its versions one after the other
    current = current_versions([offer.pk])[offer.pk]
    if terms_of([current])[current.pk] == terms:
        return current
    check_offer(terms)
    at_sites = list(OfferAtSite.objects.filter(offer=offer, version__isnull=False).select_related("offer", "site"))
    if at_sites and terms.currency != current.currency:
        detail = gettext_noop("Sites have prices of their own in %(currency)s: take them away first.")
        refuse_if([fault("currency", "site_prices_in_another_currency", detail, currency=current.currency)])
    version = write_version(offer, terms, now)
    for row in at_sites:  # what else is said is said at the site too; its price stays
        at_price(row, row.amount, terms, now)
    tell_offer("offer.updated", offer, actor, now)
    return version


def update_offer(
    offer: Offer,
    *,
    actor: Actor,
    now: Now,
    visible: bool | None = None,
    archived: bool | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Offer:
    """What is not part of a version: whether it is shown, whether it is still sold, notes. None leaves it as it is."""
    offer = Offer.objects.select_for_update().get(pk=offer.pk)
    before = (offer.visible, offer.archived_at, offer.metadata)
    if visible is not None:
        offer.visible = visible
    if metadata is not None:
        offer.metadata = dict(metadata)
    if archived is not None and archived != (offer.archived_at is not None):
        offer.archived_at = now.at if archived else None
    if (offer.visible, offer.archived_at, offer.metadata) != before:
        offer.save(update_fields=["visible", "archived_at", "metadata"])
        tell_offer("offer.updated", offer, actor, now)
    return offer


def at_price(row: OfferAtSite, amount: int | None, terms: OfferTerms, now: Now) -> None:
    """Give a site its price of an offer: the offer's terms with this amount of the last stage, as a version of the
    site's own; None: as elsewhere. The caller holds the offer's lock."""
    row.amount, row.version, row.updated_at = amount, None, now.at
    if amount is not None:
        last = replace(terms.stages[-1], amount=amount)
        own = replace(terms, stages=(*terms.stages[:-1], last))
        row.version = write_version(row.offer, own, now, site=row.site)
    row.save()


def write_version(offer: Offer, terms: OfferTerms, now: Now, *, site: Site | None = None) -> OfferVersion:
    """The version and all its parts: the database takes parts from the transaction that made the version only. The
    caller holds the offer's lock, which numbers its versions one after the other."""
    last = OfferVersion.objects.filter(offer=offer).aggregate(Max("number"))["number__max"] or 0
    with refusing():
        version: OfferVersion = OfferVersion.objects.create(
            offer=offer,
            number=last + 1,
            site=site,
            title=dict(terms.title),
            description=dict(terms.description),
            currency=terms.currency,
            tax_behavior=terms.tax_behavior,
            tax_code=terms.tax_code,
            alignment=terms.alignment,
            billing_day=terms.billing_day,
            setup_amount=terms.setup_amount,
            commitment_intervals=terms.commitment_intervals,
            notice_days=terms.notice_days,
            notice_months=terms.notice_months,
            early_end=terms.early_end.told() if terms.early_end else {},
            created_at=now.at,
        )
        stages = Stage.objects.bulk_create(
            Stage(
                version=version,
                position=position,
                label=dict(stage.label),
                interval=stage.interval,
                interval_count=stage.interval_count,
                recurrences=stage.recurrences,
                amount=stage.amount,
                billing=stage.billing,
                usage=usage_json(stage.usage),
            )
            for position, stage in enumerate(terms.stages)
        )
        StageFeature.objects.bulk_create(
            StageFeature(stage=stage, feature_id=opened.feature, quota=opened.quota, level=opened.level)
            for stage, term in zip(stages, terms.stages, strict=True)
            for opened in term.features
        )
        VersionOption.objects.bulk_create(
            VersionOption(version=version, option_id=listed.option, position=position, included=listed.included)
            for position, listed in enumerate(terms.options)
        )
    return version


def tell_offer(kind: str, offer: Offer, actor: Actor, now: Now) -> None:
    """Tell the offer as it stands now."""
    record(kind=kind, object_id=offer.pk, data={"object": show_offers([offer])[0]}, actor=actor, now=now)
