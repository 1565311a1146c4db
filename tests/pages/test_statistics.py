"""What each site and seller did: counted, summed, opened; nothing of another month, another merchant, a test clock."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.engine.leaving import Refunding
from billing.flows import reverse_payment
from billing.flows.cancel import Leaving, cancel
from billing.models import CheckoutSession
from billing.selectors.by_site import taken_in, tallies
from invoices.models import CreditNote, Payment
from merchants.clock import instant
from merchants.models import Membership
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.pages.counter_walkin import send, walkin
from tests.pages.counters import salon, seller, tablet
from tests.pages.offices import Seat, logged_in, person
from tests.stories.statements import World
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def place():
    """Two salons: Inès enrols two in Lyon, Marc one in Bron, each at 29.90 (24.92 without VAT)."""
    shop = Shop.open("Soleil", locale="en")
    shop.made["offer"] = shop.offer("liberte", ("month", None, 29_90))
    sites = {name: salon(shop.id, name) for name in ("Lyon", "Bron", "Vide")}
    for site, name, people in (("Lyon", "Inès", ("Ana", "Bea")), ("Bron", "Marc", ("Cid",))):
        device = tablet(shop.id, sites[site])
        device.sign_in(seller(shop.id, name, sites=[sites[site]]))
        assert device.client.post("/counter/till/open", {"float_amount": "100"}).status_code == 302
        for who in people:
            assert send(device, walkin(shop, name=who)).status_code == 200
    return sit(shop), shop, sites


def sit(shop, role="owner"):
    owner = person()
    with tenant(shop.id):
        Membership.objects.create(user=owner, role=role, created_at=instant())
    return Seat(user=owner, merchant=shop.merchant, sandbox=shop.merchant, client=logged_in(owner))


def table(page, heading):
    """The rows of the table under a heading, as texts."""
    part = page.split(f'id="{heading}"')[1].split("</table>")[0]
    rows = re.findall(r"<tr.*?</tr>", part, re.S)
    cells = [
        [" ".join(re.sub(r"<[^>]+>", " ", c).split()) for c in re.findall(r"<t[hd].*?</t[hd]>", r, re.S)] for r in rows
    ]
    return cells[1:]


def page_of(seat, **query):
    answer = seat.client.get(seat.url("statistics"), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_sites_and_sellers_are_counted_and_summed(place):
    seat, _shop, _sites = place
    page = page_of(seat)
    assert table(page, "by-site") == [
        ["Bron", "1", "0", "€24.92", "€29.90"],
        ["Lyon", "2", "0", "€49.84", "€59.80"],
        ["Vide", "0", "0", "€0.00", "€0.00"],
        ["All", "3", "0", "€74.76", "€89.70"],
    ]
    assert table(page, "by-seller") == [
        ["Inès", "Lyon", "2", "€59.80", "0"],
        ["Marc", "Bron", "1", "€29.90", "0"],
    ]
    assert [row[1] for row in table(page, "by-month")] == ["0"] * 11 + ["3"]


def test_a_figure_opens_its_rows(place):
    seat, _shop, sites = place
    page = page_of(seat)
    links = re.findall(r'href="([^"]*rows\?what=enrolled[^"]*site=' + sites["Lyon"].public_id + r'[^"]*)"', page)
    shown = seat.client.get(links[0].replace("&amp;", "&")).content.decode()
    assert "Ana" in shown and "Bea" in shown and "Cid" not in shown and "Inès" in shown
    for what, seen in (("invoiced", "24.92"), ("taken", "29.90")):
        rows = seat.client.get(seat.url("statistics-rows"), {"what": what, "site": sites["Bron"].public_id})
        assert seen in rows.content.decode() and rows.content.decode().count('scope="row"') == 1
    assert seat.client.get(seat.url("statistics-rows"), {"what": "nonsense"}).status_code == 404


def test_who_leaves_counts_as_ended_and_money_taken_back_is_not_taken(place):
    seat, shop, sites = place
    with tenant(shop.id):
        left = Subscription.objects.get(subscriber__name="Ana")
        payment = Payment.objects.get(payer__name="Bea")
        at = Subscription.objects.get(subscriber__name="Bea")
    cancel(merchant_id=shop.id, subscription_id=left.pk, leaving=Leaving(when="now"), actor=shop.actor)
    reverse_payment.reverse(merchant_id=shop.id, payment_id=payment.pk, reason="a mistake", actor=shop.actor)
    page = page_of(seat, site=sites["Lyon"].public_id)
    assert table(page, "by-site")[0][:3] == ["Lyon", "2", "1"] and table(page, "by-site")[0][4] == "€29.90"
    assert table(page, "by-seller") == [["Inès", "Lyon", "2", "€29.90", "1"]]
    assert at.status == "active"


def test_what_credit_notes_take_off_is_said_above_the_invoices_and_opened(place):
    seat, shop, sites = place
    with tenant(shop.id):
        left = Subscription.objects.get(subscriber__name="Ana")
    leaving = Leaving(when="now", refund=Refunding.prorated, to="balance")
    cancel(merchant_id=shop.id, subscription_id=left.pk, leaving=leaving, actor=shop.actor)
    with tenant(shop.id):
        note = CreditNote.objects.get()
    site = sites["Lyon"].public_id
    assert table(page_of(seat, site=site), "by-site")[0][3] == f"€{(49_84 - note.net) / 100:.2f}"
    rows = seat.client.get(seat.url("statistics-rows"), {"what": "invoiced", "site": site}).content.decode()
    assert rows.count('scope="row"') == 2 and f"Less credit notes of these days: −€{note.net / 100:.2f}" in rows
    (link,) = re.findall(r'href="([^"]*what=credited[^"]*)"', rows)
    opened = seat.client.get(link.replace("&amp;", "&")).content.decode()
    assert opened.count('scope="row"') == 1 and note.number in opened and f"−€{note.net / 100:.2f}" in opened
    there = seat.client.get(seat.url("statistics-rows"), {"what": "invoiced", "site": sites["Bron"].public_id})
    assert "Less credit notes" not in there.content.decode()


def test_a_card_on_their_own_phone_is_taken_at_the_counter_on_the_merchants_day():
    """Half past eleven in Greenwich on the last of October is November in Paris."""
    with time_machine.travel("2026-10-31T23:30:00Z"):
        shop = Shop.open("Soleil", locale="en")
        shop.made["offer"] = shop.offer("liberte", ("month", None, 29_90))
        lyon = salon(shop.id, "Lyon")
        device = tablet(shop.id, lyon)
        device.sign_in(seller(shop.id, "Inès", sites=[lyon]))
        assert send(device, walkin(shop, means="page", later="card", tendered="")).status_code == 200
        with tenant(shop.id):
            session = CheckoutSession.objects.select_related("subscription", "quote").get()
        shop.press(session)
        shop.look(session)
    zone, november = ZoneInfo("Europe/Paris"), (date(2026, 11, 1), date(2026, 12, 1))
    with tenant(shop.id):
        assert [(one.on, one.captured) for one in taken_in(*november, zone=zone)] == [(date(2026, 11, 1), 29_90)]
        assert not taken_in(date(2026, 10, 1), date(2026, 11, 1), zone=zone).exists()
        assert tallies(*november, zone=zone).sites[lyon.pk].taken == {"EUR": 29_90}


def test_the_csv_says_the_same(place):
    seat, _shop, _sites = place
    answer = seat.client.get(seat.url("statistics-csv"))
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert [row[1:] for row in rows[1:]] == [
        ["Bron", "1", "0", "EUR", "24.92", "29.90"],
        ["Lyon", "2", "0", "EUR", "49.84", "59.80"],
    ]


def test_the_number_of_queries_never_depends_on_how_many_there_are(place):
    seat, shop, sites = place
    page_of(seat)
    with CaptureQueriesContext(connection) as few:
        page_of(seat)
    for n in range(3):
        device = tablet(shop.id, sites["Vide"], f"Till {n + 2}")
        device.sign_in(seller(shop.id, f"Zoé {n}", sites=[sites["Vide"]]))
        device.client.post("/counter/till/open", {"float_amount": "0"})
        send(device, walkin(shop, name=f"Dan {n}"))
    with CaptureQueriesContext(connection) as many:
        page_of(seat)
    assert len(many) == len(few)


def test_test_clocks_and_other_merchants_are_left_out(place):
    seat, shop, sites = place
    world = World.on(shop, f"{instant():%Y-%m-%d}")
    world.subscribe(shop.made["offer"], world.person("eve"), site=sites["Lyon"])
    assert table(page_of(seat), "by-site")[1][1] == "2"
    stranger = sit(Shop.open("Onde"))
    assert "Lyon" not in page_of(stranger)
    assert stranger.client.get(seat.url("statistics")).status_code == 404


def test_who_may_not_see_statistics_sees_none(place):
    _seat, shop, _sites = place
    clerk = sit(shop, role="support")
    assert clerk.client.get(clerk.url("statistics")).status_code == 403
