"""What happens when a payment or a set-up is confirmed: authentication, decline, capture, dispute, debit.

Order of events and contents of errors follow the recorded transcript in `tests/golden/`.
"""

from __future__ import annotations

from typing import Any

from . import intents
from .calls import Desk
from .cards import Decline
from .debits import mandate_of, open_dispute, start_debit
from .errors import ApiError, unexpected_state
from .methods import attach, card_of, check_usable, keep_method, method_of, needs_authentication
from .notes import public
from .store import Obj, now

CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
AUTHENTICATION_REQUIRED = Decline(
    code="authentication_required",
    decline_code="authentication_required",
    message="Your card was declined. This transaction requires authentication.",
)
AUTHENTICATION_FAILED = (
    "We are unable to authenticate your payment method. Please choose a different payment method and try again."
)


def confirm_payment(desk: Desk, intent: Obj, *, off_session: bool, return_url: str | None = None) -> None:
    """Try the intent's method. Raises `ApiError` 402 when the bank refuses."""
    if intent["status"] not in CONFIRMABLE:
        raise unexpected_state(
            intent,
            f"This PaymentIntent could not be confirmed because it has a status of {intent['status']}. Only a "
            "PaymentIntent with one of the following statuses may be confirmed: requires_payment_method, "
            "requires_confirmation, requires_action.",
        )
    if not intent["payment_method"]:
        whose = (
            f" To confirm the PaymentIntent with {intent['customer']}, specify" if intent["customer"] else " Specify"
        )
        raise unexpected_state(
            intent,
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
        start_debit(desk, intent, method)
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
    keep_method(desk, intent, method)
    desk.emit("charge.succeeded", charge)
    if manual:
        intent.update(status="requires_capture", amount_capturable=intent["amount"])
        desk.emit("payment_intent.amount_capturable_updated", intent)
        return
    intent.update(status="succeeded", amount_received=intent["amount"])
    if card.disputed:
        open_dispute(desk, charge, "fraudulent")
    desk.emit("payment_intent.succeeded", intent)


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
        extra={**extra, "payment_method": public(method)},
    )
    remembered = {"decline_code": None, **refusal.body()["error"], "payment_method_type": method["type"]}
    intent.update(status="requires_payment_method", payment_method=None, next_action=None)
    intent["last_payment_error"] = remembered
    desk.emit("payment_intent.payment_failed", intent)
    refusal.extra["payment_intent"] = public(intent)
    raise refusal


def finish_authentication(desk: Desk, intent: Obj, *, passed: bool) -> None:
    """The subscriber has answered the bank's question. Raises `ApiError` 402 when the bank refuses even so."""
    kind = intent["object"]
    if intent["status"] != "requires_action":
        raise unexpected_state(intent, f"This {kind} does not wait for authentication.")
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
        "payment_method": public(method),
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
        raise unexpected_state(intent, "You cannot confirm this SetupIntent because it has already succeeded.")
    if intent["status"] not in CONFIRMABLE:
        raise unexpected_state(
            intent,
            f"You cannot confirm this SetupIntent because it has a status of {intent['status']}.",
        )
    if not intent["payment_method"]:
        raise unexpected_state(intent, "You cannot confirm this SetupIntent because it's missing a payment method.")
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
            extra={"payment_method": public(method)},
        )
        intent.update(status="requires_payment_method", payment_method=None)
        intent["last_setup_error"] = refusal.body()["error"]
        desk.emit("setup_intent.setup_failed", intent)
        refusal.extra["setup_intent"] = public(intent)
        raise refusal
    method["_set_up"] = method["_used"] = True
    if intent["customer"]:
        attach(desk, method, intent["customer"])
    if method["type"] == "sepa_debit":
        intent["mandate"] = mandate_of(desk, method)["id"]
    intent["status"] = "succeeded"
    desk.emit("setup_intent.succeeded", intent)
