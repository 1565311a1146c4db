"""Customers."""

from __future__ import annotations

from .. import shapes
from ..calls import Call, listing, merge_metadata, search
from ..errors import missing
from ..store import Obj

_PLAIN = ("description", "email", "name", "phone", "preferred_locales", "tax_exempt", "shipping")


def living(call: Call, ident: str, *, param: str = "id") -> Obj:
    """A customer that was not deleted. Raises `ApiError`."""
    found = call.account.get("customer", ident, param=param)
    if found.get("_deleted"):
        raise missing("customer", ident, param=param)
    return found


def create(call: Call) -> Obj:
    """`POST /v1/customers`."""
    made = call.account.put(shapes.customer(call.params))
    call.emit("customer.created", made)
    return made


def retrieve(call: Call) -> Obj:
    """`GET /v1/customers/{id}`: a deleted one answers with little more than its id."""
    found = call.account.get("customer", call.ident)
    return _tombstone(found) if found.get("_deleted") else found


def update(call: Call) -> Obj:
    """`POST /v1/customers/{id}`."""
    found = living(call, call.ident)
    before = {name: found[name] for name in _PLAIN if name in call.params and found[name] != call.params[name]}
    for name in _PLAIN:
        if name in call.params:
            found[name] = call.params[name] or None
    if "address" in call.params:
        found["address"] = shapes.address(call.params["address"] or None)
    if "invoice_settings" in call.params:
        found["invoice_settings"].update(call.params["invoice_settings"])
    merge_metadata(found, call.params.get("metadata"))
    call.emit("customer.updated", found, previous=before)
    return found


def delete(call: Call) -> Obj:
    """`DELETE /v1/customers/{id}`: its methods go with it."""
    found = living(call, call.ident)
    found["_deleted"] = True
    for method in call.account.of("payment_method").values():
        if method["customer"] == found["id"]:
            method.update(customer=None, _detached=True)
    call.emit("customer.deleted", found)
    return _tombstone(found)


def index(call: Call) -> Obj:
    """`GET /v1/customers`, by `email` as it was written."""
    email = call.params.get("email")
    return listing(
        call,
        call.account.newest("customer"),
        keep=lambda row: not row.get("_deleted") and (email is None or row["email"] == email),
    )


def find(call: Call) -> Obj:
    """`GET /v1/customers/search`."""
    return search(call, "customer")


def _tombstone(found: Obj) -> Obj:
    return {"id": found["id"], "object": "customer", "deleted": True}
