"""Checkout sessions: hosted pages to pay or to save a method."""

from __future__ import annotations

from .. import amounts
from ..calls import Call, listing, merge_metadata
from ..errors import invalid
from ..hosted import expire_due, expire_session
from ..sessions import session
from ..store import Obj, new_id, now
from .customers import living

_HALF_AN_HOUR, _A_DAY = 1_800, 86_400


def create(call: Call) -> Obj:
    """`POST /v1/checkout/sessions`."""
    params = call.params
    mode = params.get("mode")
    if mode not in ("payment", "setup"):
        raise invalid("The double knows the modes payment and setup.", param="mode")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise invalid("The double serves hosted pages only.", param="ui_mode")
    if not params.get("success_url"):
        raise invalid("Missing required param: success_url.", param="success_url", code="parameter_missing")
    if params.get("customer") and params.get("customer_email"):
        raise invalid("You may only specify one of these parameters: customer, customer_email.")
    customer = living(call, params["customer"], param="customer") if params.get("customer") else None
    params["expires_at"] = _expiry(params)
    if mode == "setup" and params.get("payment_intent_data"):
        raise invalid("You can not pass `payment_intent_data` in `setup` mode.", param="payment_intent_data")
    lines = _lines(params) if mode == "payment" else []
    if mode == "setup" and not (params.get("currency") or params.get("allowed_payment_method_types")):
        raise invalid("Missing required param: currency.", param="currency", code="parameter_missing")
    return call.account.put(session(params, lines, customer, call.base_url))


def _expiry(params: Obj) -> int:
    expires_at = int(params.get("expires_at", now() + _A_DAY))
    if expires_at < now() + _HALF_AN_HOUR - 5:
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.", param="expires_at"
        )
    if expires_at > now() + _A_DAY + 5:
        raise invalid(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.", param="expires_at"
        )
    return expires_at


def _lines(params: Obj) -> list[Obj]:
    given = params.get("line_items") or []
    if not given:
        raise invalid("You must pass `line_items` in `payment` mode.", param="line_items", code="parameter_missing")
    lines = []
    for index, item in enumerate(given):
        where, price = f"line_items[{index}]", item.get("price_data")
        if not price or "unit_amount" not in price:
            raise invalid(f"The double needs {where}[price_data][unit_amount].", param=where)
        quantity = item.get("quantity", 1)
        lines.append(_line(item, price, quantity))
    currencies = {line["currency"] for line in lines}
    if len(currencies) > 1:
        raise invalid("All line items must have the same currency.", param="line_items")
    amounts.check(sum(line["amount_total"] for line in lines), lines[0]["currency"], param="line_items")
    return lines


def _line(item: Obj, price: Obj, quantity: int) -> Obj:
    total = price["unit_amount"] * quantity
    name = (price.get("product_data") or {}).get("name") or "Product"
    return {
        "id": new_id("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": price["currency"].lower(),
        "description": name,
        "metadata": dict(item.get("metadata") or {}),
        "price": None,
        "quantity": quantity,
    }


def retrieve(call: Call) -> Obj:
    """`GET /v1/checkout/sessions/{id}`."""
    found = call.account.get("checkout.session", call.ident, name="checkout.session")
    expire_due(call, found)
    return found


def update(call: Call) -> Obj:
    """`POST /v1/checkout/sessions/{id}`: metadata only."""
    found = retrieve(call)
    merge_metadata(found, call.params.get("metadata"))
    return found


def expire(call: Call) -> Obj:
    """`POST /v1/checkout/sessions/{id}/expire`, while it is open."""
    found = retrieve(call)
    if found["status"] != "open":
        raise invalid(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of '
            f"{found['status']}.",
        )
    expire_session(call, found)
    return found


def line_items(call: Call) -> Obj:
    """`GET /v1/checkout/sessions/{id}/line_items`."""
    rows: list[Obj] = retrieve(call)["_line_items"]["data"]
    return {"object": "list", "data": rows, "has_more": False, "url": call.path}


def index(call: Call) -> Obj:
    """`GET /v1/checkout/sessions`, by customer, payment intent or status."""
    wanted = {name: call.params[name] for name in ("customer", "payment_intent", "status") if name in call.params}
    for row in list(call.account.newest("checkout.session")):
        expire_due(call, row)
    return listing(
        call,
        call.account.newest("checkout.session"),
        keep=lambda row: all(row[name] == value for name, value in wanted.items()),
    )
