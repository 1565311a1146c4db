"""Today at this site: who was enrolled, by whom."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import get_language

from billing.counter.frame import CounterRequest, counter_page, counter_render
from merchants.languages import said_in
from merchants.now import local_midnight
from subscribers.models import Subscription

SHOWN = 50


@counter_page()
def home(request: CounterRequest) -> HttpResponse:
    """The day's enrolments of the site, the newest first."""
    counter = request.counter
    since = local_midnight(counter.now.today, counter.now.zone)
    found = Subscription.objects.filter(sold_at=counter.site, channel="counter", created_at__gte=since)
    found = found.exclude(status=Subscription.Status.INCOMPLETE).select_related(
        "subscriber", "offer_version", "sold_by__user"
    )
    language = get_language() or counter.merchant.locale
    rows = [
        {
            "at": row.created_at,
            "who": row.subscriber.name,
            "offer": said_in(row.offer_version.title, language),
            "by": row.sold_by.user.name if row.sold_by else "",
        }
        for row in found.order_by("-id")[:SHOWN]
    ]
    return counter_render(request, "counter/home.html", {"rows": rows})
