"""What the conductor holds on a person: purchases under way or over, and what providers told of their payments.

Of a purchase, the address from which its conditions were accepted, the merchant's own notes and the addresses to come
back to are taken out; of a provider's notice, all but its kind and outcome; of the page for another card, its address.
"""

from __future__ import annotations

import re

from django.db.models import Q, QuerySet

from billing import shapes
from billing.models import Charge, CheckoutSession, DunningCase, Enrolment, Export, NewCard, ProviderEvent, Quote
from billing.models.exports import FORGOTTEN
from invoices.models import Payment
from merchants.ids import show
from merchants.now import Now
from merchants.refusals import gettext_noop
from subscribers.holdings import Holding, Told, blocks
from subscribers.models import PaymentMethod, Subscriber
from subscribers.search_text import patterns
from subscribers.shapes import at


def _purchases(person: Subscriber) -> Told:
    rows = CheckoutSession.objects.filter(Q(subscriber=person) | Q(subscription__payer=person)).select_related("quote")
    for block in blocks(rows):
        for row in block:
            accepted = {"from": row.consented_from, "at": row.consented_at and row.consented_at.isoformat()}
            yield shapes.checkout_session(row) | {"conditions_accepted": accepted}


def _enrolments(person: Subscriber) -> Told:
    rows = Enrolment.objects.filter(Q(subscription__subscriber=person) | Q(subscription__payer=person))
    for block in blocks(rows.select_related("site")):
        for row in block:
            yield {
                "created_at": at(row.created_at),
                "site": row.site.name,
                "subscription": show("sub", row.subscription_id),
                "means": row.means,
                "due": row.due,
                "currency": row.currency,
            }


def _charges(person: Subscriber) -> Told:
    rows = Charge.objects.filter(Q(subscription__subscriber=person) | Q(subscription__payer=person))
    for block in blocks(rows):
        yield from (shapes.charge(row) for row in block)


def _card_pages(person: Subscriber) -> Told:
    for block in blocks(NewCard.objects.filter(payer=person)):
        for row in block:
            yield {"created_at": at(row.created_at), "status": row.status, "settled_at": at(row.settled_at)}


def _unpaid(person: Subscriber) -> Told:
    for block in blocks(DunningCase.objects.filter(payer=person)):
        for row in block:
            yield {
                "invoice": show("inv", row.invoice_id),
                "opened_at": at(row.opened_at),
                "tries": row.tries,
                "steps_taken": row.taken,
                "effect": row.effect,
                "ended_at": at(row.ended_at),
                "outcome": row.outcome,
            }


def _forget_purchases(person: Subscriber, now: Now) -> None:
    rows = CheckoutSession.objects.filter(Q(subscriber=person) | Q(subscription__payer=person))
    rows.update(consented_from=None, metadata={}, success_url="", failure_url="", cancel_url="")
    of_theirs = Q(subscription__subscriber=person) | Q(subscription__payer=person)
    Charge.objects.filter(of_theirs).exclude(metadata={}).update(metadata={})
    NewCard.objects.filter(payer=person).update(url="")
    _notices(person).update(raw={})
    for row in Export.objects.filter(filters__has_key="q").only("filters").iterator():
        if _finds(str(row.filters["q"]), person):
            Export.objects.filter(id=row.pk).update(filters={**row.filters, "q": FORGOTTEN})


def _finds(words: str, person: Subscriber) -> bool:
    """Whether an export that was narrowed by these words was narrowed to this person."""
    return all(re.sub(r"\\(.)", r"\1", each[1:-1]) in person.search for each in patterns(words))


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
        tables=(CheckoutSession, Quote),
        told=_purchases,
        mask=_forget_purchases,
    ),
    Holding(
        name="enrolments",
        title=gettext_noop("Enrolments at a counter"),
        columns={"created_at": gettext_noop("When"), "site": gettext_noop("Site"), "means": gettext_noop("Means")},
        tables=(Enrolment,),
        told=_enrolments,
    ),
    Holding(
        name="charges",
        title=gettext_noop("One-off amounts"),
        columns={"created_at": gettext_noop("When"), "status": gettext_noop("Status")},
        tables=(Charge,),
        told=_charges,
    ),
    Holding(
        name="card_pages",
        title=gettext_noop("Pages for another card"),
        columns={"created_at": gettext_noop("When"), "status": gettext_noop("Status")},
        tables=(NewCard,),
        told=_card_pages,
    ),
    Holding(
        name="unpaid",
        title=gettext_noop("Unpaid invoices"),
        columns={
            "invoice": gettext_noop("Invoice"),
            "opened_at": gettext_noop("From"),
            "ended_at": gettext_noop("Until"),
            "outcome": gettext_noop("Status"),
        },
        tables=(DunningCase,),
        told=_unpaid,
    ),
)
