"""Each kind of alert in words: one function a kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alerts.models import Alert
from alerts.selectors.shapes import alert_status
from alerts.selectors.surroundings import Need, Surroundings
from merchants.ids import read
from merchants.refusals import fill
from merchants.wording import amount_text, long_date_text, number_text


def _line(alert: Alert, **words: Any) -> Need:
    return Need(mark=alert.severity, alert=alert, status=alert_status(alert), **words)


def _of_an_invoice(alert: Alert, around: Surroundings, fact: str, why: str, note: str) -> Need:
    invoice = around.invoice(alert)
    words = {"who": around.who(alert), "number": invoice.number if invoice else ""}
    return _line(
        alert,
        fact=fact % words,
        why=why % words,
        stake=amount_text(invoice.amount_due, invoice.currency, around.language) if invoice else "",
        stake_note=note if invoice else "",
        url=around.link("invoice", invoice=invoice.public_id) if invoice else "",
        act=_("Open the invoice"),
    )


def _payment_failed(alert: Alert, around: Surroundings) -> Need:
    if alert.details.get("asked") == "nobody":
        why = _("Invoice %(number)s stays open; a letter asks for a card.")
        return _of_an_invoice(alert, around, _("%(who)s has no card that can be charged"), why, _("to pay"))
    if alert.details.get("asked") == "provider":
        why = _("The payment provider refused the request for invoice %(number)s: look at its account.")
        return _of_an_invoice(alert, around, _("The payment of %(who)s could not be asked for"), why, _("to pay"))
    return _of_an_invoice(
        alert,
        around,
        _("The payment of %(who)s was refused"),
        _("Invoice %(number)s stays open; nothing was taken."),
        _("to pay"),
    )


def _invoice_overdue(alert: Alert, around: Surroundings) -> Need:
    return _of_an_invoice(
        alert, around, _("%(who)s has not paid in time"), _("Invoice %(number)s is past its date."), _("overdue")
    )


def _person(alert: Alert, around: Surroundings) -> str:
    person = around.people.get(alert.subscriber_id) if alert.subscriber_id else None
    return around.link("subscriber", subscriber=person.public_id) if person else ""


def _cancellation_scheduled(alert: Alert, around: Surroundings) -> Need:
    return _line(
        alert,
        fact=_("%(who)s cancelled") % {"who": around.who(alert)},
        why=_("The subscription runs to the end of what was paid; until then it can be taken back."),
        url=_person(alert, around),
        act=_("Open the subscriber"),
    )


def _day(text: object, around: Surroundings) -> str:
    """A date of the details, written out; nothing where there is none."""
    try:
        return long_date_text(date.fromisoformat(str(text)), around.language)
    except ValueError:
        return ""


def _last_day(alert: Alert, around: Surroundings) -> str:
    """The last day had: the one before `ends_on`, which is the first day without."""
    try:
        ends_on = date.fromisoformat(str(alert.details.get("ends_on", "")))
    except ValueError:
        return ""
    return long_date_text(ends_on - timedelta(days=1), around.language)


def _of_a_person(alert: Alert, around: Surroundings, fact: str, why: str, **more: str) -> Need:
    return _line(alert, fact=fact, why=why, url=_person(alert, around), act=_("Open the subscriber"), **more)


def _card_words(alert: Alert, around: Surroundings) -> dict[str, str]:
    brand = str(alert.details.get("brand") or "")
    return {
        "who": around.who(alert),
        "card": f"{brand.title() or _('Card')} •••• {alert.details.get('last4') or '????'}",
        "day": _day(alert.details.get("last_day"), around),
    }


def _card_expiring(alert: Alert, around: Surroundings) -> Need:
    words = _card_words(alert, around)
    fact = _("The card of %(who)s expires on %(day)s") % words
    return _of_a_person(alert, around, fact, _("%(card)s. Once another card is given, this closes by itself.") % words)


def _card_expired(alert: Alert, around: Surroundings) -> Need:
    words = _card_words(alert, around)
    fact = _("The card of %(who)s has expired") % words
    why = _("%(card)s served until %(day)s. The next payment will be refused unless another card is given.") % words
    return _of_a_person(alert, around, fact, why)


def _trial_ending(alert: Alert, around: Surroundings) -> Need:
    words = {"who": around.who(alert), "day": _last_day(alert, around)}
    amount, currency = str(alert.details.get("amount") or ""), str(alert.details.get("currency") or "")
    known = amount.isdigit() and bool(currency)
    return _of_a_person(
        alert,
        around,
        _("The free period of %(who)s ends on %(day)s") % words,
        _("The first charge follows, unless they cancel before."),
        stake=amount_text(int(amount), currency, around.language) if known else "",
        stake_note=_("first charge") if known else "",
    )


def _subscription_ending(alert: Alert, around: Surroundings) -> Need:
    words = {"who": around.who(alert), "day": _last_day(alert, around)}
    if alert.details.get("why") == "term_reached":
        why = _("The fixed term is over then; nothing follows by itself.")
    else:
        why = _("They cancelled. Until that day it can be taken back.")
    return _of_a_person(alert, around, _("The subscription of %(who)s ends on %(day)s") % words, why)


def _subscription_ended(alert: Alert, around: Surroundings) -> Need:
    reason = ENDS.get(str(alert.details.get("why") or ""))
    fact = _("The subscription of %(who)s has ended") % {"who": around.who(alert)}
    return _of_a_person(alert, around, fact, str(reason) if reason is not None else "")


def _subscription_parked(alert: Alert, around: Surroundings) -> Need:
    fact = _("The subscription of %(who)s could not be billed") % {"who": around.who(alert)}
    msgid, why = str(alert.details.get("msgid") or ""), str(alert.details.get("why") or "")
    return _of_a_person(alert, around, fact, fill(msgid, json.loads(alert.details["values"]), _) if msgid else why)


def _dunning_step(alert: Alert, around: Surroundings) -> Need:
    return _of_an_invoice(
        alert,
        around,
        _("%(who)s has still not paid"),
        _("Invoice %(number)s stays open after several tries: your steps ask a person to look."),
        _("to pay"),
    )


def _dunning_suspended(alert: Alert, around: Surroundings) -> Need:
    return _of_an_invoice(
        alert,
        around,
        _("%(who)s is suspended for not paying"),
        _("Invoice %(number)s was not paid after all steps. Access comes back at once when it is."),
        _("to pay"),
    )


def _letter_failed(alert: Alert, around: Surroundings) -> Need:
    return _line(
        alert,
        fact=_("A letter to %(who)s could not be sent") % {"who": around.who(alert)},
        why=str(alert.details.get("why", "")),
        url=_person(alert, around),
        act=_("Open the subscriber"),
    )


def _of_an_endpoint(
    alert: Alert, around: Surroundings, fact: str, why: str, counts: Mapping[UUID, int], note: str
) -> Need:
    url = str(alert.details.get("url", ""))
    shown = str(alert.details.get("endpoint", ""))
    endpoint_id = read("whe", shown)
    count = counts.get(endpoint_id, 0) if endpoint_id else 0
    return _line(
        alert,
        fact=fact % {"host": urlsplit(url).netloc},
        why=why,
        stake=number_text(count, around.language) if count else "",
        stake_note=note if count else "",
        url=around.link("webhook", webhook_endpoint=shown),
        act=_("See why"),
    )


def _webhook_failing(alert: Alert, around: Surroundings) -> Need:
    return _of_an_endpoint(
        alert,
        around,
        _("%(host)s refuses webhooks"),
        _("Deliveries are kept for three days and sent again in order."),
        around.waiting,
        _("waiting"),
    )


def _webhook_given_up(alert: Alert, around: Surroundings) -> Need:
    return _of_an_endpoint(
        alert,
        around,
        _("%(host)s did not take some webhooks for three days"),
        _("They are not tried again by themselves: send them again once it works."),
        around.given_up,
        _("given up"),
    )


def _endpoint_gone(alert: Alert, around: Surroundings) -> Need:
    return _of_an_endpoint(
        alert,
        around,
        _("%(host)s wants no more webhooks"),
        _("It answered 410 and was switched off. What waits for it is held back."),
        around.waiting,
        _("waiting"),
    )


def _ereport_rejected(alert: Alert, around: Surroundings) -> Need:
    said = {name: str(alert.details.get(name, "")) for name in ("report", "kind", "message", "code")}
    days = {"first": _day(alert.details.get("first_on"), around), "last": _day(alert.details.get("last_on"), around)}
    sales = said["kind"] == "transactions"
    fact = _("The report of sales from %(first)s to %(last)s was refused")
    return _line(
        alert,
        fact=(fact if sales else _("The report of receipts from %(first)s to %(last)s was refused")) % days,
        why=said["message"] or said["code"],
        url=around.link("setting_ereport", report=said["report"]),
        act=_("See why"),
    )


def other(alert: Alert, around: Surroundings) -> Need:
    return _line(
        alert, fact=alert.kind.replace("_", " "), why="", url=_person(alert, around), act=_("Open the subscriber")
    )


ENDS: Mapping[str, Promise] = {
    "cancelled": gettext_lazy("They had cancelled."),
    "term_reached": gettext_lazy("Its fixed term was over."),
    "uncollectible": gettext_lazy("It was never paid, after all steps."),
}
"""Why a subscription ended, where a person should know."""

WORDS: Mapping[str, Callable[[Alert, Surroundings], Need]] = {
    "payment_failed": _payment_failed,
    "invoice_overdue": _invoice_overdue,
    "dunning_step": _dunning_step,
    "dunning_suspended": _dunning_suspended,
    "card_expiring": _card_expiring,
    "card_expired": _card_expired,
    "trial_ending": _trial_ending,
    "cancellation_scheduled": _cancellation_scheduled,
    "subscription_ending": _subscription_ending,
    "subscription_ended": _subscription_ended,
    "subscription_parked": _subscription_parked,
    "letter_failed": _letter_failed,
    "webhook_failing": _webhook_failing,
    "webhook_given_up": _webhook_given_up,
    "endpoint_gone": _endpoint_gone,
    "ereport_rejected": _ereport_rejected,
}
