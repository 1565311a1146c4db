"""The port to approved platforms, and the one that is a folder: handed in once, its verdict read, never a half."""

from __future__ import annotations

import dataclasses
import json
from datetime import date

import pytest
from django.core.files.base import ContentFile

from billing.platforms.base import InvoiceAsk, ReplyKind, ReportAsk
from billing.platforms.file import FilePlatform
from billing.platforms.registry import KINDS, platform_for
from merchants.stores.folder import FolderStore

REPORT = ReportAsk(
    key="erp_1",
    siren="732829320",
    kind="transactions",
    first=date(2026, 11, 1),
    last=date(2026, 11, 10),
    practice=False,
    xml=b"<Report/>",
    json=b"{}",
)
INVOICE = InvoiceAsk(
    key="inv_1",
    number="F-1",
    siren="732829320",
    buyer_siren="404833048",
    media_type="application/pdf",
    practice=False,
    content=b"%PDF",
)


@pytest.fixture
def store(tmp_path):
    return FolderStore(location=tmp_path)


@pytest.fixture
def platform(store):
    return platform_for("file", store=store, folder="ereports/mer_1/")


def names(store, folder="ereports/mer_1"):
    return sorted(store.listdir(folder)[1])


def test_a_report_is_handed_in_once_whole(platform, store):
    first = platform.send_report(REPORT)
    assert (first.kind, first.reference) == (ReplyKind.sent, "ereports/mer_1/erp_1")
    assert platform.send_report(REPORT) == first
    assert names(store) == ["erp_1.json", "erp_1.xml"]
    assert store.open("ereports/mer_1/erp_1.xml").read() == b"<Report/>"


def test_a_key_that_held_something_else_is_refused_and_nothing_is_overwritten(platform, store):
    platform.send_report(REPORT)
    again = platform.send_report(dataclasses.replace(REPORT, xml=b"<Report>2</Report>"))
    assert (again.kind, again.code) == (ReplyKind.rejected, "key_reused")
    assert store.open("ereports/mer_1/erp_1.xml").read() == b"<Report/>"


def test_a_sandbox_s_files_lie_apart(platform, store):
    assert platform.send_report(dataclasses.replace(REPORT, practice=True)).reference == "ereports/mer_1/essai/erp_1"
    assert names(store) == [] and names(store, "ereports/mer_1/essai") == ["erp_1.json", "erp_1.xml"]
    assert platform.state(key="erp_1").kind is ReplyKind.sent


def test_an_invoice_is_handed_in_as_it_is(platform, store):
    assert platform.send_invoice(INVOICE).kind is ReplyKind.sent
    assert platform.send_invoice(INVOICE).kind is ReplyKind.sent
    assert names(store) == ["inv_1.pdf"] and platform.state(key="inv_1").kind is ReplyKind.sent
    refused = platform.send_invoice(dataclasses.replace(INVOICE, key="inv_2", media_type="text/html"))
    assert (refused.kind, refused.code) == (ReplyKind.rejected, "media_type_unknown")
    assert platform.state(key="inv_2").kind is ReplyKind.not_found


@pytest.mark.parametrize(
    ("left", "kind", "code"),
    [
        ({"state": "accepted", "reference": "F10-1"}, ReplyKind.accepted, ""),
        ({"state": "rejected", "code": "REJ_SEMAN", "message": "TT-81"}, ReplyKind.rejected, "REJ_SEMAN"),
        ({"state": "unknown"}, ReplyKind.sent, "reply_unread"),
        (["accepted"], ReplyKind.sent, "reply_unread"),
        (None, ReplyKind.sent, ""),
    ],
)
def test_its_verdict_is_what_was_left_beside_it(platform, store, left, kind, code):
    platform.send_report(REPORT)
    if left is not None:
        store.save("ereports/mer_1/erp_1.reply.json", ContentFile(json.dumps(left).encode()))
    found = platform.state(key="erp_1")
    assert (found.kind, found.code) == (kind, code)
    assert found.reference == ("F10-1" if kind is ReplyKind.accepted else "ereports/mer_1/erp_1")


def test_what_was_never_handed_in_is_not_found_and_a_store_that_is_away_is_not_known(store, monkeypatch):
    platform = FilePlatform(store=store, folder="ereports/mer_1")
    assert platform.state(key="erp_9").kind is ReplyKind.not_found

    def away(*_):
        raise OSError("no route to host")

    monkeypatch.setattr(store, "exists", away)
    for found in (platform.state(key="erp_1"), platform.send_report(REPORT), platform.send_invoice(INVOICE)):
        assert (found.kind, found.code) == (ReplyKind.unknown, "store_away")


def test_a_half_that_was_written_is_finished(platform, store, monkeypatch):
    save = store.save

    def breaks(name, content):
        if name.endswith(".xml"):
            raise OSError("killed")
        return save(name, content)

    with monkeypatch.context() as broken:
        broken.setattr(store, "save", breaks)
        assert platform.send_report(REPORT).kind is ReplyKind.unknown
    assert platform.state(key="erp_1").kind is ReplyKind.not_found
    assert platform.send_report(REPORT).kind is ReplyKind.sent
    assert names(store) == ["erp_1.json", "erp_1.xml"]


def test_an_unknown_kind_is_refused(store):
    assert KINDS == ("file",)
    with pytest.raises(ValueError, match="known: file"):
        platform_for("pigeon", store=store, folder="x")
