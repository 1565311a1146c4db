"""A platform that is a folder: what is handed in is written there, for a person or a transfer to carry on.

`<folder>/<key>.xml` and `.json` (a report), or `<key>.pdf` and `.xml` (an invoice). Whoever carries it to the approved
platform may leave its verdict beside it, as `<key>.reply.json`: `{"state": "accepted", "reference": "…"}`, or
`"rejected"` with `code` and `message`; it is read when the state is next asked for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any, Protocol

from django.core.files.base import ContentFile

from .base import InvoiceAsk, Reply, ReplyKind, ReportAsk

SUFFIXES: Mapping[str, str] = {"application/pdf": "pdf", "application/xml": "xml"}
VERDICTS = (ReplyKind.accepted, ReplyKind.rejected)
PRACTICE = "essai"
LONGEST_REPLY = 65_536
"""Bytes of a verdict; a longer file is none."""


class Store(Protocol):
    """What is asked of where files lie (Django's storage)."""

    def exists(self, name: str) -> bool: ...
    def open(self, name: str, mode: str = "rb") -> IO[bytes]: ...
    def save(self, name: str, content: Any) -> str: ...


class FilePlatform:
    """Writes into `folder` of a store; a sandbox's files lie in a folder of their own within it."""

    kind = "file"

    def __init__(self, *, store: Store, folder: str) -> None:
        self._store, self._folder = store, folder.strip("/")

    def send_report(self, ask: ReportAsk) -> Reply:
        """The record first, then the format: where the format lies, all of it does."""
        return self._hand_in(ask.key, {"json": ask.json, "xml": ask.xml}, practice=ask.practice)

    def send_invoice(self, ask: InvoiceAsk) -> Reply:
        """The file as it is. Rejected (`media_type_unknown`) where it is of a kind that no platform takes."""
        suffix = SUFFIXES.get(ask.media_type)
        if suffix is None:
            return Reply(kind=ReplyKind.rejected, code="media_type_unknown", message=ask.media_type)
        return self._hand_in(ask.key, {suffix: ask.content}, practice=ask.practice)

    def state(self, *, key: str, reference: str = "") -> Reply:
        """The verdict that was left beside it; sent where there is none yet."""
        for path in (self._path(key, practice=False), self._path(key, practice=True)):
            try:
                if not any(self._store.exists(f"{path}.{suffix}") for suffix in ("xml", "pdf")):
                    continue
                if not self._store.exists(f"{path}.reply.json"):
                    return Reply(kind=ReplyKind.sent, reference=path)
                return _verdict(self._read(f"{path}.reply.json"), path)
            except OSError as error:
                return Reply(kind=ReplyKind.unknown, code="store_away", message=str(error)[:300])
        return Reply(kind=ReplyKind.not_found)

    def _hand_in(self, key: str, files: Mapping[str, bytes], *, practice: bool) -> Reply:
        path = self._path(key, practice=practice)
        try:
            for suffix, content in files.items():
                name = f"{path}.{suffix}"
                if not self._store.exists(name):
                    self._store.save(name, ContentFile(content))
                elif self._read(name) != content:
                    message = f"{name} holds something else"
                    return Reply(kind=ReplyKind.rejected, reference=path, code="key_reused", message=message)
        except OSError as error:
            return Reply(kind=ReplyKind.unknown, code="store_away", message=str(error)[:300])
        return Reply(kind=ReplyKind.sent, reference=path)

    def _path(self, key: str, *, practice: bool) -> str:
        return f"{self._folder}/{f'{PRACTICE}/' if practice else ''}{key}"

    def _read(self, name: str) -> bytes:
        with self._store.open(name) as kept:
            return kept.read()


def _verdict(content: bytes, path: str) -> Reply:
    """What was left beside a file; what cannot be read is no verdict, and is said.

    >>> _verdict(b'{"state": "accepted", "reference": "F10-1"}', "x").reference
    'F10-1'
    >>> _verdict(b"ok", "x").kind
    <ReplyKind.sent: 'sent'>
    """
    unread = Reply(kind=ReplyKind.sent, reference=path, code="reply_unread", message=f"{path}.reply.json is no verdict")
    try:
        said = json.loads(content[:LONGEST_REPLY])
        kind = ReplyKind(said["state"])
    except (ValueError, KeyError, TypeError):
        return unread
    if kind not in VERDICTS:
        return unread
    return Reply(
        kind=kind,
        reference=str(said.get("reference") or path)[:200],
        code=str(said.get("code") or "")[:60],
        message=str(said.get("message") or "")[:400],
    )
