"""Exports in the office: asked for from a list, seen while they are made, fetched by who may."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.flows.export_making import make
from billing.models import Export
from merchants.clock import instant
from merchants.models import LegalEntity, Membership, Site
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber
from tests.pages.furnished import sell
from tests.pages.offices import colleague, office

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def alone(settings, tmp_path, monkeypatch):
    """A store of this test's own; no worker is woken."""
    settings.MEDIA_ROOT = str(tmp_path)
    monkeypatch.setattr("billing.tasks.make_export.apply_async", lambda *_, **__: None)


@pytest.fixture
def seat():
    """An owner's, at a merchant who sold something and exported its payments once."""
    found = office("Onde")
    sell(found)
    return found


def exports(seat):
    with tenant(seat.merchant.id):
        return list(Export.objects.order_by("id"))


def work(seat, row):
    make(merchant_id=seat.merchant.id, export_id=row.pk)


def ask(seat, query="", **given):
    return seat.client.post(
        seat.url("export-new") + query, {"kind": "invoices", "format": "csv", "from_on": "", "to_on": "", **given}
    )


def test_an_empty_page_teaches():
    seat = office("Onde")
    page = seat.client.get(seat.url("exports")).content.decode()
    assert "No export yet" in page and "kept for seven days" in page
    assert f'href="{seat.url("export-new")}"' in page


@pytest.mark.parametrize("day", ["9995-01-01", "9999-12-31", "0001-01-01"])
@pytest.mark.parametrize("name", ["from_on", "to_on"])
def test_a_day_of_no_calendar_of_ours_is_refused_beside_its_field(seat, name, day):
    before = exports(seat)
    answer = ask(seat, **{name: day})
    assert (answer.status_code, exports(seat)) == (422, before)
    assert "Write a date that exists" in answer.content.decode()


def test_from_the_list_to_the_file(seat):
    listed = seat.client.get(seat.url("invoices") + "?view=paid&q=1").content.decode()
    (link,) = re.findall(r'href="([^"]*exports/new[^"]*)"', listed)
    link = link.replace("&amp;", "&")
    assert parse_qs(urlsplit(link).query) == {"kind": ["invoices"], "status": ["paid"], "q": ["1"]}
    asked = seat.client.get(link).content.decode()
    assert "Export: Invoices and credit notes" in asked
    assert "<dt>View</dt><dd>Paid</dd>" in asked and "<dt>Search</dt><dd>1</dd>" in asked

    answer = seat.client.post(link, {"kind": "invoices", "format": "csv", "from_on": "2026-01-01", "to_on": ""})
    assert (answer.status_code, answer["Location"]) == (302, seat.url("exports"))
    row = exports(seat)[-1]
    assert (row.kind, row.format, str(row.from_on), row.to_on) == ("invoices", "csv", "2026-01-01", None)
    assert (row.filters, row.locale, row.bom, row.status) == ({"status": "paid", "q": "1"}, "en", True, "waiting")

    waiting = seat.client.get(seat.url("exports")).content.decode()
    assert "Waits" in waiting and 'hx-trigger="every 2s"' in waiting and 'hx-select="#exports"' in waiting
    early = seat.client.get(seat.url("export-download", export=row.public_id))
    assert early.status_code == 409 and "This file is being made." in early.content.decode()

    work(seat, row)

    done = seat.client.get(seat.url("exports")).content.decode()
    assert "Ready" in done and "hx-trigger" not in done.split('id="exports"')[1].split(">")[0]
    answer = seat.client.get(seat.url("export-download", export=row.public_id))
    assert answer.status_code == 302
    file = Client().get(urlsplit(answer["Location"]).path)
    body = b"".join(file.streaming_content).decode()
    assert body.startswith("\ufeffdocument,number,") and file["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("page", "query", "kind", "narrowed"),
    [
        ("payments", "?view=failed", "payments", {"status": "failed"}),
        (
            "subscribers",
            "?view=active&channel=web&q=luc",
            "subscribers",
            {"status": "active", "channel": "web", "q": "luc"},
        ),
        ("subscribers", "?view=all", "subscribers", {}),
        ("invoices", "?view=nonsense&cursor=x", "invoices", {}),
    ],
)
def test_each_list_hands_its_filters_over(seat, page, query, kind, narrowed):
    listed = seat.client.get(seat.url(page) + query).content.decode()
    (link,) = re.findall(r'href="([^"]*exports/new[^"]*)"', listed)
    query = link.replace("&amp;", "&").partition("?")[2]
    assert ask(seat, f"?{query}", kind=kind).status_code == 302
    assert (exports(seat)[-1].kind, exports(seat)[-1].filters) == (kind, narrowed)


