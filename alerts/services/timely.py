"""Is a letter still true when it leaves? What was taken back or made good meanwhile would alarm for nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from merchants.models import Event
from subscribers.lifecycle import LIVE
from subscribers.models import PaymentMethod, Subscription
from subscribers.shapes import on


def no_longer_true(kind: str, event: Event | None) -> str | None:
    """Why a letter is not to be sent any more; None where it says what is so. At most one query."""
    check = CHECKS.get(kind)
    if check is None or event is None or event.object_id is None:
        return None
    return check(event, event.object_id)


def _card(event: Event, id_: UUID) -> str | None:
    row = PaymentMethod.objects.filter(id=id_, is_default=True, detached_at=None).first()
    shown = event.data.get("object") or {}
    if row is None or (row.exp_month, row.exp_year) != (shown.get("exp_month"), shown.get("exp_year")):
        return "Another card took its place before the letter left."
    return None


def _row(id_: UUID) -> Subscription | None:
    row: Subscription | None = Subscription.objects.filter(id=id_, status__in=LIVE).first()
    return row


def _trial(_event: Event, id_: UUID) -> str | None:
    row = _row(id_)
    if row is None or row.status != Subscription.Status.TRIALING or row.service_ends_on is not None:
        return "The free period was cancelled, or is over, before the letter left."
    return None


def _ending(event: Event, id_: UUID) -> str | None:
    row = _row(id_)
    if row is None:
        return "It ended before the letter left."
    told = event.data.get("ends_on") if event.data.get("why") == "cancelled" else None
    if on(row.service_ends_on) != told:
        return "The end was moved or taken back before the letter left."
    return None


def _cancelled(_event: Event, id_: UUID) -> str | None:
    row = Subscription.objects.filter(id=id_, service_ends_on__isnull=False).first()
    return None if row is not None else "The cancellation was taken back before the letter left."


def _goes_on(_event: Event, id_: UUID) -> str | None:
    again = Subscription.objects.filter(id=id_, service_ends_on__isnull=False).exists()
    return "The subscription was cancelled again before the letter left." if again else None


CHECKS: Mapping[str, Callable[[Event, UUID], str | None]] = {
    "card_expiring": _card,
    "card_expired": _card,
    "trial_ending": _trial,
    "subscription_ending": _ending,
    "cancellation_scheduled": _cancelled,
    "cancellation_undone": _goes_on,
}
