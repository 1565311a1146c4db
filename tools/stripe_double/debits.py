"""SEPA debits, whose banks answer days later, and disputes, by which banks take money back."""

from __future__ import annotations

from . import intents, shapes
from .calls import Desk
from .cards import IBANS
from .errors import unexpected_state
from .methods import keep_method
from .notes import public
from .store import Obj


def open_dispute(desk: Desk, charge: Obj, reason: str) -> Obj:
    """Take a captured amount back, as a payer's bank does."""
    dispute = desk.account.put(intents.dispute(charge, reason))
    charge["disputed"] = True
    desk.emit("charge.dispute.created", dispute)
    desk.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def mandate_of(desk: Desk, method: Obj) -> Obj:
    """The mandate of a debit method, made when it is first needed."""
    if "_mandate" not in method:
        method["_mandate"] = desk.account.put(shapes.mandate(method))["id"]
    return desk.account.get("mandate", method["_mandate"])


def start_debit(desk: Desk, intent: Obj, method: Obj) -> None:
    """Hand a debit to the bank: the intent is `processing` from now on."""
    mandate_of(desk, method)
    method["_used"] = True
    charge = desk.account.put(intents.charge(intent, method, status="pending", captured=True))
    charge["_idempotency_key"] = desk.idempotency_key
    intent.update(status="processing", latest_charge=charge["id"], processing=None)
    keep_method(desk, intent, method)
    desk.emit("charge.pending", charge)
    desk.emit("payment_intent.processing", intent)


def settle_debit(desk: Desk, intent: Obj, *, succeeds: bool | None = None) -> None:
    """What the bank answers days after a debit; by default what the test IBAN stands for."""
    if intent["status"] != "processing":
        raise unexpected_state(intent, "This PaymentIntent is not processing.")
    charge = desk.account.get("charge", intent["latest_charge"])
    method = desk.account.get("payment_method", intent["payment_method"])
    iban = IBANS[method["_iban"]]
    if succeeds if succeeds is not None else iban.outcome == "succeeds":
        charge.update(status="succeeded", paid=True)
        intent.update(status="succeeded", amount_received=intent["amount"])
        desk.emit("charge.succeeded", charge)
        desk.emit("payment_intent.succeeded", intent)
        if iban.disputed:
            open_dispute(desk, charge, "debit_not_authorized")
        return
    message = "The transaction failed because the bank could not process it."
    charge.update(
        status="failed",
        captured=False,
        amount_captured=0,
        failure_code="generic_could_not_process",
        failure_message=message,
    )
    intent.update(status="requires_payment_method", payment_method=None)
    intent["last_payment_error"] = {
        "charge": charge["id"],
        "code": "payment_intent_payment_attempt_failed",
        "decline_code": "generic_could_not_process",
        "doc_url": "https://stripe.com/docs/error-codes/payment-intent-payment-attempt-failed",
        "message": message,
        "payment_method": public(method),
        "payment_method_type": "sepa_debit",
        "type": "invalid_request_error",
    }
    desk.emit("charge.failed", charge)
    desk.emit("payment_intent.payment_failed", intent)
