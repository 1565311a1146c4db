"""The pages that a visitor sees: pay, decline, 3-D Secure, abandon, too late, twice; in two languages."""

from __future__ import annotations

import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import pytest

from ..double_at_work import DoubleAtWork


@dataclass
class Seen:
    """What a visitor gets: status, text, where it leads."""

    status: int
    text: str
    location: str | None
    headers: Any


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args, **_kwargs):
        return None


def visit(url: str, *, language: str = "en", **form: str) -> Seen:
    """GET, or POST what a button sends. Redirects are not followed."""
    body = urllib.parse.urlencode(form).encode() if form else None
    request = urllib.request.Request(url, data=body, headers={"Accept-Language": language, "Accept": "text/html"})
    try:
        answer = urllib.request.build_opener(_Stay).open(request, timeout=10)
    except urllib.error.HTTPError as refusal:
        answer = refusal
    return Seen(answer.status, answer.read().decode(), answer.headers.get("Location"), answer.headers)


def page(client: Any, **more: Any) -> Any:
    line = {"price_data": {"currency": "eur", "unit_amount": 1990, "product_data": {"name": "Hi-Fi"}}, "quantity": 1}
    wish = {
        "mode": "payment",
        "success_url": "https://shop.example/ok?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://shop.example/no",
        "line_items": [line],
        "client_reference_id": "pay_1",
        "customer_email": "lea@example.com",
        "payment_intent_data": {"setup_future_usage": "off_session", "metadata": {"tacite_payment": "pay_1"}},
    }
    return client.checkout.sessions.create(wish | more)


def test_a_visitor_pays(client, double: DoubleAtWork) -> None:
    made = page(client)
    seen = visit(made.url)
    assert seen.status == 200
    assert "€19.90" in seen.text and "Hi-Fi" in seen.text and "lea@example.com" in seen.text
    paid = visit(made.url, number="4242 4242 4242 4242", pay="1")
    assert (paid.status, paid.location) == (303, f"https://shop.example/ok?session={made.id}")
    found = client.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent.payment_method", "customer"]})
    assert (found.status, found.payment_status, found.client_reference_id) == ("complete", "paid", "pay_1")
    assert found.payment_intent.metadata.to_dict() == {"tacite_payment": "pay_1"}
    assert found.payment_intent.payment_method.customer == found.customer.id
    assert found.customer.email == "lea@example.com"
    assert [row["amount"] for row in double.captures()] == [1990]


def test_pressing_twice_and_the_back_button_pay_once(client, double: DoubleAtWork) -> None:
    made = page(client)
    for _ in range(3):
        assert visit(made.url, choice="4242424242424242").status == 303
    back = visit(made.url)
    assert back.status == 200 and "Paid. Thank you." in back.text
    assert len(double.captures()) == 1


def test_a_decline_is_said_in_the_visitors_language_and_may_be_mended(client, double: DoubleAtWork) -> None:
    made = page(client, locale="fr")
    assert visit(made.url, choice="4000000000009995").location == f"/c/pay/{made.id}"
    declined = visit(made.url)
    assert "La provision de votre carte est insuffisante." in declined.text
    assert "À payer maintenant" in declined.text
    assert client.checkout.sessions.retrieve(made.id).status == "open"
    assert double.captures() == []
    assert visit(made.url, choice="4242424242424242").status == 303
    assert len(double.captures()) == 1


def test_a_number_that_is_no_test_card(client, double: DoubleAtWork) -> None:
    made = page(client)
    for number in ("", "1234", "4111111111111111", "4242424242424241"):
        assert visit(made.url, number=number, pay="1").location == f"/c/pay/{made.id}"
        assert "Your card number is incorrect." in visit(made.url).text
    assert double.captures() == []


@pytest.mark.parametrize(("answer", "captures", "status"), [("confirm", 1, "complete"), ("fail", 0, "open")])
def test_three_d_secure_now(client, double: DoubleAtWork, answer: str, captures: int, status: str) -> None:
    made = page(client)
    asked = visit(made.url, choice="4000002500003155")
    assert asked.status == 303 and asked.location == f"/c/pay/{made.id}"
    question = visit(made.url, language="fr-FR,fr;q=0.9")
    assert "Votre banque demande" in question.text and "19,90" in question.text
    assert double.captures() == []
    visit(made.url, bank=answer)
    assert ("unable to authenticate" in visit(made.url).text) is (answer == "fail")
    assert client.checkout.sessions.retrieve(made.id).status == status
    assert len(double.captures()) == captures


def test_three_d_secure_then_declined(client, double: DoubleAtWork) -> None:
    made = page(client)
    visit(made.url, choice="4000008400001629")
    visit(made.url, bank="confirm")
    assert "Your card was declined." in visit(made.url).text
    assert double.captures() == []


