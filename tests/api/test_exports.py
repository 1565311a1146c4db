"""`/exports`: asked for, made by a worker, fetched by a link that lapses."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from billing.flows.export_making import make
from billing.models import Export
from merchants.clock import instant
from merchants.ids import new_id, read, show
from merchants.links import mint
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber
from tests.api.callers import Caller, faults, problem

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def store(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def told(monkeypatch):
    """The exports of which workers are told: nobody is woken here."""
    found: list[tuple[str, str]] = []
    monkeypatch.setattr("billing.tasks.make_export.apply_async", lambda ids, **_: found.append(ids))
    return found


@pytest.fixture
def sold(shop):
    shop.buy(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_99)))
    return shop


def export_of(shop, shown):
    with tenant(shop.id):
        return Export.objects.get(id=shown_id(shown["id"]))


def shown_id(text):
    return read("exp", text)


def work(shop, shown):
    make(merchant_id=shop.id, export_id=shown_id(shown["id"]))


def path_of(link):
    return link["url"].partition("://")[2].partition("/")[2]


def test_asked_again_with_its_key_the_answer_says_where_the_export_is_and_none_is_begun(site, sold):
    first, again = (site.post("exports", {"kind": "payments", "format": "csv"}, key="once") for _ in range(2))
    assert (again.status_code, again.content, again["Location"]) == (202, first.content, first["Location"])
    assert again["Location"] == f"/api/v1/exports/{first.json()['id']}" and again["Idempotent-Replayed"] == "true"
    with tenant(sold.id):
        assert Export.objects.filter(kind="payments").count() == 1


def test_from_the_question_to_the_file(site, sold, told):
    day = sold.now().today.isoformat()
    answer = site.post("exports", {"kind": "invoices", "format": "csv", "from": day, "to": day})
    begun = answer.json()
    assert answer.status_code == 202
    assert answer["Location"] == f"/api/v1/exports/{begun['id']}"
    assert told == [(str(sold.id), str(shown_id(begun["id"])))]
    assert begun == {
        "id": begun["id"],
        "object": "export",
        "kind": "invoices",
        "format": "csv",
        "from": day,
        "to": day,
        "filters": {},
        "locale": "fr",
        "bom": False,
        "status": "waiting",
        "error": None,
        "rows": 0,
        "name": None,
        "size": None,
        "sha256": None,
        "created_by": "website",
        "created_at": begun["created_at"],
        "made_at": None,
        "expires_at": None,
    }
    early = site.get(f"exports/{begun['id']}/download")
    assert problem(early) == (409, "export_not_ready")
    assert early["Retry-After"] == "5"

    work(sold, begun)

    done = site.get(f"exports/{begun['id']}").json()
    assert (done["status"], done["rows"], done["name"]) == ("ready", 1, f"invoices-{day}-{day}.csv")
    assert done["size"] > 100 and len(done["sha256"]) == 64 and done["expires_at"] > done["made_at"]
    link = site.get(f"exports/{begun['id']}/download").json()
    assert (link["object"], link["export"]) == ("export_link", begun["id"])
    file = Client().get("/" + path_of(link))
    assert (file.status_code, file["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert file["Content-Disposition"] == f'attachment; filename="invoices-{day}-{day}.csv"'
    assert (file["Cache-Control"].startswith("max-age=0"), file["X-Content-Type-Options"]) == (True, "nosniff")
    body = b"".join(file.streaming_content)
    assert len(body) == done["size"] == int(file["Content-Length"])
    (row,) = csv.DictReader(io.StringIO(body.decode()), delimiter=";")
    assert (row["document"], row["total"], row["issued_on"]) == ("invoice", "12,99", day)


def test_the_list_is_newest_first_and_narrowed(site, sold, told):
    kinds = ["invoices", "payments", "changes"]
    begun = [site.post("exports", {"kind": kind, "format": "parquet"}).json() for kind in kinds]
    work(sold, begun[1])
    assert [row["kind"] for row in site.get("exports").json()["data"]] == kinds[::-1]
    assert [row["id"] for row in site.get("exports?kind=changes").json()["data"]] == [begun[2]["id"]]
    assert [row["id"] for row in site.get("exports?status=ready").json()["data"]] == [begun[1]["id"]]
    assert faults(site.get("exports?kind=cards")) == [("kind", "invalid_choice")]


def test_what_narrows_it_is_found_and_shown(site, sold, told):
    filters = {"subscriber": "ref:lucie", "status": "paid", "q": "x"}
    shown = site.post("exports", {"kind": "invoices", "format": "xlsx", "locale": "en", "filters": filters}).json()
    with tenant(sold.id):
        lucie = Subscriber.objects.get().public_id
    assert shown["filters"] == {"subscriber": lucie, "status": "paid", "q": "x"}
    work(sold, shown)
    assert site.get(f"exports/{shown['id']}").json()["rows"] == 0  # no number is x


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, [("format", "required"), ("kind", "required")]),
        ({"kind": "cards", "format": "pdf"}, [("format", "invalid_choice"), ("kind", "invalid_choice")]),
        ({"kind": "invoices", "format": "txt"}, [("format", "format_not_of_this_kind")]),
        ({"kind": "invoices", "format": "csv", "from": "2026-02-30"}, [("from", "not_a_day")]),
        ({"kind": "invoices", "format": "csv", "from": "2026-02-02", "to": "2026-02-01"}, [("to", "span_reversed")]),
        ({"kind": "invoices", "format": "csv", "from": "2010-01-01", "to": "2020-01-01"}, [("to", "span_too_long")]),
        ({"kind": "invoices", "format": "csv", "since": "2026-02-02"}, [("since", "field_unknown")]),
        ({"kind": "invoices", "format": "csv", "rows": 5}, [("rows", "field_read_only")]),
        ({"kind": "invoices", "format": "csv", "filters": {"status": "odd"}}, [("filters.status", "invalid_choice")]),
        (
            {"kind": "changes", "format": "csv", "filters": {"status": "open", "offer": "ref:none"}},
            [("filters.offer", "not_found")],
        ),
        (
            {"kind": "changes", "format": "csv", "filters": {"status": "open"}},
            [("filters.status", "filter_not_of_this_kind")],
        ),
        (
            {"kind": "invoices", "format": "csv", "filters": {"subscriber": "cus_1"}},
            [("filters.subscriber", "not_found")],
        ),
    ],
)
def test_bad_questions_are_refused_by_field(site, shop, body, wrong):
    assert sorted(faults(site.post("exports", body))) == wrong
    assert site.get("exports").json()["data"] == []


def test_three_at_once(site, sold, told):
    for _ in range(3):
        assert site.post("exports", {"kind": "payments", "format": "csv"}).status_code == 202
    assert problem(site.post("exports", {"kind": "payments", "format": "csv"})) == (409, "too_many_exports")
    assert len(told) == 3


def test_the_same_key_begins_one(site, sold, told):
    body = {"kind": "payments", "format": "csv"}
    first, again = (site.post("exports", body, key="k1") for _ in range(2))
    assert (again.status_code, again.json()) == (202, first.json())
    assert len(site.get("exports").json()["data"]) == 1


def test_a_key_needs_the_scope_of_the_rows_too(sold, told):
    keeper = Caller.of(sold, "exports:read", "exports:write", "payments:read")
    assert problem(keeper.post("exports", {"kind": "subscribers", "format": "csv"})) == (403, "scope_missing")
    begun = keeper.post("exports", {"kind": "payments", "format": "csv"}).json()
    work(sold, begun)
    assert keeper.get(f"exports/{begun['id']}/download").status_code == 200
    other = Caller.of(sold, "exports:read")
    assert other.get(f"exports/{begun['id']}").status_code == 200
    assert problem(other.get(f"exports/{begun['id']}/download")) == (403, "scope_missing")
    assert problem(other.post("exports", {"kind": "payments", "format": "csv"})) == (403, "scope_missing")


def ready(site, sold):
    begun = site.post("exports", {"kind": "payments", "format": "csv"}).json()
    work(sold, begun)
    return begun


def test_a_link_lapses(site, sold, told, monkeypatch):
    begun = ready(site, sold)
    link = site.get(f"exports/{begun['id']}/download").json()
    assert Client().get("/" + path_of(link)).status_code == 200
    until = datetime.strptime(link["expires_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert timedelta(minutes=14) < until - instant() <= timedelta(minutes=15)
    monkeypatch.setattr("merchants.links.instant", lambda: until + timedelta(seconds=1))
    assert Client().get("/" + path_of(link)).status_code == 404


def test_a_link_opens_nothing_else(site, sold, another_shop, told):
    begun = ready(site, sold)
    id_ = shown_id(begun["id"])
    lasts = timedelta(minutes=5)
    assert Client().get(f"/exports/{mint('export', sold.id, id_, lasts=lasts)}").status_code == 200
    for token in (
        mint("document", sold.id, id_, lasts=lasts),
        mint("export", another_shop.id, id_, lasts=lasts),
        mint("export", sold.id, new_id(), lasts=lasts),
        "nonsense",
    ):
        assert Client().get(f"/exports/{token}").status_code == 404
    assert Client().post(f"/exports/{mint('export', sold.id, id_, lasts=lasts)}").status_code == 405


def test_what_has_no_file(site, sold, told):
    begun = ready(site, sold)
    link = site.get(f"exports/{begun['id']}/download").json()
    for status, code in (("expired", "export_expired"), ("failed", "export_failed")):
        with tenant(sold.id):
            Export.objects.filter(id=shown_id(begun["id"])).update(status=status, code="fault", msgid="It broke.")
        assert problem(site.get(f"exports/{begun['id']}/download")) == (409, code)
        assert Client().get("/" + path_of(link)).status_code == 404
    shown = site.get(f"exports/{begun['id']}").json()
    assert shown["error"] == {"code": "fault", "detail": "It broke."}


def test_an_export_whose_days_are_over_is_not_handed_out_though_its_file_is_still_there(site, sold, told):
    begun = ready(site, sold)
    link = site.get(f"exports/{begun['id']}/download").json()
    with tenant(sold.id):
        Export.objects.filter(id=shown_id(begun["id"])).update(expires_at=instant())
    assert problem(site.get(f"exports/{begun['id']}/download")) == (409, "export_expired")
    assert Client().get("/" + path_of(link)).status_code == 404


def test_a_store_that_is_away_says_when_to_ask_again(site, sold, told, monkeypatch):
    begun = ready(site, sold)
    link = site.get(f"exports/{begun['id']}/download").json()

    def away(*_):
        raise OSError("away")

    with monkeypatch.context() as broken:
        broken.setattr(default_storage, "_open", away)
        answer = Client().get("/" + path_of(link))
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    default_storage.delete(export_of(sold, begun).path)
    assert Client().get("/" + path_of(link)).status_code == 404


def test_a_strangers_export_is_not_found(site, sold, another_shop, told):
    begun = ready(site, sold)
    stranger = Caller.of(another_shop)
    for path in (f"exports/{begun['id']}", f"exports/{begun['id']}/download"):
        assert problem(stranger.get(path)) == problem(stranger.get(path.replace(begun["id"], show("exp", new_id()))))
        assert problem(stranger.get(path)) == (404, "not_found")
