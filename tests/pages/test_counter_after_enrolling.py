"""What an enrolment leaves at the counter: the till's day, receipts, the membership card, the register's time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from invoices.models import Payment, RegisterEntry, Till
from invoices.services.register_proof import prove
from merchants.models import TestClock as Clock
from merchants.tenancy.scope import tenant
from subscribers.models import MemberCard, Subscriber
from subscribers.services import enrolment
from tests.pages.counter_walkin import desk, nothing_happened, send, shop, walkin
from tests.pages.counters import BOSS, present, salon, seller, tablet

__all__ = ["desk", "shop"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)


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
