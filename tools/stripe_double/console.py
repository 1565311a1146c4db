"""The double's own console: what it captured, what it told, and how to make it misbehave."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any

from .amounts import written
from .cards import card_of_token
from .debits import open_dispute
from .errors import ApiError, missing
from .hosted import answer_bank, expire_session, settle, try_method, waits_for_bank
from .methods import method_of
from .notes import public
from .paying import finish_authentication
from .sessions import when
from .store import API_VERSION, Account, Obj
from .web import Visit, Web

if TYPE_CHECKING:
    from .server import Double

_LISTS = ("captures", "events", "deliveries", "requests")


def answer(double: Double, visit: Visit) -> Web | None:
    """The console's answer, if the path is its own."""
    path = visit.path.rstrip("/") or "/"
    if path == "/healthz":
        return Web.json({"status": "ok", "api_version": API_VERSION})
    if path in ("/", "/_double"):
        return Web.redirect("/_double/captures")
    if not path.startswith("/_double/"):
        return None
    steps = path.split("/")[2:]
    try:
        if visit.method == "GET" and len(steps) == 1 and steps[0] in _LISTS:
            return _list(double, visit, steps[0])
        if visit.method == "GET" and steps == ["faults"]:
            return Web.json(_faults(double))
        if visit.method == "POST":
            return Web.json(_act(double, visit, steps))
    except ApiError as refusal:
        return Web.json(refusal.body(), refusal.status)
    except (ValueError, KeyError, TypeError) as mistake:
        return Web.json({"error": {"message": f"{type(mistake).__name__}: {mistake}"}}, 400)
    return None


def captures(double: Double, key: str | None = None) -> list[Obj]:
    """Every amount that was taken, oldest first: the truth about money. `key` narrows to one account."""
    rows: list[Obj] = []
    for account in _accounts(double, key):
        with account.lock:
            for charge in account.of("charge").values():
                if charge["captured"]:
                    rows.append(_capture(account, charge))
    return sorted(rows, key=lambda row: row["at"])


def _capture(account: Account, charge: Obj) -> Obj:
    intent = account.of("payment_intent").get(charge["payment_intent"], {})
    return {
        "at": charge["created"],
        "account": account.id,
        "charge": charge["id"],
        "payment_intent": charge["payment_intent"],
        "amount": charge["amount_captured"],
        "amount_refunded": charge["amount_refunded"],
        "currency": charge["currency"],
        "status": charge["status"],
        "disputed": charge["disputed"],
        "customer": charge["customer"],
        "description": charge["description"],
        "metadata": charge["metadata"],
        "idempotency_key": charge.get("_idempotency_key"),
        "checkout_session": intent.get("_session"),
    }


def _accounts(double: Double, key: str | None) -> list[Account]:
    if key:
        return [double.world.account(key)]
    return list(double.world.accounts.values())


def _rows(double: Double, visit: Visit, what: str) -> list[Obj]:
    key = visit.query.get("key")
    if what == "captures":
        return captures(double, key)
    if what == "deliveries":
        return [
            {
                "event": one.event["id"], "type": one.event["type"], "url": one.url,
                "state": one.state, "tries": one.tries, "account": one.account.id,
            }
            for one in list(double.courier.deliveries)
        ]  # fmt: skip
    accounts = _accounts(double, key)
    if what == "requests":
        return [{**row, "account": account.id} for account in accounts for row in account.requests]
    return [{**event, "account": account.id} for account in accounts for event in account.events]


def _list(double: Double, visit: Visit, what: str) -> Web:
    rows = _rows(double, visit, what)
    if not visit.wants_html:
        return Web.json({what: rows, "count": len(rows)})
    return Web.html(_table(what, rows))


def _faults(double: Double) -> Obj:
    return {"faults": double.faults.waiting(), "webhooks": double.courier.mode}


