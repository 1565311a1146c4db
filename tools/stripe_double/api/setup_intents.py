"""Set-up intents: saving a method without taking money."""

from __future__ import annotations

from .. import intents
from ..calls import Call, listing
from ..errors import unexpected_state
from ..methods import method_of
from ..paying import confirm_setup
from ..store import Obj
from .customers import living


def create(call: Call) -> Obj:
    """`POST /v1/setup_intents`, confirmed at once if asked."""
    if call.params.get("customer"):
        living(call, call.params["customer"], param="customer")
    if call.params.get("payment_method"):
        call.params["payment_method"] = method_of(call, call.params["payment_method"])["id"]
    intent = call.account.put(intents.setup_intent(call.params))
    call.emit("setup_intent.created", intent)
    if call.params.get("confirm"):
        confirm_setup(call, intent, return_url=call.params.get("return_url"))
    if intent["mandate"] and call.params.get("mandate_data"):
        acceptance = call.params["mandate_data"]["customer_acceptance"]
        call.account.get("mandate", intent["mandate"])["customer_acceptance"] = {
            "accepted_at": int(acceptance.get("accepted_at") or intent["created"]),
            "type": acceptance["type"],
            acceptance["type"]: acceptance.get(acceptance["type"]) or {},
        }
    return intent


def retrieve(call: Call) -> Obj:
    """`GET /v1/setup_intents/{id}`."""
    return call.account.get("setup_intent", call.ident)


def confirm(call: Call) -> Obj:
    """`POST /v1/setup_intents/{id}/confirm`."""
    intent = retrieve(call)
    if "payment_method" in call.params and intent["status"] != "succeeded":
        intent["payment_method"] = method_of(call, call.params["payment_method"])["id"]
    confirm_setup(call, intent, return_url=call.params.get("return_url"))
    return intent


def cancel(call: Call) -> Obj:
    """`POST /v1/setup_intents/{id}/cancel`."""
    intent = retrieve(call)
    if intent["status"] in ("succeeded", "canceled", "processing"):
        raise unexpected_state(
            intent, f"You cannot cancel this SetupIntent because it has a status of {intent['status']}."
        )
    intent.update(status="canceled", cancellation_reason=call.params.get("cancellation_reason"), next_action=None)
    call.emit("setup_intent.canceled", intent)
    return intent


def index(call: Call) -> Obj:
    """`GET /v1/setup_intents`, by customer."""
    customer = call.params.get("customer")
    return listing(
        call, call.account.newest("setup_intent"), keep=lambda row: customer is None or row["customer"] == customer
    )
