"""A merchant with as many due subscriptions as a benchmark wants, planted in bulk; nothing of it is measured."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

START = date(2026, 1, 31)


def plant(name: str, count: int) -> UUID:
    """A merchant with so many subscriptions that fell due on 28 February, each with two options."""
    from billing.engine.columns import columns
    from billing.engine.opening import open_subscription
    from invoices.services import numbering
    from merchants.actors import Actor
    from merchants.ids import new_id
    from merchants.models import LegalEntity, Merchant, ProviderAccount, TaxRate
    from merchants.now import Now
    from merchants.tenancy.scope import tenant
    from subscribers import history
    from subscribers.models import Subscriber, Subscription, SubscriptionOption
    from subscribers.selectors.pictures import WantedOption, offer_pictures, option_pictures
    from subscribers.selectors.taxing import tax_profile
    from subscribers.snapshots import PurchaseSnapshot

    actor, merchant_id = Actor.system("benchmark"), new_id()
    at = datetime(2026, 1, 31, 9, tzinfo=UTC)
    now = Now(at=at, zone="Europe/Paris")
    with tenant(merchant_id):
        Merchant.objects.create(id=merchant_id, name=name, sandbox_of=new_id(), created_at=at)
        entity = LegalEntity.objects.create(name=name, siren="732829320", is_default=True, created_at=at)
        TaxRate.objects.create(
            legal_entity=entity, country="FR", tax_code="electronic", percent=20, from_on=date(2014, 1, 1)
        )
        ProviderAccount.objects.create(kind="simulated", created_at=at)
        place = numbering.place_of(entity, "invoice", site_id=None, now=now)
        numbering.series_for({place: entity})
    with tenant(merchant_id):
        offer_version, option_versions = _catalogue(at)
    for begun in range(0, count, 1000):
        with tenant(merchant_id):
            offer = offer_pictures([offer_version])[offer_version]
            tax = tax_profile(entity)
            people, rows, options = [], [], []
            for n in range(begun, min(begun + 1000, count)):
                payer = Subscriber(
                    reference=f"b{n}", name=f"Subscriber {n}", email=f"b{n}@courriel.example", city="Lyon",
                    country="FR", channel="import", created_at=at, updated_at=at,
                )  # fmt: skip
                wanted = [WantedOption(id=new_id(), version_id=version) for version in option_versions]
                purchase = PurchaseSnapshot(
                    offer=offer, tax=tax, zone=now.zone, options=_pictures(option_pictures, wanted), start_on=START
                )
                key = new_id()
                after = open_subscription(
                    purchase, id=str(key), payer=str(payer.pk), beneficiary=str(payer.pk), today=START, at=at
                ).after
                people.append(payer)
                rows.append(
                    Subscription(
                        id=key,
                        subscriber_id=payer.pk,
                        payer_id=payer.pk,
                        legal_entity=entity,
                        currency="EUR",
                        offer_version_id=offer_version,
                        access="full",
                        access_reason="active",
                        channel="import",
                        created_at=at,
                        updated_at=at,
                        started_at=at,
                        **columns(after),
                    )
                )
                options += [
                    SubscriptionOption(
                        id=one.id,
                        subscription=rows[-1],
                        option_version_id=one.version_id,
                        starts_on=START,
                        created_at=at,
                    )
                    for one in wanted
                ]
            for kind in (people, rows, options):
                history.create_all(kind, actor=actor, now=now)
    return merchant_id


_PATTERNS: dict[UUID, Any] = {}


def _pictures(draw: Any, wanted: Sequence[Any]) -> tuple[Any, ...]:
    """Pictures of options, read once per version."""
    from dataclasses import replace

    for one in wanted:
        if one.version_id not in _PATTERNS:
            _PATTERNS[one.version_id] = draw([one])[0]
    return tuple(replace(_PATTERNS[one.version_id], id=str(one.id)) for one in wanted)


def _catalogue(at: datetime) -> tuple[UUID, list[UUID]]:
    from merchants.models import (
        Feature,
        Offer,
        OfferVersion,
        Option,
        OptionPrice,
        OptionVersion,
        Stage,
        StageFeature,
    )

    feature = Feature.objects.create(reference="hifi", kind="switch", title={"en": "Hifi"}, created_at=at)
    offer = Offer.objects.create(reference="hifi", created_at=at)
    version = OfferVersion.objects.create(
        offer=offer, number=1, title={"en": "Hifi", "fr": "Hifi"}, currency="EUR", tax_behavior="inclusive",
        created_at=at,
    )  # fmt: skip
    stage = Stage.objects.create(version=version, position=0, interval="month", amount=1299)
    StageFeature.objects.create(stage=stage, feature=feature)
    options = []
    for name, amount in (("family", 500), ("lyrics", 199)):
        option = Option.objects.create(reference=name, created_at=at)
        made = OptionVersion.objects.create(
            option=option, number=1, title={"en": name, "fr": name}, currency="EUR", created_at=at
        )
        OptionPrice.objects.create(version=made, interval="month", amount=amount)
        options.append(made.pk)
    return version.pk, options
