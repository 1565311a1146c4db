"""Old member files in the office: uploaded, columns corrected, faulty rows read, enrolled, proved; who may."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.flows import import_work
from billing.models import ImportRow, MemberImport
from merchants.models import LegalEntity
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers.models import Mandate, Subscription
from tests.pages.furnished import sell
from tests.pages.offices import colleague, office

pytestmark = pytest.mark.django_db(transaction=True)
HEADINGS = "Nr;Wer;Adresse mail;Abo;Seit;Bezahlt;Prix"
COLUMNS = {"c0": "reference", "c1": "name", "c2": "email", "c3": "offer", "c4": "start_on", "c5": "paid_until"}
TERMS = {"order": "dmy", "offer": "", "site": "", "without_mandate": "manual"}


@pytest.fixture(autouse=True)
def nobody_works(monkeypatch):
    monkeypatch.setattr("billing.tasks.carry_import_on.apply_async", lambda *_, **__: None)


@pytest.fixture
def seat():
    """An owner's, at a merchant who sells “hifi” at 12.99."""
    found = office("Soleil")
    sell(found)
    with tenant(found.merchant.id):
        MemberImport.objects.update(status="discarded")
        LegalEntity.objects.update(creditor_identifier="FR72ZZZ123456")
    return found


def line(seat, number, *, offer="hifi", until=5, email="", price="12,99"):
    with tenant(seat.merchant.id):
        today = now_for(seat.merchant).today
    since, day = today - timedelta(days=90), today + timedelta(days=until)
    return f"M{number};Ana Diaz {number};{email};{offer};{since:%d/%m/%Y};{day:%d/%m/%Y};{price}"


def send(seat, *lines, headings=HEADINGS, name="old.csv"):
    content = "\n".join([headings, *lines]).encode()
    return seat.client.post(seat.url("member-import-new"), {"file": SimpleUploadedFile(name, content)})


def only(seat) -> MemberImport:
    with tenant(seat.merchant.id):
        return MemberImport.objects.exclude(status="discarded").latest("id")


def page(seat, row, name="member-import"):
    return seat.url(name, member_import=row.public_id)


def work(seat, row):
    import_work.carry_on(merchant_id=seat.merchant.id, import_id=row.pk)


def test_from_the_upload_to_the_proof(seat):
    assert seat.url("member-imports") in seat.client.get(seat.url("subscribers")).content.decode()
    assert "No file yet" in seat.client.get(seat.url("member-imports")).content.decode()
    assert "until when they have paid" in seat.client.get(seat.url("member-import-new")).content.decode()
    row_url = send(seat, line(seat, 1), line(seat, 2, offer="gold", email="ana@")).headers["Location"]
    row = only(seat)
    assert row_url == page(seat, row)
    shown = seat.client.get(row_url).content.decode()
    assert "Bezahlt" in shown and "Ana Diaz 1" in shown and "Check every row" in shown
    refused = seat.client.post(row_url, {**TERMS, "c1": "name", "c2": "name"})
    said = refused.content.decode()
    assert refused.status_code == 422 and "The column “Wer” is this already." in said
    refused = seat.client.post(row_url, {**TERMS, "c1": "name"}).content.decode()
    assert "Say which column has the day until which they have paid." in refused
    assert "Say which column has the offer, or choose one for all." in refused
    assert seat.client.post(row_url, {**TERMS, **COLUMNS, "c6": "amount"}).status_code == 302
    assert "hx-get" in seat.client.get(row_url).content.decode()
    progress = seat.client.get(page(seat, row, "member-import-progress"))
    assert "HX-Refresh" not in progress.headers and "This page can be left" in progress.content.decode()
    work(seat, row)
    assert seat.client.get(page(seat, row, "member-import-progress")).headers["HX-Refresh"] == "true"
    shown = seat.client.get(row_url).content.decode()
    assert "Enrol 1 member" in shown and "1 faulty row" in shown and "No offer has this name or reference." in shown
    assert "Abo" in shown and "gold" in shown and "This is not an e-mail address." in shown
    assert seat.client.post(page(seat, row, "member-import-enrol")).status_code == 302
    assert seat.client.post(row_url, {**TERMS, **COLUMNS}).status_code == 409
    work(seat, row)
    shown = seat.client.get(row_url).content.decode()
    assert "Everything stands as the file says" in shown and "12.99" in shown
    with tenant(seat.merchant.id):
        assert Subscription.objects.filter(subscriber__reference="M1", channel="import").count() == 1
    again = send(seat, line(seat, 1), line(seat, 2, offer="gold", email="ana@"), name="copy.csv")
    assert again.headers["Location"] == row_url
    assert "was uploaded before" in seat.client.get(row_url).content.decode()
    listed = seat.client.get(seat.url("member-imports")).content.decode()
    assert "old.csv" in listed and "copy.csv" not in listed


def rows_of(answer):
    assert answer["Content-Type"].startswith("text/csv") and "attachment" in answer["Content-Disposition"]
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


def checked(seat, *lines):
    send(seat, *lines)
    row = only(seat)
    assert seat.client.post(page(seat, row), {**TERMS, **COLUMNS, "c6": "amount"}).status_code == 302
    work(seat, row)
    return row


