"""What the conductor holds on a person: purchases under way or over, and what providers told of their payments.

Of a purchase, the address from which its conditions were accepted, the merchant's own notes and the addresses to come
back to are taken out; of a provider's notice, all but its kind and outcome; of the page for another card, its address.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet

from billing import shapes
from billing.models import Charge, CheckoutSession, NewCard, ProviderEvent
from invoices.models import Payment
from merchants.now import Now
from merchants.refusals import gettext_noop
from subscribers.holdings import Holding, Told, blocks
from subscribers.models import PaymentMethod, Subscriber


def _purchases(person: Subscriber) -> Told:
    rows = CheckoutSession.objects.filter(Q(subscriber=person) | Q(subscription__payer=person)).select_related("quote")
    for block in blocks(rows):
        for row in block:
            accepted = {"from": row.consented_from, "at": row.consented_at and row.consented_at.isoformat()}
            yield shapes.checkout_session(row) | {"conditions_accepted": accepted}


def _charges(person: Subscriber) -> Told:
    rows = Charge.objects.filter(Q(subscription__subscriber=person) | Q(subscription__payer=person))
    for block in blocks(rows):
        yield from (shapes.charge(row) for row in block)


def _forget_purchases(person: Subscriber, now: Now) -> None:
    rows = CheckoutSession.objects.filter(Q(subscriber=person) | Q(subscription__payer=person))
    rows.update(consented_from=None, metadata={}, success_url="", failure_url="", cancel_url="")
    NewCard.objects.filter(payer=person).update(url="")
    _notices(person).update(raw={})


def _notices(person: Subscriber) -> QuerySet[ProviderEvent]:
    """What providers told of this person: found by our payments' ids, the provider's own, and its customers."""
    refs: set[str] = set(filter(None, person.provider_customers.values()))
    keys: set[str] = set()
    for id_, session, ref in Payment.objects.filter(payer=person).values_list("id", "provider_session", "provider_ref"):
        keys.add(str(id_))
        refs |= {session, ref} - {""}
    for method, customer in PaymentMethod.objects.filter(subscriber=person).values_list("provider_ref", "customer_ref"):
        refs |= {method, customer} - {""}
    of_them = Q(payment_key__in=keys) | Q(object_ref__in=refs) | Q(raw__data__object__customer__in=list(refs))
    return ProviderEvent.objects.filter(of_them | Q(raw__data__object__payment_intent__in=list(refs)))


HELD = (
    Holding(
        name="purchases",
        title=gettext_noop("Purchases"),
        columns={"created_at": gettext_noop("When"), "status": gettext_noop("Status")},
        told=_purchases,
        mask=_forget_purchases,
    ),
    Holding(
        name="charges",
        title=gettext_noop("One-off amounts"),
        columns={"created_at": gettext_noop("When"), "status": gettext_noop("Status")},
        told=_charges,
    ),
)
