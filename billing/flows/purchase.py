"""What someone wants to buy, looked up, checked and priced: from references to a frozen quote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from billing.engine.opening import open_subscription
from billing.engine.quoting import Later, QuoteDraft, coming, quote
from billing.flows.coupon_uses import had_by
from billing.models import CheckoutSession, Quote
from invoices.frozen import freeze
from invoices.models import Payment
from invoices.models.payments import IN_FLIGHT
from merchants.ids import new_id
from merchants.models import Coupon, LegalEntity, Merchant, Offer, OfferAtSite, OfferVersion, Option, VersionOption
from merchants.now import Now
from merchants.refusals import Conflict, FieldError, Invalid, gettext_noop
from subscribers.models import Subscriber, Subscription
from subscribers.selectors.pictures import (
    WantedOption,
    coupon_pictures,
    newest_option_versions,
    newest_versions,
    offer_pictures,
    option_pictures,
)
from subscribers.selectors.taxing import tax_profile
from subscribers.snapshots import Collection, PurchaseSnapshot


@dataclass(frozen=True, kw_only=True)
class WishedOption:
    """An option by its row, and how many."""

    option: Option
    quantity: int = 1


@dataclass(frozen=True, kw_only=True)
class Priced:
    """A purchase priced for one subscription (to be)."""

    entity: LegalEntity
    purchase: PurchaseSnapshot
    draft: QuoteDraft
    options: tuple[WantedOption, ...]
    coupon_ids: tuple[UUID, ...]


def issuing_entity() -> LegalEntity:
    """The legal entity that issues this merchant's documents. Raises Conflict where there is none yet."""
    entity = LegalEntity.objects.order_by("-is_default", "id").first()
    if entity is None:
        raise Conflict(
            gettext_noop("No legal entity can issue invoices yet."),
            code="legal_entity_missing",
            way_out=gettext_noop("Add one in Settings, Legal entities."),
        )
    return entity


def sold_version(offer: Offer, site_id: UUID | None = None) -> OfferVersion:
    """The version an offer sells now, at a site the site's own. Raises Conflict where it is not sold any more, and
    Invalid (`offer_not_sold_here`) where that site does not sell it."""
    if offer.archived_at is not None:
        raise Conflict(
            gettext_noop("The offer “%(reference)s” is not sold any more."),
            code="offer_archived",
            params={"reference": offer.reference},
        )
    if site_id is not None and not _sells(offer, site_id):
        raise Invalid.at("offer", "offer_not_sold_here", gettext_noop("This site does not sell this offer."))
    newest = newest_versions([offer.pk], site_id=site_id)
    return OfferVersion.objects.select_related("offer").get(id=newest[offer.pk])


def _sells(offer: Offer, site_id: UUID) -> bool:
    says = OfferAtSite.objects.filter(offer=offer, site_id=site_id).values_list("is_sold", flat=True).first()
    return Offer.objects.values_list("everywhere", flat=True).get(pk=offer.pk) if says is None else says


def wanted_options(
    version: OfferVersion, wishes: Sequence[WishedOption], known: dict[UUID, UUID]
) -> tuple[WantedOption, ...]:
    """The wished options at their newest version, each sold with this offer. `known` keeps ids across requotes (by
    option version). Raises Invalid naming each."""
    allowed = set(VersionOption.objects.filter(version=version).values_list("option_id", flat=True))
    newest = newest_option_versions([wish.option.pk for wish in wishes])
    errors = []
    seen: set[UUID] = set()
    for at, wish in enumerate(wishes):
        if wish.option.pk not in allowed or wish.option.archived_at is not None:
            errors.append(
                _fault(f"options[{at}]", "option_not_sold_with_offer", gettext_noop("Not sold with this offer."))
            )
        elif wish.option.pk in seen:
            errors.append(
                _fault(f"options[{at}]", "option_twice", gettext_noop("Named twice: give a quantity instead."))
            )
        seen.add(wish.option.pk)
    if errors:
        raise Invalid(code=errors[0].code, errors=errors)
    return tuple(
        WantedOption(
            id=known.get(newest[wish.option.pk]) or new_id(), version_id=newest[wish.option.pk], quantity=wish.quantity
        )
        for wish in wishes
    )


def _fault(field: str, code: str, detail: str) -> FieldError:
    return FieldError(field=field, code=code, detail=detail)


def check_free_stage(offer: Offer, version: OfferVersion, beneficiary: Subscriber) -> None:
    """One free stage per subscriber and offer (domain 12). Raises Conflict."""
    if not _begins_free(version):
        return
    had = Subscription.objects.filter(subscriber=beneficiary, offer_version__offer=offer)
    if had.filter(Q(started_at__isnull=False) | Q(status=Subscription.Status.SCHEDULED)).exists():
        raise Conflict(
            gettext_noop("This subscriber already had the free stage of “%(reference)s”."),
            code="free_stage_used",
            params={"reference": offer.reference},
        )


def _begins_free(version: OfferVersion) -> bool:
    first = offer_pictures([version.pk])[version.pk].stages[0]
    return first.is_free and first.recurrences is not None


