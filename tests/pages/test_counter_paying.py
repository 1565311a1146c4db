"""A sum paid by card at the counter, live: by QR code on a phone, at a reader beside the tablet; a card for later."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from billing.flows import new_card, pay, readers
from billing.flows.providers import gateway_of
from billing.gateways.base import Outcome, OutcomeKind
from billing.gateways.simulated_reader import SimulatedReaders
from billing.models import NewCard, SimulatedPage
from invoices.models import Payment
from merchants.models import Membership
from merchants.tenancy.scope import current_or_none, tenant
from subscribers.models import PaymentMethod, Subscription
from tests.pages.counter_cards import desk, machines, part, reader, session_of, shop, stands, text
from tests.pages.counter_walkin import send, walkin
from tests.pages.counters import present, salon

__all__ = ["desk", "reader", "shop"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_reader_is_chosen_and_the_counter_sees_the_card_live(shop, desk, reader):
    assert "Card reader" in text(desk.client.get("/counter/enrol"))
    sent = walkin(shop, means="reader", later="card", tendered="")
    ticket = text(desk.client.post("/counter/enrol/ticket", sent))
    assert "€29.90 at the card reader" in ticket
    address = send(desk, sent).json()["go_to"]
    page = text(desk.client.get(address))
    thing = session_of(shop).public_id
    assert f'hx-post="/counter/pay/{thing}/reader" hx-trigger="load"' in page and "style=" not in page
    shown = text(part(desk, thing, "reader", reader=reader.public_id, seen="2990"))
    assert "Waits for the card" in shown and "Reader 1" in shown and "<svg" not in shown
    assert 'hx-trigger="load"' not in text(desk.client.get(address)), "asked once by itself"
    machines(shop).present(reader.provider_ref, token="pm_card_visa")
    over = part(desk, thing)
    assert over.headers["HX-Refresh"] == "true"
    assert stands(shop) == (["active"], [("paid", 29_90)], 29_90)
    assert "Enrolled" in text(desk.client.get(address))
    with tenant(shop.id):
        assert Subscription.objects.get().payment_method_id == PaymentMethod.objects.get().pk


def test_without_a_reader_none_is_offered(shop, desk):
    assert "Card reader" not in text(desk.client.get("/counter/enrol"))
    send(desk, walkin(shop, means="page", later="card", tendered=""))
    thing = session_of(shop).public_id
    assert "Or at the reader" not in text(part(desk, thing))
    assert "no such card reader" in text(part(desk, thing, "reader", reader="rdr_1", seen="2990"))


def test_what_has_not_changed_is_not_sent_again(shop, desk, reader):
    send(desk, walkin(shop, means="page", later="card", tendered=""))
    thing = session_of(shop).public_id
    first = text(part(desk, thing))
    was = re.search(r'data-was="(\w+)"', first)
    assert was is not None
    assert part(desk, thing, was=was[1]).status_code == 204
    part(desk, thing, "reader", reader=reader.public_id, seen="2990")
    assert part(desk, thing, was=was[1]).status_code == 200


def test_the_phone_is_seen_opening_refusing_and_paying(shop, desk):
    address = send(desk, walkin(shop, means="page", later="card", tendered="")).json()["go_to"]
    session = session_of(shop)
    assert "Waits for the payment on the phone" in text(desk.client.get(address))
    shop.press(session, "pm_card_chargeDeclinedInsufficientFunds")
    seen = text(part(desk, session.public_id))
    assert "they are paying" in seen and "limit is reached" in seen
    shop.press(session)
    assert part(desk, session.public_id).headers["HX-Refresh"] == "true"
    assert stands(shop) == (["active"], [("paid", 29_90)], 29_90)


def test_a_form_that_is_open_on_the_phone_is_closed_at_the_provider(shop, desk, reader):
    send(desk, walkin(shop, means="page", later="card", tendered=""))
    session = session_of(shop)
    pay.start(merchant_id=shop.id, session_id=session.pk)
    page = shop.payment(session).provider_session
    closed = text(part(desk, session.public_id, "give-up"))
    assert "Waits for the payment on the phone" in closed
    assert shop.gateway().press(page, token="pm_card_visa").kind is OutcomeKind.EXPIRED
    part(desk, session.public_id, "reader", reader=reader.public_id, seen="2990")
    machines(shop).present(reader.provider_ref, token="pm_card_visa")
    part(desk, session.public_id)
    assert stands(shop) == (["active"], [("paid", 29_90)], 29_90)


def test_a_refusal_at_the_reader_says_why_and_another_card_pays(shop, desk, reader):
    send(desk, walkin(shop, means="reader", later="card", tendered=""))
    thing = session_of(shop).public_id
    part(desk, thing, "reader", reader=reader.public_id, seen="2990")
    machines(shop).present(reader.provider_ref, token="pm_card_chargeDeclinedExpiredCard")
    assert "This card has expired" in text(part(desk, thing))
    part(desk, thing, "reader", reader=reader.public_id, seen="2990")
    part(desk, thing, "reader", reader=reader.public_id, seen="2990")
    machines(shop).present(reader.provider_ref, token="pm_card_visa")
    part(desk, thing)
    assert stands(shop) == (["active"], [("paid", 29_90)], 29_90)


def test_given_up_at_the_counter_the_qr_code_is_there_again(shop, desk, reader):
    send(desk, walkin(shop, means="reader", later="card", tendered=""))
    thing = session_of(shop).public_id
    part(desk, thing, "reader", reader=reader.public_id, seen="2990")
    assert "<svg" in text(part(desk, thing, "give-up"))
    assert machines(shop).present(reader.provider_ref, token="pm_card_visa").kind is OutcomeKind.EXPIRED


def test_no_answer_is_said_so_and_nothing_is_lost(shop, desk, reader, monkeypatch):
    send(desk, walkin(shop, means="reader", later="card", tendered=""))
    thing = session_of(shop).public_id
    silent = Outcome(kind=OutcomeKind.UNKNOWN, code="no_answer")
    with monkeypatch.context() as patched:
        patched.setattr(SimulatedReaders, "ask", lambda _self, _ask: silent)
        patched.setattr(SimulatedReaders, "outcome", lambda _self, _at: silent)
        patched.setattr(SimulatedReaders, "cancel", lambda _self, _at: silent)
        assert "not sure that the reader shows it" in text(
            part(desk, thing, "reader", reader=reader.public_id, seen="2990")
        )
        assert "does not answer" in text(part(desk, thing, "give-up"))
    part(desk, thing, "reader", reader=reader.public_id, seen="2990")
    machines(shop).present(reader.provider_ref, token="pm_card_visa")
    part(desk, thing)
    assert stands(shop) == (["active"], [("paid", 29_90)], 29_90)


def test_what_the_reader_lost_is_shown_again(shop, desk, reader):
    send(desk, walkin(shop, means="reader", later="card", tendered=""))
    thing = session_of(shop).public_id
    part(desk, thing, "reader", reader=reader.public_id, seen="2990")
    with tenant(shop.id):
        SimulatedPage.objects.filter(ref=f"reader:{reader.provider_ref}").update(content=None)
    assert "Show it on the reader again" in text(part(desk, thing))
    shown = text(part(desk, thing, "reader", reader=reader.public_id, seen="2990"))
    assert "again" not in shown and machines(shop).screen(reader.provider_ref).state == "open"
    machines(shop).present(reader.provider_ref, token="pm_card_visa")
    part(desk, thing)
    assert stands(shop) == (["active"], [("paid", 29_90)], 29_90)


def test_another_sum_than_was_read_is_not_asked_for(shop, desk, reader):
    send(desk, walkin(shop, means="reader", later="card", tendered=""))
    thing = session_of(shop).public_id
    for seen in ("1", "", "x", "99999999999999999999"):
        assert "amounts have changed" in text(part(desk, thing, "reader", reader=reader.public_id, seen=seen))
    assert machines(shop).screen(reader.provider_ref).state == "idle"


def test_a_reader_of_another_site_is_not_asked(shop, desk, reader):
    send(desk, walkin(shop, means="page", later="card", tendered=""))
    paris = salon(shop.id, "Paris")
    with tenant(shop.id):
        far = readers.register(account=shop.account, site=paris, name="Far", provider_ref="", now=present())
    thing = session_of(shop).public_id
    assert "no such card reader" in text(part(desk, thing, "reader", reader=far.public_id, seen="2990"))


def test_who_may_not_sell_asks_for_nothing(shop, desk, reader):
    send(desk, walkin(shop, means="page", later="card", tendered=""))
    with tenant(shop.id):
        Membership.objects.update(role="accountant")
    answer = part(desk, session_of(shop).public_id, "reader", reader=reader.public_id, seen="2990")
    assert answer.status_code in (302, 401, 403)
    assert machines(shop).screen(reader.provider_ref).state == "idle"


def test_the_simulated_readers_own_screen(shop, desk, reader):
    send(desk, walkin(shop, means="reader", later="card", tendered=""))
    thing, at = session_of(shop).public_id, readers.played_at(reader)
    phone, path = Client(), at.partition("/pay/")[1] + at.partition("/pay/")[2]
    idle = phone.get(path)
    assert "Ready" in text(idle) and idle.headers["Refresh"] == "2"
    shown = text(part(desk, thing, "reader", reader=reader.public_id, seen="2990"))
    assert path.rpartition("/")[0] in shown  # signed anew for each second
    screen = phone.get(path)
    key = re.search(r'name="shows" value="([^"]+)"', text(screen))
    assert key is not None and "€29.90" in text(screen) and "Refresh" not in screen.headers
    phone.post(path, {"card": "pm_card_chargeDeclined", "shows": key[1]})
    assert "Refused" in text(phone.get(path)) and "refused this card" in text(part(desk, thing))
    part(desk, thing, "reader", reader=reader.public_id, seen="2990")
    phone.post(path, {"card": "pm_card_visa", "shows": key[1]})
    assert stands(shop)[2] == 0 and "Present the card" in text(phone.get(path)), "a tap on an old screen pays nothing"
    phone.post(path, {"act": "leave", "shows": ""})
    assert "Given up" in text(phone.get(path))
    assert "given up at the reader" in text(part(desk, thing))
    part(desk, thing, "reader", reader=reader.public_id, seen="2990")
    phone.post(path, {"card": "pm_card_visa"})
    part(desk, thing)
    assert stands(shop) == (["active"], [("paid", 29_90)], 29_90)
    assert phone.get("/pay/reader/nonsense").status_code == 404


def test_a_card_for_later_is_saved_on_the_phone_and_seen(shop, desk):
    assert desk.client.post("/counter/till/open", {"float_amount": "100"}).status_code == 302
    address = send(desk, walkin(shop, later="card")).json()["go_to"]
    assert "/counter/card/cus_" in text(desk.client.get(address))
    with tenant(shop.id):
        payer = Subscription.objects.select_related("payer").get().payer
    where = f"/counter/card/{payer.public_id}"
    page = text(desk.client.get(where))
    assert "<svg" in page and "Waits for the card" in page
    new_card.start(merchant_id=shop.id, payer_id=payer.pk)
    assert "open on the phone" in text(desk.client.get(f"{where}/live"))
    with tenant(shop.id):
        asked = NewCard.objects.get()
    gateway_of(shop.account).press(asked.provider_session, token="pm_card_visa")  # type: ignore[attr-defined]
    over = desk.client.get(f"{where}/live")
    assert over.headers["HX-Refresh"] == "true" and "Card saved" in text(over)
    assert "4242" in text(desk.client.get(where))
    with tenant(shop.id):
        assert PaymentMethod.objects.get().is_default
    assert desk.client.get("/counter/card/cus_nobody").status_code == 404


def test_the_provider_is_asked_outside_any_transaction(shop, desk, reader, monkeypatch):
    """No transaction waits for a provider, and the payment is there before it is asked."""
    send(desk, walkin(shop, means="reader", later="card", tendered=""))
    thing, asked = session_of(shop).public_id, SimulatedReaders.ask

    def ask(self: SimulatedReaders, wish: object) -> Outcome:
        assert current_or_none() is None
        with tenant(shop.id):
            assert Payment.objects.filter(id=wish.key).exists()  # type: ignore[attr-defined]
        return asked(self, wish)  # type: ignore[arg-type]

    monkeypatch.setattr(SimulatedReaders, "ask", ask)
    assert "Waits for the card" in text(part(desk, thing, "reader", reader=reader.public_id, seen="2990"))
