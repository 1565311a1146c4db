"""What a visitor of a hosted page can do: pay, be declined, authenticate, come too late."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit, urlunsplit

from . import intents, shapes
from .calls import Desk
from .debits import settle_debit
from .errors import invalid
from .paying import confirm_payment, confirm_setup, finish_authentication
from .sessions import details
from .store import Obj, now


def intent_of(desk: Desk, session: Obj) -> Obj | None:
    """The intent behind a page, once something was tried."""
    ident = session["payment_intent"] or session["setup_intent"]
    if ident is None:
        return None
    return desk.account.get("payment_intent" if ident.startswith("pi_") else "setup_intent", ident)


def waits_for_bank(desk: Desk, session: Obj) -> bool:
    """Whether the page shows the bank's question."""
    intent = intent_of(desk, session)
    return session["status"] == "open" and intent is not None and intent["status"] == "requires_action"


def expire_due(desk: Desk, session: Obj) -> None:
    """Close a page whose time is over."""
    if session["status"] == "open" and session["expires_at"] <= now():
        expire_session(desk, session)


def expire_session(desk: Desk, session: Obj) -> None:
    """Close an open page, and the intent behind it."""
    session.update(status="expired", url=None)
    intent = intent_of(desk, session)
    if intent is not None and intent["status"] not in ("succeeded", "processing", "canceled"):
        intent.update(status="canceled", next_action=None)
        if intent["object"] == "payment_intent":
            intent.update(canceled_at=now(), cancellation_reason="automatic")
        desk.emit(f"{intent['object']}.canceled", intent)
    desk.emit("checkout.session.expired", session)


def try_method(desk: Desk, session: Obj, method: Obj) -> None:
    """The visitor presses *pay* with a card or an account. Raises `ApiError` 402 when the bank refuses."""
    expire_due(desk, session)
    if session["status"] != "open":
        raise invalid(f"This Checkout Session is {session['status']}.")
    intent = intent_of(desk, session) or _open_intent(desk, session)
    intent["payment_method"] = method["id"]
    intent["payment_method_types"] = [method["type"]]
    if session["mode"] == "payment":
        confirm_payment(desk, intent, off_session=False, return_url=session["url"])
    else:
        confirm_setup(desk, intent, return_url=session["url"])
    _complete(desk, session, intent)


def answer_bank(desk: Desk, session: Obj, *, passed: bool) -> None:
    """The visitor answers the bank's question. Raises `ApiError` 402 when the bank refuses even so."""
    expire_due(desk, session)
    intent = intent_of(desk, session)
    if session["status"] != "open" or intent is None:
        raise invalid(f"This Checkout Session is {session['status']}.")
    finish_authentication(desk, intent, passed=passed)
    _complete(desk, session, intent)


def _open_intent(desk: Desk, session: Obj) -> Obj:
    customer = session["customer"] or _customer(desk, session)
    if session["mode"] == "payment":
        wish = {**session["_intent_data"], "amount": session["amount_total"], "currency": session["currency"]}
        intent = desk.account.put(intents.payment_intent({**wish, "customer": customer}))
        session["payment_intent"] = intent["id"]
    else:
        intent = desk.account.put(intents.setup_intent({**session["_setup_data"], "customer": customer}))
        session["setup_intent"] = intent["id"]
    intent["_session"] = session["id"]
    desk.emit(f"{intent['object']}.created", intent)
    return intent


def _customer(desk: Desk, session: Obj) -> str | None:
    """A new customer where the session wants one, or must have one to save the method."""
    saves = session["mode"] == "setup" or session["_intent_data"].get("setup_future_usage")
    if not saves and session["customer_creation"] != "always":
        return None
    made = desk.account.put(shapes.customer({"email": session["customer_email"]}))
    desk.emit("customer.created", made)
    return str(made["id"])


def _complete(desk: Desk, session: Obj, intent: Obj) -> None:
    if intent["status"] not in ("succeeded", "processing"):
        return
    payer = desk.account.of("customer").get(intent["customer"] or "")
    session.update(
        status="complete",
        url=None,
        customer=intent["customer"],
        customer_details=details(payer, session["customer_email"]),
    )
    if session["mode"] == "payment" and intent["status"] == "succeeded":
        session["payment_status"] = "paid"
    desk.emit("checkout.session.completed", session)


def settle(desk: Desk, intent: Obj, *, succeeds: bool | None = None) -> None:
    """What the bank answers days after a debit, and what the page's session learns of it."""
    settle_debit(desk, intent, succeeds=succeeds)
    session = desk.account.of("checkout.session").get(intent.get("_session") or "")
    if session is None:
        return
    paid = intent["status"] == "succeeded"
    session["payment_status"] = "paid" if paid else "unpaid"
    desk.emit(f"checkout.session.async_payment_{'succeeded' if paid else 'failed'}", session)


def way_back(session: Obj) -> str:
    """The address a visitor returns to after success."""
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def way_back_from_bank(intent: Obj) -> str | None:
    """The address a visitor returns to from the bank, with the result in its query as Stripe writes it."""
    if not intent.get("_return_url"):
        return None
    kind = intent["object"]
    ok = intent["status"] in ("succeeded", "processing", "requires_capture")
    result = {
        kind: intent["id"],
        f"{kind}_client_secret": intent["client_secret"],
        "redirect_status": "succeeded" if ok else "failed",
    }
    split = urlsplit(intent["_return_url"])
    query = "&".join(part for part in (split.query, urlencode(result)) if part)
    return urlunsplit(split._replace(query=query))
