"""A merchant made for a test, with what it sells, and the moves of its subscribers. Everything through the product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from billing.flows import checkout, looking, methods, pay, subscribe
from billing.flows.checkout import Wish
from billing.flows.providers import gateway_of
from billing.flows.purchase import WishedOption
from billing.flows.wanted import Wanted
from billing.gateways.base import Outcome
from billing.gateways.simulated import SimulatedGateway
from billing.models import CheckoutSession
from invoices.models import Payment
from merchants.actors import Actor, ActorKind, Channel
from merchants.clock import instant
from merchants.ids import new_id
from merchants.models import (
    Coupon,
    Feature,
    LegalEntity,
    Merchant,
    Offer,
    OfferVersion,
    Option,
    OptionFeature,
    OptionPrice,
    OptionVersion,
    ProviderAccount,
    Stage,
    StageFeature,
    TaxRate,
    VersionOption,
)
from merchants.now import Now
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import PaymentMethod, PersonalValue, Subscriber, Subscription
from subscribers.services import enrolment

TESTER = Actor(kind=ActorKind.api_key, id="key_test", label="test key", channel=Channel.api)


@dataclass
class Shop:
    """A merchant, and handles on what it made."""

    opened: ClassVar[list[Shop]] = []
    merchant: Merchant
    entity: LegalEntity
    account: ProviderAccount
    actor: Actor = TESTER
    made: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def open(cls, name: str, *, sandbox: bool = True, kind: str = "simulated", **columns: Any) -> Shop:
        """A merchant with a legal entity in France, 20 % for electronic services, and a provider account."""
        at, merchant_id = instant(), new_id()
        with tenant(merchant_id):
            merchant = Merchant.objects.create(
                id=merchant_id,
                name=name,
                created_at=at,
                sandbox_of=new_id() if sandbox else None,
                success_url="https://shop.example/merci",
                **columns,
            )
            entity = LegalEntity.objects.create(
                name=f"{name} SAS",
                siren="732829320",
                vat_number="FR44732829320",
                line1="1 rue de la Paix",
                postal_code="69001",
                city="Lyon",
                is_default=True,
                created_at=at,
            )
            for code, percent in (("electronic", 20), ("books", Decimal("5.5"))):
                TaxRate.objects.create(
                    legal_entity=entity, country="FR", tax_code=code, percent=percent, from_on=date(2014, 1, 1)
                )
            account = ProviderAccount.objects.create(kind=kind, created_at=at)
        shop = cls(merchant=merchant, entity=entity, account=account)
        cls.opened.append(shop)
        return shop

    @property
    def id(self) -> UUID:
        return self.merchant.pk

    def now(self) -> Now:
        return Now(at=instant(), zone=self.merchant.timezone)

    def feature(self, reference: str, kind: str = "switch", levels: Sequence[str] = ()) -> Feature:
        with tenant(self.id):
            return Feature.objects.create(
                reference=reference, kind=kind, levels=list(levels), title={"en": reference}, created_at=instant()
            )

    def option(
        self,
        reference: str,
        amount: int,
        *,
        interval: str = "month",
        currency: str = "EUR",
        features: Mapping[str, Any] | None = None,
        prices: Mapping[tuple[str, int], int] | None = None,
        **columns: Any,
    ) -> Option:
        """An option priced per month, or for another interval; `prices` for more of them."""
        at = instant()
        with tenant(self.id):
            option = Option.objects.create(reference=reference, created_at=at)
            version = OptionVersion.objects.create(
                option=option,
                number=1,
                title={"en": reference, "fr": reference},
                currency=currency,
                created_at=at,
                **columns,
            )
            OptionPrice.objects.create(version=version, interval=interval, amount=amount)
            for (unit, count), price in (prices or {}).items():
                OptionPrice.objects.create(version=version, interval=unit, interval_count=count, amount=price)
            for name, extra in (features or {}).items():
                OptionFeature.objects.create(version=version, feature=Feature.objects.get(reference=name), **extra)
        return option

    def once(self, reference: str, amount: int, *, currency: str = "EUR") -> Option:
        """An option that is billed once."""
        at = instant()
        with tenant(self.id):
            option = Option.objects.create(reference=reference, created_at=at)
            OptionVersion.objects.create(
                option=option,
                number=1,
                title={"en": reference, "fr": reference},
                currency=currency,
                one_off_amount=amount,
                created_at=at,
            )
        return option

    def offer(
        self,
        reference: str,
        *stages: tuple[Any, ...],
        options: Sequence[Option] = (),
        included: Sequence[Option] = (),
        features: Mapping[str, Any] | None = None,
        currency: str = "EUR",
        tax_behavior: str = "inclusive",
        **columns: Any,
    ) -> Offer:
        """An offer of stages `(interval, recurrences or None, amount)`, each opening `features`; a fourth part is more
        of the stage's columns, and `features` of its own."""
        at = instant()
        with tenant(self.id):
            offer = Offer.objects.create(reference=reference, created_at=at)
            version = OfferVersion.objects.create(
                offer=offer,
                number=1,
                title={"en": reference, "fr": reference},
                currency=currency,
                tax_behavior=tax_behavior,
                created_at=at,
                **columns,
            )
            for position, (interval, recurrences, amount, *more) in enumerate(stages):
                columns_of = dict(more[0]) if more else {}
                opened = columns_of.pop("features", features) or {}
                stage = Stage.objects.create(
                    version=version,
                    position=position,
                    interval=interval,
                    recurrences=recurrences,
                    amount=amount,
                    **columns_of,
                )
                for name, extra in opened.items():
                    StageFeature.objects.create(stage=stage, feature=Feature.objects.get(reference=name), **extra)
            for position, option in enumerate([*options, *included]):
                VersionOption.objects.create(
                    version=version, option=option, position=position, included=option in included
                )
        return offer

    def coupon(self, code: str, **columns: Any) -> Coupon:
        with tenant(self.id):
            return Coupon.objects.create(reference=code.lower(), code=code, created_at=instant(), **columns)

    def enrol(self, reference: str = "", **values: Any) -> Subscriber:
        with tenant(self.id):
            known = {"name": "Lucie Garnier", "email": "lucie@courriel.example", "reference": reference, **values}
            return enrolment.enrol(known, merchant=self.merchant, actor=self.actor, now=self.now())

    def checkout(
        self,
        subscriber: Subscriber,
        offer: Offer,
        *,
        options: Sequence[Option] = (),
        coupons: Sequence[Coupon] = (),
        **wish: Any,
    ) -> CheckoutSession:
        """Open a purchase as the merchant's website does."""
        asked = Wish(
            subscriber=subscriber,
            offer=offer,
            options=[WishedOption(option=option) for option in options],
            coupons=coupons,
            **wish,
        )
        return checkout.open_session(merchant_id=self.id, wish=asked, actor=self.actor)

    def press(self, session: CheckoutSession, token: str = "pm_card_visa") -> Outcome:
        """Go to the provider's page and pay there with a test card; nothing is told to us yet."""
        pay.start(merchant_id=self.id, session_id=session.pk)
        return self.gateway().press(self.payment(session).provider_session, token=token)

    def gateway(self) -> SimulatedGateway:
        gateway = gateway_of(self.account)
        assert isinstance(gateway, SimulatedGateway)
        return gateway

    def payment(self, session: CheckoutSession) -> Payment:
        with tenant(self.id):
            return Payment.objects.filter(session_id=session.pk).latest("id")

    def look(self, session: CheckoutSession) -> looking.Standing:
        """The visitor comes back."""
        return looking.look(merchant_id=self.id, session_id=session.pk)

    def buy(self, subscriber: Subscriber, offer: Offer, **wish: Any) -> CheckoutSession:
        """The whole purchase with a good card."""
        session = self.checkout(subscriber, offer, **wish)
        self.press(session)
        standing = self.look(session)
        assert standing.status == "complete", standing
        with tenant(self.id):
            return CheckoutSession.objects.select_related("subscription", "invoice", "quote").get(id=session.pk)

    def method(self, subscriber: Subscriber, token: str = "pm_card_visa") -> PaymentMethod:
        """A card that is kept for a payer, made their default."""
        return methods.attach(
            merchant_id=self.id, subscriber_id=subscriber.pk, kind="card", token=token, actor=self.actor
        )

    def subscribe(
        self,
        subscriber: Subscriber,
        offer: Offer,
        *,
        options: Sequence[Option] = (),
        coupons: Sequence[Coupon] = (),
        **wish: Any,
    ) -> Subscription:
        """A subscription that begins without waiting for money, as at a counter: invoiced at once."""
        asked = Wanted(
            subscriber=subscriber,
            offer=offer,
            options=[WishedOption(option=option) for option in options],
            coupons=coupons,
            **wish,
        )
        return subscribe.subscribe_now(merchant_id=self.id, wanted=asked, actor=self.actor)


