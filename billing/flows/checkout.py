"""Opening a purchase, changing it before it is paid, letting it lapse (domain 9, 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from billing import shapes
from billing.flows import change_asked, purchase_coupons
from billing.flows import purchase as buying
from billing.flows import wanted as wanting
from billing.flows.purchase import WishedOption
from billing.flows.wanted import Wanted
from billing.models import CheckoutSession
from merchants.actors import Actor
from merchants.ids import new_id
from merchants.links import mint
from merchants.models import Coupon, Merchant
from merchants.now import Now
from merchants.refusals import Conflict, FieldError, Invalid, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers import shapes as life
from subscribers.models import Subscriber, Subscription
from subscribers.selectors.pictures import WantedOption
from subscribers.services import belonging, facts

OPEN_FOR = timedelta(hours=23)
"""How long a session stays open: below the 24 h for which the provider's page and its keys live."""


class SessionOver(Conflict):
    """The session is complete or expired: it takes nothing any more."""

    code = "checkout_session_over"
    detail = gettext_noop("This purchase is over.")
    way_out = gettext_noop("Begin a new one on the merchant's site.")


@dataclass(frozen=True, kw_only=True)
class Wish(Wanted):
    """What a merchant's website asks for, and where it wants the visitor back."""

    success_url: str = ""
    failure_url: str = ""
    cancel_url: str = ""
    locale: str = ""
    allow_codes: bool = False


def form_url(session: CheckoutSession) -> str:
    """The address of the hosted payment form: signed, opens without a log-in, minted anew each time it is told."""
    token = mint("checkout", session.tenant_id, session.pk, lasts=timedelta(days=2))
    return settings.PUBLIC_URL + reverse("hosted:pay", args=[token])


def counter_thanks() -> str:
    """Where a phone ends that paid at a counter."""
    return settings.PUBLIC_URL + reverse("counter:thanks")


def check_address(value: str, *, name: str) -> str:
    """An address that a browser may be sent back to. Raises Invalid: only http(s), no user part (reliability 2.7)."""
    try:
        parts = urlsplit(value)
        is_plain = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 80) > 0
    except ValueError:
        is_plain = False
    if not is_plain or "@" in parts.netloc or "\\" in value:
        raise Invalid.at(name, "url_invalid", gettext_noop("A full http or https address."))
    if any(c.isspace() or ord(c) < 32 for c in value) or len(value) > 1000:
        raise Invalid.at(name, "url_invalid", gettext_noop("A full http or https address."))
    return value


def open_session(*, merchant_id: UUID, wish: Wish, actor: Actor, session_id: UUID | None = None) -> CheckoutSession:
    """A purchase under way: an incomplete subscription, a quote, and a form to pay it. Raises Refusals; no document."""
    with tenant(merchant_id):
        merchant = Merchant.objects.get(id=merchant_id)
        beneficiary = wish.subscriber
        now = now_for(merchant, beneficiary.test_clock_id)
        payer = beneficiary.payer or beneficiary
        belonging.lock_present({beneficiary.pk, payer.pk})  # in the one order, before anything is written
        success = check_address(wish.success_url or merchant.success_url, name="success_url")
        failure = wish.failure_url or merchant.failure_url
        cancel = wish.cancel_url or merchant.cancel_url
        for name, value in (("failure_url", failure), ("cancel_url", cancel)):
            if value:
                check_address(value, name=name)
        ready = wanting.prepare(wish, merchant=merchant, actor=actor, now=now)
        subscription, priced = ready.subscription, ready.priced
        subscription.status = Subscription.Status.INCOMPLETE
        subscription.access_reason = "not_paid"
        history.create(subscription, actor=actor, now=now)
        session = CheckoutSession(
            id=session_id or new_id(),
            subscriber=beneficiary,
            subscription=subscription,
            quote=buying.write_quote(priced, subscription=subscription, version=subscription.offer_version, now=now),
            allow_codes=wish.allow_codes,
            locale=wish.locale or beneficiary.locale or merchant.locale,
            success_url=success,
            failure_url=failure,
            cancel_url=cancel,
            channel=actor.channel.value,
            metadata=dict(wish.metadata),
            created_at=now.at,
            expires_at=now.at + OPEN_FOR,
        )
        session.save(force_insert=True)
        data = {"object": life.subscription(subscription)}
        facts.tell(beneficiary.pk, ("subscription.created", subscription.pk, data), actor=actor, now=now)
        return session


