"""A walk-in enrolled at a counter (domain 9, 10): who, what, how it is paid today and how from then on, in one
transaction.

Money that is there (cash, a cheque, the bank's terminal) begins the subscription at once: person, subscription,
invoice, payment, or nothing. A card on the subscriber's own phone is a purchase like any other: its quote is paid on
the hosted form, and nothing is a document before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError

from billing.flows import checkout, enrol_papers, subscribe
from billing.flows.checkout import Wish
from billing.flows.enrol_papers import DEBIT, DebitAccount
from billing.flows.purchase import WishedOption, issuing_entity
from billing.flows.subscribe import Previewed
from billing.flows.wanted import Wanted
from billing.models import Enrolment
from invoices.models import Invoice
from invoices.selectors.affected import people_of
from invoices.services import by_hand, register, tills
from invoices.services.by_hand import ByHand
from invoices.services.register import Clerk
from invoices.services.signing import Draft
from merchants.actors import Actor
from merchants.canonical import digest
from merchants.models import Coupon, Device, Membership, Merchant, Offer, Site
from merchants.now import Now
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber, Subscription
from subscribers.services import belonging, enrolment, visiting

PAGE = "page"
"""Paid on the hosted form, by a card on the subscriber's own phone."""
READER = "reader"
"""Paid by a card at a reader beside the tablet, which the page asks next."""
BY_CARD = (PAGE, READER)
MEANS = ("cash", "cheque", "terminal", "transfer", DEBIT, *BY_CARD)
LATER = ("card", DEBIT, "counter")
UNTIL_LODGED = timedelta(days=2)
"""How long a first sum waits for its account to be lodged, which takes seconds: it is asked for as soon as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where and by whom it is done."""

    site: Site
    device: Device
    member: Membership
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Walkin:
    """What the seller chose. `subscriber` is somebody known, else `profile` says who it is. `means` is how what is due
    today is paid ('' where nothing is), `tendered` the cash handed over in minor units, `later` how renewals are paid.
    `seen` is the sum that the seller read: no other is ever taken. `account` is debited, `papers` were signed.
    `seconds` and `touches` are the tablet's own."""

    client_id: UUID
    offer: Offer
    means: str
    later: str
    seen: int
    subscriber: Subscriber | None = None
    profile: Mapping[str, Any] = field(default_factory=dict)
    options: Sequence[WishedOption] = ()
    coupons: Sequence[Coupon] = ()
    start_on: date | None = None
    tendered: int | None = None
    account: DebitAccount | None = None
    papers: Sequence[Draft] = ()
    seconds: int | None = None
    touches: int | None = None


class AmountChanged(Conflict):
    """What the seller read is not what is due now."""

    code = "amount_changed"
    detail = gettext_noop("The amount has changed since this was chosen.")
    way_out = gettext_noop("Look at the ticket again, then take the money.")


def preview(*, merchant_id: UUID, walkin: Walkin, place: Place) -> Previewed:
    """What it would cost today and later; nothing is written. Raises what `subscribe_now` raises."""
    with tenant(merchant_id):
        merchant = Merchant.objects.get(id=merchant_id)
        person = walkin.subscriber or _stranger(walkin, place, merchant)
    return subscribe.preview(merchant_id=merchant_id, wanted=_wanted(walkin, person, place), actor=place.actor)


def enrol(*, merchant_id: UUID, walkin: Walkin, place: Place) -> Enrolment:
    """Enrol somebody, once: the same `client_id` with the same content answers the first enrolment again.

    Raises Invalid naming each field (`name`, `phone`, `email`, `birth_on`, `offer`, `options[n]`, `coupons`, `means`,
    `tendered`, `later`, `iban`, `holder`, `signature`), AmountChanged, Conflict (`client_id_reused`, and what
    `subscribe_now` raises).
    """
    content = _digest(walkin)
    try:
        with tenant(merchant_id):
            known = Enrolment.objects.filter(client_id=walkin.client_id).first()
            return _same(known, content) if known else _enrol(merchant_id, walkin, place, content)
    except IntegrityError as fault:
        if "an_enrolment_is_sent_once" not in str(fault):
            raise
    with tenant(merchant_id):  # another try of the same tablet was quicker
        return _same(Enrolment.objects.get(client_id=walkin.client_id), content)


