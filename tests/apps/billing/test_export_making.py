"""An export being made: pieces that lose and double nothing, workers that die, stores that fail, files that age."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import runs
from billing.exports import reading
from billing.exports.kinds import KINDS
from billing.flows import export_making
from billing.flows.export_making import expire, make
from billing.flows.export_writing import asked_of
from billing.models import Export
from merchants.clock import instant
from merchants.refusals import Conflict
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber
from tests.apps.billing.exported import asked, crowd, made, now_of, sell, table
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Any) -> None:
    """A store of this test's own."""
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture(scope="module")
def sold(django_db_setup: None, django_db_blocker: Any) -> Iterator[Shop]:
    """Two who bought, at two rates of VAT; one of them got something back. For all tests here that add nobody."""
    with django_db_blocker.unblock():
        yield sell(Shop.open("Onde"))


@pytest.mark.parametrize(("count", "piece"), [(2_501, 2_500), (9, 10), (10, 10), (11, 10), (20, 10)])
def test_the_edge_of_a_piece_loses_and_doubles_nothing_while_others_enrol(
    shop: Shop, count: int, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reading.PIECE == 2_500
    monkeypatch.setattr(reading, "PIECE", piece)
    crowd(shop, count)
    export = asked(shop, "subscribers")
    told, late = export_making._tell, itertools.count(1)

    def enrol_meanwhile(row: Export, **said: Any) -> None:
        shop.enrol(f"late{next(late)}")
        told(row, **said)

    monkeypatch.setattr(export_making, "_tell", enrol_meanwhile)
    make(merchant_id=shop.id, export_id=export.pk)
    done = now_of(shop, export)
    assert (done.status, done.rows) == ("ready", count)
    assert [row["reference"] for row in table(done)] == [f"p{n:05}" for n in range(count)]
    with tenant(shop.id):
        assert Subscriber.objects.filter(reference__startswith="late").count() == next(late) - 1 >= 3


def test_a_piece_costs_as_many_queries_whatever_it_holds_and_wherever_it_is(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold = sell(shop)
    crowd(sold, 40)
    for kind in ("subscribers", "changes"):
        costs = []
        for size in (5, 10):
            monkeypatch.setattr(reading, "PIECE", size)
            with tenant(sold.id):
                row = Export(kind=kind, format="csv", locale="en", merchant_id=sold.id)
            question = asked_of(row, sold.merchant)
            flow = reading.read(KINDS[kind].sources, question)
            pieces = []
            for _ in range(4):
                with CaptureQueriesContext(
                    connection,
                ) as seen:
                    assert len(next(flow)) == size
                pieces.append(len(seen))
            costs.append(pieces)
        assert costs[0][1:] == costs[1][1:], kind
        assert len(set(costs[0][1:])) == 1, kind  # the first piece also asks where the end is
        assert costs[0][1] <= 12, kind


def test_documents_of_two_tables_come_in_order_across_pieces(sold: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = table(made(sold, "invoices"))
    for size in (1, 2, 3):
        monkeypatch.setattr(reading, "PIECE", size)
        assert table(made(sold, "invoices")) == whole


def test_a_worker_killed_in_the_middle_is_replaced_and_the_file_is_made_from_its_beginning(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(sold := shop, 30)
    monkeypatch.setattr(reading, "PIECE", 10)
    export = asked(sold, "subscribers")

    class Killed(BaseException):
        pass

    told = export_making._tell

    def die(row: Export, **said: Any) -> None:
        told(row, **said)
        if row.rows >= 20:
            raise Killed

    with monkeypatch.context() as broken:
        broken.setattr(export_making, "_tell", die)
        with pytest.raises(Killed):
            make(merchant_id=sold.id, export_id=export.pk)
    left = now_of(sold, export)
    assert (left.status, left.rows, left.tries) == ("making", 20, 1)
    assert (sold.id, export.pk) not in runs.exports_to_make()  # it may still be alive
    make(merchant_id=sold.id, export_id=export.pk)
    assert now_of(sold, export).claim == left.claim

    with tenant(sold.id):
        Export.objects.filter(id=export.pk).update(beaten_at=instant() - export_making.STILL - timedelta(seconds=1))
    assert (sold.id, export.pk) in runs.exports_to_make()
    make(merchant_id=sold.id, export_id=export.pk)
    done = now_of(sold, export)
    assert (done.status, done.rows, done.tries) == ("ready", 30, 2)
    references = Counter(row["reference"] for row in table(done))
    assert len(references) == 30 and set(references.values()) == {1}
    assert len(default_storage.listdir(f"exports/{sold.id}")[1]) == 1


def test_who_lost_the_claim_stops_and_writes_nothing_more(sold: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    export = asked(sold, "subscribers")
    told = export_making._tell
    state: dict[str, Any] = {"taken": False}

    def taken(row: Export, **said: Any) -> None:
        if not state["taken"]:  # while the first one writes, a second one takes over and ends it
            state["taken"] = True
            with tenant(sold.id):
                Export.objects.filter(id=export.pk).update(beaten_at=instant() - export_making.STILL * 2)
            make(merchant_id=sold.id, export_id=export.pk)
        told(row, **said)

    monkeypatch.setattr(export_making, "_tell", taken)
    make(merchant_id=sold.id, export_id=export.pk)
    done = now_of(sold, export)
    assert (done.status, done.tries, done.rows) == ("ready", 2, 2)
    assert len(default_storage.listdir(f"exports/{sold.id}")[1]) == 1


def test_a_store_that_fails_is_tried_again_and_then_given_up(sold: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    export = asked(sold, "invoices")

    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(default_storage, "save", full)
        for tries, wait in ((1, 1), (2, 5), (3, 15)):
            before = instant()
            make(merchant_id=sold.id, export_id=export.pk)
            waits = now_of(sold, export)
            assert (waits.status, waits.tries, waits.code) == ("waiting", tries, "store_away")
            assert timedelta(minutes=wait) <= waits.next_try_at - before < timedelta(minutes=wait, seconds=30)
            make(merchant_id=sold.id, export_id=export.pk)  # not due yet: nothing happens
            assert now_of(sold, export).tries == tries
            with tenant(sold.id):
                Export.objects.filter(id=export.pk).update(next_try_at=instant())
        make(merchant_id=sold.id, export_id=export.pk)
        assert (now_of(sold, export).status, now_of(sold, export).code) == ("failed", "store_away")
    again = made(sold, "invoices")
    assert again.rows == 3


def test_a_worker_that_dies_every_time_is_not_replaced_for_ever(sold: Shop) -> None:
    export = asked(sold, "invoices")
    for _ in range(5):
        with tenant(sold.id):
            row = export_making._claimed(export.pk, export.pk)
            assert row is not None
            Export.objects.filter(id=export.pk).update(beaten_at=instant() - export_making.STILL * 2)
    make(merchant_id=sold.id, export_id=export.pk)
    assert (now_of(sold, export).status, now_of(sold, export).code) == ("failed", "interrupted")


def test_after_seven_days_the_file_is_deleted_and_the_row_remembers(sold: Shop) -> None:
    export = made(sold, "invoices")
    kept = made(sold, "payments")
    assert export.expires_at is not None and export.made_at is not None
    assert export.expires_at - export.made_at == timedelta(days=7)
    expire(merchant_id=sold.id, export_id=export.pk)
    assert now_of(sold, export).status == "ready"  # not yet
    with tenant(sold.id):
        Export.objects.filter(id=export.pk).update(expires_at=instant())
    assert runs.expire_exports() >= 1
    gone = now_of(sold, export)
    assert (gone.status, gone.path, gone.sha256, gone.created_by) == ("expired", "", export.sha256, "test key")
    assert not default_storage.exists(export.path)
    assert default_storage.exists(kept.path)


def test_three_at_once_and_no_more(shop: Shop) -> None:
    waiting = [asked(shop, "invoices") for _ in range(3)]
    with pytest.raises(Conflict) as refused:
        asked(shop, "payments")
    assert refused.value.code == "too_many_exports"
    make(merchant_id=shop.id, export_id=waiting[0].pk)
    asked(shop, "payments")