def lock(session_id: UUID) -> CheckoutSession:
    """The session and all it stands on, locked in the one order: payer, subscription, then the session."""
    known = CheckoutSession.objects.select_related("subscription").get(id=session_id)
    people = sorted({known.subscription.payer_id, known.subscription.subscriber_id})
    list(Subscriber.objects.select_for_update().filter(id__in=people).order_by("id"))
    Subscription.objects.select_for_update(of=("self",)).get(id=known.subscription_id)
    return (
        CheckoutSession.objects.select_for_update(of=("self",))
        .select_related(
            "subscription__offer_version__offer", "subscription__payer", "subscription__subscriber", "quote"
        )
        .get(id=session_id)
    )


def requote(
    session: CheckoutSession,
    *,
    now: Now,
    options: Sequence[WishedOption] | None = None,
    coupons: Sequence[Coupon] | None = None,
) -> None:
    """A new quote for a locked, open session, of today and with other options or coupons (None: as before).

    The caller has made sure that no page at the provider still asks for the old sum. Raises SessionOver, Invalid.
    """
    if session.status != CheckoutSession.Status.OPEN:
        raise SessionOver
    if session.asked is not None:
        change_asked.requote(session, now=now)
        return
    purchase_coupons.release_coupons(session)
    old, subscription = session.quote, session.subscription
    merchant = Merchant.objects.get(id=session.tenant_id)
    known = {UUID(option["version"]): UUID(option["id"]) for option in old.options}
    if options is None:
        wanted: tuple[WantedOption, ...] = tuple(
            WantedOption(id=UUID(o["id"]), version_id=UUID(o["version"]), quantity=o["quantity"]) for o in old.options
        )
    else:
        wanted = buying.wanted_options(subscription.offer_version, options, known)
    if coupons is None:
        coupon_ids = [UUID(coupon_id) for coupon_id in old.coupons]
    else:
        purchase_coupons.check_coupons(coupons, subscription.payer_id, now)
        coupon_ids = [coupon.pk for coupon in coupons]
    priced = buying.price(
        merchant=merchant,
        version=subscription.offer_version,
        payer=subscription.payer,
        subscription_id=subscription.pk,
        beneficiary_id=subscription.subscriber_id,
        quantity=old.quantity,
        options=wanted,
        coupon_ids=coupon_ids,
        now=now,
        billing_day=subscription.billing_day,
        reactivates=subscription.reactivates_id is not None,
    )
    session.quote = buying.write_quote(priced, subscription=subscription, version=subscription.offer_version, now=now)
    session.save(update_fields=["quote"])


def coupon_for(code: str) -> Coupon:
    """The coupon that someone typed. Raises Invalid beside the field."""
    coupon = purchase_coupons.coupon_by_code(code)
    if coupon is None:
        error = FieldError(field="code", code="coupon_unknown", detail=gettext_noop("We do not know this code."))
        raise Invalid(code="coupon_unknown", errors=[error])
    return coupon


def lapse(session: CheckoutSession, *, actor: Actor, now: Now) -> None:
    """End a locked, open session unpaid: nothing of it is left but its trace in the history."""
    subscription = session.subscription
    purchase_coupons.release_coupons(session)
    session.status = CheckoutSession.Status.EXPIRED
    session.save(update_fields=["status"])
    if subscription.status == Subscription.Status.INCOMPLETE:
        ended: dict[str, Any] = {
            "status": Subscription.Status.ENDED.value,
            "ended_at": now.at,
            "end_reason": "not_paid",
            "access_reason": "ended",
            "reference": None,  # free for the next try: the history keeps what it was
            "next_action_at": None,
        }
        history.update(subscription, ended, actor=actor, now=now, verb="lapsed")
    data = {"object": shapes.checkout_session(session)}
    facts.tell(session.subscriber_id, ("checkout_session.expired", session.pk, data), actor=actor, now=now)