def rivals(session: CheckoutSession) -> QuerySet[CheckoutSession]:
    """Other purchases with a payment under way of what may be had so often only: the same offer's free stage, a coupon
    with a limit for each subscriber. Their pages are closed before another one opens, so that at most one is paid."""
    if session.asked is not None:
        return CheckoutSession.objects.none()
    return rivals_of(session.subscription, session.quote.coupons).exclude(pk=session.pk)


def rivals_of(subscription: Subscription, coupon_ids: Sequence[UUID | str]) -> QuerySet[CheckoutSession]:
    """The same for a subscription, also one that is no purchase."""
    version, payer_id = subscription.offer_version, subscription.payer_id
    limited = Coupon.objects.filter(id__in=coupon_ids).exclude(max_uses_per_subscriber=None)
    same = Q(pk__in=[])
    if _begins_free(version) and subscription.reactivates_id is None:
        same |= Q(subscriber_id=subscription.subscriber_id, subscription__offer_version__offer_id=version.offer_id)
    for coupon_id in limited.values_list("id", flat=True):
        same |= Q(subscription__payer_id=payer_id, coupons_held__contains=[str(coupon_id)])
    paying = Payment.objects.filter(session_id=OuterRef("pk"), status__in=IN_FLIGHT)
    others = CheckoutSession.objects.filter(same, Exists(paying), status=CheckoutSession.Status.OPEN)
    return others.order_by("id")


def check_once(session: CheckoutSession) -> None:
    """The last word on what may be had so often only, for a locked session about to be paid: the locks of its payer and
    beneficiary let one purchase pass at a time. Raises Conflict (`free_stage_used`), Invalid (`coupon_already_used`).
    """
    version, payer = session.subscription.offer_version, session.subscription.payer
    if session.subscription.reactivates_id is None:
        check_free_stage(version.offer, version, session.subscriber)
    had = had_by(payer.pk, map(UUID, session.quote.coupons))
    limits = Coupon.objects.filter(id__in=had).values_list("id", "max_uses_per_subscriber")
    if any(most is not None and had[id_] >= most for id_, most in limits):
        raise Invalid.at("coupons", "coupon_already_used", gettext_noop("This coupon has already been used."))


def price(
    *,
    merchant: Merchant,
    version: OfferVersion,
    payer: Subscriber,
    subscription_id: UUID,
    beneficiary_id: UUID,
    quantity: int,
    options: tuple[WantedOption, ...],
    coupon_ids: Sequence[UUID],
    now: Now,
    start_on: date | None = None,
    billing_day: int | None = None,
    collection: str = "automatic",
    reactivates: bool = False,
) -> Priced:
    """Price a purchase that begins on `start_on`, by default today. Raises Invalid, Conflict (`tax_rate_missing`…)."""
    entity = issuing_entity()
    purchase = PurchaseSnapshot(
        offer=offer_pictures([version.pk])[version.pk],
        tax=tax_profile(entity, payer),
        zone=merchant.timezone,
        quantity=quantity,
        options=option_pictures(options),
        coupons=coupon_pictures(list(coupon_ids)),
        start_on=start_on,
        billing_day=billing_day,
        collection=Collection(collection),
        reactivates=reactivates,
    )
    draft = quote(purchase, today=now.today, at=now.at)
    opened = open_subscription(
        purchase,
        id=str(subscription_id),
        payer=str(payer.pk),
        beneficiary=str(beneficiary_id),
        today=now.today,
        at=now.at,
    )
    draft = replace(draft, invoice=opened.invoice, opened=opened.after, later=coming(opened.after))
    return Priced(entity=entity, purchase=purchase, draft=draft, options=options, coupon_ids=tuple(coupon_ids))


def write_quote(priced: Priced, *, subscription: Subscription, version: OfferVersion, now: Now) -> Quote:
    """The quote as a row: frozen lines, start, total. No fiscal document."""
    draft = priced.draft
    return Quote.objects.create(
        subscription=subscription,
        legal_entity=priced.entity,
        offer_version=version,
        currency=draft.currency,
        quantity=priced.purchase.quantity,
        options=[
            {"id": str(option.id), "version": str(option.version_id), "quantity": option.quantity}
            for option in priced.options
        ],
        coupons=[str(coupon_id) for coupon_id in priced.coupon_ids],
        start_on=draft.start_on,
        draft=freeze(draft.invoice) if draft.invoice else {},
        later=told_later(draft.later),
        net=draft.totals.net,
        tax=draft.totals.tax,
        total=draft.totals.gross,
        created_at=now.at,
    )


def told_later(later: Sequence[Later]) -> list[dict[str, Any]]:
    """What will be charged when, as the API and the hosted page say it."""
    return [
        {
            "from_on": charge.from_on.isoformat(),
            "amount": charge.gross,
            "tax": charge.tax,
            "interval": charge.interval.unit.value,
            "interval_count": charge.interval.count,
            "times": charge.times,
            "parts": [{"title": dict(part.title), "amount": part.amount} for part in charge.parts],
        }
        for charge in later
    ]
