"""What an event makes: which letter to whom, which alert, and which alerts it settles. One table; later kinds add rows.

Pure: the relay looks up the circumstances of a batch in a fixed number of queries and asks here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from merchants.ids import show

TESTED = "webhook_endpoint.tested"
"""The event of "Send a test": it goes to the endpoint that it is about, and to no other."""


class To(StrEnum):
    """Who gets a letter."""

    payer = "payer"
    subscriber = "subscriber"
    merchant = "merchant"


class Severity(StrEnum):
    """How urgent an alert is."""

    bad = "bad"
    warn = "warn"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceSeen:
    """What routing needs of an invoice. `first`: the first one of its subscription."""

    id: UUID
    payer_id: UUID
    first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSeen:
    """What routing needs of a payment. `automatic`: nobody sat before the screen when it was tried."""

    id: UUID
    payer_id: UUID
    invoice_id: UUID | None
    automatic: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """An event with its circumstances."""

    id: UUID
    kind: str
    object_id: UUID | None = None
    subscriber_id: UUID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    invoice: InvoiceSeen | None = None
    payment: PaymentSeen | None = None

    @property
    def about(self) -> Mapping[str, Any]:
        """The object as the event shows it."""
        shown = self.data.get("object") if isinstance(self.data, Mapping) else None
        return shown if isinstance(shown, Mapping) else {}

    @property
    def payer_id(self) -> UUID | None:
        """Who pays in this matter, as far as one can tell."""
        seen = self.invoice or self.payment
        return seen.payer_id if seen else self.subscriber_id

    @property
    def invoice_id(self) -> UUID | None:
        """The invoice that it is about, if any."""
        if self.invoice:
            return self.invoice.id
        return self.payment.invoice_id if self.payment else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An e-mail to write."""

    kind: str
    to: To
    subscriber_id: UUID | None = None
    invoice_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """An alert to raise, once for its `fact`."""

    kind: str
    severity: Severity
    fact: str
    details: Mapping[str, str] = field(default_factory=dict)


Condition = Callable[[Occurrence], bool]


def _always(_: Occurrence) -> bool:
    return True


def _of_an_invoice_by_itself(seen: Occurrence) -> bool:
    return bool(seen.payment and seen.payment.automatic and seen.payment.invoice_id)


def _first_invoice(seen: Occurrence) -> bool:
    return bool(seen.invoice and seen.invoice.first)


def _later_invoice(seen: Occurrence) -> bool:
    return bool(seen.invoice and not seen.invoice.first)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterRule:
    """A row of the table: this letter, to that person, where the condition holds."""

    kind: str
    to: To = To.subscriber
    when: Condition = _always


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRule:
    """A row of the table: this alert. `about` names the fact after the kind; equal facts are one alert for ever."""

    kind: str
    severity: Severity
    about: Callable[[Occurrence], str]
    when: Condition = _always


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """All that one kind of event makes. `settles` gives beginnings of facts whose alerts are no longer needed."""

    letters: tuple[LetterRule, ...] = ()
    alerts: tuple[AlertRule, ...] = ()
    settles: Callable[[Occurrence], tuple[str, ...]] = lambda _: ()


def _invoice(seen: Occurrence) -> str:
    return show("inv", seen.invoice_id) if seen.invoice_id else _object(seen)


def _object(seen: Occurrence) -> str:
    return str(seen.object_id or seen.id)


def _subscription(seen: Occurrence) -> str:
    return show("sub", seen.object_id) if seen.object_id else _object(seen)


TO_THE_STAFF = frozenset({"webhook_given_up", "endpoint_gone"})
"""Alerts that are also written to the owners and administrators: nobody may be looking at the screen."""

