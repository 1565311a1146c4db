"""Settings, E-reporting: turned on, reports listed, one with all that it tells, its files, and sending it again."""

from __future__ import annotations

import html
import json
import re
from xml.etree.ElementTree import fromstring

import pytest

from billing.flows import ereport_sending
from billing.models import EReport, EReporting
from merchants.models import LegalEntity
from merchants.tenancy.scope import tenant
from tests.pages.furnished import furnish
from tests.pages.offices import colleague, office

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def seat():
    """Of a shop that sold hifi for 12.99 and credited 1.00 of it, and made one report of that."""
    found = furnish()
    with tenant(found.merchant.id):
        LegalEntity.objects.update(siren="732829320")
    return found


def one(seat, model):
    with tenant(seat.merchant.id):
        return model.objects.get()


def text(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.unescape(answer.content.decode())))


def test_the_page_leads_to_the_company_and_turns_it_on(seat):
    address = seat.url("setting_ereporting_of", entity=one(seat, LegalEntity).public_id)
    assert seat.client.get(seat.url("setting_ereporting"))["Location"] == address
    assert "made on" not in text(seat.client.get(address))
    said = {"is_on": "on", "regime": "quarterly", "platform_code": "P001", "platform_name": "La Plateforme"}
    accountant = colleague(seat, "accountant")
    assert accountant.client.post(address, said)["Location"] == address
    row = one(seat, EReporting)
    assert (row.is_on, row.regime, row.platform_code) == (True, "quarterly", "P001")
    assert re.search(r"Sales, 1 to \d+ \w+ \d{4}: made on ", text(seat.client.get(address)))
    assert accountant.client.post(address, {"regime": "quarterly"}).status_code == 302
    assert one(seat, EReporting).is_on is False


def test_what_cannot_be_is_said_beside_it(seat):
    address = seat.url("setting_ereporting_of", entity=one(seat, LegalEntity).public_id)
    answer = seat.client.post(address, {"is_on": "on", "regime": "franchise", "platform_code": "é"})
    assert answer.status_code == 422
    page = html.unescape(answer.content.decode())
    assert "disagree on whether it charges VAT" in page and "Four letters or digits." in page
    with tenant(seat.merchant.id):
        LegalEntity.objects.update(siren="")
    answer = seat.client.post(address, {"is_on": "on", "regime": "monthly"})
    assert answer.status_code == 422 and "a report names its company by its siren" in text(answer).lower()
    assert one(seat, EReporting).is_on is False


def test_a_report_is_listed_read_and_saved(seat):
    report = one(seat, EReport)
    listed = text(seat.client.get(seat.url("setting_ereporting_of", entity=one(seat, LegalEntity).public_id)))
    assert re.search(r"Sales .* Waits €9\.99", listed)
    page = seat.client.get(seat.url("setting_ereport", report=report.public_id))
    assert re.search(r"Services TPS1 1 20% €9\.99 €2\.00", text(page))
    answer = seat.client.get(seat.url("setting_ereport_xml", report=report.public_id))
    root = fromstring(answer.content)
    assert root.findtext("TransactionsReport/Transactions/TaxExclusiveAmount") == "9.99"
    assert answer["Content-Disposition"] == f'attachment; filename="{report.public_id}.xml"'
    answer = seat.client.get(seat.url("setting_ereport_json", report=report.public_id))
    assert json.loads(answer.content)["practice"] is False


def test_sending_again_and_what_the_platform_said(seat):
    report = one(seat, EReport)
    address = seat.url("setting_ereport_send", report=report.public_id)
    assert colleague(seat, "support").client.post(address).status_code == 403
    assert seat.client.post(address)["Location"] == seat.url("setting_ereport", report=report.public_id)
    ereport_sending.hand_on(merchant_id=seat.merchant.id, report_id=report.pk)
    with tenant(seat.merchant.id):
        EReport.objects.update(state="rejected", settled_at=report.made_at, code="REJ_COH", message="Unknown platform")
    page = text(seat.client.get(seat.url("setting_ereport", report=report.public_id)))
    assert re.search(r"Refused Unknown platform REJ_COH", page) and "Send again" in page
    with tenant(seat.merchant.id):
        EReport.objects.update(state="accepted")
    answer = seat.client.post(address)
    assert answer.status_code == 409 and "the books still say the same" in text(answer)


def test_who_may_only_see_cannot_change_and_without_a_company_it_says_what_to_do(seat):
    address = seat.url("setting_ereporting_of", entity=one(seat, LegalEntity).public_id)
    assert colleague(seat, "read_only").client.get(address).status_code == 403
    empty = office()
    page = empty.client.get(empty.url("setting_ereporting")).content.decode()
    assert "No company yet" in page and empty.url("setting_entity_new") in page
