"""What suspending, resuming or moving a renewal would do, as rows that a dialog shows."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.flows.move_renewal import Foreseen as Moves
from billing.flows.suspend import Foreseen as Pauses
from billing.pages.change_rows import Row, credit_rows, document_rows
from invoices.totals import totals
from merchants.wording import long_date_text, period_text
from subscribers.lifecycle import MakesGood
from subscribers.models import Subscription


def pausing_rows(seen: Pauses | Moves, row: Subscription, language: str, today: date) -> list[Row]:
    """The days, what is made good, each line billed or given back at once, the next charge, and the sum to pay now."""
    rows = _paused(seen, language, today) if isinstance(seen, Pauses) else _moved(seen, language, today)
    rows += [*document_rows(seen.documents, row, language), *credit_rows(seen.backs, row, language)]
    if seen.next_charge is not None:
        on, gross = seen.next_charge
        rows.append(Row(label=_("Next charge"), amount=gross, note=long_date_text(on, language, today=today)))
    due = sum(totals(draft.lines, draft.tax_behavior).gross for draft in seen.documents)
    return [*rows, Row(label=_("To pay now"), amount=due, kind="total")]


def _paused(seen: Pauses, language: str, today: date) -> list[Row]:
    rows: list[Row] = []
    if seen.until_on is None:
        since = long_date_text(seen.from_on, language, today=today)
        rows.append(Row(label=_("Without service"), amount=0, text=_("from %(day)s on") % {"day": since}))
    elif seen.from_on < seen.until_on:
        span = period_text(seen.from_on, seen.until_on, language, today=today)
        rows.append(Row(label=_("Without service"), amount=0, text=span))
    if seen.days_lost:
        days = ngettext("%(count)s day", "%(count)s days", seen.days_lost) % {"count": seen.days_lost}
        rows.append(Row(label=_("Paid and lost"), amount=0, text=days, note=_made_good(seen.makes_good)))
    if seen.worth is not None and seen.worth.cost:
        rows.append(Row(label=_("Worth of the option"), amount=seen.worth.cost))
    credited = sum(back.plan.credit.gross for back in seen.credited_later)
    if credited:
        rows.append(Row(label=_("Credit note when it is over"), amount=credited, note=_("to the balance")))
    return [*rows, *_renews(seen.renews_on, language, today)]


def _moved(seen: Moves, language: str, today: date) -> list[Row]:
    count = abs(seen.days)
    days = ngettext("%(count)s day", "%(count)s days", count) % {"count": count}
    label = _("Days added") if seen.days > 0 else _("Days taken away")
    return [*_renews(seen.on, language, today), Row(label=label, amount=0, text=days)]


def _renews(on: date | None, language: str, today: date) -> list[Row]:
    if on is None:
        return []
    return [Row(label=_("Renews on"), amount=0, text=long_date_text(on, language, today=today))]


def _made_good(how: MakesGood) -> str:
    return {
        MakesGood.none: _("not made good"),
        MakesGood.move_renewal: _("the renewal comes as many days later"),
        MakesGood.credit: _("credited when it is over"),
        MakesGood.option: _("an option is given when it is over"),
    }[how]
