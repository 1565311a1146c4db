"""Payment intents."""

from __future__ import annotations

from .. import amounts, intents
from ..calls import Call, listing, merge_metadata, search
from ..errors import invalid, unexpected_state
from ..methods import check_usable, method_of
from ..paying import confirm_payment
from ..store import Obj, now
from .customers import living

_CANCELABLE = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action", "processing")


def create(call: Call) -> Obj:
    """`POST /v1/payment_intents`, confirmed at once if asked."""
    params = call.params
    amounts.check(params["amount"], params["currency"])
    if params.get("customer"):
        living(call, params["customer"], param="customer")
    if params.get("off_session") and not params.get("confirm"):
        raise invalid("You cannot set `off_session` unless `confirm` is true.", param="off_session")
    if params.get("return_url") and not params.get("confirm"):
        raise invalid(
            "The parameter `return_url` cannot be passed when creating an unconfirmed intent.", param="return_url"
        )
    if params.get("payment_method"):
        method = method_of(call, params["payment_method"])
        check_usable(call, method, params.get("customer"))
        params["payment_method"] = method["id"]
    intent = call.account.put(intents.payment_intent(params))
    _types(call, intent)
    call.emit("payment_intent.created", intent)
    if params.get("confirm"):
        confirm_payment(call, intent, off_session=_off(params), return_url=params.get("return_url"))
    return intent


def _off(params: Obj) -> bool:
    return params.get("off_session") not in (None, False)


def _types(call: Call, intent: Obj) -> None:
    """A saved method decides which kind of means is used, unless the request named the kinds."""
    if intent["payment_method"] and not intent["allowed_payment_method_types"]:
        intent["payment_method_types"] = [method_of(call, intent["payment_method"])["type"]]


def retrieve(call: Call) -> Obj:
    """`GET /v1/payment_intents/{id}`."""
    return call.account.get("payment_intent", call.ident)


def update(call: Call) -> Obj:
    """`POST /v1/payment_intents/{id}`."""
    intent = retrieve(call)
    if "amount" in call.params:
        if intent["status"] not in ("requires_payment_method", "requires_confirmation"):
            raise unexpected_state(
                intent,
                f"This PaymentIntent's amount could not be updated because it has a status of {intent['status']}.",
            )
        amounts.check(call.params["amount"], intent["currency"])
        intent["amount"] = call.params["amount"]
    for name in ("description", "receipt_email", "setup_future_usage"):
        if name in call.params:
            intent[name] = call.params[name] or None
    merge_metadata(intent, call.params.get("metadata"))
    return intent


def confirm(call: Call) -> Obj:
    """`POST /v1/payment_intents/{id}/confirm`."""
    intent = retrieve(call)
    if "payment_method" in call.params and intent["status"] != "canceled":
        intent["payment_method"] = method_of(call, call.params["payment_method"])["id"]
        _types(call, intent)
    if call.params.get("setup_future_usage"):
        intent["setup_future_usage"] = call.params["setup_future_usage"]
    confirm_payment(call, intent, off_session=_off(call.params), return_url=call.params.get("return_url"))
    return intent


def capture(call: Call) -> Obj:
    """`POST /v1/payment_intents/{id}/capture`, whole or in part; what is left is released."""
    intent = retrieve(call)
    if intent["status"] != "requires_capture":
        raise unexpected_state(
            intent,
            f"This PaymentIntent could not be captured because it has a status of {intent['status']}. Only a "
            "PaymentIntent with one of the following statuses may be captured: requires_capture.",
        )
    amount = call.params.get("amount_to_capture", intent["amount"])
    if amount > intent["amount"]:
        raise invalid("You cannot capture more than the authorized amount.", param="amount_to_capture")
    charge = call.account.get("charge", intent["latest_charge"])
    charge.update(captured=True, amount_captured=amount, balance_transaction=f"txn_{charge['id'][3:]}")
    intent.update(status="succeeded", amount_received=amount, amount_capturable=0)
    call.emit("charge.captured", charge)
    call.emit("payment_intent.succeeded", intent)
    return intent


def cancel(call: Call) -> Obj:
    """`POST /v1/payment_intents/{id}/cancel`."""
    intent = retrieve(call)
    if intent["status"] not in _CANCELABLE:
        raise unexpected_state(
            intent,
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. Only a PaymentIntent "
            "with one of the following statuses may be canceled: requires_payment_method, requires_capture, "
            "requires_reauthorization, requires_confirmation, requires_action, expired, processing.",
        )
    if intent.get("_session"):
        raise unexpected_state(
            intent,
            "You cannot cancel this PaymentIntent because it belongs to a Checkout Session. Expire the session.",
        )
    intent.update(
        status="canceled",
        canceled_at=now(),
        cancellation_reason=call.params.get("cancellation_reason"),
        next_action=None,
        amount_capturable=0,
    )
    call.emit("payment_intent.canceled", intent)
    return intent


def index(call: Call) -> Obj:
    """`GET /v1/payment_intents`, by customer."""
    customer = call.params.get("customer")
    return listing(
        call, call.account.newest("payment_intent"), keep=lambda row: customer is None or row["customer"] == customer
    )


def find(call: Call) -> Obj:
    """`GET /v1/payment_intents/search`."""
    return search(call, "payment_intent")