ROUTES: Mapping[str, Route] = {
    "invoice.paid": Route(
        letters=(
            LetterRule(kind="welcome_invoice", to=To.payer, when=_first_invoice),
            LetterRule(kind="invoice_paid", to=To.payer, when=_later_invoice),
        ),
        settles=lambda seen: (f"payment_failed:{_invoice(seen)}", f"invoice_overdue:{_invoice(seen)}"),
    ),
    "checkout_session.completed": Route(
        letters=(LetterRule(kind="welcome", when=lambda seen: not seen.about.get("invoice")),),
    ),
    "payment.failed": Route(
        letters=(LetterRule(kind="payment_failed", to=To.payer, when=_of_an_invoice_by_itself),),
        alerts=(
            AlertRule(kind="payment_failed", severity=Severity.warn, about=_invoice, when=_of_an_invoice_by_itself),
        ),
    ),
    "payment.requires_action": Route(
        letters=(LetterRule(kind="payment_requires_action", to=To.payer, when=_of_an_invoice_by_itself),),
    ),
    "payment.refunded": Route(letters=(LetterRule(kind="payment_refunded", to=To.payer),)),
    "invoice.overdue": Route(alerts=(AlertRule(kind="invoice_overdue", severity=Severity.bad, about=_invoice),)),
    "invoice.cancelled": Route(
        settles=lambda seen: (f"payment_failed:{_invoice(seen)}", f"invoice_overdue:{_invoice(seen)}"),
    ),
    "subscription.cancellation_scheduled": Route(
        letters=(LetterRule(kind="cancellation_scheduled"),),
        alerts=(
            AlertRule(
                kind="cancellation_scheduled",
                severity=Severity.warn,
                about=lambda seen: f"{_subscription(seen)}:{show('evt', seen.id)}",
            ),
        ),
    ),
    "subscription.cancellation_undone": Route(
        letters=(LetterRule(kind="cancellation_undone"),),
        settles=lambda seen: (f"cancellation_scheduled:{_subscription(seen)}:",),
    ),
    "subscription.ended": Route(
        letters=(LetterRule(kind="subscription_ended", when=lambda seen: seen.about.get("end_reason") != "not_paid"),),
        settles=lambda seen: (f"cancellation_scheduled:{_subscription(seen)}:",),
    ),
    "alert.raised": Route(
        letters=(
            LetterRule(
                kind="alert_to_merchant", to=To.merchant, when=lambda seen: seen.about.get("kind") in TO_THE_STAFF
            ),
        ),
    ),
}


def letters(seen: Occurrence) -> Iterator[Letter]:
    """The letters that an event makes.

    >>> first = InvoiceSeen(id=UUID(int=7), payer_id=UUID(int=3), first=True)
    >>> paid = Occurrence(id=UUID(int=1), kind="invoice.paid", invoice=first)
    >>> [(letter.kind, letter.to.value) for letter in letters(paid)]
    [('welcome_invoice', 'payer')]
    >>> list(letters(Occurrence(id=UUID(int=1), kind="subscriber.created")))
    []
    """
    for rule in ROUTES.get(seen.kind, Route()).letters:
        if rule.when(seen):
            who = {To.payer: seen.payer_id, To.subscriber: seen.subscriber_id, To.merchant: None}[rule.to]
            if who is not None or rule.to is To.merchant:
                yield Letter(kind=rule.kind, to=rule.to, subscriber_id=who, invoice_id=seen.invoice_id)


def notices(seen: Occurrence) -> Iterator[Notice]:
    """The alerts that an event raises.

    >>> tried = PaymentSeen(id=UUID(int=9), payer_id=UUID(int=3), invoice_id=UUID(int=7), automatic=True)
    >>> [notice.fact for notice in notices(Occurrence(id=UUID(int=1), kind="payment.failed", payment=tried))]
    ['payment_failed:inv_0000000000000000000007']
    """
    for rule in ROUTES.get(seen.kind, Route()).alerts:
        if rule.when(seen):
            about = rule.about(seen)
            details = {"invoice": show("inv", seen.invoice_id)} if seen.invoice_id else {}
            yield Notice(kind=rule.kind, severity=rule.severity, fact=f"{rule.kind}:{about}", details=details)


def settled(seen: Occurrence) -> tuple[str, ...]:
    """Beginnings of the facts whose open alerts an event settles.

    >>> settled(Occurrence(id=UUID(int=1), kind="subscription.cancellation_undone", object_id=UUID(int=5)))
    ('cancellation_scheduled:sub_0000000000000000000005:',)
    """
    return ROUTES.get(seen.kind, Route()).settles(seen)


def goes_to(seen: Occurrence, *, endpoint_id: UUID, wanted: list[str]) -> bool:
    """Whether an endpoint gets an event: `wanted` are the kinds it asked for; none named, all.

    A kind may end in `.*`. A test goes to its own endpoint only, whatever that asked for.

    >>> paid = Occurrence(id=UUID(int=1), kind="invoice.paid")
    >>> [goes_to(paid, endpoint_id=UUID(int=2), wanted=kinds) for kinds in ([], ["invoice.*"], ["payment.*"])]
    [True, True, False]
    """
    if seen.kind == TESTED:
        return seen.object_id == endpoint_id
    family = seen.kind.partition(".")[0] + ".*"
    return not wanted or seen.kind in wanted or family in wanted
