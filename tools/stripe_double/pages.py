"""The pages that visitors see: the hosted form, the bank's question. No script, no style outside the sheet."""

from __future__ import annotations

import contextlib
import hmac
import html
from pathlib import Path
from typing import TYPE_CHECKING

from . import shapes
from .calls import Desk
from .cards import CARDS, IBANS, luhn_ok
from .errors import ApiError
from .hosted import answer_bank, expire_due, try_method, waits_for_bank, way_back, way_back_from_bank
from .paying import finish_authentication
from .store import Obj
from .texts import language, price, refusal, words
from .web import Visit, Web

if TYPE_CHECKING:
    from .server import Double

_SHEET = Path(__file__).with_name("page.css")
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#4f46e5"/>'
    '<path d="M3 6h10v1.500H3zM3 9h6v1.500H3z" fill="#fff"/></svg>'
)
_CHOICES = (
    ("ok", "4242424242424242"),
    ("decline", "4000000000000002"),
    ("funds", "4000000000009995"),
    ("expired_card", "4000000000000069"),
    ("secure", "4000002500003155"),
    ("secure_decline", "4000008400001629"),
)
_DEBITS = (("debit_ok", "FR1420041010050500013M02606"), ("debit_fail", "FR8420041010050500013M02607"))


def answer(double: Double, visit: Visit) -> Web | None:
    """A hosted page's answer, if the path is one."""
    if visit.path == "/_double/page.css":
        return Web.text(200, _SHEET.read_text(encoding="utf-8"), "text/css")
    if visit.path == "/favicon.ico":
        return Web.text(200, _ICON, "image/svg+xml")
    if visit.path.startswith("/c/pay/"):
        return _checkout(double, visit, visit.path.removeprefix("/c/pay/"))
    if visit.path.startswith("/3d_secure/"):
        return _bank(double, visit, visit.path.removeprefix("/3d_secure/"))
    return None


def _checkout(double: Double, visit: Visit, ident: str) -> Web:
    code = language(None, visit.headers.get("Accept-Language", ""))
    found = double.world.find("checkout.session", ident)
    if found is None:
        return Web.html(_notice(code, words(code)["gone"], None), 404)
    account, session = found
    code = language(session["locale"], visit.headers.get("Accept-Language", ""))
    with account.lock:
        desk = double.desk(account, visit.base_url)
        expire_due(desk, session)
        if visit.method == "POST":
            return _act(double, desk, session, visit)
        return _show(desk, session, code)


def _act(double: Double, desk: Desk, session: Obj, visit: Visit) -> Web:
    """One press of a button, answered by a redirect. Pressing twice pays once: the second finds the page complete."""
    wish = visit.sent()
    if session["status"] == "complete":
        return Web.redirect(way_back(session))
    session["_problem"] = None
    try:
        if "bank" in wish:
            if waits_for_bank(desk, session):
                answer_bank(desk, session, passed=wish["bank"] == "confirm")
                session["_problem"] = _last_words(desk, session)
        else:
            try_method(desk, session, _method(desk, wish))
    except ApiError as raised:
        session["_problem"] = raised.message
    double.world.changed()
    return Web.redirect(way_back(session) if session["status"] == "complete" else visit.path)


def _last_words(desk: Desk, session: Obj) -> str | None:
    ident = session["payment_intent"] or session["setup_intent"]
    intent = desk.account.of("payment_intent").get(ident) or desk.account.of("setup_intent").get(ident) or {}
    error = intent.get("last_payment_error") or intent.get("last_setup_error") or {}
    return error.get("message")


def _method(desk: Desk, wish: Obj) -> Obj:
    iban = wish.get("iban")
    if iban in IBANS:
        return desk.account.put(shapes.sepa_method(iban, {}))
    number = str(wish.get("choice") or wish.get("number") or "").replace(" ", "")
    if not luhn_ok(number) or number not in CARDS:
        raise ApiError(402, "Your card number is incorrect.", kind="card_error", code="incorrect_number")
    return desk.account.put(shapes.card_method(CARDS[number], {"card": {"cvc": "123"}}))


def _show(desk: Desk, session: Obj, code: str) -> Web:
    say = words(code)
    if session["status"] == "complete":
        done = say["done"] if session["mode"] == "payment" else say["done_save"]
        return Web.html(_notice(code, done, way_back(session)))
    if session["status"] == "expired":
        return Web.html(_notice(code, say["expired"], session["cancel_url"]))
    if waits_for_bank(desk, session):
        note = say["bank_note"] if session["mode"] == "payment" else say["bank_note_save"]
        return Web.html(_question(code, note.format(amount=_amount(session, code))))
    problem = session.get("_problem")
    return Web.html(_form(session, code, refusal(problem, code) if problem else None))


