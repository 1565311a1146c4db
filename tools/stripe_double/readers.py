"""Card readers: their object, and what happens when a card is presented at one."""

from __future__ import annotations

from . import intents, shapes
from .calls import Desk
from .cards import TestCard
from .errors import ApiError
from .methods import attach, card_of
from .notes import public
from .store import Obj, new_id, now


def reader(label: str, device: str, location: str | None) -> Obj:
    """A reader that is switched on and shows nothing."""
    ident = new_id("tmr")
    return {
        "id": ident,
        "object": "terminal.reader",
        "action": None,
        "device_sw_version": None,
        "device_type": device,
        "ip_address": None,
        "label": label,
        "last_seen_at": now() * 1000,
        "livemode": False,
        "location": location,
        "metadata": {},
        "serial_number": ident[4:].upper()[:12],
        "status": "online",
    }


def busy() -> ApiError:
    """Another intent is on its screen."""
    message = "Reader is currently in use and cannot process this request. Please try again later."
    return ApiError(400, message, kind="invalid_request_error", code="terminal_reader_busy")


def offline() -> ApiError:
    """It is off, or without network."""
    message = "Reader is currently offline, please ensure the reader is powered on and connected to the internet."
    return ApiError(400, message, kind="invalid_request_error", code="terminal_reader_offline")


def collect(desk: Desk, machine: Obj, intent: Obj, config: Obj | None) -> None:
    """Show an intent's sum."""
    machine["action"] = {
        "api_error": None,
        "failure_code": None,
        "failure_message": None,
        "process_payment_intent": {"payment_intent": intent["id"], "process_config": config},
        "status": "in_progress",
        "type": "process_payment_intent",
    }


def present(desk: Desk, machine: Obj, intent: Obj, card: TestCard) -> None:
    """A card touches the reader: captured, or declined, and the reader says which."""
    action = machine["action"]
    method = desk.account.put(shapes.card_method(card, {}))
    plain, method["type"] = card_of(method), "card_present"
    if plain.decline is not None:
        failed = intents.charge(intent, {**method, "type": "card"}, status="failed", captured=False)
        desk.account.put(_present_details(failed, method, None))
        refusal = ApiError(
            402, plain.decline.message, kind="card_error", code=plain.decline.code,
            decline_code=plain.decline.decline_code, extra={"payment_method": public(method)},
        )  # fmt: skip
        intent["latest_charge"] = failed["id"]
        intent["last_payment_error"] = {"decline_code": None, **refusal.body()["error"]}
        action.update(status="failed", failure_code=plain.decline.code, failure_message=plain.decline.message)
        desk.emit("payment_intent.payment_failed", intent)
        desk.emit("terminal.reader.action_failed", machine)
        return
    kept = None
    if intent["setup_future_usage"] and intent["customer"]:
        kept = desk.account.put(shapes.card_method(card, {"allow_redisplay": "limited"}))
        kept["_set_up"] = kept["_used"] = True
        attach(desk, kept, intent["customer"])
    made = intents.charge(intent, {**method, "type": "card"}, status="succeeded", captured=True)
    made["_idempotency_key"] = desk.idempotency_key
    desk.account.put(_present_details(made, method, kept["id"] if kept else None))
    intent.update(
        status="succeeded", amount_received=intent["amount"], latest_charge=made["id"], payment_method=method["id"],
        last_payment_error=None,
    )  # fmt: skip
    action["status"] = "succeeded"
    desk.emit("charge.succeeded", made)
    desk.emit("payment_intent.succeeded", intent)
    desk.emit("terminal.reader.action_succeeded", machine)


def _present_details(charge: Obj, method: Obj, generated: str | None) -> Obj:
    card = method["card"]
    shown = {
        name: card[name] for name in ("brand", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4")
    }
    present = {**shown, "generated_card": generated, "read_method": "contactless_emv", "receipt": None}
    charge["payment_method_details"] = {"card_present": present, "type": "card_present"}
    return charge
