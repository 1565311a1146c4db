"""What is told about a person: letters that were sent to them, alerts about them, and what receivers answered.

A letter is not kept as text: it is written anew from the facts each time. Of one that was sent its subject stays, and
erasure takes it out, with whatever a mail server or a receiver answered.
"""

from __future__ import annotations

from alerts.models import Alert, Delivery, Message
from merchants.now import Now
from merchants.refusals import gettext_noop
from subscribers.holdings import Holding, Told, blocks
from subscribers.models import Subscriber
from subscribers.shapes import at


def _messages(person: Subscriber) -> Told:
    for block in blocks(Message.objects.filter(subscriber=person, to_merchant=False)):
        for row in block:
            yield {
                "id": row.public_id,
                "created_at": at(row.created_at),
                "letter": row.kind,
                "subject": row.subject,
                "language": row.locale,
                "status": row.status,
                "sent_at": at(row.sent_at),
            }


def _alerts(person: Subscriber) -> Told:
    for block in blocks(Alert.objects.filter(subscriber=person)):
        for row in block:
            yield {
                "id": row.public_id,
                "created_at": at(row.created_at),
                "kind": row.kind,
                "severity": row.severity,
                "details": row.details,
                "resolved_at": at(row.resolved_at),
            }


def _forget_messages(person: Subscriber, now: Now) -> None:
    rows = Message.objects.filter(subscriber=person)
    rows.filter(status=Message.Status.WAITING).update(status=Message.Status.DROPPED, next_try_at=None)
    rows.update(subject="", last_error="")


def _forget_alerts(person: Subscriber, now: Now) -> None:
    """What is left to do about somebody who is gone is nothing."""
    rows = Alert.objects.filter(subscriber=person)
    rows.filter(resolved_at=None).update(resolved_at=now.at, mail="")
    Delivery.objects.filter(subscriber_id=person.pk).update(last_answer="", last_error="")


HELD = (
    Holding(
        name="messages",
        title=gettext_noop("Messages sent"),
        columns={
            "sent_at": gettext_noop("When"),
            "subject": gettext_noop("Subject"),
            "status": gettext_noop("Status"),
        },
        tables=(Message,),
        told=_messages,
        mask=_forget_messages,
    ),
    Holding(
        name="alerts",
        title=gettext_noop("Alerts"),
        columns={"created_at": gettext_noop("When"), "kind": gettext_noop("What")},
        tables=(Alert,),
        told=_alerts,
        mask=_forget_alerts,
    ),
)
