"""From Stripe's objects, as plain dicts, to outcomes. Pure: everything Stripe may say, read in one place.

Tolerant by rule (reliability §1.1): unknown fields, states and events are never a crash; what cannot be understood
is UNKNOWN, not FAILED.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from . import declines
from .base import PAYMENT_METADATA, REFUND_METADATA, MethodDetails, Notice, Outcome, OutcomeKind
from .stripe_amounts import from_stripe

Obj = Mapping[str, Any]
_WORTH = (OutcomeKind.SUCCEEDED, OutcomeKind.PROCESSING, OutcomeKind.REQUIRES_ACTION, OutcomeKind.UNKNOWN)


def method(obj: Any, customer_ref: str | None = None) -> MethodDetails | None:
    """A payment method that was expanded; None for a bare id or a kind that we do not save.

    >>> method({"id": "pm_1", "type": "card", "customer": "cus_1", "card": {"brand": "visa", "last4": "4242"}}).last4
    '4242'
    """
    if not isinstance(obj, Mapping) or obj.get("type") not in ("card", "sepa_debit"):
        return None
    kind = obj["type"]
    inner: Obj = obj.get(kind) or {}
    return MethodDetails(
        provider_ref=obj["id"],
        customer_ref=ref(obj.get("customer")) or customer_ref,
        kind=kind,
        brand=inner.get("brand") if kind == "card" else None,
        last4=inner.get("last4"),
        exp_month=inner.get("exp_month"),
        exp_year=inner.get("exp_year"),
        country=inner.get("country"),
        fingerprint=inner.get("fingerprint"),
    )


def mandate_reference(obj: Any) -> str:
    """What Stripe names a mandate on statements, '' where it was not expanded.

    >>> mandate_reference({"payment_method_details": {"sepa_debit": {"reference": "ABC1"}, "type": "sepa_debit"}})
    'ABC1'
    """
    details: Obj = obj.get("payment_method_details") or {} if isinstance(obj, Mapping) else {}
    return str((details.get("sepa_debit") or {}).get("reference") or "")


def card_of_reader(charge: Any, customer_ref: str | None) -> MethodDetails | None:
    """The card that Stripe made of one that was present at a reader, for later charges without it; None for none.

    >>> present = {"generated_card": "pm_9", "brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034}
    >>> card_of_reader({"payment_method_details": {"card_present": present}}, "cus_1").provider_ref
    'pm_9'
    """
    details = charge.get("payment_method_details") if isinstance(charge, Mapping) else None
    present: Obj = (details or {}).get("card_present") or {}
    if not present.get("generated_card"):
        return None
    return MethodDetails(
        provider_ref=str(present["generated_card"]),
        customer_ref=customer_ref,
        kind="card",
        brand=present.get("brand"),
        last4=present.get("last4"),
        exp_month=present.get("exp_month"),
        exp_year=present.get("exp_year"),
        country=present.get("country"),
        fingerprint=present.get("fingerprint"),
    )


def ref(obj: Any) -> str | None:
    """The id of a field that may be an id or an expanded object."""
    if isinstance(obj, Mapping):
        return str(obj["id"]) if obj.get("id") else None
    return str(obj) if obj else None


def payment(intent: Obj) -> Outcome:
    """What a payment intent says. Expanded `payment_method` and `latest_charge` are used where present."""
    currency = str(intent.get("currency", "")).upper()
    customer_ref = ref(intent.get("customer"))
    charge = intent.get("latest_charge")
    refunded = charge.get("amount_refunded") if isinstance(charge, Mapping) else None
    common: dict[str, Any] = {
        "provider_ref": intent["id"],
        "currency": currency,
        "customer_ref": customer_ref,
        "method": method(intent.get("payment_method"), customer_ref) or card_of_reader(charge, customer_ref),
        "refunded": None if refunded is None else from_stripe(refunded, currency),
    }
    match intent.get("status"):
        case "succeeded":
            received = from_stripe(int(intent.get("amount_received", 0)), currency)
            return Outcome(kind=OutcomeKind.SUCCEEDED, captured=received, **common)
        case "processing":
            return Outcome(kind=OutcomeKind.PROCESSING, **common)
        case "requires_action" | "requires_confirmation":
            return Outcome(
                kind=OutcomeKind.REQUIRES_ACTION,
                captured=0,
                action_url=action_url(intent),
                code=declines.AUTHENTICATION_REQUIRED,
                advice="customer",
                **common,
            )
        case "requires_payment_method":
            return _refused(intent.get("last_payment_error"), common)
        case "canceled":
            return Outcome(kind=OutcomeKind.EXPIRED, captured=0, **common)
    message = f"Stripe says {intent.get('status')}."
    return Outcome(kind=OutcomeKind.UNKNOWN, code=declines.PROVIDER_ERROR, message=message, **common)


def _refused(error: Any, common: dict[str, Any]) -> Outcome:
    if not isinstance(error, Mapping):  # nothing was tried yet
        return Outcome(kind=OutcomeKind.OPEN, captured=0, **common)
    refusal = refused(error)
    tried = method(error.get("payment_method"), common["customer_ref"])
    kind = OutcomeKind.REQUIRES_ACTION if refusal.code == declines.AUTHENTICATION_REQUIRED else OutcomeKind.FAILED
    return Outcome(
        kind=kind,
        captured=0,
        code=refusal.code,
        decline_code=refusal.decline_code,
        advice=refusal.advice,
        message=refusal.message,
        **{**common, "method": common["method"] or tried},
    )


def refused(error: Obj) -> Outcome:
    """A refusal in an `error` object of whatever call."""
    code, advice = declines.reason(error.get("code"), error.get("decline_code"), error.get("advice_code"))
    return Outcome(
        kind=OutcomeKind.FAILED,
        captured=0,
        code=code,
        decline_code=error.get("decline_code") or error.get("code"),
        advice=advice,
        message=declines.for_staff(error.get("message")),
    )


def action_url(intent: Obj) -> str | None:
    """Where the subscriber proves who they are."""
    step = intent.get("next_action") or {}
    url = (step.get("redirect_to_url") or {}).get("url")
    return str(url) if url else None


def session(page: Obj) -> Outcome:
    """What a checkout session says, with its intent and method expanded."""
    status, customer_ref = page.get("status"), ref(page.get("customer"))
    intent = page.get("payment_intent")
    if isinstance(intent, Mapping) and intent.get("status") in ("succeeded", "processing"):
        return payment(intent)  # money moved, whatever the page says
    if status == "open":
        error = intent.get("last_payment_error") if isinstance(intent, Mapping) else None
        last = refused(error) if isinstance(error, Mapping) else Outcome(kind=OutcomeKind.OPEN)
        return Outcome(
            kind=OutcomeKind.OPEN,
            captured=0,
            provider_ref=ref(intent),
            customer_ref=customer_ref,
            code=last.code,
            decline_code=last.decline_code,
            advice=last.advice,
            message=last.message,
        )
    if status == "expired":
        return Outcome(kind=OutcomeKind.EXPIRED, captured=0, provider_ref=ref(intent), customer_ref=customer_ref)
    if status == "complete":
        if isinstance(intent, Mapping):
            return payment(intent)
        saved = page.get("setup_intent")
        details = method(saved.get("payment_method"), customer_ref) if isinstance(saved, Mapping) else None
        return Outcome(
            kind=OutcomeKind.SUCCEEDED,
            captured=0,
            provider_ref=ref(saved),
            customer_ref=customer_ref,
            method=details,
        )
    return Outcome(kind=OutcomeKind.UNKNOWN, code=declines.PROVIDER_ERROR, message=f"Stripe says {status}.")


def refund(obj: Obj) -> Outcome:
    """What a refund says: `refunded` is what goes back."""
    currency = str(obj.get("currency", "")).upper()
    kinds = {
        "succeeded": OutcomeKind.SUCCEEDED,
        "pending": OutcomeKind.PROCESSING,
        "requires_action": OutcomeKind.REQUIRES_ACTION,
        "failed": OutcomeKind.FAILED,
        "canceled": OutcomeKind.FAILED,
    }
    kind = kinds.get(str(obj.get("status")), OutcomeKind.UNKNOWN)
    amount = from_stripe(int(obj.get("amount", 0)), currency)
    return Outcome(
        kind=kind,
        provider_ref=obj["id"],
        refunded=0 if kind is OutcomeKind.FAILED else amount,
        currency=currency,
        code=str(obj["failure_reason"]) if obj.get("failure_reason") else None,
    )


def best_of(intents: Sequence[Obj]) -> Outcome:
    """What payments that bear the same key come to: the one that says most of the money; NOT_FOUND of none."""
    outcomes = [payment(intent) for intent in intents]
    if not outcomes:
        return Outcome(kind=OutcomeKind.NOT_FOUND, captured=0)
    return min(outcomes, key=lambda one: _WORTH.index(one.kind) if one.kind in _WORTH else len(_WORTH))


def bears(obj: Obj, name: str, key: str) -> bool:
    """Whether an object is the one that we marked with our key.

    >>> bears({"metadata": {"tacite_payer": "p"}}, "tacite_payer", "p"), bears({"metadata": None}, "tacite_payer", "p")
    (True, False)
    """
    return bool((obj.get("metadata") or {}).get(name) == key)


def notice(event: Obj) -> Notice:
    """A verified event. Raises `KeyError`, `TypeError` or `ValueError` where it is no event."""
    obj: Obj = event["data"]["object"]
    metadata = obj.get("metadata") or {}
    reference = obj.get("client_reference_id") if obj.get("object") == "checkout.session" else None
    is_payment = obj.get("object") == "payment_intent"
    return Notice(
        provider="stripe",
        account=event.get("account"),
        event_id=str(event["id"]),
        kind=str(event["type"]),
        object_ref=ref(obj),
        created_at=datetime.fromtimestamp(int(event["created"]), UTC),
        livemode=bool(event.get("livemode")),
        payment_key=metadata.get(PAYMENT_METADATA) or reference,
        payment_ref=ref(obj) if is_payment else ref(obj.get("payment_intent")),
        refund_key=metadata.get(REFUND_METADATA),
        raw=event,
    )