def version_of(shop: Shop, offer: Offer, amount: int, **columns: Any) -> OfferVersion:
    """A new version of an offer: the stages of its newest one, those that cost something at another price."""
    with tenant(shop.id):
        old = offer.versions.order_by("-number")[0]
        said = {name: getattr(old, name) for name in ("title", "currency", "tax_behavior", "commitment_intervals")}
        version = OfferVersion.objects.create(
            offer=offer, number=old.number + 1, created_at=instant(), **(said | columns)
        )
        for stage in Stage.objects.filter(version=old).order_by("position"):
            kept = {name: getattr(stage, name) for name in ("position", "interval", "interval_count", "recurrences")}
            kept |= {"billing": stage.billing, "usage": stage.usage}
            Stage.objects.create(version=version, amount=amount if stage.amount else 0, **kept)
    return version


def utc(text: str) -> datetime:
    """An instant from `2026-11-03T10:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def forget(person: Subscriber, *fields: str) -> None:
    """Delete some of a person's values as an erasure does, and tell it: the database refuses it otherwise."""
    now = Now(at=instant(), zone="Europe/Paris")
    history.write_all([history.Entry(row=person, verb="erased", columns={})], actor=TESTER, now=now)
    values = PersonalValue.objects.filter(subscriber=person)
    (values.filter(field__in=fields) if fields else values).delete()
