"""Refunds, charges and disputes: what follows a capture."""

from __future__ import annotations

from .. import amounts, shapes
from ..calls import Call, listing, merge_metadata
from ..errors import invalid
from ..store import Obj


def create(call: Call) -> Obj:
    """`POST /v1/refunds`, never beyond what is left of the capture."""
    charge = _charge(call)
    if charge["refunded"]:
        raise invalid(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if charge["disputed"]:
        raise invalid(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = call.params.get("amount", left)
    if amount < 1:
        raise invalid(
            "This value must be greater than or equal to 1.", param="amount", code="parameter_invalid_integer"
        )
    if amount > left:
        shown, rest = amounts.written(amount, charge["currency"]), amounts.written(left, charge["currency"])
        raise invalid(f"Refund amount ({shown}) is greater than unrefunded amount on charge ({rest})", param="amount")
    made = call.account.put(shapes.refund(charge, amount, call.params))
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    charge["balance_transaction"] = charge["balance_transaction"] or made["balance_transaction"]
    call.emit("refund.created", made)
    call.emit("charge.refunded", charge)
    return made


def _charge(call: Call) -> Obj:
    if call.params.get("charge"):
        charge = call.account.get("charge", call.params["charge"], param="charge")
    elif call.params.get("payment_intent"):
        intent = call.account.get("payment_intent", call.params["payment_intent"], param="payment_intent")
        if not intent["latest_charge"]:
            raise invalid(
                f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
                param="payment_intent",
            )
        charge = call.account.get("charge", intent["latest_charge"])
    else:
        raise invalid(
            "One of the following params should be provided for this request: payment_intent or charge.",
            code="parameter_missing",
        )
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise invalid(f"This PaymentIntent ({charge['payment_intent']}) does not have a successful charge to refund.")
    return charge


def retrieve(call: Call) -> Obj:
    """`GET /v1/refunds/{id}`."""
    return call.account.get("refund", call.ident)


def update(call: Call) -> Obj:
    """`POST /v1/refunds/{id}`: metadata only."""
    found = retrieve(call)
    merge_metadata(found, call.params.get("metadata"))
    call.emit("refund.updated", found)
    return found


def index(call: Call) -> Obj:
    """`GET /v1/refunds`, by charge or payment intent."""
    return _by(call, "refund")


def retrieve_charge(call: Call) -> Obj:
    """`GET /v1/charges/{id}`."""
    return call.account.get("charge", call.ident)


def list_charges(call: Call) -> Obj:
    """`GET /v1/charges`, by customer or payment intent."""
    return _by(call, "charge")


def retrieve_dispute(call: Call) -> Obj:
    """`GET /v1/disputes/{id}`."""
    return call.account.get("dispute", call.ident)


def list_disputes(call: Call) -> Obj:
    """`GET /v1/disputes`, by charge or payment intent."""
    return _by(call, "dispute")


def _by(call: Call, kind: str) -> Obj:
    wanted = {name: call.params[name] for name in ("charge", "payment_intent", "customer") if name in call.params}
    return listing(
        call,
        call.account.newest(kind),
        keep=lambda row: all(row.get(name) == value for name, value in wanted.items()),
    )
