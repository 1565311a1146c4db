"""Going on after the end: a dialog on a subscriber's page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing.flows import reactivate
from billing.flows.reactivate import Again, Foreseen
from billing.pages.change_rows import Row, document_rows, later_rows
from billing.pages.dialogs import show_dialog, title_of, who_of
from billing.pages.subjects import subscription_of
from billing.readable import readable
from merchants.http.frame import OfficeRequest, office_page
from merchants.languages import said_in
from merchants.refusals import Conflict, Invalid
from merchants.selectors.clocks import now_for
from subscribers.models import Subscription

MOST_LATER = 4


@office_page(permission="see_subscribers", post="sell")
def subscription_reactivate(request: OfficeRequest, subscription: str) -> HttpResponse:
    """The dialog with what coming back would cost; POST does it, at once."""
    row, office = subscription_of(subscription), request.office
    if request.method == "POST":
        try:
            reactivate.reactivate(
                merchant_id=office.merchant.pk, subscription_id=row.pk, again=Again(), actor=office.actor
            )
        except (Conflict, Invalid) as refusal:
            context = {**_context(request, row), **_refused(refusal), "seen": None}
            return show_dialog(request, "billing/reactivate.html", row, context, status=422)
        messages.success(request, _("%(offer)s goes on from today.") % {"offer": title_of(row)})
        return redirect(office.url("subscriber", subscriber=row.subscriber.public_id))
    return show_dialog(request, "billing/reactivate.html", row, _context(request, row))


def _refused(refusal: Conflict | Invalid) -> dict[str, object]:
    if isinstance(refusal, Invalid):
        return {"problems": [error.say(_) for error in refusal.errors] or [refusal.say(_)]}
    return {"problems": [readable(refusal).say(_)], "way_out": refusal.say_way_out(_)}


def _context(request: OfficeRequest, row: Subscription) -> dict[str, object]:
    """What the dialog says; where it cannot be done, why."""
    office, now = request.office, now_for(request.office.merchant, row.test_clock_id)
    context: dict[str, object] = {
        "subscription": row,
        "title": title_of(row),
        "who": who_of(row),
        "action": office.url("subscription-reactivate", subscription=row.public_id),
        "today": now.today,
        "currency": row.currency,
    }
    try:
        seen = reactivate.foresee(row, Again(), actor=office.actor)
    except (Conflict, Invalid) as refusal:
        return {**context, **_refused(refusal)}
    language = get_language() or "en"
    later = later_rows(seen.previewed.later, row.currency, language)
    return {
        **context,
        "seen": seen,
        "rows": _rows(seen, row, language),
        "later": later[:MOST_LATER],
        "left_out": [said_in(one.option_version.title, language) for one in seen.left_out],
    }


def _rows(seen: Foreseen, row: Subscription, language: str) -> list[Row]:
    rows = document_rows(seen.previewed.documents, row, language)
    return [*rows, Row(label=_("To pay now"), amount=seen.previewed.due, kind="total")]