def test_the_card_set_up_on_the_page_pays_later_without_the_visitor(client, double: DoubleAtWork) -> None:
    made = page(client)
    visit(made.url, choice="4000002500003155")
    visit(made.url, bank="confirm")
    found = client.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent"]})
    later = client.payment_intents.create(
        {
            "amount": 500,
            "currency": "eur",
            "customer": found.customer,
            "payment_method": found.payment_intent.payment_method,
            "off_session": True,
            "confirm": True,
        }
    )
    assert later.status == "succeeded"
    assert [row["amount"] for row in double.captures()] == [1990, 500]


def test_three_d_secure_later_leads_back_with_the_result(client, double: DoubleAtWork) -> None:
    customer = client.customers.create({"email": "a@example.com"})
    card = client.payment_methods.attach("pm_card_authenticationRequired", {"customer": customer.id})
    wish = {"amount": 700, "currency": "eur", "customer": customer.id, "payment_method": card.id, "confirm": True}
    intent = client.payment_intents.create({**wish, "return_url": "https://shop.example/back?a=1"})
    url = intent.next_action.redirect_to_url.url
    assert visit(url.split("?")[0]).status == 404
    assert visit(url.replace("_secret_", "_secret_x")).status == 404
    assert "€7.00" in visit(url).text
    done = visit(url, bank="confirm")
    assert done.status == 303 and done.location is not None
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(done.location).query))
    assert query["a"] == "1" and query["payment_intent"] == intent.id and query["redirect_status"] == "succeeded"
    assert "There is nothing to confirm here." in visit(url, bank="confirm").text
    assert [row["amount"] for row in double.captures()] == [700]


def test_a_page_closed_or_too_late_takes_nothing(client, double: DoubleAtWork) -> None:
    made = page(client)
    visit(made.url, choice="4000002500003155")
    client.checkout.sessions.expire(made.id)
    for form in ({}, {"bank": "confirm"}, {"choice": "4242424242424242"}):
        visit(made.url, **form)
        seen = visit(made.url)
        assert "This page has expired. Nothing was paid." in seen.text
        assert "https://shop.example/no" in seen.text
    intent = client.payment_intents.list().data[0]
    assert intent.status == "canceled"
    assert double.captures() == []


def test_a_page_closes_by_itself(client, double: DoubleAtWork) -> None:
    made = page(client, expires_at=int(time.time()) + 1_800)
    _, session = double.double.world.find("checkout.session", made.id) or (None, {})
    session["expires_at"] = int(time.time()) - 1
    assert visit(made.url, choice="4242424242424242").location == f"/c/pay/{made.id}"
    assert double.captures() == []
    assert client.checkout.sessions.retrieve(made.id).status == "expired"
    assert [event.type for event in client.events.list().data] == ["checkout.session.expired"]


def test_a_card_is_saved_without_paying(client, double: DoubleAtWork) -> None:
    wish = {"mode": "setup", "currency": "eur", "success_url": "https://shop.example/ok"}
    made = client.checkout.sessions.create(wish)
    assert "Save a payment method" in visit(made.url).text
    assert visit(made.url, choice="4242424242424242").location == "https://shop.example/ok"
    found = client.checkout.sessions.retrieve(made.id, {"expand": ["setup_intent.payment_method"]})
    assert (found.status, found.payment_status) == ("complete", "no_payment_required")
    assert found.setup_intent.payment_method.customer == found.customer
    assert double.captures() == []


def test_a_debit_is_settled_days_later(client, double: DoubleAtWork) -> None:
    made = page(client)
    assert visit(made.url, iban="FR1420041010050500013M02606").status == 303
    found = client.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent"]})
    assert (found.status, found.payment_status, found.payment_intent.status) == ("complete", "unpaid", "processing")
    double.console(f"payment_intents/{found.payment_intent.id}/settle", {})
    assert client.checkout.sessions.retrieve(made.id).payment_status == "paid"
    kinds = [event.type for event in client.events.list({"limit": 3}).data]
    assert kinds == ["checkout.session.async_payment_succeeded", "payment_intent.succeeded", "charge.succeeded"]


class Rules(HTMLParser):
    """What our strict policy forbids on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.broken: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag in ("script", "style") or "style" in names or any(name.startswith("on") for name in names):
            self.broken.append(self.get_starttag_text() or tag)


def test_pages_need_no_script_and_hide_nothing(client, double: DoubleAtWork) -> None:
    made = page(client, customer_email='"><script>alert(1)</script>@example.com')
    for url in (made.url, f"{double.url}/_double/captures", f"{double.url}/_double/events"):
        seen = visit(url)
        rules = Rules()
        rules.feed(seen.text)
        assert rules.broken == []
        assert seen.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    assert visit(f"{double.url}/_double/page.css").headers["Content-Type"].startswith("text/css")


def test_a_page_that_never_was(double: DoubleAtWork) -> None:
    seen = visit(f"{double.url}/c/pay/cs_test_nothing", language="fr")
    assert seen.status == 404 and "Cette page n’existe pas." in seen.text
