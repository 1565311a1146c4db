"""What happens when a payment or a set-up is confirmed: authentication, decline, capture, dispute, debit.

Order of events and contents of errors follow the recorded transcript in `tests/golden/`.
"""

from __future__ import annotations

import copy
from typing import Any

from . import intents, shapes
from .calls import Desk
from .cards import CARDS, GENERIC, IBANS, Decline, TestCard, card_of_token
from .errors import ApiError, invalid, missing, unexpected_state
from .store import Obj, now, public

CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
AUTHENTICATION_REQUIRED = Decline(
    code="authentication_required",
    decline_code="authentication_required",
    message="Your card was declined. This transaction requires authentication.",
)
AUTHENTICATION_FAILED = (
    "We are unable to authenticate your payment method. Please choose a different payment method and try again."
)


def method_of(desk: Desk, ref: str, *, param: str = "payment_method") -> Obj:
    """A payment method by id, or a fresh one by test token. Raises `ApiError`."""
    card = card_of_token(ref) if ref.startswith(("pm_card_", "tok_")) else None
    if card is not None:
        return desk.account.put(shapes.card_method(card, {"card": {"cvc": "123"}}))
    found = desk.account.of("payment_method").get(ref)
    if found is None:
        raise missing("PaymentMethod", ref, param=param)
    return found


def card_of(method: Obj) -> TestCard:
    """What the card behind a method does."""
    return CARDS.get(method.get("_number", ""), CARDS["4242424242424242"])


def attach(desk: Desk, method: Obj, customer: str) -> None:
    """Bind a method to a customer."""
    if method["customer"] == customer:
        return
    method["customer"] = customer
    desk.emit("payment_method.attached", method)


def refuse_attach(method: Obj) -> None:
    """The bank is asked when a card is saved; its answer names no reason."""
    if method["type"] == "card" and not card_of(method).saves:
        raise ApiError(402, GENERIC.message, kind="card_error", code=GENERIC.code, decline_code=GENERIC.decline_code)


def check_usable(desk: Desk, method: Obj, customer: str | None) -> None:
    """A method of another customer, or detached after use, cannot be charged."""
    if method.get("_detached") or (method["customer"] is None and method.get("_used")):
        raise invalid(
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared "
            "with a connected account without Customer attachment, or was detached from a Customer. It may not be used "
            "again. To use a PaymentMethod multiple times, you must attach it to a Customer first.",
            param="payment_method",
        )
    if method["customer"] is not None and method["customer"] != customer:
        raise invalid(
            f"The customer does not have a payment method with the ID {method['id']}. The payment method must be "
            "attached to the customer.",
            param="payment_method",
        )


def needs_authentication(method: Obj, *, off_session: bool) -> bool:
    """Whether the bank wants the subscriber to prove who they are."""
    if method["type"] != "card":
        return False
    when = card_of(method).authentication
    return when == "always" or (
        not off_session if when == "on_session" else when == "until_set_up" and not method["_set_up"]
    )


def confirm_payment(desk: Desk, intent: Obj, *, off_session: bool, return_url: str | None = None) -> None:
    """Try the intent's method. Raises `ApiError` 402 when the bank refuses."""
    if intent["status"] not in CONFIRMABLE:
        raise unexpected_state(
            "payment_intent",
            f"This PaymentIntent could not be confirmed because it has a status of {intent['status']}. Only a "
            "PaymentIntent with one of the following statuses may be confirmed: requires_payment_method, "
            "requires_confirmation, requires_action.",
        )
    if not intent["payment_method"]:
        whose = (
            f" To confirm the PaymentIntent with {intent['customer']}, specify" if intent["customer"] else " Specify"
        )
        raise unexpected_state(
            "payment_intent",
            "You cannot confirm this PaymentIntent because it's missing a payment method."
            f"{whose} a payment method attached to this customer along with the customer ID.",
        )
    method = method_of(desk, intent["payment_method"])
    intent["payment_method"] = method["id"]
    check_usable(desk, method, intent["customer"])
    intent["last_payment_error"] = None
    if needs_authentication(method, off_session=off_session):
        if off_session:
            _fail_payment(desk, intent, method, AUTHENTICATION_REQUIRED)
        _ask_to_authenticate(desk, intent, return_url)
        desk.emit("payment_intent.requires_action", intent)
        return
    execute_payment(desk, intent, method)


