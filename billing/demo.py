"""The demo merchant *Onde*: music streaming, three offers, two options, a code. Made by the product's own services."""

from __future__ import annotations

from collections.abc import Sequence

from merchants.actors import Actor
from merchants.models import Coupon, Feature, LegalEntity, Merchant, Offer, Option
from merchants.now import Now
from merchants.services.catalogue.features import create_feature
from merchants.services.catalogue.offers import create_offer
from merchants.services.catalogue.options import create_option
from merchants.services.taxes import french_tax_table
from merchants.terms import FeatureTerm, ListedOption, OfferTerms, OptionTerms, PriceTerm, StageTerm

ACTOR = Actor.system("demo")
WAVE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 34 22" fill="none" stroke="#5B2A86" stroke-width="2.4"'
    ' stroke-linecap="round"><path d="M2 11c5-12 8-12 11-3s5 12 9 4 6-8 10-4"/></svg>'
)


def furnish(merchant: Merchant, *, now: Now) -> None:
    """Give a merchant Onde's identity and catalogue, in the open scope; what is there already stays."""
    if not LegalEntity.objects.exists():
        merchant.brand_color, merchant.logo_svg = "#5B2A86", WAVE
        merchant.support_email, merchant.website = "bonjour@onde.example", "https://onde.example"
        merchant.terms_url = "https://onde.example/conditions"
        merchant.save()
        entity = LegalEntity.objects.create(
            name="Onde",
            legal_form="SAS",
            capital="40 000 €",
            registry="RCS Lyon 732 829 320",
            siren="732829320",
            siret="73282932000074",
            vat_number="FR44732829320",
            line1="12 rue de la Soie",
            postal_code="69100",
            city="Villeurbanne",
            email="factures@onde.example",
            number_format="ON-{year}-{number:06d}",
            credit_number_format="AV-{year}-{number:06d}",
            is_default=True,
            created_at=now.at,
        )
        french_tax_table(entity)
    if not Feature.objects.exists():
        _catalogue(now)


def _catalogue(now: Now) -> None:
    quality = _feature("quality", "level", "Audio quality", "Qualité audio", now, ("standard", "high", "hifi"))
    streams = _feature("streams", "quota", "Simultaneous streams", "Écoutes simultanées", now)
    offline = _feature("offline", "quota", "Offline tracks", "Titres hors connexion", now)
    concerts = _feature("concerts", "switch", "Live concerts", "Concerts en direct", now)

    def opens(level: str, at_once: int, tracks: int | None) -> tuple[FeatureTerm, ...]:
        return (
            FeatureTerm(feature=quality.pk, level=level),
            FeatureTerm(feature=streams.pk, quota=at_once),
            FeatureTerm(feature=offline.pk, quota=tracks),
        )

    device = create_option(
        reference="device",
        terms=OptionTerms(
            title={"en": "One more device", "fr": "Appareil supplémentaire"},
            description={"en": "One more stream at the same time", "fr": "Une écoute de plus en même temps"},
            currency="EUR",
            adds=True,
            prices=(PriceTerm(interval="month", amount=2_00), PriceTerm(interval="year", amount=20_00)),
            features=(FeatureTerm(feature=streams.pk, quota=1),),
        ),
        actor=ACTOR,
        now=now,
    )
    live = create_option(
        reference="concerts",
        terms=OptionTerms(
            title={"en": "Live concerts", "fr": "Concerts en direct"},
            description={"en": "Every filmed concert", "fr": "Tous les concerts filmés"},
            currency="EUR",
            prices=(PriceTerm(interval="month", amount=4_00), PriceTerm(interval="year", amount=40_00)),
            features=(FeatureTerm(feature=concerts.pk),),
        ),
        actor=ACTOR,
        now=now,
    )
    month = "month"
    _offer(
        "essentiel",
        {"en": "Onde Essential", "fr": "Onde Essentiel"},
        {"en": "All the music, on one device", "fr": "Toute la musique, sur un appareil"},
        (StageTerm(interval=month, amount=6_99, features=opens("standard", 1, 100)),),
        (live,),
        now,
    )
    _offer(
        "hifi",
        {"en": "Onde Hifi", "fr": "Onde Hifi"},
        {"en": "Studio quality; the first month is free", "fr": "Le son du studio ; le premier mois est offert"},
        (
            StageTerm(
                interval=month,
                amount=0,
                recurrences=1,
                label={"en": "Free month", "fr": "Mois offert"},
                features=opens("hifi", 2, 1_000),
            ),
            StageTerm(
                interval=month,
                amount=6_99,
                recurrences=3,
                label={"en": "Launch price", "fr": "Prix de lancement"},
                features=opens("hifi", 2, 1_000),
            ),
            StageTerm(
                interval=month,
                amount=12_99,
                label={"en": "Normal price", "fr": "Prix normal"},
                features=opens("hifi", 2, 1_000),
            ),
        ),
        (device, live),
        now,
    )
    _offer(
        "famille",
        {"en": "Onde Family", "fr": "Onde Famille"},
        {"en": "Six people, paid by the year", "fr": "Six personnes, payé à l’année"},
        (StageTerm(interval="year", amount=149_00, features=opens("high", 6, None)),),
        (device, live),
        now,
    )
    Coupon.objects.create(
        reference="bienvenue",
        code="BIENVENUE",
        title={"en": "Welcome, 20 % off three months", "fr": "Bienvenue, 20 % de moins pendant trois mois"},
        percent_off=20,
        duration=Coupon.Duration.REPEATING,
        periods=3,
        max_uses_per_subscriber=1,
        created_at=now.at,
    )


def _feature(reference: str, kind: str, english: str, french: str, now: Now, levels: Sequence[str] = ()) -> Feature:
    title = {"en": english, "fr": french}
    return create_feature(reference=reference, kind=kind, title=title, levels=levels, actor=ACTOR, now=now)


def _offer(
    reference: str,
    title: dict[str, str],
    description: dict[str, str],
    stages: tuple[StageTerm, ...],
    options: Sequence[Option],
    now: Now,
) -> Offer:
    terms = OfferTerms(
        title=title,
        description=description,
        currency="EUR",
        tax_behavior="inclusive",
        stages=stages,
        options=tuple(ListedOption(option=option.pk) for option in options),
    )
    return create_offer(reference=reference, terms=terms, actor=ACTOR, now=now)
