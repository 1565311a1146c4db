"""Sites in the back office: a salon opened, its tablet paired, its staff given PINs, all of it taken back."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from merchants.models import Device, Event, Membership, Merchant, Site
from merchants.services import pins
from merchants.tenancy.scope import tenant
from tests.pages.counters import seller, tablet
from tests.pages.offices import colleague, office

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def seat():
    return office("Soleil")


@pytest.fixture
def site(seat):
    seat.client.post(seat.url("sites"), {"name": "Lyon Part-Dieu", "reference": "LYON", "city": "Lyon", "siret": ""})
    with tenant(seat.merchant.id):
        return Site.objects.get()


def at(seat, name, site, **fields):
    return seat.client.post(seat.url(name, site=site.public_id), fields)


def test_an_empty_page_teaches_and_a_site_is_opened(seat):
    assert "No site yet" in seat.client.get(seat.url("sites")).content.decode()
    refused = seat.client.post(seat.url("sites"), {"name": "Lyon", "reference": "LYON", "siret": "123"})
    assert refused.status_code == 422 and "aria-invalid" in refused.content.decode()
    seat.client.post(seat.url("sites"), {"name": "Lyon", "reference": "LYON"})
    again = seat.client.post(seat.url("sites"), {"name": "Lyon 2", "reference": "LYON"})
    assert again.status_code == 422
    assert "Lyon" in seat.client.get(seat.url("sites")).content.decode()


def test_a_tablet_is_paired_with_the_code_that_the_page_shows_once(seat, site):
    page = at(seat, "site_device", site, device_name="Till 1").content.decode()
    code = re.search(r"\b([A-Z2-9]{4}-[A-Z2-9]{4})\b", page)
    assert code and code[1] not in seat.client.get(seat.url("site", site=site.public_id)).content.decode()
    browser = Client()
    assert browser.post("/counter/pair", {"code": code[1]}).status_code == 302
    with tenant(seat.merchant.id):
        device = Device.objects.get()
    at(seat, "site_device_unpair", site, device=device.public_id)
    assert browser.get("/counter/").headers["Location"] == "/counter/pair"


def test_somebody_is_taken_on_by_name_and_signs_in(seat, site):
    refused = at(seat, "site_hire", site, staff_name="Inès", role="counter", pin="1111")
    assert refused.status_code == 422 and "Too easy to guess" in refused.content.decode()
    with tenant(seat.merchant.id):
        assert Membership.objects.filter(role="counter").count() == 0, "nobody half taken on"
    assert at(seat, "site_hire", site, staff_name="Inès", role="counter", pin="4711").status_code == 302
    with tenant(seat.merchant.id):
        ines = Membership.objects.select_related("user").get(role="counter")
        assert ines.sites == [site.pk] and not pins.has_address(ines.user)
    device = tablet(seat.merchant.id, site)
    assert device.sign_in(ines).status_code == 302
    page = seat.client.get(seat.url("site", site=site.public_id)).content.decode()
    assert "Inès is signed in" in page and "4711" not in page and "counter.invalid" not in page
    assert "counter.invalid" not in seat.client.get(seat.url("setting_members")).content.decode()
    at(seat, "site_staff_act", site, member=ines.public_id, act="no_pin")
    assert device.client.get("/counter/").headers["Location"] == "/counter/sign-in"


def test_who_leaves_the_last_site_leaves_the_staff(seat, site):
    ines = seller(seat.merchant.id, "Inès", sites=[site])
    seat.client.post(seat.url("sites"), {"name": "Paris", "reference": "PARIS"})
    with tenant(seat.merchant.id):
        paris = Site.objects.get(reference="PARIS")
    at(seat, "site_staff_act", paris, member=ines.public_id, act="join")
    at(seat, "site_staff_act", site, member=ines.public_id, act="leave")
    with tenant(seat.merchant.id):
        assert Membership.objects.get(id=ines.pk).sites == [paris.pk]
    at(seat, "site_staff_act", paris, member=ines.public_id, act="leave")
    with tenant(seat.merchant.id):
        row = Membership.objects.get(id=ines.pk)
        assert row.removed_at is not None, "and does not suddenly work everywhere"


def test_a_closed_site_serves_nobody(seat, site):
    device = tablet(seat.merchant.id, site)
    at(seat, "site_state", site, closed="yes")
    assert device.client.get("/counter/").headers["Location"] == "/counter/pair"
    assert "Register a tablet" not in seat.client.get(seat.url("site", site=site.public_id)).content.decode()
    assert at(seat, "site_device", site, device_name="Till 2").status_code == 422


def test_counters_share_members_where_the_merchant_says_so(seat, site):
    seat.client.post(seat.url("sites_sharing"), {"shares_members": "on"})
    with tenant(seat.merchant.id):
        assert Merchant.objects.get().shares_members is True
    seat.client.post(seat.url("sites_sharing"), {})
    with tenant(seat.merchant.id):
        assert Merchant.objects.get().shares_members is False
        assert Event.objects.filter(kind="merchant.updated").count() == 2, "it is told"


def test_hours_that_are_none_stand_beside_their_field(seat, site):
    answer = seat.client.post(seat.url("sites_sharing"), {"shares_members": "on", "entry_gap_hours": "9999"})
    assert answer.status_code == 422 and 'aria-invalid="true"' in answer.content.decode()
    with tenant(seat.merchant.id):
        assert Merchant.objects.get().shares_members is False


def test_who_works_everywhere_is_kept_to_one_site(seat, site):
    marc = seller(seat.merchant.id, "Marc")
    assert "Works here only" in seat.client.get(seat.url("site", site=site.public_id)).content.decode()
    assert at(seat, "site_staff_act", site, member=marc.public_id, act="only_here").status_code == 302
    with tenant(seat.merchant.id):
        assert Membership.objects.get(id=marc.pk).sites == [site.pk]


def test_only_who_manages_counters_gets_there(seat, site):
    for role in ("accountant", "support", "counter", "read_only"):
        other = colleague(seat, role)
        assert other.client.get(other.url("sites")).status_code == 403
        assert at(other, "site_hire", site, staff_name="X", role="counter", pin="4711").status_code == 403


def test_an_admin_gives_an_owner_no_pin(seat, site):
    admin = colleague(seat, "admin")
    at(admin, "site_staff_act", site, member=seat.member().public_id, act="pin", pin="4711")
    assert seat.member().pin == ""
