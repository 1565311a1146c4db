"""A checkout session as hosted pages load it."""

from __future__ import annotations

from django.http import Http404

from billing.hosted.doors import Place
from billing.models import CheckoutSession
from merchants.tenancy.scope import tenant


def load(place: Place) -> CheckoutSession:
    """The session with all that its pages show. Raises Http404 where it is gone."""
    with tenant(place.merchant_id):
        rows = CheckoutSession.objects.select_related(
            "subscriber",
            "subscription__offer_version__offer",
            "subscription__subscriber",
            "subscription__payer",
            "quote__legal_entity",
            "quote__offer_version",
        )
        session = rows.filter(id=place.id).first()
    if session is None:
        raise Http404
    return session
