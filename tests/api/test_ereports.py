"""`/ereports` and `/legal_entities/{id}/ereporting`: read, chosen, refused, sent again."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from billing.engine.reporting import ReportKind, Span
from billing.flows import ereports
from billing.flows.ereporting import set_ereporting
from billing.models import EReport
from merchants.models import Event
from merchants.tenancy.scope import tenant
from tests.api.callers import Caller, faults, problem
from tests.apps.invoices.bills import BOOKS, bill, line, pay

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def site(shop):
    return Caller.of(shop)


@pytest.fixture
def path(shop):
    return f"legal_entities/{shop.entity.public_id}/ereporting"


def make(shop, kind):
    """The report of this month, as if it were over."""
    with tenant(shop.id):
        now = shop.now()
        row = set_ereporting(shop.entity, regime="quarterly", actor=shop.actor, now=now)
        first = now.today.replace(day=1)
        row.since = first
        return ereports.make(row, kind, Span(first, now.today.replace(day=28)), actor=shop.actor, now=now)


@pytest.fixture
def sales(shop):
    invoice = bill(shop, shop.enrol("ON-1"), line(12_00), line(10_55, rate=BOOKS))
    pay(shop, invoice, invoice.gross)
    return make(shop, ReportKind.transactions)


def test_it_is_off_until_it_is_turned_on(site, path, shop):
    answer = site.get(path)
    assert answer.json() == {
        "object": "ereporting", "legal_entity": shop.entity.public_id, "is_on": False, "regime": "monthly",
        "since": None, "platform": "file", "platform_code": "", "platform_name": "",
    }  # fmt: skip
    today = shop.now().today.isoformat()
    said = {"is_on": True, "regime": "simplified", "since": today, "platform_code": "P001"}
    assert site.patch(path, said).json() == {**answer.json(), **said} == site.get(path).json()
    assert site.patch(path, said).status_code == 200
    with tenant(shop.id):
        (told,) = Event.objects.filter(kind="ereporting.updated")
        assert told.data["object"]["regime"] == "simplified"


def test_what_cannot_be_is_refused(site, path, shop):
    assert faults(site.patch(path, {"regime": "weekly"})) == [("regime", "invalid_choice")]
    assert faults(site.patch(path, {"regime": "franchise"})) == [("regime", "regime_contradicts_company")]
    assert faults(site.patch(path, {"platform_code": "A-1"})) == [("platform_code", "platform_code_malformed")]
    with tenant(shop.id):
        shop.entity.siren = ""
        shop.entity.save()
    assert problem(site.patch(path, {"is_on": True})) == (409, "siren_missing")
    assert site.get(path).json()["is_on"] is False


def test_a_report_is_read_with_all_that_it_tells(site, sales, shop):
    (listed,) = site.get("ereports?kind=transactions&state=draft").json()["data"]
    today = shop.now().today.isoformat()
    assert listed["totals"] == {"EUR": {"net": 20_00, "tax": 2_55}} and "sales" not in listed
    found = site.get(f"ereports/{sales.public_id}").json()
    assert {name: found[name] for name in listed} == listed
    assert [(day["date"], day["category"], day["count"], day["net"], day["tax"]) for day in found["sales"]] == [
        (today, "TLB1", 1, 10_00, 55),
        (today, "TPS1", 1, 10_00, 2_00),
    ]
    assert (found["receipts"], found["sold_abroad"], found["left_out"]) == ([], [], [])
    answer = site.get(f"ereports/{sales.public_id}/xml")
    assert answer["Content-Type"] == "application/xml" and "attachment" in answer["Content-Disposition"]
    assert fromstring(answer.content).findtext("ReportDocument/Id") == sales.public_id
    assert site.get("ereports?kind=payments").json()["data"] == []
    assert site.get(f"ereports?legal_entity={shop.entity.public_id}").json()["data"] == [listed]


def test_receipts_are_read_too(site, sales, shop):
    report = make(shop, ReportKind.payments)
    found = site.get(f"ereports/{report.public_id}").json()
    assert found["receipts"] == [{"date": shop.now().today.isoformat(), "percent": "20", "amount": 12_00}]
    assert (found["totals"], found["sales"], found["paid_abroad"]) == ({"EUR": {"amount": 12_00}}, [], [])


def test_sending_again_makes_the_report_anew_where_the_books_changed(site, sales, shop):
    same = site.post(f"ereports/{sales.public_id}/send")
    assert (same.status_code, same.json()["id"]) == (200, sales.public_id)
    bill(shop, shop.enrol("ON-2"), line(1_20))
    anew = site.post(f"ereports/{sales.public_id}/send").json()
    assert (anew["number"], anew["totals"]) == (2, {"EUR": {"net": 21_00, "tax": 2_75}})
    with tenant(shop.id):
        assert EReport.objects.get(pk=sales.pk).totals == {"EUR": {"net": 20_00, "tax": 2_55}}
        EReport.objects.filter(number=2).update(state="accepted", settled_at=shop.now().at)
    assert problem(site.post(f"ereports/{anew['id']}/send")) == (409, "nothing_changed")


def test_a_key_needs_the_scopes(shop, path, sales):
    reader = Caller.of(shop, "ereports:read")
    assert reader.get("ereports").status_code == 200 == reader.get(f"ereports/{sales.public_id}").status_code
    assert problem(reader.post(f"ereports/{sales.public_id}/send"))[0] == 403
    assert problem(reader.get(path))[0] == 403