def _same(known: Enrolment, content: str) -> Enrolment:
    if known.digest != content:
        raise Conflict(
            gettext_noop("Somebody else was enrolled under this number."),
            code="client_id_reused",
            way_out=gettext_noop("Begin a new enrolment."),
        )
    return known


def _enrol(merchant_id: UUID, walkin: Walkin, place: Place, content: str) -> Enrolment:
    merchant = Merchant.objects.get(id=merchant_id)
    now = now_for(merchant, walkin.subscriber.test_clock_id if walkin.subscriber else None)
    _check(walkin)
    person = walkin.subscriber
    if person is None:
        profile = dict(walkin.profile)
        person = enrolment.enrol(profile, merchant=merchant, actor=place.actor, now=now, site_id=place.site.pk)
    entity, account = issuing_entity(), walkin.account if DEBIT in (walkin.means, walkin.later) else None
    chosen = {"means": walkin.means, "later": walkin.later}
    enrol_papers.check(entity, **chosen, account=account, papers=walkin.papers, person=person, now=now)
    made = Enrolment(
        client_id=walkin.client_id,
        digest=content,
        site=place.site,
        device=place.device,
        member=place.member,
        means=walkin.means,
        later=walkin.later,
        tendered=walkin.tendered,
        seconds=walkin.seconds,
        touches=walkin.touches,
        created_at=now.at,
    )
    if walkin.means in BY_CARD:
        _on_a_page(made, walkin, person, place, merchant)
    else:
        _at_once(made, walkin, person, place, now)
    made.save(force_insert=True)
    visiting.card_of(person, now=now)
    enrol_papers.keep(
        walkin.papers,
        account=account,
        person=person,
        subscription_id=made.subscription_id,
        entity=entity,
        site=place.site,
        device=place.device,
        member=place.member,
        actor=place.actor,
        now=now,
    )
    return made


def _at_once(made: Enrolment, walkin: Walkin, person: Subscriber, place: Place, now: Now) -> None:
    row = subscribe.subscribe_now(merchant_id=made.tenant_id, wanted=_wanted(walkin, person, place), actor=place.actor)
    invoice = Invoice.objects.filter(id=row.latest_invoice_id).first() if row.latest_invoice_id else None
    made.subscription, made.currency, made.due = row, row.currency, invoice.amount_due if invoice else 0
    if made.due != walkin.seen:
        raise AmountChanged
    if walkin.tendered is not None and walkin.tendered < made.due:
        raise Invalid.at("tendered", "tendered_too_little", gettext_noop("Less than what is due."))
    if not made.due:
        made.means, made.tendered = "", None
        return
    assert invoice is not None
    if not walkin.means:
        raise Invalid.at("means", "required", gettext_noop("Choose how today's sum is paid."))
    if walkin.means == DEBIT:
        Invoice.objects.filter(pk=invoice.pk).update(collect_at=now.at + UNTIL_LODGED)
        return
    belonging.lock(people_of([invoice.pk]))
    locked = Invoice.objects.select_for_update(of=("self",)).select_related("legal_entity").get(id=invoice.pk)
    brought = ByHand(means=walkin.means, amount=made.due, received_on=now.today, site=place.site)
    made.payment = by_hand.receive(brought, locked, actor=place.actor, now=now).payment
    clerk = Clerk(member=place.member, device=place.device, actor=place.actor)
    real = now_for(Merchant.objects.get(id=made.tenant_id))  # a register never follows a test clock
    register.receive(tills.need_session(place.device), made.payment, tendered=made.tendered, clerk=clerk, now=real)


