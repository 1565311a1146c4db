"""What an event makes: which letter to whom, which alert, and which alerts it settles. One table; later kinds add rows.

Pure: the relay looks up the circumstances of a batch in a fixed number of queries and asks here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from alerts.conditions import (
    Condition,
    always,
    first_invoice,
    for_the_first_time,
    later_invoice,
    not_the_second_time,
    of_an_invoice_by_itself,
    paid_for,
    sold_at_a_counter,
    step,
    that_step,
)
from alerts.occurrences import (
    Occurrence,
    asked_of,
    card_details,
    card_of,
    end_details,
    facts,
    invoice_of,
    nobody_paid,
    object_of,
    of_its_owner,
    of_that_card,
    of_the_end,
    of_what_is_over,
    parked_details,
    report_details,
    report_of,
    subscription_of,
    told,
    trial_details,
)
from merchants.ids import show


class To(StrEnum):
    """Who gets a letter."""

    payer = "payer"
    subscriber = "subscriber"
    merchant = "merchant"


class Severity(StrEnum):
    """How urgent an alert is."""

    bad = "bad"
    warn = "warn"
    info = "info"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterRule:
    """A row of the table: this letter, to that person, where the condition holds."""

    kind: str
    to: To = To.subscriber
    when: Condition = always


def _no_details(_: Occurrence) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRule:
    """A row of the table: this alert. `about` names the fact after the kind; equal facts are one alert for ever."""

    kind: str
    severity: Severity
    about: Callable[[Occurrence], str]
    when: Condition = always
    details: Callable[[Occurrence], Mapping[str, str]] = _no_details


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """All that one kind of event makes. `settles` gives beginnings of facts whose alerts are no longer needed."""

    letters: tuple[LetterRule, ...] = ()
    alerts: tuple[NoticeRule, ...] = ()
    settles: Callable[[Occurrence], tuple[str, ...]] = lambda _: ()


_of_the_debt = facts("payment_failed", "invoice_overdue", "dunning_suspended", about=invoice_of)

ROUTES: Mapping[str, Route] = {
    "invoice.paid": Route(
        letters=(
            LetterRule(kind="welcome_invoice", to=To.payer, when=first_invoice),
            LetterRule(kind="invoice_paid", to=To.payer, when=later_invoice),
        ),
        settles=_of_the_debt,
    ),
    "checkout_session.completed": Route(
        letters=(LetterRule(kind="welcome", when=lambda seen: not seen.about.get("invoice")),),
    ),
    "payment.failed": Route(
        letters=(LetterRule(kind="payment_failed", to=To.payer, when=for_the_first_time),),
        alerts=(
            NoticeRule(kind="payment_failed", severity=Severity.warn, about=invoice_of, when=of_an_invoice_by_itself),
        ),
    ),
    "payment.requires_action": Route(
        letters=(LetterRule(kind="payment_requires_action", to=To.payer, when=of_an_invoice_by_itself),),
    ),
    "payment.refunded": Route(letters=(LetterRule(kind="payment_refunded", to=To.payer),)),
    "invoice.overdue": Route(alerts=(NoticeRule(kind="invoice_overdue", severity=Severity.bad, about=invoice_of),)),
    "invoice.sent": Route(letters=(LetterRule(kind="payment_link", to=To.payer),)),
    "invoice.cancelled": Route(settles=_of_the_debt),
    "invoice.uncollectible": Route(settles=_of_the_debt),
    "invoice.payment_failed": Route(
        alerts=(
            NoticeRule(
                kind="payment_failed", severity=Severity.warn, about=invoice_of, when=nobody_paid, details=asked_of
            ),
        ),
    ),
    "dunning.started": Route(letters=(LetterRule(kind="dunning_reminder", to=To.payer, when=step("write")),)),
    "dunning.step_taken": Route(
        letters=(LetterRule(kind="dunning_reminder", to=To.payer, when=step("write")),),
        alerts=(
            NoticeRule(kind="dunning_suspended", severity=Severity.bad, about=invoice_of, when=step("suspend")),
            NoticeRule(kind="dunning_step", severity=Severity.warn, about=that_step, when=step("alert")),
        ),
    ),
    "dunning.ended": Route(
        settles=lambda seen: (*_of_the_debt(seen), f"dunning_step:{object_of(seen)}:"),
    ),
    "payment_method.expiring": Route(
        letters=(LetterRule(kind="card_expiring", when=not_the_second_time),),
        alerts=(NoticeRule(kind="card_expiring", severity=Severity.warn, about=card_of, details=card_details),),
    ),
    "payment_method.expired": Route(
        letters=(LetterRule(kind="card_expired"),),
        alerts=(NoticeRule(kind="card_expired", severity=Severity.bad, about=card_of, details=card_details),),
        settles=lambda seen: of_that_card(seen)[:1],
    ),
    "payment_method.attached": Route(settles=of_its_owner),
    "payment_method.updated": Route(settles=of_its_owner),
    "payment_method.detached": Route(settles=of_that_card),
    "subscription.trial_ending": Route(
        letters=(LetterRule(kind="trial_ending", to=To.payer),),
        alerts=(
            NoticeRule(
                kind="trial_ending",
                severity=Severity.info,
                about=lambda seen: f"{subscription_of(seen)}:{told(seen, 'ends_on')}",
                details=trial_details,
            ),
        ),
    ),
    "subscription.parked": Route(
        alerts=(
            NoticeRule(
                kind="subscription_parked",
                severity=Severity.bad,
                about=lambda seen: f"{subscription_of(seen)}:{show('evt', seen.id)}",
                details=parked_details,
            ),
        ),
    ),
    "payment.receipt_sent": Route(letters=(LetterRule(kind="receipt", to=To.payer),)),
    "subscription.activated": Route(
        letters=(LetterRule(kind="enrolled", when=sold_at_a_counter),),
        settles=of_the_end("trial_ending", "subscription_parked"),
    ),
    "subscription.renewed": Route(settles=of_the_end("trial_ending", "subscription_parked")),
    "subscription.cancellation_scheduled": Route(
        letters=(LetterRule(kind="cancellation_scheduled"),),
        alerts=(
            NoticeRule(
                kind="cancellation_scheduled",
                severity=Severity.warn,
                about=lambda seen: f"{subscription_of(seen)}:{show('evt', seen.id)}",
                details=end_details,
            ),
        ),
        settles=of_the_end("trial_ending"),
    ),
    "subscription.cancellation_undone": Route(
        letters=(LetterRule(kind="cancellation_undone"),),
        settles=of_the_end("cancellation_scheduled", "subscription_ending"),
    ),
    "subscription.ending": Route(
        letters=(LetterRule(kind="subscription_ending"),),
        alerts=(
            NoticeRule(
                kind="subscription_ending",
                severity=Severity.warn,
                about=lambda seen: f"{subscription_of(seen)}:{told(seen, 'ends_on')}",
                details=end_details,
            ),
        ),
        settles=of_the_end("cancellation_scheduled"),
    ),
    "subscription.ended": Route(
        letters=(LetterRule(kind="subscription_ended", when=paid_for),),
        alerts=(
            NoticeRule(
                kind="subscription_ended",
                severity=Severity.info,
                about=subscription_of,
                when=paid_for,
                details=end_details,
            ),
        ),
        settles=of_what_is_over,
    ),
    "ereport.settled": Route(
        alerts=(
            NoticeRule(
                kind="ereport_rejected",
                severity=Severity.bad,
                about=lambda seen: f"{report_of(seen)}:{seen.about.get('id')}",
                when=lambda seen: seen.about.get("state") == "rejected",
                details=report_details,
            ),
        ),
        settles=lambda seen: (f"ereport_rejected:{report_of(seen)}:",) if seen.about.get("state") == "accepted" else (),
    ),
}


def letters(seen: Occurrence) -> Iterator[Letter]:
    """The letters that an event makes.

    >>> from alerts.occurrences import InvoiceSeen
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

    >>> from alerts.occurrences import PaymentSeen
    >>> tried = PaymentSeen(id=UUID(int=9), payer_id=UUID(int=3), invoice_id=UUID(int=7), automatic=True)
    >>> [notice.fact for notice in notices(Occurrence(id=UUID(int=1), kind="payment.failed", payment=tried))]
    ['payment_failed:inv_0000000000000000000007']
    """
    for rule in ROUTES.get(seen.kind, Route()).alerts:
        if rule.when(seen):
            about = rule.about(seen)
            invoice = {"invoice": show("inv", seen.invoice_id)} if seen.invoice_id else {}
            details = {**invoice, **rule.details(seen)}
            yield Notice(kind=rule.kind, severity=rule.severity, fact=f"{rule.kind}:{about}", details=details)


def settled(seen: Occurrence) -> tuple[str, ...]:
    """Beginnings of the facts whose open alerts an event settles.

    >>> settled(Occurrence(id=UUID(int=1), kind="subscription.cancellation_undone", object_id=UUID(int=5)))
    ('cancellation_scheduled:sub_0000000000000000000005:', 'subscription_ending:sub_0000000000000000000005:')
    """
    return ROUTES.get(seen.kind, Route()).settles(seen)
