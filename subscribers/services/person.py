"""What the customer's floor holds on a person: the profile and its history, subscriptions, means of payment, events;
and the remembered answers of the API in which they are named.

A profile's columns are emptied and its personal values deleted: changes and events name those by id and then say
"erased". Subscriptions, rights and the history itself stay, without anyone's name.
"""

from __future__ import annotations

import json
from typing import Any

from django.db import connection
from django.db.models import Q

from merchants.actors import Actor
from merchants.ids import show
from merchants.models import Event
from merchants.now import Now
from merchants.refusals import gettext_noop
from merchants.selectors.shapes import decimal_string
from merchants.tenancy.scope import current
from subscribers import history, shapes
from subscribers.holdings import Holding, Told, blocks
from subscribers.models import (
    Change,
    Consumption,
    Gesture,
    Grant,
    Mandate,
    PaymentMethod,
    PersonalValue,
    Subscriber,
    Subscription,
    SubscriptionCoupon,
    SubscriptionOption,
    UsageRecord,
)
from subscribers.models.people import PERSONAL
from subscribers.selectors import personal
from subscribers.services import facts, person_means, person_visits

GONE = json.dumps({"type": "about:blank", "title": "Erased", "status": 409, "code": "subscriber_erased"}).encode()
"""What the API remembers of an answer that named an erased person."""
SECRETS = ("provider_ref", "customer_ref", "fingerprint")
"""What the provider knows a means of payment by: no use to the person, and of use to a thief."""


def _profile(person: Subscriber) -> Told:
    yield shapes.subscriber(person)


def _history(person: Subscriber) -> Told:
    rows = Change.objects.filter(subscriber=person).order_by("id")
    for block in blocks(rows):
        texts = personal.known([part for row in block for part in (row.before, row.after)])
        for row in block:
            yield {
                "recorded_at": shapes.at(row.recorded_at),
                "effective_at": shapes.at(row.effective_at),
                "what": row.subject_kind,
                "verb": row.verb,
                "before": _without_secrets(personal.said(row.before, texts)),
                "after": _without_secrets(personal.said(row.after, texts)),
                "by": row.actor_kind,
                "channel": row.channel,
                "reason": row.reason,
            }


def _without_secrets(patch: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in patch.items() if name not in SECRETS}


def _subscriptions(person: Subscriber) -> Told:
    rows = Subscription.objects.filter(Q(subscriber=person) | Q(payer=person)).select_related("offer_version")
    for block in blocks(rows):
        for row in block:
            yield shapes.subscription(row) | {
                "options": _options(row),
                "coupons": _coupons(row),
                "gestures": _gestures(row),
            }


def _options(row: Subscription) -> list[dict[str, Any]]:
    return [
        {name: history.told(value) for name, value in history.columns_of(each).items()}
        for each in SubscriptionOption.objects.filter(subscription=row).order_by("id")
    ]


def _coupons(row: Subscription) -> list[dict[str, Any]]:
    return [
        {name: history.told(value) for name, value in history.columns_of(each).items()}
        for each in SubscriptionCoupon.objects.filter(subscription=row).order_by("id")
    ]


def _gestures(row: Subscription) -> list[dict[str, Any]]:
    return [
        {name: history.told(value) for name, value in history.columns_of(each).items()}
        for each in Gesture.objects.filter(subscription=row).order_by("id")
    ]


def _rights(person: Subscriber) -> Told:
    for block in blocks(Grant.objects.filter(subscriber=person).select_related("feature")):
        for row in block:
            told = history.columns_of(row)
            yield {"feature": row.feature.reference} | {name: history.told(value) for name, value in told.items()}


def _uses(person: Subscriber) -> Told:
    for block in blocks(Consumption.objects.filter(subscriber=person).select_related("feature")):
        for row in block:
            yield {
                "feature": row.feature.reference,
                "key": row.key,
                "quantity": row.quantity,
                "used_on": row.used_on.isoformat(),
                "at": shapes.at(row.at),
                "channel": row.channel,
                "reason": row.reason,
            }


def _usage(person: Subscriber) -> Told:
    """What they used, whoever pays for it; what is counted once is kept as a digest, which says nothing."""
    for block in blocks(UsageRecord.objects.filter(subscription__subscriber=person).select_related("feature")):
        for row in block:
            yield {
                "id": row.public_id,
                "subscription": show("sub", row.subscription_id),
                "feature": row.feature.reference,
                "quantity": decimal_string(row.quantity),
                "at": shapes.at(row.used_at),
                "key": row.key,
            }


