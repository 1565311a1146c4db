"""The answer before the question: may they come in, is it paid, when is the next charge, what is there to do."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from merchants.languages import said_in
from merchants.templatetags.statuses import STATUSES
from merchants.wording import long_date_text, weekday_text
from subscribers.lifecycle import Access, Verdict
from subscribers.models import PaymentMethod, Subscription
from subscribers.pages.stages import spans
from subscribers.selectors.lives import Life
from subscribers.selectors.names import method_name

WHY: Mapping[str, Promise] = {
    "active": gettext_lazy("Subscription active"),
    "trial": gettext_lazy("In a free stage"),
    "cancelled": gettext_lazy("Cancelled"),
    "unpaid": gettext_lazy("A payment failed"),
    "suspended": gettext_lazy("Suspended"),
    "not_started": gettext_lazy("Not begun yet"),
    "not_paid": gettext_lazy("Purchase not paid for yet"),
    "ended": gettext_lazy("Subscription over"),
    "no_subscription": gettext_lazy("No subscription"),
}
"""Why access is what it is, by the verdict's code."""
WORST_FIRST = ("overdue", "retrying", "processing", "ok")


@dataclass(frozen=True, slots=True)
class Cell:
    """One of the four answers."""

    name: str
    word: str
    note: str = ""
    mark: str = ""


def cells(life: Life, language: str) -> list[Cell]:
    """The four answers about a subscriber, at the life's own present."""
    today = life.now.today
    due = next_charge(life)
    return [
        _access(life.access.verdict, language, today),
        _payment(life),
        _next(life, due, language),
        to_do(life, due, language),
    ]


def access_note(verdict: Verdict, language: str, today: date) -> str:
    """Why, and until which last day."""
    why = str(WHY.get(verdict.why, ""))
    if verdict.until is None:
        return why
    if verdict.why == "not_started":
        return _("Begins on %(day)s") % {"day": long_date_text(verdict.until, language, today=today)}
    last = long_date_text(verdict.until - timedelta(days=1), language, today=today)
    return _("%(why)s, until %(day)s") % {"why": why, "day": last}


def _access(verdict: Verdict, language: str, today: date) -> Cell:
    mark, word = STATUSES["access"][verdict.access.value]
    if verdict.why in ("no_subscription", "ended", "not_started") and verdict.access is Access.none:
        mark = "wait"
    return Cell(_("Access"), str(word), access_note(verdict, language, today), mark)


def _payment(life: Life) -> Cell:
    states = {row.payment_state for row in life.live}
    if not states:
        return Cell(_("Payment"), pgettext("payment", "Nothing to pay"))
    worst = next(state for state in WORST_FIRST if state in states)
    mark, word = STATUSES["payment_state"][worst]
    note = {
        "overdue": _("The automatic tries are over"),
        "retrying": _("A payment failed, it will be tried again"),
        "processing": _("The bank takes some days"),
        "ok": "",
    }[worst]
    return Cell(_("Payment"), str(word), note, mark)


def next_charge(life: Life) -> tuple[date, Subscription] | None:
    """The next day on which money falls due, and of which subscription; None where none is known to come."""
    found = [(day, row) for row in life.live if (day := _charge_of(row, life)) is not None]
    return min(found, key=lambda one: one[0]) if found else None


def _charge_of(row: Subscription, life: Life) -> date | None:
    day: date | None = row.current_period_end
    if row.status == Subscription.Status.TRIALING:
        dates = spans(row, life.offers[row.offer_version_id])
        day = dates[row.stage_position].end if row.stage_position in dates else None
    if day is not None and _stands_still(row, day):
        day = row.suspended_until
    over = row.billing_ends_on or row.service_ends_on
    return None if day is None or (over is not None and over <= day) else day


def _stands_still(row: Subscription, day: date) -> bool:
    """Whether a suspension keeps that day's period from being billed."""
    since, until = row.suspended_from, row.suspended_until
    return row.suspension_stops_billing and since is not None and since <= day and (until is None or day < until)


def _next(life: Life, due: tuple[date, Subscription] | None, language: str) -> Cell:
    if due is None:
        note = _("Nothing more is billed") if life.live else ""
        if any(row.suspension_stops_billing and row.suspended_until is None for row in life.live):
            note = _("Nothing is billed until it is resumed")
        return Cell(_("Next charge"), pgettext("next charge", "None"), note)
    day, row = due
    soon = day - life.now.today < timedelta(days=100)
    said = weekday_text(day, language) if soon else long_date_text(day, language)
    return Cell(_("Next charge"), said, said_in(row.offer_version.title, language))


def expires_on(method: PaymentMethod) -> date | None:
    """The last day on which a card can be charged; None for what does not expire."""
    if not method.exp_year or not method.exp_month:
        return None
    return date(method.exp_year, method.exp_month, monthrange(method.exp_year, method.exp_month)[1])


def to_do(life: Life, due: tuple[date, Subscription] | None, language: str) -> Cell:
    """What someone should do about it, the most urgent alone."""
    today = life.now.today
    automatic = [row for row in life.live if row.collection == "automatic" and row.billing_ends_on is None]
    if any(row.payment_state == Subscription.PaymentState.OVERDUE for row in life.live):
        note = _("No further try is made by itself.")
        return Cell(_("To do"), _("Take the overdue payment"), note, "bad")
    if automatic and life.method is None and any(life.offers[row.offer_version_id].stages for row in automatic):
        return Cell(_("To do"), _("Ask for a means of payment"), _("None is on file."), "warn")
    last = expires_on(life.method) if automatic and life.method else None
    if life.method is not None and last is not None and due is not None and last < due[0]:
        note = _("%(card)s expires on %(last)s: the charge of %(day)s would fail.") % {
            "card": method_name(life.method),
            "last": long_date_text(last, language, today=today),
            "day": long_date_text(due[0], language, today=today),
        }
        return Cell(_("To do"), _("Have the card replaced"), note, "warn")
    return Cell(_("To do"), pgettext("to do", "Nothing"))
