"""A walk-in enrolled at the counter: known or new, with money that is there or a card on a phone, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, ProgrammingError

from billing.models import CheckoutSession, Enrolment
from invoices.models import Invoice, Payment, RegisterEntry, Till
from invoices.services.register_proof import prove
from merchants.ids import new_id
from merchants.models import Event, Membership, Option
from merchants.models import TestClock as Clock
from merchants.services import devices
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import Change, MemberCard, Subscriber, Subscription
from subscribers.services import enrolment
from tests.pages.counters import BOSS, Tablet, present, salon, seller, tablet
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop():
    return Shop.open("Soleil", locale="en")


@pytest.fixture
def desk(shop) -> Tablet:
    """Inès, signed in at Lyon, where Liberté is sold with goggles and collagen."""
    shop.made["offer"] = shop.offer("liberte", ("month", None, 29_90), options=[shop.option("collagen", 9_90)])
    site = salon(shop.id)
    device = tablet(shop.id, site)
    shop.made["ines"] = seller(shop.id, "Inès", sites=[site])
    device.sign_in(shop.made["ines"])
    assert device.client.post("/counter/till/open", {"float_amount": "100"}).status_code == 302
    return device


def walkin(shop, **more):
    """What a tablet sends for Léa, who pays 29.90 with a note of fifty."""
    sent = {
        "client_id": str(new_id()),
        "phone": "06 39 98 55 17",
        "name": "Léa Marchand",
        "offer": shop.made["offer"].public_id,
        "means": "cash",
        "later": "counter",
        "tendered": "5000",
        "seen": "2990",
        "seconds": "31",
        "touches": "9",
    }
    return {**sent, **more}


def send(desk, sent):
    return desk.client.post("/counter/enrol/act", sent, headers={"Accept": "application/json"})


def faults(answer):
    return [(one["field"], one["code"]) for one in answer.json()["errors"]]


def nothing_happened(shop):
    with tenant(shop.id):
        return not any(
            model.objects.exists() for model in (Enrolment, Subscription, Invoice, Payment, CheckoutSession, Subscriber)
        )


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


def test_no_money_is_taken_while_the_till_is_closed(shop, desk):
    desk.client.post("/counter/till/close", {"counted": "100"})
    answer = send(desk, walkin(shop))
    assert (answer.status_code, answer.json()["code"]) == (409, "till_closed") and nothing_happened(shop)
    free = shop.offer("trial", ("month", 1, 0), ("month", None, 29_90))
    answer = send(desk, walkin(shop, offer=free.public_id, means="", tendered="", seen="0"))
    assert answer.status_code == 200, "nothing is due: nothing is rung up"


def test_the_till_tells_the_day(shop, desk):
    send(desk, walkin(shop))
    send(desk, walkin(shop, name="Nora Petit", means="cheque", tendered=""))
    page = desk.client.get("/counter/till").content.decode()
    assert "€59.80" in page and "€129.90" in page, "takings, and the cash that should be there"
    refused = desk.client.post("/counter/till/cash", {"amount": "200", "way": "out", "reason": "bank"})
    assert refused.status_code == 422 and "More than lies in the drawer" in refused.content.decode()
    desk.client.post("/counter/till/cash", {"amount": "50", "way": "out", "reason": "bank"})
    refused = desk.client.post("/counter/till/close", {"counted": "80"})
    assert refused.status_code == 422 and "The count differs" in refused.content.decode()
    answer = desk.client.post("/counter/till/close", {"counted": "79.90"})
    report = desk.client.get(answer.headers["Location"]).content.decode()
    for said in ("€59.80", "2 receipts", "€49.84", "€9.96", "€79.90", "€0.00", "Perpetual total"):
        assert said in report, said
    with tenant(shop.id):
        rung = RegisterEntry.objects.filter(kind="received").order_by("sequence")
        first = rung[0].content
        assert (first["tendered"], first["change"], first["amount"], first["means"]) == (50_00, 20_10, 29_90, "cash")
        assert first["taxes"] == [{"percent": "20", "base": 24_92, "tax": 4_98}]
        assert first["lines"] == [{"title": {"en": "liberte", "fr": "liberte"}, "amount": 29_90, "percent": "20"}]
        assert prove(Till.objects.get()).fault is None


def test_each_print_of_a_receipt_is_rung_up(shop, desk):
    page = desk.client.get(send(desk, walkin(shop)).json()["go_to"]).content.decode()
    with tenant(shop.id):
        payment = Payment.objects.get()
    address = f"/counter/receipts/{payment.public_id}"
    assert address in page
    roll = desk.client.get(address).content.decode()
    assert "€29.90" in roll and "€50.00" in roll and "€20.10" in roll, "taken, handed over, given back"
    for _ in range(2):
        assert desk.client.post(address).headers["Location"] == f"{address}?print=now"
    with tenant(shop.id):
        prints = RegisterEntry.objects.filter(kind="receipt_printed").order_by("sequence")
        assert [(row.content["prints"], row.amount, row.cash) for row in prints] == [(1, 0, 0), (2, 0, 0)]
        assert prove(Till.objects.get()).fault is None
    paris = salon(shop.id, "Paris")
    there = tablet(shop.id, paris)
    there.sign_in(seller(shop.id, "Zoé", sites=[paris]))
    assert there.client.get(address).status_code == 404


def test_a_membership_card_is_shown_and_replaced_when_lost(shop, desk):
    page = desk.client.get(send(desk, walkin(shop)).json()["go_to"]).content.decode()
    with tenant(shop.id):
        lea = Subscriber.objects.get()
    address = f"/counter/members/{lea.public_id}/card"
    assert address in page
    with tenant(shop.id):
        kept = MemberCard.objects.get()
    first = desk.client.get(address).content.decode()
    with tenant(shop.id):
        code = MemberCard.objects.get(pk=kept.pk).code
    assert "<svg" in first and "style=" not in first and code[:4] in first
    desk.client.post(f"{address}/lost", {"card": kept.public_id})
    with tenant(shop.id):
        assert MemberCard.objects.get(code=code).revoked_at is not None
        assert MemberCard.objects.get(revoked_at=None).code != code


def test_the_register_keeps_real_time_for_somebody_on_a_test_clock(shop, desk):
    """A clock that is years ahead would else close the till to everybody until then."""
    with tenant(shop.id):
        clock = Clock.objects.create(time=present().at + timedelta(days=800), created_at=present().at)
        ahead = enrolment.enrol(
            {"name": "Ada"},
            merchant=shop.merchant,
            actor=BOSS,
            now=shop.now(),
            site_id=desk.site.pk,
            test_clock_id=clock.pk,
        )
    assert send(desk, walkin(shop, person=ahead.public_id, name="", phone="")).status_code == 200
    assert send(desk, walkin(shop)).status_code == 200, "and the next one, in real time"
    with tenant(shop.id):
        assert {row.day_on for row in RegisterEntry.objects.all()} == {present().today}
