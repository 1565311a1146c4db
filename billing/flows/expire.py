"""Ending a purchase before its time, because the merchant's site says so."""

from __future__ import annotations

from uuid import UUID

from billing.flows import change_purchase, checkout, outcome, pay
from billing.models import CheckoutSession
from merchants.actors import Actor
from merchants.refusals import Conflict, gettext_noop
from merchants.tenancy.scope import tenant


class SessionComplete(Conflict):
    """It was paid: what was bought is ended by cancelling it."""

    code = "checkout_session_complete"
    detail = gettext_noop("This purchase is complete.")
    way_out = gettext_noop("Cancel the subscription instead.")


def expire(*, merchant_id: UUID, session_id: UUID, actor: Actor) -> CheckoutSession:
    """Close the provider's page, have it confirmed, and let the purchase lapse. One that has lapsed stays so. Raises
    SessionComplete (also where it was paid at that moment), PaymentUnderWay, ProviderSilent."""
    with tenant(merchant_id):
        session = CheckoutSession.objects.get(id=session_id)
    if session.status == CheckoutSession.Status.OPEN:
        change_purchase.close_page(merchant_id=merchant_id, session_id=session_id)
    with tenant(merchant_id):
        session = checkout.lock(session_id)
        if session.status == CheckoutSession.Status.COMPLETE:
            raise SessionComplete
        if session.status == CheckoutSession.Status.OPEN:
            if outcome.under_way(session) is not None:
                raise pay.PaymentUnderWay
            checkout.lapse(session, actor=actor, now=outcome.clock_of(session))
        return session
