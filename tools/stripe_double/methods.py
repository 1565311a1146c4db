"""Payment methods at work: what they stand for, whose they are, whether they may be charged."""

from __future__ import annotations

import dataclasses

from . import shapes
from .calls import Desk
from .cards import CARDS, GENERIC, TestCard, card_of_token, decline_of_word
from .errors import ApiError, invalid, missing
from .store import Obj


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
    """What the card behind a method does; the console may have changed its mind (`behave`)."""
    card = CARDS.get(method.get("_number", ""), CARDS["4242424242424242"])
    if method.get("_decline"):
        return dataclasses.replace(card, decline=decline_of_word(method["_decline"]))
    return card


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


def keep_method(desk: Desk, intent: Obj, method: Obj) -> None:
    """A payment that says so keeps its method for later charges."""
    if intent["setup_future_usage"] and intent["customer"]:
        method["_set_up"] = True
        attach(desk, method, intent["customer"])
