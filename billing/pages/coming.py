"""What comes next for a subscriber, as a fragment of their page: each charge ahead, and each end that is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.http import HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing.engine.quoting import Later, coming
from billing.pages.subjects import subscriber_of
from billing.selectors.snapshots import snapshots
from billing.wording import in_language, later_words
from merchants.http.frame import OfficeRequest, office_page, office_render
from merchants.selectors.clocks import now_for
from subscribers.lifecycle import LIVE
from subscribers.models import Subscription
from subscribers.snapshots import SubscriptionSnapshot

MOST = 8
"""Charges that are told of one subscription: further away is guessing."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One dated fact to come. `amount` in minor units, None where nothing is charged."""

    on: date
    words: str
    amount: int | None
    currency: str


@office_page(permission="see_subscribers")
def subscriber_coming(request: OfficeRequest, subscriber: str) -> HttpResponse:
    """Dated facts to come, earliest first. A purchase not yet paid for has none."""
    row = subscriber_of(subscriber)
    rows = list(
        Subscription.objects.filter(subscriber=row, status__in=[status.value for status in LIVE])
        .select_related("offer_version")
        .order_by("id")
    )
    pictures = snapshots(rows, request.office.merchant)
    language = get_language() or "en"
    facts = [fact for one in rows for fact in facts_of(one, pictures[one.pk], language, several=len(rows) > 1)]
    context = {
        "facts": sorted(facts, key=lambda fact: fact.on),
        "today": now_for(request.office.merchant, row.test_clock_id).today,
    }
    return office_render(request, "billing/coming.html", context)


def facts_of(row: Subscription, picture: SubscriptionSnapshot, language: str, *, several: bool) -> list[Fact]:
    """The charges and the end ahead of one subscription."""
    title = in_language(row.offer_version.title, language)
    later = coming(picture)
    said = [_charge(one, title if several else "", row.currency, language) for one in later[:MOST]]
    ends_on = picture.ends_on
    if ends_on is not None:
        last = ends_on - timedelta(days=1)
        words = _("Last day of %(offer)s") % {"offer": title}
        said.append(Fact(on=last, words=words, amount=None, currency=row.currency))
    return said


def _charge(later: Later, title: str, currency: str, language: str) -> Fact:
    words = later_words(later, currency, language)
    return Fact(
        on=later.from_on,
        words=f"{title}: {words}" if title else words[:1].upper() + words[1:],
        amount=later.gross,
        currency=currency,
    )