def _on_a_page(made: Enrolment, walkin: Walkin, person: Subscriber, place: Place, merchant: Merchant) -> None:
    thanks = checkout.counter_thanks()
    values = _wanted(walkin, person, place)
    wish = Wish(
        **{name: getattr(values, name) for name in Wanted.__dataclass_fields__},
        success_url=thanks,
        failure_url=merchant.failure_url,
        cancel_url=merchant.cancel_url,
        locale=person.locale,
    )
    session = checkout.open_session(merchant_id=made.tenant_id, wish=wish, actor=place.actor)
    made.session, made.subscription = session, session.subscription
    made.currency, made.due = session.quote.currency, session.quote.total
    if made.due != walkin.seen:
        raise AmountChanged


def _check(walkin: Walkin) -> None:
    if walkin.means and walkin.means not in MEANS:
        raise Invalid.at("means", "invalid_choice", gettext_noop("Choose how today's sum is paid."))
    if walkin.later not in LATER:
        raise Invalid.at("later", "invalid_choice", gettext_noop("Choose how the next sums are paid."))
    if walkin.means in BY_CARD and walkin.later != "card":
        detail = gettext_noop("A card that pays today also pays what comes later.")
        raise Invalid.at("later", "card_is_kept", detail)
    if walkin.means == DEBIT and walkin.later != DEBIT:
        detail = gettext_noop("An account that is debited today is debited for what comes later too.")
        raise Invalid.at("later", "account_is_kept", detail)
    if walkin.tendered is not None and walkin.means != "cash":
        raise Invalid.at("tendered", "tendered_without_cash", gettext_noop("Only cash is given change for."))
    if walkin.subscriber is None and not str(walkin.profile.get("name", "")).strip():
        raise Invalid.at("name", "required", gettext_noop("First name and family name."))
    if walkin.subscriber is None and not (walkin.profile.get("phone") or walkin.profile.get("email")):
        detail = gettext_noop("A telephone number or an e-mail address, to be recognised by.")
        raise Invalid.at("phone", "required", detail)


def _wanted(walkin: Walkin, person: Subscriber, place: Place) -> Wanted:
    return Wanted(
        subscriber=person,
        offer=walkin.offer,
        options=walkin.options,
        coupons=walkin.coupons,
        start_on=walkin.start_on if walkin.means not in BY_CARD else None,
        collection="manual" if walkin.later == "counter" else "automatic",
        site=place.site,
        sold_by=place.member,
    )


def _stranger(walkin: Walkin, place: Place, merchant: Merchant) -> Subscriber:
    """Somebody who is not there yet, for a preview: never saved."""
    return Subscriber(site=place.site, **{"locale": merchant.locale, **_known(walkin.profile)})


def _known(profile: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in profile.items() if name in ("name", "locale", "country")}


def _digest(walkin: Walkin) -> str:
    """What was sent, by what counts: neither how long it took nor how often the screen was touched."""
    return digest(
        {
            "subscriber": str(walkin.subscriber.pk) if walkin.subscriber else None,
            "profile": {name: str(value) for name, value in walkin.profile.items()},
            "offer": str(walkin.offer.pk),
            "options": [[str(one.option.pk), one.quantity] for one in walkin.options],
            "coupons": [str(one.pk) for one in walkin.coupons],
            "start_on": walkin.start_on.isoformat() if walkin.start_on else None,
            "means": walkin.means,
            "later": walkin.later,
            "tendered": walkin.tendered,
            "seen": walkin.seen,
            "account": [walkin.account.holder, walkin.account.iban[-4:]] if walkin.account else None,
        }
    )


def subscription_of(made: Enrolment) -> Subscription:
    """The subscription of an enrolment, with what a page says of it."""
    rows = Subscription.objects.select_related("subscriber", "offer_version", "payment_method")
    return rows.get(id=made.subscription_id)
