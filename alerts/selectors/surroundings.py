"""What alerts are about, read in a fixed number of queries, so that they can be said in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from alerts.models import Alert, Delivery
from invoices.models import Invoice
from merchants.ids import read
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


def surroundings(alerts: Sequence[Alert], *, merchant: str, language: str) -> Surroundings:
    """What these alerts are about: at most three queries. `merchant` is the public id that addresses carry."""
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
