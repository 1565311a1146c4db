"""Both stores answer alike: what is kept, what is not there, what fails, and that nothing has a public address."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured, SuspiciousFileOperation, SuspiciousOperation
from django.core.files.base import ContentFile, File
from django.utils.module_loading import import_string

from billing.environment import store
from merchants.stores import bucket as bucket_module
from tests.contracts.bucket_double import Bucket, a_bucket

PATH = "documents/one/é-1.pdf"
LARGE = b"0123456789abcdef" * (bucket_module.PART // 16 + 40_000)
"""More than one part of an upload in parts."""


@dataclass
class Kept:
    """A store, and a way to break it."""

    store: Any
    folder: Path | None = None
    bucket: Bucket | None = None

    def break_writes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """No room is left."""
        if self.bucket is not None:
            self.bucket.full = True
        else:

            def full(*_: object) -> None:
                raise OSError(28, "No space left on device")

            monkeypatch.setattr(os, "fsync", full)

    def mend(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.undo()
        if self.bucket is not None:
            self.bucket.full = False


def opened(monkeypatch: pytest.MonkeyPatch, url: str) -> Any:
    """The store that DOCUMENTS_STORE says, as the settings make it."""
    monkeypatch.setenv("DOCUMENTS_STORE", url)
    said, folder = store("DOCUMENTS_STORE")
    options = said.get("OPTIONS", {}) or {"location": folder}
    return import_string(said["BACKEND"])(**options)


@pytest.fixture(scope="module")
def one_bucket() -> Iterator[Kept]:
    """A store on a bucket. Its client takes a third of a second to make: one for all tests."""
    with pytest.MonkeyPatch.context() as environment, a_bucket() as found:
        environment.setenv("AWS_ACCESS_KEY_ID", "k")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "s")
        environment.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
        yield Kept(opened(environment, found.url), bucket=found)


@pytest.fixture
def a_folder(tmp_path: Path) -> Kept:
    """A store in a folder."""
    with pytest.MonkeyPatch.context() as environment:
        return Kept(opened(environment, f"file://{tmp_path}"), folder=tmp_path)


@pytest.fixture(params=["folder", "bucket"])
def kept(request: pytest.FixtureRequest) -> Iterator[Kept]:
    """Each of them, empty."""
    found: Kept = request.getfixturevalue("a_folder" if request.param == "folder" else "one_bucket")
    yield found
    if found.bucket is not None:
        found.bucket.files.clear()
        found.bucket.asked.clear()
        found.bucket.refuses = None


def test_what_is_saved_is_read_again_under_its_name(kept: Kept) -> None:
    assert not kept.store.exists(PATH)
    assert kept.store.save(PATH, ContentFile(b"first")) == PATH
    with kept.store.open(PATH) as file:
        assert file.read() == b"first"
    assert (kept.store.exists(PATH), kept.store.size(PATH)) == (True, 5)
    assert kept.store.listdir("documents") == (["one"], [])
    assert kept.store.listdir("documents/one") == ([], ["é-1.pdf"])


def test_saving_a_name_again_replaces_it(kept: Kept) -> None:
    for text in (b"first", b"second"):
        assert kept.store.save(PATH, ContentFile(text)) == PATH
    with kept.store.open(PATH) as file:
        assert file.read() == b"second"
    assert kept.store.listdir("documents/one")[1] == ["é-1.pdf"]


def test_a_large_file_is_written_and_read_in_pieces(kept: Kept) -> None:
    kept.store.save("exports/large.csv", File(BytesIO(LARGE)))
    assert kept.store.size("exports/large.csv") == len(LARGE)
    with kept.store.open("exports/large.csv") as file:
        pieces = list(iter(lambda: file.read(1 << 20), b""))
    assert len(pieces) > 8 and b"".join(pieces) == LARGE
    if kept.bucket is not None:
        assert [call for call in kept.bucket.asked if call.startswith("POST")] == ["POST docs/exports/large.csv"] * 2


def test_what_is_not_there_is_not_found(kept: Kept) -> None:
    with pytest.raises(FileNotFoundError):
        kept.store.open("documents/none.pdf").read()
    with pytest.raises(FileNotFoundError):
        kept.store.size("documents/none.pdf")
    kept.store.delete("documents/none.pdf")  # gone is gone


def test_what_is_deleted_is_gone(kept: Kept) -> None:
    kept.store.save(PATH, ContentFile(b"x"))
    kept.store.delete(PATH)
    assert not kept.store.exists(PATH)


def test_no_room_is_an_error_of_files_and_leaves_nothing_and_no_former_content_lost(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.store.save(PATH, ContentFile(b"first"))
    kept.break_writes(monkeypatch)
    for path in (PATH, "documents/one/2.pdf"):
        with pytest.raises(OSError):
            kept.store.save(path, ContentFile(b"second"))
    kept.mend(monkeypatch)
    assert kept.store.listdir("documents/one")[1] == ["é-1.pdf"]
    with kept.store.open(PATH) as file:
        assert file.read() == b"first"


def test_there_is_no_public_address_and_no_way_out_of_the_store(kept: Kept) -> None:
    kept.store.save(PATH, ContentFile(b"x"))
    with pytest.raises(NotImplementedError):
        kept.store.url(PATH)
    with pytest.raises((SuspiciousFileOperation, SuspiciousOperation)):
        kept.store.open("../../etc/passwd")


def test_a_folder_holds_nothing_half_written(a_folder: Kept) -> None:
    folder = a_folder.folder
    assert folder is not None

    class Killed(ContentFile):
        def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
            yield b"half"
            assert not (folder / PATH).exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        a_folder.store.save(PATH, Killed(b"whole"))
    assert list((folder / "documents/one").iterdir()) == []


@pytest.mark.parametrize("refusal", [(403, "AccessDenied"), (503, "SlowDown"), (500, "InternalError")])
def test_a_bucket_that_refuses_is_away(one_bucket: Kept, refusal: tuple[int, str]) -> None:
    assert one_bucket.bucket is not None
    store = one_bucket.store
    one_bucket.bucket.refuses = refusal
    for act in (
        lambda: store.save(PATH, ContentFile(b"x")),
        lambda: store.open(PATH),
        lambda: store.exists(PATH),
        lambda: store.delete(PATH),
    ):
        with pytest.raises(bucket_module.StoreAway):
            act()
    one_bucket.bucket.refuses = None
    assert not store.exists(PATH)


def test_a_bucket_that_is_not_there_or_hangs_is_away_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setattr(bucket_module, "READ_SECONDS", 0.2)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    with a_bucket() as bucket:
        unknown = opened(monkeypatch, bucket.url.replace("s3://paper", "s3://glass"))
        with pytest.raises(bucket_module.StoreAway, match="NoSuchBucket"):
            unknown.save(PATH, ContentFile(b"x"))
        slow = opened(monkeypatch, bucket.url)
        bucket.slow, began = 20.0, time.monotonic()
        with pytest.raises(bucket_module.StoreAway):
            slow.save(PATH, ContentFile(b"x"))
        assert time.monotonic() - began < 15
    gone = opened(monkeypatch, bucket.url)
    with pytest.raises(bucket_module.StoreAway):
        gone.open(PATH)


def test_the_setting_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    def said(url: str) -> Any:
        monkeypatch.setenv("DOCUMENTS_STORE", url)
        return store("DOCUMENTS_STORE")

    folder = {"BACKEND": "merchants.stores.folder.FolderStore"}
    assert said("") == (folder, None)
    assert said("file:///srv/my%20media") == (folder, "/srv/my media")
    assert said("s3://paper/a/b/")[0]["OPTIONS"] == {
        "bucket": "paper",
        "prefix": "a/b",
        "endpoint": None,
        "region": None,
        "style": "auto",
    }
    assert said("s3://paper?endpoint=https://minio.example:9000&region=fr-par")[0]["OPTIONS"] == {
        "bucket": "paper",
        "prefix": "",
        "endpoint": "https://minio.example:9000",
        "region": "fr-par",
        "style": "path",
    }
    for wrong in (
        "/srv/media",
        "file://elsewhere/srv",
        "s3://",
        "s3://key:secret@paper/",
        "s3://paper?endpoint=minio.example",
        "s3://paper?style=odd",
        "s3://paper?public=1",
        "s3://paper?public",
        "ftp://paper/x",
    ):
        with pytest.raises(ImproperlyConfigured, match="DOCUMENTS_STORE must look like"):
            said(wrong)
