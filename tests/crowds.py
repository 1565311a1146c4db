"""Many subscriptions at once, begun some days ago by the product's own run: for batches, races and faults."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from billing.flows import collect
from billing.flows.running import run_merchant
from billing.gateways.base import MethodDetails
from billing.models import BillingRun
from invoices.models import Invoice
from merchants.ids import new_id
from merchants.models import Offer, Option
from merchants.now import Now, local_midnight
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import PaymentMethod, Subscriber, Subscription, SubscriptionOption
from subscribers.selectors.pictures import newest_option_versions, newest_versions
from tests.worlds import TESTER, Shop


def morning(shop: Shop, days_ago: int) -> Now:
    """09:00 so many local days ago, as real time."""
    zone = shop.merchant.timezone
    return Now(at=local_midnight(shop.now().today - timedelta(days=days_ago), zone) + timedelta(hours=9), zone=zone)


def crowd(
    shop: Shop,
    offers: Sequence[Offer],
    count: int,
    *,
    days_ago: int,
    options: Sequence[Option] = (),
    begin: bool = True,
    token: str = "pm_card_visa",
) -> list[Subscription]:
    """So many subscribers with a card each, on the offers by turns, begun and paid for so many days ago; with `begin`
    False they are scheduled for that day and nothing has been done yet."""
    now = morning(shop, days_ago)
    gateway = shop.gateway()
    with tenant(shop.id):
        people = [
            Subscriber(reference=f"n{n:04}", name=f"Number {n}", channel="import", created_at=now.at, updated_at=now.at)
            for n in range(count)
        ]
        history.create_all(people, actor=TESTER, now=now)
        versions = newest_versions([offer.pk for offer in offers])
        begins_at = local_midnight(now.today, now.zone)
        rows = [
            _row(shop, person, offers[n % len(offers)], versions, now, begins_at) for n, person in enumerate(people)
        ]
        history.create_all(rows, actor=TESTER, now=now, effective_at=begins_at)
        taken = newest_option_versions([option.pk for option in options])
        history.create_all(
            [
                SubscriptionOption(subscription=row, option_version_id=taken[option.pk], starts_on=now.today,
                    created_at=now.at)
                for row in rows
                for option in options
            ],
            actor=TESTER,
            now=now,
            effective_at=begins_at,
        )  # fmt: skip
    kept = [gateway.attach_method(token=token, customer_ref=f"cus_sim_{person.pk}") for person in people]
    with tenant(shop.id):
        cards = [
            PaymentMethod(
                subscriber=person, gateway="simulated", account=shop.account, kind="card", is_default=True,
                provider_ref=card.provider_ref, customer_ref=f"cus_sim_{person.pk}", last4=card.last4 or "",
                created_at=now.at,
            )
            for person, card in zip(people, kept, strict=True)
            if isinstance(card, MethodDetails)
        ]  # fmt: skip
        history.create_all(cards, actor=TESTER, now=now, verb="attached")
    assert len(cards) == count
    if begin:
        bill(shop, now)
        take(shop, now)
    return rows


def _row(shop: Shop, person: Subscriber, offer: Offer, versions: dict, now: Now, begins_at: datetime) -> Subscription:
    return Subscription(
        id=new_id(),
        subscriber=person,
        payer=person,
        legal_entity=shop.entity,
        offer_version_id=versions[offer.pk],
        currency="EUR",
        status="scheduled",
        access_reason="not_started",
        access_until=begins_at,
        start_on=now.today,
        activation="now",
        channel="import",
        created_at=now.at,
        updated_at=now.at,
        next_action_at=begins_at,
    )


def bill(shop: Shop, now: Now, size: int = 500) -> BillingRun | None:
    """One pass over all that is due."""
    return run_merchant(merchant_id=shop.id, now=now, kind=BillingRun.Kind.MANUAL, actor=TESTER, size=size)


def take(shop: Shop, now: Now) -> None:
    """Ask for all that is to be collected."""
    with tenant(shop.id):
        ids = list(Invoice.objects.filter(collect_at__lte=now.at).order_by("id").values_list("id", flat=True))
    for at in range(0, len(ids), 100):
        collect.collect(merchant_id=shop.id, invoice_ids=ids[at : at + 100], now=now, actor=TESTER)
