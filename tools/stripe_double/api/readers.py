"""Card readers (Terminal), driven by the merchant's server; and the helper with which tests present a card."""

from __future__ import annotations

from .. import readers
from ..calls import Call, listing
from ..cards import CARDS
from ..errors import invalid, unexpected_state
from ..store import Obj

KIND = "terminal.reader"


def create(call: Call) -> Obj:
    """`POST /v1/terminal/readers`: with the code of a simulated reader, as in Stripe's test mode."""
    code = call.params["registration_code"]
    if not code.startswith("simulated-"):
        raise invalid("Invalid registration code.", param="registration_code")
    made = readers.reader(
        call.params.get("label") or code, f"simulated_{code[10:].replace('-', '_')}", call.params.get("location")
    )
    return call.account.put(made)


def index(call: Call) -> Obj:
    """`GET /v1/terminal/readers`."""
    return listing(call, call.account.newest(KIND))


def retrieve(call: Call) -> Obj:
    """`GET /v1/terminal/readers/{id}`."""
    return call.account.get(KIND, call.ident)


def process(call: Call) -> Obj:
    """`POST /v1/terminal/readers/{id}/process_payment_intent`."""
    machine = retrieve(call)
    intent = call.account.get("payment_intent", call.params["payment_intent"], param="payment_intent")
    if "card_present" not in intent["payment_method_types"]:
        raise invalid("The payment intent must allow `card_present`.", param="payment_intent")
    if intent["status"] not in ("requires_payment_method", "requires_confirmation"):
        raise unexpected_state(intent, f"This PaymentIntent has a status of {intent['status']}.")
    config = call.params.get("process_config")
    if intent["setup_future_usage"] and not (config or {}).get("allow_redisplay"):
        raise invalid("`allow_redisplay` must be set where the card is kept.", param="process_config[allow_redisplay]")
    if machine["status"] == "offline":
        raise readers.offline()
    if (machine["action"] or {}).get("status") == "in_progress":
        raise readers.busy()
    readers.collect(call, machine, intent, config)
    return machine


def cancel(call: Call) -> Obj:
    """`POST /v1/terminal/readers/{id}/cancel_action`."""
    machine = retrieve(call)
    machine["action"] = None
    return machine


def present(call: Call) -> Obj:
    """`POST /v1/test_helpers/terminal/readers/{id}/present_payment_method`."""
    machine = retrieve(call)
    action = machine["action"] or {}
    if action.get("status") != "in_progress":
        raise invalid("The reader is not waiting for a payment method.")
    intent = call.account.get("payment_intent", action["process_payment_intent"]["payment_intent"])
    number = (call.params.get("card_present") or call.params.get("card") or {}).get("number", "4242424242424242")
    card = CARDS.get(number)
    if card is None:
        raise invalid("No such test card.", param="card_present[number]")
    if intent["status"] == "canceled":
        action.update(status="failed", failure_code="payment_intent_unexpected_state", failure_message="Canceled.")
        return machine
    readers.present(call, machine, intent, card)
    return machine
