"""A walk-in enrolled at the counter: known or new, with money that is there or a card on a phone, once."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, ProgrammingError

from billing.models import CheckoutSession, Enrolment
from invoices.models import Invoice, Payment
from merchants.models import Event, Membership, Option
from merchants.services import devices
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import Change, Subscriber, Subscription
from tests.pages.counter_walkin import desk, faults, nothing_happened, send, shop, walkin
from tests.pages.counters import BOSS, present, salon, seller, tablet
from tests.worlds import Shop

__all__ = ["desk", "shop"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)


def test_cash_begins_at_once_and_change_is_given(shop, desk):
    answer = send(desk, walkin(shop))
    assert answer.status_code == 200, answer.content
    page = desk.client.get(answer.json()["go_to"]).content.decode()
    assert "Léa Marchand" in page and "€20.10" in page and "Enrolled" in page
    with tenant(shop.id):
        made, row, invoice, payment = (
            Enrolment.objects.get(),
            Subscription.objects.get(),
            Invoice.objects.get(),
            Payment.objects.get(),
        )
        assert (row.status, row.channel, row.sold_at_id, row.managed_at_id) == (
            "active",
            "counter",
            desk.site.pk,
            desk.site.pk,
        )
        assert row.sold_by_id == shop.made["ines"].pk and row.collection == "manual"
        assert (invoice.status, invoice.gross, invoice.amount_paid) == ("paid", 29_90, 29_90)
        assert (payment.means, payment.captured, payment.site_id) == ("cash", 29_90, desk.site.pk)
        assert (made.due, made.tendered, made.seconds, made.touches) == (29_90, 50_00, 31, 9)
        assert made.payment_id == payment.pk and made.session_id is None
        change = Change.objects.filter(subject_kind="subscription").order_by("id").first()
        assert (change.actor_label, change.channel) == ("Inès", "counter")


def test_sent_twice_it_is_one_enrolment(shop, desk):
    sent = walkin(shop)
    first, second = send(desk, sent).json(), send(desk, {**sent, "seconds": "99"}).json()
    assert first == second
    with tenant(shop.id):
        assert (Enrolment.objects.count(), Subscription.objects.count(), Payment.objects.count()) == (1, 1, 1)
    other = send(desk, {**sent, "name": "Someone Else"})
    assert other.status_code == 409 and other.json()["code"] == "client_id_reused"


def test_an_option_is_on_the_ticket_and_the_invoice(shop, desk):
    with tenant(shop.id):
        option = Option.objects.get(reference="collagen")
    page = desk.client.post("/counter/enrol/ticket", walkin(shop, option=option.public_id)).content.decode()
    assert "€39.80" in page and "€10.20" in page, "50.00 less 39.80"
    answer = send(desk, walkin(shop, option=option.public_id, seen="3980"))
    assert answer.status_code == 200
    with tenant(shop.id):
        assert Invoice.objects.get().gross == 39_80


def test_somebody_known_is_recognised_while_typing(shop, desk):
    lea = shop.enrol("lea", name="Léa Marchand", phone="+33 6 39 98 55 17", email="lea@example.com")
    with tenant(shop.id):
        Subscriber.objects.filter(id=lea.pk).update(site=None)
    assert "Léa" not in desk.client.get("/counter/enrol/people?phone=06 39 98").content.decode(), "not of this site"
    with tenant(shop.id):
        history.update(
            Subscriber.objects.get(id=lea.pk), {"site_id": desk.site.pk}, actor=BOSS, now=present(), verb="updated"
        )
    for typed in ("phone=06 39 98 55 1", "name=marchand", "name=Lea Marchant", "email=lea@exam", "phone=0639985571"):
        assert "Léa Marchand" in desk.client.get(f"/counter/enrol/people?{typed}").content.decode(), typed
    for typed in ("name=le", "phone=06", "name=Bruno Teixeira", "phone=0712345678"):
        assert "Léa" not in desk.client.get(f"/counter/enrol/people?{typed}").content.decode(), typed
    answer = send(desk, walkin(shop, person=lea.public_id, name="", phone=""))
    assert answer.status_code == 200
    with tenant(shop.id):
        assert Subscriber.objects.count() == 1 and Subscription.objects.get().subscriber_id == lea.pk


def test_a_card_on_the_phone_begins_when_it_is_paid(shop, desk):
    answer = send(desk, walkin(shop, means="page", later="card", tendered=""))
    address = answer.json()["go_to"]
    page = desk.client.get(address).content.decode()
    assert "<svg" in page and "Waits for the payment" in page and "style=" not in page
    with tenant(shop.id):
        session = CheckoutSession.objects.select_related("subscription", "quote").get()
        assert (session.subscription.status, Invoice.objects.count()) == ("incomplete", 0)
    shop.press(session)
    shop.look(session)
    live = desk.client.get(address).content.decode()
    assert "Enrolled" in live and '<svg class="segno' not in live and "hx-trigger" not in live
    with tenant(shop.id):
        row = Subscription.objects.get()
        assert (row.status, row.sold_by_id, row.channel) == ("active", shop.made["ines"].pk, "counter")
        assert Invoice.objects.get().status == "paid"


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"name": ""}, [("name", "required")]),
        ({"phone": "", "email": ""}, [("phone", "required")]),
        ({"phone": "call me"}, [("phone", "phone_invalid")]),
        ({"email": "a@b"}, [("email", "email_invalid")]),
        ({"birth_on": "1990-02-30"}, [("birth_on", "not_a_day")]),
        ({"offer": ""}, [("offer", "required")]),
        ({"offer": "off_nonsense"}, [("offer", "required")]),
        ({"means": ""}, [("means", "required")]),
        ({"means": "gold", "tendered": ""}, [("means", "invalid_choice")]),
        ({"later": ""}, [("later", "invalid_choice")]),
        ({"later": "sepa"}, [("later", "creditor_identifier_missing")]),
        ({"tendered": "2000"}, [("tendered", "tendered_too_little")]),
        ({"tendered": "other", "tendered_text": "abc"}, [("tendered", "decimal_malformed")]),
        ({"coupon": "NOPE"}, [("coupon", "coupon_unknown")]),
        ({"person": "cus_nobody"}, [("person", "not_found")]),
        ({"client_id": "1"}, [("client_id", "required")]),
        ({"means": "page", "tendered": ""}, [("later", "card_is_kept")]),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_half_done(shop, desk, more, found):
    answer = send(desk, walkin(shop, **more))
    assert answer.status_code == 422, answer.content
    assert faults(answer) == found and all(one["detail"] for one in answer.json()["errors"])
    assert nothing_happened(shop)


def test_no_other_sum_is_taken_than_the_one_that_was_read(shop, desk):
    answer = send(desk, walkin(shop, seen="1990"))
    assert (answer.status_code, answer.json()["code"]) == (409, "amount_changed")
    assert "ticket again" in answer.json()["way_out"] and nothing_happened(shop)


def test_a_device_unpaired_in_mid_enrolment_does_nothing(shop, desk):
    with tenant(shop.id):
        devices.unpair(desk.device(), actor=BOSS, now=present())
    answer = send(desk, walkin(shop))
    assert (answer.status_code, answer.json()["code"]) == (401, "device_unpaired") and nothing_happened(shop)


def test_an_enrolment_is_seen_at_its_own_site_only(shop, desk):
    address = send(desk, walkin(shop)).json()["go_to"]
    paris = salon(shop.id, "Paris")
    paul, other = seller(shop.id, "Paul", sites=[paris]), tablet(shop.id, paris)
    other.sign_in(paul)
    assert other.client.get(address).status_code == 404
    stranger = Shop.open("Onde")
    place = salon(stranger.id, "Nice")
    there = tablet(stranger.id, place)
    there.sign_in(seller(stranger.id, "Zoé"))
    assert there.client.get(address).status_code == 404


def test_who_may_not_sell_does_not(shop, desk):
    with tenant(shop.id):
        Membership.objects.filter(id=shop.made["ines"].pk).update(role="accountant")
    assert desk.client.get("/counter/enrol").headers["Location"] == "/counter/sign-in"


def test_what_a_tablet_enrolled_is_written_for_ever(shop, desk):
    send(desk, walkin(shop))
    with pytest.raises((IntegrityError, ProgrammingError)), tenant(shop.id):
        Enrolment.objects.update(due=1)
    with tenant(shop.id):
        kinds = set(Event.objects.values_list("kind", flat=True))
    assert {"subscriber.created", "subscription.created", "invoice.finalized", "payment.succeeded"} <= kinds
    assert "payment.failed" not in kinds
