"""What came: each mail read once, kept in memory and as an `.eml` file, the newest first."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

KEPT = 1_000  # older ones are forgotten, their files removed
NUMBERED = re.compile(r"^(\d{6})\.eml$")


@dataclass(frozen=True)
class Attachment:
    """A file that came with a mail, or an image inside its HTML (`content_id`)."""

    name: str
    media_type: str
    content: bytes
    content_id: str = ""


@dataclass(frozen=True)
class Letter:
    """One mail as its reader sees it. `received_at` is an instant (UTC); `recipients` are the envelope's."""

    number: int
    received_at: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    source: bytes

    @property
    def shown_html(self) -> str:
        """The HTML with its inner images put in place, so that it needs nothing from anywhere."""
        html = self.html
        for attachment in self.attachments:
            if attachment.content_id:
                body = base64.b64encode(attachment.content).decode()
                html = html.replace(f"cid:{attachment.content_id}", f"data:{attachment.media_type};base64,{body}")
        return html

    def described(self) -> dict[str, object]:
        """The letter for JSON."""
        return {
            "number": self.number,
            "received_at": self.received_at.isoformat(),
            "from": self.sender,
            "to": list(self.recipients),
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "headers": dict(self.headers),
            "attachments": [
                {
                    "name": attachment.name,
                    "type": attachment.media_type,
                    "size": len(attachment.content),
                    "url": f"/letters/{self.number}/attachments/{index}",
                }
                for index, attachment in enumerate(self.attachments)
            ],
        }


def read(source: bytes, *, number: int, received_at: datetime, sender: str = "", to: tuple[str, ...] = ()) -> Letter:
    """Read a mail. A part in an unknown character set is shown as well as can be, never refused."""
    message = message_from_bytes(source, policy=policy.default)
    assert isinstance(message, EmailMessage)
    texts: dict[str, str] = {"text/plain": "", "text/html": ""}
    attachments = []
    for part in leaves(message):
        kind, disposition = part.get_content_type(), part.get_content_disposition()
        if kind in texts and disposition != "attachment" and not texts[kind]:
            texts[kind] = text_of(part)
            continue
        payload = part.get_payload(decode=True)
        content_id = str(part.get("Content-ID", "")).strip().strip("<>")
        content = payload if isinstance(payload, bytes) else b""
        attachments.append(Attachment(part.get_filename() or "attachment", kind, content, content_id))
    addressed = to or tuple(address.addr_spec for address in getattr(message["To"], "addresses", ()))
    return Letter(
        number=number,
        received_at=received_at,
        sender=str(message["From"] or sender),
        recipients=addressed,
        subject=str(message["Subject"] or "(no subject)"),
        headers=tuple((name, str(value)) for name, value in message.items()),
        text=texts["text/plain"],
        html=texts["text/html"],
        attachments=tuple(attachments),
        source=source,
    )


def leaves(message: EmailMessage) -> Iterator[EmailMessage]:
    """The parts that hold something; a forwarded mail inside counts as one."""
    for part in message.walk():
        if isinstance(part, EmailMessage) and not part.is_multipart():
            yield part


def text_of(part: EmailMessage) -> str:
    """A text part's text."""
    try:
        return str(part.get_content())
    except (LookupError, UnicodeDecodeError, KeyError):
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else str(part.get_payload())


class Letterbox:
    """All letters, safe to use from several threads. A folder keeps them over a restart."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._letters: dict[int, Letter] = {}
        self._last = 0
        self._lock = threading.Lock()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for file in sorted(folder.iterdir()):
                if found := NUMBERED.match(file.name):
                    self._last = int(found[1])
                    at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
                    self._letters[self._last] = read(file.read_bytes(), number=self._last, received_at=at)
            self._forget_oldest()

    def receive(self, source: bytes, *, sender: str, to: tuple[str, ...]) -> Letter:
        """Keep a mail that has just come."""
        with self._lock:
            self._last += 1
            letter = read(source, number=self._last, received_at=datetime.now(UTC), sender=sender, to=to)
            if self._folder is not None:
                self._file(letter.number).write_bytes(source)
            self._letters[letter.number] = letter
            self._forget_oldest()
            return letter

    def newest_first(self, *, to: str = "") -> list[Letter]:
        """All letters, or those to one address."""
        with self._lock:
            letters = list(reversed(self._letters.values()))
        return [letter for letter in letters if not to or to.lower() in (who.lower() for who in letter.recipients)]

    def letter(self, number: int) -> Letter | None:
        """One letter."""
        with self._lock:
            return self._letters.get(number)

    def empty(self) -> None:
        """Forget all letters."""
        with self._lock:
            for number in list(self._letters):
                self._forget(number)

    def _file(self, number: int) -> Path:
        assert self._folder is not None
        return self._folder / f"{number:06d}.eml"

    def _forget(self, number: int) -> None:
        del self._letters[number]
        if self._folder is not None:
            self._file(number).unlink(missing_ok=True)

    def _forget_oldest(self) -> None:
        while len(self._letters) > KEPT:
            self._forget(next(iter(self._letters)))