def test_ids_in_the_address_are_looked_for_and_strangers_are_passed_over(seat):
    with tenant(seat.merchant.id):
        lucie = Subscriber.objects.get()
    assert ask(seat, f"?kind=invoices&subscriber={lucie.public_id}&run=run_1").status_code == 302
    assert exports(seat)[-1].filters == {"subscriber": lucie.public_id}
    stranger = office("Soleil")
    sell(stranger)
    with tenant(stranger.merchant.id):
        theirs = Subscriber.objects.get()
    assert ask(seat, f"?kind=invoices&subscriber={theirs.public_id}").status_code == 302
    assert exports(seat)[-1].filters == {}


def test_without_a_list_every_kind_may_be_chosen(seat):
    page = seat.client.get(seat.url("export-new")).content.decode()
    kinds = re.findall(r'type="radio" name="kind" value="(\w+)"', page)
    assert kinds[:6] == ["invoices", "invoice_lines", "invoice_taxes", "payments", "subscribers", "changes"]
    assert ask(seat, kind="changes", format="parquet").status_code == 302
    row = exports(seat)[-1]
    work(seat, row)
    assert exports(seat)[-1].rows > 3


def test_what_is_wrong_stands_beside_its_field(seat):
    before = len(exports(seat))
    answer = ask(seat, from_on="2026-02-02", to_on="2026-02-01")
    assert answer.status_code == 422
    assert 'id="id_to_on_error">The last day is before the first.' in answer.content.decode()
    answer = ask(seat, kind="cards", format="pdf")
    assert answer.status_code == 422 and answer.content.decode().count("is not one of the available choices") == 2
    assert len(exports(seat)) == before
    for _ in range(3):
        assert ask(seat).status_code == 302
    answer = ask(seat)
    assert answer.status_code == 422 and "3 exports are being made already." in answer.content.decode()


def test_a_failure_says_why_in_the_readers_language(seat):
    ask(seat)
    with tenant(seat.merchant.id):
        Export.objects.filter(id=exports(seat)[-1].pk).update(
            status="failed", code="store_away", msgid="The store of files does not answer."
        )
    page = seat.client.get(seat.url("exports")).content.decode()
    assert "Could not be made" in page and "The store of files does not answer." in page


@pytest.mark.parametrize("role", ["accountant", "admin"])
def test_who_keeps_the_books_may_export(seat, role):
    other = colleague(seat, role)
    assert 'exports/new?kind=invoices"' in other.client.get(seat.url("invoices")).content.decode()
    assert other.client.get(seat.url("exports")).status_code == 200


@pytest.mark.parametrize("role", ["support", "read_only"])
def test_who_only_looks_finds_no_button_and_no_page(seat, role):
    other = colleague(seat, role)
    assert "exports/new" not in other.client.get(seat.url("invoices")).content.decode()
    assert "/exports" not in other.client.get(seat.url("home")).content.decode()
    assert other.client.get(seat.url("exports")).status_code == 403
    assert ask(other).status_code == 403


def test_an_accountant_of_one_salon_takes_its_rows_and_sees_no_file_of_another(seat):
    with tenant(seat.merchant.id):
        lyon = Site.objects.create(reference="lyon", name="Lyon", created_at=instant())
    other = colleague(seat, "accountant")
    with tenant(seat.merchant.id):
        Membership.objects.filter(user=other.user).update(sites=[lyon.pk])
    whole = exports(seat)[0]
    assert "No export yet" in other.client.get(seat.url("exports")).content.decode()
    assert other.client.get(seat.url("export-download", export=whole.public_id)).status_code == 404
    assert ask(other, kind="subscribers").status_code == 302
    theirs = exports(seat)[-1]
    assert theirs.sites == [lyon.pk]
    work(seat, theirs)
    assert exports(seat)[-1].rows == 0  # nobody is enrolled in Lyon
    assert other.client.get(seat.url("export-download", export=theirs.public_id)).status_code == 302