def _bank(double: Double, visit: Visit, ident: str) -> Web:
    """3-D Secure outside a hosted form: where `next_action.redirect_to_url` leads."""
    code = language(None, visit.headers.get("Accept-Language", ""))
    kind = "payment_intent" if ident.startswith("pi_") else "setup_intent"
    found = double.world.find(kind, ident)
    if found is None or not hmac.compare_digest(visit.query.get("secret", ""), found[1]["client_secret"]):
        return Web.html(_notice(code, words(code)["gone"], None), 404)
    account, intent = found
    with account.lock:
        if intent["status"] != "requires_action":
            return Web.html(_notice(code, words(code)["nothing"], way_back_from_bank(intent)))
        if visit.method == "GET":
            say = words(code)
            note = (
                say["bank_note"].format(amount=price(intent["amount"], intent["currency"], code))
                if kind == "payment_intent"
                else say["bank_note_save"]
            )
            return Web.html(_question(code, note))
        with contextlib.suppress(ApiError):  # the bank may refuse after all; the way back says so
            finish_authentication(
                double.desk(account, visit.base_url), intent, passed=visit.sent().get("bank") == "confirm"
            )
        double.world.changed()
        back = way_back_from_bank(intent)
        return Web.redirect(back) if back else Web.html(_notice(code, words(code)["back"], None))


def _amount(session: Obj, code: str) -> str:
    return price(session["amount_total"], session["currency"], code) if session["mode"] == "payment" else ""


def _frame(code: str, title: str, inner: str) -> str:
    say = words(code)
    return (
        f'<!doctype html><html lang="{code}"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<link rel="stylesheet" href="/_double/page.css"></head><body>'
        f'<p class="ribbon"><b>{say["test"]}</b> {say["test_note"]}</p><main>{inner}</main></body></html>'
    )


def _notice(code: str, text: str, back: str | None) -> str:
    link = f'<p><a class="button" href="{html.escape(back)}">{words(code)["back"]}</a></p>' if back else ""
    return _frame(code, text, f'<section class="notice"><h1>{html.escape(text)}</h1>{link}</section>')


def _question(code: str, note: str) -> str:
    say = words(code)
    inner = (
        f'<section class="notice"><h1>{say["bank"]}</h1><p>{html.escape(note)}</p><form method="post">'
        f'<button class="main" name="bank" value="confirm">{say["confirm"]}</button>'
        f'<button name="bank" value="fail">{say["fail"]}</button></form></section>'
    )
    return _frame(code, say["bank"], inner)


def _form(session: Obj, code: str, problem: str | None) -> str:
    say = words(code)
    pays = session["mode"] == "payment"
    amount = _amount(session, code)
    title = say["to_pay"] if pays else say["to_save"]
    lines = "".join(
        f"<li><span>{html.escape(line['description'])}</span>"
        f"<span>{price(line['amount_total'], line['currency'], code)}</span></li>"
        for line in session["_line_items"]["data"]
    )
    email = f"<p>{html.escape(session['customer_email'])}</p>" if session["customer_email"] else ""
    alert = f'<p role="alert" class="problem">{html.escape(problem)}</p>' if problem else ""
    press = say["pay"].format(amount=amount) if pays else say["save"]
    choices = "".join(
        f'<button name="choice" value="{number}"><span>{say[name]}</span><code>…{number[-4:]}</code></button>'
        for name, number in _CHOICES
    )
    debits = "".join(
        f'<button name="iban" value="{iban}"><span>{say[name]}</span><code>…{iban[-4:]}</code></button>'
        for name, iban in _DEBITS
        if "sepa_debit" in session["payment_method_types"]
    )
    debit_block = f'<h2>{say["debit"]}</h2><div class="choices">{debits}</div>' if debits else ""
    cancel = session["cancel_url"]
    abandon = f'<p><a href="{html.escape(cancel)}">{say["abandon"]}</a></p>' if cancel else ""
    inner = (
        f'<section class="summary"><h1>{title}</h1><p class="amount">{amount}</p>{email}<ul>{lines}</ul></section>'
        f'<section class="form">{alert}<form method="post">'
        f'<label for="number">{say["card"]}</label>'
        '<input id="number" name="number" inputmode="numeric" autocomplete="off" value="4242 4242 4242 4242">'
        f'<button class="main" name="pay" value="1">{press}</button></form>'
        f'<form method="post"><h2>{say["choose"]}</h2><div class="choices">{choices}</div>{debit_block}</form>'
        f"{abandon}</section>"
    )
    return _frame(code, title, inner)