def test_faulty_rows_and_the_proof_are_fetched_as_csv_without_formulas(seat):
    row = checked(seat, line(seat, 1), line(seat, 2, offer="=1+1"), line(seat, 3, price="9"))
    found = rows_of(seat.client.get(page(seat, row, "member-import-faulty")))
    assert found[0] == [*HEADINGS.split(";"), "Row", "What is wrong"]
    assert found[1][3] == "'=1+1" and found[1][7:] == ["3", "Abo: No offer has this name or reference."]
    assert found[2][8].startswith("Prix: The next charge would be 12.99")
    seat.client.post(page(seat, row, "member-import-enrol"))
    work(seat, row)
    headings, only_row = rows_of(seat.client.get(page(seat, row, "member-import-proof")))
    said = dict(zip(headings, only_row, strict=True))
    assert (said["row"], said["member_number"], said["amount_in_file"], said["next_charge"], said["agrees"]) == (
        "2", "M1", "12.99", "12.99", "yes",
    )  # fmt: skip


def test_a_proof_that_does_not_hold_says_so(seat):
    row = checked(seat, line(seat, 1))
    seat.client.post(page(seat, row, "member-import-enrol"))
    work(seat, row)
    with tenant(seat.merchant.id):
        ImportRow.objects.update(next_amount=1)
    assert "1 row does not stand as the file says." in seat.client.get(page(seat, row)).content.decode()


def test_a_file_is_forgotten_and_may_come_again(seat):
    row = checked(seat, line(seat, 1))
    assert seat.client.get(page(seat, row, "member-import-discard")).status_code == 405
    assert seat.client.post(page(seat, row, "member-import-discard")).status_code == 302
    assert seat.client.get(page(seat, row)).status_code == 404
    send(seat, line(seat, 1))
    assert only(seat).pk != row.pk


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "The submitted file is empty."),
        (b"Nom;Offre\n", "There are no rows below the heading."),
        (b"\xd0\xcf\x11\xe0" + b"x" * 100, "save it as .xlsx"),
        (b"PK\x03\x04" + b"x" * 100, "cannot be read"),
        (bytes(range(256)) * 8, "This is no table"),
        (b"a" * (20 * 1024 * 1024 + 1), "At most 20 MB."),
    ],
)
def test_a_file_that_is_no_table_is_refused_beside_its_field(seat, content, says):
    answer = seat.client.post(seat.url("member-import-new"), {"file": SimpleUploadedFile("x.csv", content)})
    assert answer.status_code == 422 and says in answer.content.decode()
    assert seat.client.post(seat.url("member-import-new")).status_code == 422
    with tenant(seat.merchant.id):
        assert not MemberImport.objects.exclude(status="discarded").exists()


@pytest.mark.parametrize("role", ["accountant", "support", "counter", "read_only"])
def test_only_who_manages_counters_may(seat, role):
    row = checked(seat, line(seat, 1))
    other = colleague(seat, role).client
    for name in ("member-imports", "member-import-new"):
        assert other.get(seat.url(name)).status_code == 403
    for name in ("member-import", "member-import-faulty", "member-import-proof", "member-import-progress"):
        assert other.get(page(seat, row, name)).status_code == 403
    for name in ("member-import", "member-import-enrol", "member-import-discard"):
        assert other.post(page(seat, row, name)).status_code == 403
    assert seat.url("member-imports") not in other.get(seat.url("subscribers")).content.decode()


def test_the_page_of_many_rows_asks_as_often_as_that_of_one(seat):
    def queries(row):
        seat.client.get(page(seat, row))
        with CaptureQueriesContext(
            connection,
        ) as asked:
            seat.client.get(page(seat, row))
        return len(asked)

    one = checked(seat, line(seat, 1, offer="x"))
    few = queries(one)
    many = checked(seat, *[line(seat, at, offer="x") for at in range(10, 40)])
    assert queries(many) == few


def test_in_french(seat):
    row = checked(seat, line(seat, 1), line(seat, 2, offer="or"))
    seat.user.locale = "fr"
    seat.user.save()
    shown = seat.client.get(page(seat, row)).content.decode()
    assert "Aucune offre" in shown and "ligne fautive" in shown and "Quelle colonne est quoi" in shown


def test_mandates_stand_in_the_proof(seat):
    iban = "FR1420041010050500013M02606"
    headings = f"{HEADINGS};IBAN;RUM;Date du mandat"
    send(seat, f"{line(seat, 1)};{iban};RUM-1;03/05/2022", headings=headings)
    row = only(seat)
    posted = {**TERMS, **COLUMNS, "c7": "iban", "c8": "mandate_reference", "c9": "mandate_signed_on"}
    seat.client.post(page(seat, row), posted)
    work(seat, row)
    seat.client.post(page(seat, row, "member-import-enrol"))
    work(seat, row)
    with tenant(seat.merchant.id):
        assert Mandate.objects.get().reference == "RUM-1"
    assert "SEPA mandates" in seat.client.get(page(seat, row)).content.decode()
    assert iban not in seat.client.get(page(seat, row, "member-import-proof")).content.decode()
