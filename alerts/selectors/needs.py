"""Alerts in words: the fact, what follows, what is at stake, where to go. Read in a fixed number of queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import Count
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts.models import Alert, Delivery
from alerts.selectors.shapes import alert_status
from invoices.models import Invoice
from merchants.ids import read
from merchants.wording import amount_text, number_text
from subscribers.models import Subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One line of what waits for someone (`components/need.html`). `alert` is None where several are told together."""

    mark: str
    fact: str
    why: str
    stake: str = ""
    stake_note: str = ""
    url: str = ""
    act: str = ""
    alert: Alert | None = None
    status: str = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the alerts of a page are about."""

    merchant: str
    language: str
    people: Mapping[UUID, Subscriber]
    invoices: Mapping[UUID, Invoice]
    waiting: Mapping[UUID, int]
    given_up: Mapping[UUID, int]

    def link(self, name: str, **arguments: str) -> str:
        """The address of a page of the office, or nothing where no app routes it."""
        try:
            return reverse(f"office:{name}", kwargs={"merchant": self.merchant, **arguments})
        except NoReverseMatch:
            return ""

    def who(self, alert: Alert) -> str:
        """The subscriber's name, or what else we know them by."""
        person = self.people.get(alert.subscriber_id) if alert.subscriber_id else None
        return (person.name or person.company or person.reference) if person else _("A subscriber")

    def invoice(self, alert: Alert) -> Invoice | None:
        """The invoice that the alert is about."""
        found = read("inv", str(alert.details.get("invoice", "")))
        return self.invoices.get(found) if found else None


def needs(alerts: Sequence[Alert], *, merchant: str, language: str) -> list[Need]:
    """Each alert in words. `merchant` is the public id that addresses carry."""
    around = _surroundings(alerts, merchant=merchant, language=language)
    return [WORDS.get(alert.kind, _other)(alert, around) for alert in alerts]


def grouped(alerts: Sequence[Alert], *, merchant: str, language: str) -> list[Need]:
    """The same, with alerts of one kind told together where there are several: for the home page."""
    kinds = Counter(alert.kind for alert in alerts)
    around = _surroundings(alerts, merchant=merchant, language=language)
    told: dict[str, Need] = {}
    for alert in alerts:
        several = TOGETHER.get(alert.kind)
        if kinds[alert.kind] > 1 and several is not None:
            told.setdefault(
                alert.kind,
                Need(
                    mark=alert.severity,
                    fact=several(kinds[alert.kind]) % {"count": number_text(kinds[alert.kind], language)},
                    why="",
                    url=around.link("alerts") + f"?kind={alert.kind}",
                    act=_("Open the %(count)s") % {"count": number_text(kinds[alert.kind], language)},
                ),
            )
        else:
            told[str(alert.pk)] = WORDS.get(alert.kind, _other)(alert, around)
    return sorted(told.values(), key=lambda need: need.mark != Alert.Severity.BAD)


def _surroundings(alerts: Sequence[Alert], *, merchant: str, language: str) -> Surroundings:
    people = {alert.subscriber_id for alert in alerts if alert.subscriber_id}
    invoices = {read("inv", str(alert.details.get("invoice", ""))) for alert in alerts} - {None}
    endpoints = {read("whe", str(alert.details.get("endpoint", ""))) for alert in alerts} - {None}
    counts: dict[str, dict[UUID, int]] = {"waiting": {}, "failed": {}}
    if endpoints:
        rows = Delivery.objects.filter(endpoint_id__in=endpoints, status__in=counts)
        for endpoint_id, status, count in rows.values_list("endpoint_id", "status").annotate(count=Count("id")):
            counts[status][endpoint_id] = count
    return Surroundings(
        merchant=merchant,
        language=language,
        people=Subscriber.objects.in_bulk(people) if people else {},
        invoices=Invoice.objects.in_bulk(invoices) if invoices else {},
        waiting=counts["waiting"],
        given_up=counts["failed"],
    )


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


def _other(alert: Alert, around: Surroundings) -> Need:
    return _line(
        alert, fact=alert.kind.replace("_", " "), why="", url=_person(alert, around), act=_("Open the subscriber")
    )


WORDS: Mapping[str, Callable[[Alert, Surroundings], Need]] = {
    "payment_failed": _payment_failed,
    "invoice_overdue": _invoice_overdue,
    "cancellation_scheduled": _cancellation_scheduled,
    "letter_failed": _letter_failed,
    "webhook_failing": _webhook_failing,
    "webhook_given_up": _webhook_given_up,
    "endpoint_gone": _endpoint_gone,
}
TOGETHER: Mapping[str, Callable[[int], str]] = {
    "payment_failed": lambda n: ngettext("%(count)s payment was refused", "%(count)s payments were refused", n),
    "invoice_overdue": lambda n: ngettext("%(count)s invoice is overdue", "%(count)s invoices are overdue", n),
    "cancellation_scheduled": lambda n: ngettext(
        "%(count)s subscriber cancelled", "%(count)s subscribers cancelled", n
    ),
    "letter_failed": lambda n: ngettext("%(count)s letter could not be sent", "%(count)s letters could not be sent", n),
}