def _events(person: Subscriber) -> Told:
    for block in blocks(Event.objects.filter(subscriber_id=person.pk)):
        texts = personal.known([row.data for row in block])
        for row in block:
            yield {
                "id": row.public_id,
                "type": row.kind,
                "created_at": shapes.at(row.created_at),
                "channel": row.channel,
                "data": personal.said(row.data, texts),
            }


def forget_profile(person: Subscriber, *, actor: Actor, now: Now, reason: str) -> None:
    """Empty a profile, delete its personal values, and tell it. The caller holds the row's lock and has checked that
    nothing stands in the way. The guard of the history asks for the change that says so, and gets it."""
    empty: dict[str, Any] = dict.fromkeys(PERSONAL, "") | {"birth_on": None, "vat_check": {}, "metadata": {}}
    columns = empty | {"reference": f"erased-{person.public_id}", "erased_at": now.at}
    history.update(person, columns, actor=actor, now=now, verb="erased", reason=reason)
    PersonalValue.objects.filter(subscriber=person).delete()
    person.search, person.provider_customers = "", {}
    person.save(update_fields=["search", "provider_customers"])
    data = {"object": shapes.subscriber(person, {}) | {"reference": person.reference}}
    facts.tell(person.pk, ("subscriber.erased", person.pk, data), actor=actor, now=now)


def forget_notes(person: Subscriber, *, actor: Actor, now: Now) -> None:
    """Take the merchant's notes off the subscriptions that were theirs, without saying again what stood there."""
    entries = []
    for row in Subscription.objects.filter(Q(subscriber=person) | Q(payer=person)).exclude(metadata={}).order_by("id"):
        row.metadata = {}
        row.save(update_fields=["metadata"])
        entries.append(history.Entry(row=row, verb="erased", columns={"metadata": {}}))
    history.write_all(entries, actor=actor, now=now)


def _forget_replies(person: Subscriber, now: Now) -> None:
    """Answers that the API remembers (72 hours) and that name the person: who asks again is told so."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE merchants_idempotentreply SET body = %s, status = 409, content_type = 'application/problem+json'"
            " WHERE merchant_id = %s AND position(%s::bytea in body) > 0",
            [GONE, str(current()), person.public_id.encode()],
        )


HELD = (
    Holding(
        name="profile",
        title=gettext_noop("Profile"),
        columns={"name": gettext_noop("Name"), "email": gettext_noop("E-mail"), "phone": gettext_noop("Phone")},
        tables=(Subscriber, PersonalValue),
        told=_profile,
        mask=_forget_replies,
    ),
    Holding(
        name="history",
        title=gettext_noop("What changed"),
        columns={"recorded_at": gettext_noop("When"), "what": gettext_noop("What"), "after": gettext_noop("After")},
        tables=(Change,),
        told=_history,
    ),
    Holding(
        name="subscriptions",
        title=gettext_noop("Subscriptions"),
        columns={"id": gettext_noop("Id"), "status": gettext_noop("Status"), "start_on": gettext_noop("From")},
        tables=(Subscription, SubscriptionOption, SubscriptionCoupon, Gesture),
        told=_subscriptions,
    ),
    Holding(
        name="rights",
        title=gettext_noop("Features opened"),
        columns={"feature": gettext_noop("Feature")},
        tables=(Grant,),
        told=_rights,
    ),
    Holding(
        name="uses",
        title=gettext_noop("Uses of features"),
        columns={
            "at": gettext_noop("When"),
            "feature": gettext_noop("Feature"),
            "quantity": gettext_noop("How many"),
        },
        tables=(Consumption,),
        told=_uses,
    ),
    *person_visits.HELD,
    Holding(
        name="usage",
        title=gettext_noop("Usage"),
        columns={"at": gettext_noop("When"), "feature": gettext_noop("Feature"), "quantity": gettext_noop("Quantity")},
        tables=(UsageRecord,),
        told=_usage,
    ),
    Holding(
        name="payment_methods",
        title=gettext_noop("Payment methods"),
        columns={"brand": gettext_noop("Card"), "last4": gettext_noop("Last digits"), "exp_year": gettext_noop("Year")},
        tables=(PaymentMethod,),
        told=person_means.methods,
    ),
    Holding(
        name="mandates",
        title=gettext_noop("Mandates"),
        columns={"reference": gettext_noop("Mandate reference"), "accepted_at": gettext_noop("When")},
        tables=(Mandate,),
        told=person_means.mandates,
    ),
    Holding(
        name="events",
        title=gettext_noop("Events"),
        columns={"created_at": gettext_noop("When"), "type": gettext_noop("What")},
        tables=(Event,),
        told=_events,
    ),
)
