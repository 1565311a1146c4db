"""Tills in the back office: head office sees all of them, their differences and registers; others do not."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from invoices.models import Till
from merchants.models import LegalEntity
from merchants.tenancy.scope import tenant
from tests.pages.counters import salon, seller, tablet
from tests.pages.offices import NOW, colleague, office

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def seat():
    found = office("Soleil")
    with tenant(found.merchant.id):
        LegalEntity.objects.create(
            name="Soleil SAS", line1="1 rue X", postal_code="69001", city="Lyon", is_default=True, created_at=NOW.at
        )
    return found


def day(seat, name, counted, note=""):
    """A till of a site that was opened with 100.00 and closed as counted."""
    site = salon(seat.merchant.id, name)
    device = tablet(seat.merchant.id, site)
    device.sign_in(seller(seat.merchant.id, "Inès", sites=[site]))
    device.client.post("/counter/till/open", {"float_amount": "100,00"})
    device.client.post("/counter/till/cash", {"amount": "20,00", "way": "in", "reason": "change"})
    answer = device.client.post("/counter/till/close", {"counted": counted, "note": note})
    assert answer.status_code == 302, answer.content.decode()
    with tenant(seat.merchant.id):
        return Till.objects.get(site=site)


def test_head_office_sees_every_till_with_its_difference_and_register(seat):
    assert "No till yet" in seat.client.get(seat.url("tills")).content.decode()
    day(seat, "Lyon", "120,00")
    paris = day(seat, "Paris", "115,00", "a note of five is missing")
    page = seat.client.get(seat.url("tills")).content.decode()
    assert "Lyon, Till 1" in page and "Paris, Till 1" in page and "−€5.00" in page
    one = seat.client.get(seat.url("till", till=paris.public_id)).content.decode()
    for said in (
        "a note of five is missing",
        "€120.00",
        "€115.00",
        "Cash in: change",
        "Closed as counted",
        paris.head[:12],
    ):
        assert said in one, said


def test_the_register_is_handed_out_sealed(seat):
    till = day(seat, "Lyon", "120,00")
    answer = seat.client.post(seat.url("till_report", till=till.public_id))
    document = json.loads(answer.content)
    assert document["report"]["head"] == till.head and len(document["report"]["entries"]) == 3
    assert "attachment" in answer.headers["Content-Disposition"]


def test_the_list_asks_the_same_however_many_tills_there_are(seat):
    day(seat, "Lyon", "120,00")
    with CaptureQueriesContext(connection) as one:
        seat.client.get(seat.url("tills"))
    for name in ("Paris", "Lille", "Nice"):
        day(seat, name, "120,00")
    with CaptureQueriesContext(connection) as many:
        seat.client.get(seat.url("tills"))
    assert len(one) == len(many)


def test_only_who_may_sees_tills(seat):
    till = day(seat, "Lyon", "120,00")
    for role, expected in (("accountant", 200), ("support", 403), ("counter", 403), ("read_only", 403)):
        other = colleague(seat, role)
        assert other.client.get(other.url("till", till=till.public_id)).status_code == expected, role
    stranger = office("Onde")
    assert stranger.client.get(stranger.url("till", till=till.public_id)).status_code == 404
