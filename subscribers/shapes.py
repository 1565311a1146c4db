"""How subscribers' objects look in the API and in events: plain JSON, one function a kind.

`Texts` in two languages are given as they are; ids are public. Personal values appear only in `subscriber(…)`, and in
events as ids of PersonalValue rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from merchants.ids import show
from subscribers.models import Mandate, PaymentMethod, Subscriber, Subscription
from subscribers.models.people import PERSONAL


def at(value: datetime | None) -> str | None:
    """An instant as the API says it: UTC, to the second."""
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if value else None


def on(value: date | None) -> str | None:
    """A date as the API says it."""
    return value.isoformat() if value else None


def shown(prefix: str, value: UUID | None) -> str | None:
    """An optional id with its prefix."""
    return show(prefix, value) if value else None


def subscriber(row: Subscriber, personal: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A subscriber. With `personal` (field → PersonalValue id) those stand for the values: the form in events."""
    values: dict[str, Any] = {name: told_personal(row, name, personal) for name in PERSONAL}
    return {
        "id": row.public_id,
        "object": "subscriber",
        "reference": values["reference"],
        "name": values["name"],
        "email": values["email"],
        "phone": values["phone"],
        "birth_on": values["birth_on"],
        "company": values["company"],
        "siren": values["siren"],
        "vat_number": values["vat_number"],
        "address": {
            "line1": values["line1"],
            "line2": values["line2"],
            "postal_code": values["postal_code"],
            "city": values["city"],
            "country": row.country,
        },
        "locale": row.locale,
        "vat_check": vat_check(row, in_event=personal is not None),
        "payer": shown("cus", row.payer_id),
        "site": shown("sit", row.site_id),
        "test_clock": shown("tc", row.test_clock_id),
        "channel": row.channel,
        "metadata": values["metadata"],
        "created_at": at(row.created_at),
        "erased_at": at(row.erased_at),
    }


def vat_check(row: Subscriber, *, in_event: bool = False) -> dict[str, Any] | None:
    """What the register last said of the VAT number as it stands; None where it was not asked about this one. Its proof
    names a company: an event, which is never erased, leaves it out."""
    said = row.vat_check
    if not said or said.get("number") != row.vat_number:
        return None
    proof = None if in_event else said["consultation"] or None
    return {"verdict": said["verdict"], "at": said["at"], "consultation": proof}


def told_personal(row: Subscriber, name: str, personal: Mapping[str, Any] | None) -> Any:
    """A personal value, or where `personal` is given the id that stands for it."""
    value = getattr(row, name)
    if personal is not None:
        if not value:
            return value if name in ("siren", "vat_number", "metadata") else None
        return {"personal": str(personal[name])} if name in personal else None
    return on(value) if isinstance(value, date) else value


def subscription(row: Subscription) -> dict[str, Any]:
    """A subscription as it stands. Needs `offer_version` loaded (its offer's id)."""
    period = None
    if row.current_period_start and row.current_period_end:
        period = {"start": on(row.current_period_start), "end": on(row.current_period_end)}
    anchor = None
    if row.anchor_kind:
        anchor = {"kind": row.anchor_kind, "day": row.anchor_day, "month": row.anchor_month}
    return {
        "id": row.public_id,
        "object": "subscription",
        "reference": row.reference,
        "subscriber": show("cus", row.subscriber_id),
        "payer": show("cus", row.payer_id),
        "offer": show("off", row.offer_version.offer_id),
        "offer_version": row.offer_version.number,
        "quantity": row.quantity,
        "currency": row.currency,
        "status": row.status,
        "payment_state": row.payment_state,
        "access": {"verdict": row.access, "until": at(row.access_until), "why": row.access_reason},
        "start_on": on(row.start_on),
        "anchor": anchor,
        "billing_day": row.billing_day,
        "stage": row.stage_position,
        "current_period": period,
        "next_action_at": at(row.next_action_at),
        "ends_on": on(row.service_ends_on),
        "billing_ends_on": on(row.billing_ends_on),
        "ends_with": {"early_end_fee": row.owes_early_end, "refund": row.end_refund, "to": row.end_refund_to}
        if row.service_ends_on
        else None,
        "suspension": suspension(row),
        "cancelled_at": at(row.cancelled_at),
        "cancel_reason": row.cancel_reason or None,
        "ended_at": at(row.ended_at),
        "end_reason": row.end_reason or None,
        "activation": row.activation,
        "collection": row.collection,
        "payment_method": shown("pm", row.payment_method_id),
        "latest_invoice": shown("inv", row.latest_invoice_id),
        "channel": row.channel,
        "site": shown("sit", row.sold_at_id),
        "reactivates": shown("sub", row.reactivates_id),
        "test_clock": shown("tc", row.test_clock_id),
        "metadata": row.metadata,
        "created_at": at(row.created_at),
    }


def suspension(row: Subscription) -> dict[str, Any] | None:
    """The suspension that was wished, planned or begun; None without one. One for a debt is not in here."""
    if row.suspended_from is None:
        return None
    gift = row.suspension_gift
    return {
        "from": on(row.suspended_from),
        "until": on(row.suspended_until),
        "begun": row.suspension_begun,
        "billing": "stop" if row.suspension_stops_billing else "continue",
        "compensation": row.suspension_makes_good or "none",
        "option": shown("opt", UUID(gift["option"])) if gift else None,
        "periods": gift["periods"] if gift else None,
    }


def mandate(row: Mandate) -> dict[str, Any]:
    """A SEPA mandate: never the account's number nor its owner, only what may be shown."""
    return {
        "id": row.public_id,
        "object": "mandate",
        "subscriber": show("cus", row.subscriber_id),
        "payment_method": shown("pm", row.payment_method_id),
        "reference": row.reference,
        "creditor_identifier": row.creditor_identifier,
        "status": mandate_status(row),
        "refused_code": row.refused_code or None,
        "bank": row.bank or None,
        "country": row.country or None,
        "last4": row.last4 or None,
        "site": shown("sit", row.site_id),
        "accepted_at": at(row.accepted_at),
        "lodged_at": at(row.lodged_at),
        "revoked_at": at(row.revoked_at),
        "created_at": at(row.created_at),
    }


def mandate_status(row: Mandate) -> str:
    """`waiting` until the provider has the account, then `active`; or `refused` by it, or `revoked`."""
    if row.revoked_at is not None:
        return "revoked"
    if row.refused_at is not None:
        return "refused"
    return "active" if row.lodged_at is not None else "waiting"


def payment_method(row: PaymentMethod) -> dict[str, Any]:
    """A payment method: what the provider lets us show of it."""
    return {
        "id": row.public_id,
        "object": "payment_method",
        "subscriber": show("cus", row.subscriber_id),
        "type": row.kind,
        "gateway": row.gateway,
        "brand": row.brand or None,
        "last4": row.last4 or None,
        "exp_month": row.exp_month,
        "exp_year": row.exp_year,
        "country": row.country or None,
        "default": row.is_default,
        "created_at": at(row.created_at),
        "detached_at": at(row.detached_at),
    }