def _act(double: Double, visit: Visit, steps: list[str]) -> Any:
    wish = visit.sent()
    match steps:
        case ["faults"]:
            if "webhooks" in wish:
                double.courier.set_mode(wish)
            if "fault" in wish:
                double.faults.plan(wish)
            return _faults(double)
        case ["faults", "clear"]:
            double.faults.clear()
            double.courier.set_mode({"webhooks": "normal"})
            return _faults(double)
        case ["webhooks", "release"]:
            return {"sent": double.courier.release(wish)}
        case ["webhooks", "endpoint"]:
            double.courier.url, double.courier.secret = wish.get("url"), wish.get("secret")
            return {"url": double.courier.url}
        case ["reset"]:
            return _reset(double, wish)
        case ["events", ident, "resend"]:
            return _resend(double, ident)
        case ["payment_intents", ident, action]:
            return _on_intent(double, visit, ident, action, wish)
        case ["payment_methods", ident, "behave"]:  # {"decline": "expired_card"}, or null: as its number says
            account, method = _found(double, "payment_method", ident)
            with account.lock:
                method["_decline"] = wish.get("decline")
            double.world.changed()
            return {"id": ident, "decline": wish.get("decline")}
        case ["charges", ident, "dispute"]:
            account, charge = _found(double, "charge", ident)
            with account.lock:
                return public(
                    open_dispute(double.desk(account, visit.base_url), charge, wish.get("reason", "fraudulent"))
                )
        case ["checkout", ident, action]:
            return _on_session(double, visit, ident, action, wish)
    raise ApiError(404, f"The console knows no {'/'.join(steps)}.")


def _reset(double: Double, wish: Obj) -> Obj:
    if wish.get("idempotency"):  # what Stripe may do after 24 hours
        for account in _accounts(double, None):
            with account.lock:
                account.replies.clear()
        return {"reset": "idempotency"}
    double.faults.clear()
    double.courier.forget()
    double.world.reset()
    return {"reset": "all"}


def _found(double: Double, kind: str, ident: str) -> tuple[Account, Obj]:
    found = double.world.find(kind, ident)
    if found is None:
        raise missing(kind, ident)
    return found


def _resend(double: Double, ident: str) -> Obj:
    for account in _accounts(double, None):
        for event in account.events:
            if event["id"] == ident:
                return {"sent": double.courier.resend(account, event)}
    raise missing("event", ident)


def _on_intent(double: Double, visit: Visit, ident: str, action: str, wish: Obj) -> Any:
    account, intent = _found(double, "payment_intent" if ident.startswith("pi_") else "setup_intent", ident)
    desk = double.desk(account, visit.base_url)
    with account.lock:
        if action == "settle":  # the bank's answer to a debit, now
            outcome = wish.get("outcome")
            settle(desk, intent, succeeds=None if outcome is None else outcome == "succeeded")
        elif action == "authenticate":  # what a visitor answers the bank
            finish_authentication(desk, intent, passed=wish.get("result", "pass") == "pass")
        else:
            raise ApiError(404, f"The console knows no {action}.")
        double.world.changed()
        return public(intent)


def _on_session(double: Double, visit: Visit, ident: str, action: str, wish: Obj) -> Any:
    account, session = _found(double, "checkout.session", ident)
    desk = double.desk(account, visit.base_url)
    with account.lock:
        if action == "pay":  # as a visitor would, by token: {"method": "pm_card_visa"}
            token = wish.get("method", "pm_card_visa")
            if card_of_token(token) is None:
                raise missing("PaymentMethod", token)
            try_method(desk, session, method_of(desk, token))
            if waits_for_bank(desk, session) and "result" in wish:
                answer_bank(desk, session, passed=wish["result"] == "pass")
        elif action == "expire":  # its time is over
            expire_session(desk, session)
        else:
            raise ApiError(404, f"The console knows no {action}.")
        double.world.changed()
        return public(session)


def _table(what: str, rows: list[Obj]) -> str:
    columns = {
        "captures": ("at", "amount", "amount_refunded", "status", "description", "payment_intent", "metadata"),
        "events": ("created", "type", "id", "pending_webhooks", "account"),
        "deliveries": ("type", "state", "tries", "url", "event"),
        "requests": ("at", "call", "object", "result", "code", "idempotency_key", "replayed"),
    }[what]
    head = "".join(f"<th>{name}</th>" for name in columns)
    lines = "".join(
        "<tr>" + "".join(f"<td>{html.escape(_cell(name, row))}</td>" for name in columns) + "</tr>"
        for row in reversed(rows[-500:])
    )
    menu = " ".join(
        f'<a href="/_double/{name}"{" aria-current=page" if name == what else ""}>{name}</a>' for name in _LISTS
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Stripe double</title>'
        '<link rel="stylesheet" href="/_double/page.css"><body class="console">'
        f"<header><b>Stripe double</b> <nav>{menu}</nav></header><main><h1>{what}: {len(rows)}</h1>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></main></body></html>"
    )


def _cell(name: str, row: Obj) -> str:
    value = row.get(name)
    if name in ("at", "created"):
        return when(int(row[name]))
    if name.startswith("amount"):
        return written(row[name], row["currency"])
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
