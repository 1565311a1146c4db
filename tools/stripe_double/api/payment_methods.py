"""Payment methods: cards by public test number or token, SEPA debits by test IBAN."""

from __future__ import annotations

import datetime

from .. import shapes
from ..calls import Call, listing, merge_metadata
from ..cards import CARDS, IBANS, TestCard, card_of_token, luhn_ok
from ..errors import ApiError, invalid, unexpected_state
from ..methods import attach as bind
from ..methods import method_of, refuse_attach
from ..store import Obj
from .customers import living


def create(call: Call) -> Obj:
    """`POST /v1/payment_methods`."""
    kind = call.params.get("type")
    if kind == "card":
        return call.account.put(shapes.card_method(_card(call), call.params))
    if kind == "sepa_debit":
        return call.account.put(shapes.sepa_method(_iban(call), call.params))
    raise invalid(f"The double knows no payment method of type {kind}.", param="type")


def _card(call: Call) -> TestCard:
    given = call.params.get("card")
    if not given:
        raise invalid("Missing required param: card.", param="card", code="parameter_missing")
    if "token" in given:
        by_token = card_of_token(given["token"])
        if by_token is None:
            raise invalid(f"No such token: '{given['token']}'", param="card[token]", code="resource_missing")
        return by_token
    number = str(given.get("number", "")).replace(" ", "")
    if not luhn_ok(number):
        raise ApiError(402, "Your card number is incorrect.", kind="card_error", code="incorrect_number")
    month, year = int(given.get("exp_month", 0)), int(given.get("exp_year", 0))
    today = datetime.datetime.now(datetime.UTC).date()
    if not 1 <= month <= 12:
        raise _wrong_expiry("month", "exp_month")
    if (year + 2000 if year < 100 else year, month) < (today.year, today.month):
        raise _wrong_expiry("year", "exp_year")
    known = CARDS.get(number)
    if known is None:
        raise ApiError(
            402,
            "Your card was declined. Your request was in test mode, but used a non test card. "
            "For a list of valid test cards, visit: https://stripe.com/docs/testing.",
            kind="card_error",
            code="card_declined",
            decline_code="live_mode_test_card",
        )
    return known


def _wrong_expiry(what: str, param: str) -> ApiError:
    message = f"Your card's expiration {what} is invalid."
    return ApiError(402, message, kind="card_error", code=f"invalid_expiry_{what}", param=f"card[{param}]")


def _iban(call: Call) -> str:
    iban = str((call.params.get("sepa_debit") or {}).get("iban", "")).replace(" ", "").upper()
    if iban not in IBANS:
        raise invalid("The IBAN you provided is invalid.", param="sepa_debit[iban]", code="invalid_bank_account_iban")
    details = call.params.get("billing_details") or {}
    for name in ("email", "name"):
        if not details.get(name):
            where = f"billing_details[{name}]"
            raise invalid(f"Missing required param: {where}.", param=where, code="parameter_missing")
    return iban


def retrieve(call: Call) -> Obj:
    """`GET /v1/payment_methods/{id}`."""
    return call.account.get("payment_method", call.ident, name="PaymentMethod")


def update(call: Call) -> Obj:
    """`POST /v1/payment_methods/{id}`: a new expiry date, billing details, metadata."""
    found = retrieve(call)
    if "billing_details" in call.params:
        found["billing_details"] = shapes.billing_details(
            {**found["billing_details"], **call.params["billing_details"]}
        )
    for name in ("exp_month", "exp_year"):
        if name in (call.params.get("card") or {}):
            found["card"][name] = int(call.params["card"][name])
    merge_metadata(found, call.params.get("metadata"))
    call.emit("payment_method.updated", found)
    return found


def attach(call: Call) -> Obj:
    """`POST /v1/payment_methods/{id}/attach`."""
    customer = living(call, call.params["customer"], param="customer")
    method = method_of(call, call.ident, param="id")
    if method.get("_detached"):
        raise invalid(
            "The payment method you provided has already been attached to a customer or was detached; it may not be "
            "used again.",
        )
    if method["customer"] not in (None, customer["id"]):
        raise invalid("The payment method you provided has already been attached to a customer.")
    refuse_attach(method)
    bind(call, method, customer["id"])
    return method


def detach(call: Call) -> Obj:
    """`POST /v1/payment_methods/{id}/detach`: it can never be used again."""
    method = retrieve(call)
    if method["customer"] is None:
        raise unexpected_state(
            method,
            "The payment method you provided is not attached to a customer so detachment is impossible.",
        )
    before = {"customer": method["customer"]}
    method.update(customer=None, _detached=True)
    call.emit("payment_method.detached", method, previous=before)
    return method


def index(call: Call) -> Obj:
    """`GET /v1/payment_methods` and `GET /v1/customers/{id}/payment_methods`."""
    customer = call.ident or call.params.get("customer")
    if customer:
        living(call, customer, param="customer" if not call.ident else "id")
    kind = call.params.get("type")
    return listing(
        call,
        call.account.newest("payment_method"),
        keep=lambda row: (
            row["customer"] is not None
            and (not customer or row["customer"] == customer)
            and (not kind or row["type"] == kind)
        ),
    )
