"""How a tablet and a person come to the counter, and how they are kept out."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from merchants.clock import instant
from merchants.models import Device, Event, Membership
from merchants.services import devices, pins
from merchants.tenancy.scope import tenant
from tests.pages.counters import BOSS, PIN, present, salon, seller, tablet
from tests.pages.offices import colleague, logged_in, office
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop():
    return Shop.open("Soleil", locale="en")


def test_a_code_pairs_one_tablet_once(shop):
    site = salon(shop.id)
    with tenant(shop.id):
        made = devices.register(site=site, name="Till 1", by=None, actor=BOSS, now=present())
    first, second = Client(), Client()
    assert first.post("/counter/pair", {"code": made.code.lower().replace("-", " ")}).headers["Location"] == (
        "/counter/sign-in"
    )
    refused = second.post("/counter/pair", {"code": made.code})
    assert refused.status_code == 422 and b"No device waits for this code" in refused.content
    assert "tacite_device" not in second.cookies
    cookie = first.cookies["tacite_device"]
    assert cookie["httponly"] and cookie["samesite"] == "Strict" and cookie["path"] == "/counter/"
    with tenant(shop.id):
        row = Device.objects.get()
        assert row.code_digest is None and cookie.value.encode() not in bytes(row.digest)
        assert [event.kind for event in Event.objects.order_by("id")] == ["device.registered", "device.paired"]


def test_a_code_lasts_a_quarter_of_an_hour(shop):
    site = salon(shop.id)
    with tenant(shop.id):
        made = devices.register(site=site, name="Till 1", by=None, actor=BOSS, now=present())
    with time_machine.travel(instant() + timedelta(minutes=15, seconds=1)):
        assert Client().post("/counter/pair", {"code": made.code}).status_code == 422


def test_codes_are_not_tried_for_ever(shop, client):
    with time_machine.travel(instant() + timedelta(hours=1), tick=False):
        answers = [client.post("/counter/pair", {"code": f"AAAA-A{at:03}"}) for at in range(101)]
    assert b"Too many codes" not in answers[99].content
    assert b"Too many codes were tried" in answers[100].content


def test_who_is_signed_in_is_known_to_the_tablet(shop):
    site = salon(shop.id)
    ines, device = seller(shop.id, "Inès", sites=[site]), tablet(shop.id, site)
    assert device.client.get("/counter/").headers["Location"] == "/counter/sign-in"
    assert device.sign_in(ines).status_code == 302
    page = device.client.get("/counter/")
    assert page.status_code == 200 and "Inès" in page.content.decode() and "Lyon Part-Dieu" in page.content.decode()
    device.client.post("/counter/sign-out")
    assert device.client.get("/counter/").headers["Location"] == "/counter/sign-in"


def test_a_page_names_only_who_works_there(shop):
    here, there = salon(shop.id, "Lyon"), salon(shop.id, "Paris")
    seller(shop.id, "Inès", sites=[here])
    elsewhere = seller(shop.id, "Paul", sites=[there])
    seller(shop.id, "Mona", sites=[])
    page = tablet(shop.id, here).client.get("/counter/sign-in").content.decode()
    assert "Inès" in page and "Mona" in page and "Paul" not in page
    refused = tablet(shop.id, here).sign_in(elsewhere)
    assert refused.status_code == 422 and "does not work at this site" in refused.content.decode()


def test_five_wrong_pins_lock_it_for_five_minutes_at_every_tablet(shop):
    site = salon(shop.id)
    ines = seller(shop.id, "Inès", sites=[site])
    one, other = tablet(shop.id, site), tablet(shop.id, site, "Till 2")
    with time_machine.travel(instant(), tick=False) as clock:
        for _ in range(4):
            assert "This is not the PIN" in one.sign_in(ines, "0000").content.decode()
        assert "Too many wrong PINs" in one.sign_in(ines, "0000").content.decode()
        assert "Too many wrong PINs" in other.sign_in(ines, PIN).content.decode()
        clock.shift(timedelta(minutes=5, seconds=1))
        assert other.sign_in(ines, PIN).status_code == 302
    assert one.device().member_id is None


def test_whoever_leaves_is_out_at_once(shop):
    site = salon(shop.id)
    ines, device = seller(shop.id, "Inès", sites=[site]), tablet(shop.id, site)
    device.sign_in(ines)
    with tenant(shop.id):
        Membership.objects.filter(id=ines.pk).update(removed_at=instant())
    assert device.client.get("/counter/").headers["Location"] == "/counter/sign-in"


def test_a_new_pin_signs_the_old_one_out(shop):
    site = salon(shop.id)
    ines, device = seller(shop.id, "Inès", sites=[site]), tablet(shop.id, site)
    device.sign_in(ines)
    with tenant(shop.id):
        pins.set_pin(Membership.objects.get(id=ines.pk), "9264", actor=BOSS, now=present())
    assert device.client.get("/counter/").headers["Location"] == "/counter/sign-in"
    assert device.sign_in(ines, PIN).status_code == 422 and device.sign_in(ines, "9264").status_code == 302


@pytest.mark.parametrize(
    ("pin", "code"),
    [
        ("123", "pin_malformed"),
        ("12a4", "pin_malformed"),
        ("123456789", "pin_malformed"),
        ("1234", "pin_too_easy"),
        ("9876", "pin_too_easy"),
        ("7777", "pin_too_easy"),
    ],
)
def test_a_pin_is_digits_that_are_not_guessed(shop, pin, code):
    member = seller(shop.id, "Inès")
    with tenant(shop.id), pytest.raises(pins.Invalid) as refused:
        pins.set_pin(member, pin, actor=BOSS, now=present())
    assert refused.value.errors[0].code == code


def test_after_a_quarter_of_an_hour_the_pin_is_asked_again(shop):
    site = salon(shop.id)
    ines, device = seller(shop.id, "Inès", sites=[site]), tablet(shop.id, site)
    device.sign_in(ines)
    with time_machine.travel(instant() + timedelta(minutes=14)):
        assert device.client.get("/counter/").status_code == 200
    with time_machine.travel(instant() + timedelta(minutes=28)):
        assert device.client.get("/counter/").status_code == 200
    with time_machine.travel(instant() + timedelta(minutes=44)):
        assert device.client.get("/counter/").headers["Location"] == "/counter/sign-in"


def test_an_unpaired_tablet_knows_nothing(shop):
    site = salon(shop.id)
    ines, device = seller(shop.id, "Inès", sites=[site]), tablet(shop.id, site)
    device.sign_in(ines)
    with tenant(shop.id):
        devices.unpair(device.device(), actor=BOSS, now=present())
    assert device.client.get("/counter/").headers["Location"] == "/counter/pair"
    asked = device.client.get("/counter/", headers={"Accept": "application/json"})
    assert asked.status_code == 401 and asked.json()["code"] == "device_unpaired"


def test_who_is_kept_to_sites_does_not_open_the_office(client):
    seat = office("Soleil")
    other = colleague(seat, "counter")
    assert other.client.get(other.url("home")).status_code == 200
    site = salon(seat.merchant.id)
    with tenant(seat.merchant.id):
        Membership.objects.filter(user=other.user).update(sites=[site.pk])
    page = other.client.get(other.url("home"))
    assert page.status_code == 403 and "at the counter of your sites" in page.content.decode()


def test_whoever_has_no_address_can_never_log_in_to_the_office():
    seat = office("Soleil")
    with tenant(seat.merchant.id):
        member = pins.hire(name="Inès", role="counter", sites=[], by=seat.member(), now=present())
        assert member.user.is_active is False and not member.user.has_usable_password()
    assert logged_in(member.user).get(seat.url("home")).status_code == 302


def test_a_tablet_of_one_merchant_signs_nobody_of_another_in(shop):
    other = Shop.open("Onde")
    stranger = seller(other.id, "Zoé")
    device = tablet(shop.id, salon(shop.id))
    assert device.sign_in(stranger).status_code == 422