def _ask_to_authenticate(desk: Desk, intent: Obj, return_url: str | None) -> None:
    intent["status"] = "requires_action"
    intent["_return_url"] = return_url
    if return_url is None:
        intent["next_action"] = {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
        return
    url = f"{desk.base_url}/3d_secure/{intent['id']}?secret={intent['client_secret']}"
    intent["next_action"] = {
        "type": "redirect_to_url",
        "redirect_to_url": {"return_url": return_url, "url": url},
    }


def execute_payment(desk: Desk, intent: Obj, method: Obj) -> None:
    """Ask the bank, authentication being settled. Raises `ApiError` 402 when it refuses."""
    intent["next_action"] = None
    if method["type"] == "sepa_debit":
        _start_debit(desk, intent, method)
        return
    card = card_of(method)
    if card.decline is not None:
        _fail_payment(desk, intent, method, card.decline, charged=True)
    manual = intent["capture_method"] == "manual"
    charge = intents.charge(intent, method, status="succeeded", captured=not manual)
    if manual:
        charge["payment_method_details"]["card"]["capture_before"] = now() + 7 * 86_400
    charge["_idempotency_key"] = desk.idempotency_key
    desk.account.put(charge)
    intent["latest_charge"] = charge["id"]
    method["_used"] = True
    _keep_method(desk, intent, method)
    desk.emit("charge.succeeded", charge)
    if manual:
        intent.update(status="requires_capture", amount_capturable=intent["amount"])
        desk.emit("payment_intent.amount_capturable_updated", intent)
        return
    intent.update(status="succeeded", amount_received=intent["amount"])
    desk.emit("payment_intent.succeeded", intent)
    if card.disputed:
        open_dispute(desk, charge, "fraudulent")


def open_dispute(desk: Desk, charge: Obj, reason: str) -> Obj:
    """Take a captured amount back, as a payer's bank does."""
    dispute = desk.account.put(intents.dispute(charge, reason))
    charge["disputed"] = True
    desk.emit("charge.dispute.created", dispute)
    desk.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def _keep_method(desk: Desk, intent: Obj, method: Obj) -> None:
    if intent["setup_future_usage"] and intent["customer"]:
        method["_set_up"] = True
        attach(desk, method, intent["customer"])


def _fail_payment(desk: Desk, intent: Obj, method: Obj, decline: Decline, *, charged: bool = False) -> None:
    extra: dict[str, Any] = {}
    if charged:
        charge = desk.account.put(intents.charge(intent, method, status="failed", captured=False, decline=decline))
        intent["latest_charge"] = charge["id"]
        extra["charge"] = charge["id"]
        desk.emit("charge.failed", charge)
    refusal = ApiError(
        402,
        decline.message,
        kind="card_error",
        code=decline.code,
        decline_code=decline.decline_code,
        extra={**extra, "payment_method": public(copy.deepcopy(method))},
    )
    remembered = {**refusal.body()["error"], "payment_method_type": method["type"]}
    intent.update(status="requires_payment_method", payment_method=None, next_action=None)
    intent["last_payment_error"] = remembered
    desk.emit("payment_intent.payment_failed", intent)
    refusal.extra["payment_intent"] = public(copy.deepcopy(intent))
    raise refusal


def finish_authentication(desk: Desk, intent: Obj, *, passed: bool) -> None:
    """The subscriber has answered the bank's question. Raises `ApiError` 402 when the bank refuses even so."""
    kind = intent["object"]
    if intent["status"] != "requires_action":
        raise unexpected_state(kind, f"This {kind} does not wait for authentication.")
    method = method_of(desk, intent["payment_method"])
    if passed:
        if kind == "setup_intent":
            _complete_setup(desk, intent, method)
        else:
            execute_payment(desk, intent, method)
        return
    error = {
        "code": f"{kind}_authentication_failure",
        "doc_url": f"https://stripe.com/docs/error-codes/{kind.replace('_', '-')}-authentication-failure",
        "message": AUTHENTICATION_FAILED,
        "payment_method": public(copy.deepcopy(method)),
        "type": "invalid_request_error",
    }
    intent.update(status="requires_payment_method", payment_method=None, next_action=None)
    if kind == "setup_intent":
        intent["last_setup_error"] = error
        desk.emit("setup_intent.setup_failed", intent)
    else:
        intent["last_payment_error"] = {**error, "payment_method_type": method["type"]}
        desk.emit("payment_intent.payment_failed", intent)


def confirm_setup(desk: Desk, intent: Obj, *, return_url: str | None = None) -> None:
    """Save the intent's method. Raises `ApiError` 402 when the bank refuses."""
    if intent["status"] == "succeeded":
        raise unexpected_state("setup_intent", "You cannot confirm this SetupIntent because it has already succeeded.")
    if intent["status"] not in CONFIRMABLE:
        raise unexpected_state(
            "setup_intent",
            f"You cannot confirm this SetupIntent because it has a status of {intent['status']}.",
        )
    if not intent["payment_method"]:
        raise unexpected_state(
            "setup_intent", "You cannot confirm this SetupIntent because it's missing a payment method."
        )
    method = method_of(desk, intent["payment_method"])
    intent.update(payment_method=method["id"], latest_attempt=f"setatt_{intent['id'][5:]}", last_setup_error=None)
    check_usable(desk, method, intent["customer"])
    if method["type"] == "card" and card_of(method).authentication in ("until_set_up", "always"):
        _ask_to_authenticate(desk, intent, return_url)
        desk.emit("setup_intent.requires_action", intent)
        return
    _complete_setup(desk, intent, method)


def _complete_setup(desk: Desk, intent: Obj, method: Obj) -> None:
    intent["next_action"] = None
    decline = card_of(method).decline if method["type"] == "card" else None
    if decline is not None:
        refusal = ApiError(
            402,
            decline.message,
            kind="card_error",
            code=decline.code,
            decline_code=decline.reason,
            param=decline.setup_param,
            extra={"payment_method": public(copy.deepcopy(method))},
        )
        intent.update(status="requires_payment_method", payment_method=None)
        intent["last_setup_error"] = refusal.body()["error"]
        desk.emit("setup_intent.setup_failed", intent)
        refusal.extra["setup_intent"] = public(copy.deepcopy(intent))
        raise refusal
    method["_set_up"] = method["_used"] = True
    if intent["customer"]:
        attach(desk, method, intent["customer"])
    if method["type"] == "sepa_debit":
        intent["mandate"] = mandate_of(desk, method)["id"]
    intent["status"] = "succeeded"
    desk.emit("setup_intent.succeeded", intent)


def mandate_of(desk: Desk, method: Obj) -> Obj:
    """The mandate of a debit method, made when it is first needed."""
    if "_mandate" not in method:
        method["_mandate"] = desk.account.put(shapes.mandate(method))["id"]
    return desk.account.get("mandate", method["_mandate"])


def _start_debit(desk: Desk, intent: Obj, method: Obj) -> None:
    mandate_of(desk, method)
    method["_used"] = True
    charge = desk.account.put(intents.charge(intent, method, status="pending", captured=True))
    charge["_idempotency_key"] = desk.idempotency_key
    intent.update(status="processing", latest_charge=charge["id"], processing=None)
    _keep_method(desk, intent, method)
    desk.emit("charge.pending", charge)
    desk.emit("payment_intent.processing", intent)


def settle_debit(desk: Desk, intent: Obj, *, succeeds: bool | None = None) -> None:
    """What the bank answers days after a debit; by default what the test IBAN stands for."""
    if intent["status"] != "processing":
        raise unexpected_state("payment_intent", "This PaymentIntent is not processing.")
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
        "payment_method": public(copy.deepcopy(method)),
        "payment_method_type": "sepa_debit",
        "type": "invalid_request_error",
    }
    desk.emit("charge.failed", charge)
    desk.emit("payment_intent.payment_failed", intent)