def test_the_list_costs_the_same_however_long_it_is(seat):
    with tenant(seat.merchant.id):
        lucie = Subscriber.objects.get().public_id
    costs = []
    for _ in range(2):
        for status in ("failed", "expired"):
            ask(seat, f"?kind=invoices&subscriber={lucie}")
            with tenant(seat.merchant.id):
                Export.objects.filter(status="waiting").update(status=status, code="fault", msgid="x")
        seat.client.get(seat.url("exports"))
        with CaptureQueriesContext(connection) as seen:
            seat.client.get(seat.url("exports"))
        costs.append(len(seen))
    assert costs[0] == costs[1]


def test_the_file_of_accounting_entries_is_asked_for_from_the_accounts(seat):
    with tenant(seat.merchant.id):
        LegalEntity.objects.update(siren="732829320")
        entity = LegalEntity.objects.get().public_id
    page = seat.client.get(seat.url("setting_accounting_of", entity=entity)).content.decode()
    year = max(map(int, re.findall(r"to=(\d{4})-12-31", page)))
    found = [each.replace("&amp;", "&") for each in re.findall(r'href="([^"]*exports/new[^"]*)"', page)]
    before, link = [each for each in found if "kind=fec" in each]
    query = {"kind": ["fec"], "legal_entity": [entity], "from": [f"{year}-01-01"], "to": [f"{year}-12-31"]}
    assert parse_qs(urlsplit(link).query) == query
    assert f"from={year - 1}-01-01" in before
    asked = seat.client.get(link).content.decode()
    assert f'value="{year}-12-31"' in asked and 'value="txt"' in asked and 'value="xlsx"' not in asked
    days = {"from_on": f"{year}-01-01", "to_on": f"{year}-12-31"}
    answer = seat.client.post(link, {"kind": "fec", "format": "txt", **days})
    assert answer["Location"] == seat.url("exports")
    row = exports(seat)[-1]
    assert row.filters == {"legal_entity": entity}
    work(seat, row)
    row = exports(seat)[-1]
    assert (row.status, row.name) == ("ready", f"732829320FEC{year}1231.txt") and row.rows > 3
    listed = seat.client.get(seat.url("exports")).content.decode()
    assert "File of accounting entries (FEC)" in listed and "<b>Onde</b>" in listed
    content = seat.client.get(seat.url("export-download", export=row.public_id), follow=True)
    body = b"".join(content.streaming_content) if content.streaming else content.content
    assert body.startswith(b"JournalCode\t") and content["Content-Type"] == "text/plain; charset=iso-8859-15"
    assert 'value="fec"' not in seat.client.get(seat.url("export-new")).content.decode()
    empty = seat.client.post(link, {"kind": "fec", "format": "txt", "from_on": "", "to_on": ""})
    assert empty.status_code == 422 and empty.content.decode().count("This kind needs it.") == 2


def test_a_year_s_archive_is_asked_for_from_the_accounts(seat):
    with tenant(seat.merchant.id):
        entity = LegalEntity.objects.get().public_id
    page = seat.client.get(seat.url("setting_accounting_of", entity=entity)).content.decode()
    found = [
        each.replace("&amp;", "&") for each in re.findall(r'href="([^"]*exports/new[^"]*kind=archive[^"]*)"', page)
    ]
    year = max(int(each[-10:-6]) for each in found)
    link = next(each for each in found if each.endswith(f"to={year}-12-31"))
    asked = seat.client.get(link).content.decode()
    assert f'value="{year}-01-01"' in asked and 'value="zip"' in asked and 'value="csv"' not in asked
    part = {"kind": "archive", "format": "zip", "from_on": f"{year}-01-01", "to_on": f"{year}-06-30"}
    refused = seat.client.post(link, part)
    assert refused.status_code == 422 and "from 1 January to 31 December" in refused.content.decode()
    answer = seat.client.post(link, part | {"to_on": f"{year}-12-31"})
    assert answer["Location"] == seat.url("exports")
    row = exports(seat)[-1]
    assert (row.kind, row.filters) == ("archive", {"legal_entity": entity})
    assert "Archive of a year" in seat.client.get(seat.url("exports")).content.decode()
