"""Back from the provider: how does the payment stand, and where does the visitor belong?

What the address says is not believed: the provider is asked. So it does not matter whether its notice came before,
comes later, or never comes.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from billing.flows import looking
from billing.flows.checkout import form_url
from billing.hosted import endings, onward
from billing.hosted.doors import Place, hosted_page, speak
from billing.hosted.sessions import load


@require_safe
@hosted_page("checkout-return")
def back(request: HttpRequest, place: Place) -> HttpResponse:
    """To the merchant's page, to the form with the reason, or to what became of the purchase."""
    session = load(place)
    speak(request, session.locale)
    standing = looking.look(merchant_id=place.merchant_id, session_id=session.pk)
    if standing.status == "complete":
        return onward.to_site(session.success_url, session)
    if standing.status == "open":
        if standing.is_silent:
            return endings.waiting(request, place)
        return HttpResponseRedirect(form_url(session))
    arrived = standing.payment is not None and standing.payment.captured
    if session.failure_url and not arrived:
        return onward.to_site(session.failure_url, session)
    return endings.expired(request, place, load(place))
