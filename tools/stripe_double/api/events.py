"""Events, webhook endpoints, mandates and the account itself."""

from __future__ import annotations

from ..calls import Call, listing, merge_metadata
from ..errors import missing
from ..store import Obj, new_id, now


def retrieve(call: Call) -> Obj:
    """`GET /v1/events/{id}`."""
    for event in reversed(call.account.events):
        if event["id"] == call.ident:
            return event
    raise missing("event", call.ident)


def index(call: Call) -> Obj:
    """`GET /v1/events`, by `type` (a `*` at the end stands for anything) or `types`."""
    one, many = call.params.get("type"), call.params.get("types")

    def keep(event: Obj) -> bool:
        kind = event["type"]
        if many is not None:
            return kind in many
        return one is None or kind == one or (one.endswith("*") and kind.startswith(one[:-1]))

    return listing(call, reversed(call.account.events), keep=keep)


def create_endpoint(call: Call) -> Obj:
    """`POST /v1/webhook_endpoints`: the secret is told once."""
    made: Obj = {
        "id": new_id("we"),
        "object": "webhook_endpoint",
        "api_version": call.params.get("api_version"),
        "application": None,
        "created": now(),
        "description": call.params.get("description") or None,
        "enabled_events": call.params["enabled_events"],
        "livemode": False,
        "metadata": dict(call.params.get("metadata") or {}),
        "status": "enabled",
        "url": call.params["url"],
        "_secret": new_id("whsec"),
    }
    call.account.put(made)
    return {**made, "secret": made["_secret"]}


def retrieve_endpoint(call: Call) -> Obj:
    """`GET /v1/webhook_endpoints/{id}`."""
    return call.account.get("webhook_endpoint", call.ident)


def update_endpoint(call: Call) -> Obj:
    """`POST /v1/webhook_endpoints/{id}`."""
    found = retrieve_endpoint(call)
    for name in ("url", "enabled_events", "description"):
        if name in call.params:
            found[name] = call.params[name]
    if "disabled" in call.params:
        found["status"] = "disabled" if call.params["disabled"] else "enabled"
    merge_metadata(found, call.params.get("metadata"))
    return found


def delete_endpoint(call: Call) -> Obj:
    """`DELETE /v1/webhook_endpoints/{id}`."""
    found = retrieve_endpoint(call)
    del call.account.of("webhook_endpoint")[found["id"]]
    return {"id": found["id"], "object": "webhook_endpoint", "deleted": True}


def list_endpoints(call: Call) -> Obj:
    """`GET /v1/webhook_endpoints`."""
    return listing(call, call.account.newest("webhook_endpoint"))


def retrieve_mandate(call: Call) -> Obj:
    """`GET /v1/mandates/{id}`."""
    return call.account.get("mandate", call.ident)


def retrieve_account(call: Call) -> Obj:
    """`GET /v1/account`: whose key this is."""
    return {
        "id": call.account.id,
        "object": "account",
        "business_profile": {"name": "Stripe double", "url": None},
        "charges_enabled": True,
        "country": "FR",
        "created": 1_700_000_000,
        "default_currency": "eur",
        "details_submitted": True,
        "email": None,
        "metadata": {},
        "payouts_enabled": True,
        "settings": {"dashboard": {"display_name": "Stripe double", "timezone": "Europe/Paris"}},
        "type": "standard",
    }
