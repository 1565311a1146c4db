"""The pages: a list that renews itself, one letter with its text, HTML and attachments, and JSON for tests.

A letter's HTML is somebody else's: it is shown in a sandboxed frame under a policy that loads nothing and runs nothing.
"""

from __future__ import annotations

import json
import re
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from tools.mail_catcher.letters import Letter, Letterbox

POLICY = "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'"
LETTER_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'"
)
LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")
STYLE = Path(__file__).with_name("style.css")


def linked(text: str) -> str:
    """A plain text as HTML, its addresses clickable.

    >>> linked("Confirm: http://127.0.0.1:8000/a?b=1&c=2.")
    'Confirm: <a href="http://127.0.0.1:8000/a?b=1&amp;c=2" target="_blank" rel="noopener">http://127.0.0.1:8000/a?b=1&amp;c=2</a>.'
    """
    done, at = [], 0
    for found in LINK.finditer(text):
        address = escape(found[0])
        done.append(escape(text[at : found.start()]))
        done.append(f'<a href="{address}" target="_blank" rel="noopener">{address}</a>')
        at = found.end()
    return "".join(done) + escape(text[at:])


def size(content: bytes) -> str:
    """A length for a reader.

    >>> size(b"x" * 2_500), size(b"x")
    ('2.4 kB', '1 B')
    """
    return f"{len(content)} B" if len(content) < 1024 else f"{len(content) / 1024:.1f} kB"


def page(title: str, body: str, *, renewing: bool = False) -> str:
    """A whole page."""
    renew = '<meta http-equiv="refresh" content="5">' if renewing else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>{renew}'
        '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/style.css"></head>'
        f'<body><header><a href="/">Mail catcher</a></header><main>{body}</main></body></html>'
    )


def list_page(letters: list[Letter]) -> str:
    """All letters, the newest first."""
    rows = "".join(
        f'<li><a href="/letters/{letter.number}"><b>{escape(letter.subject)}</b>'
        f"<span>{escape(', '.join(letter.recipients))}</span>"
        f"<time>{letter.received_at.astimezone():%d %b %H:%M:%S}</time>"
        f"<small>{attachments_word(letter)}</small></a></li>"
        for letter in letters
    )
    if not rows:
        body = '<p class="none">No mail yet. What Tacite sends appears here within five seconds.</p>'
    else:
        body = f'<form method="post" action="/empty"><button>Empty</button></form><ul class="letters">{rows}</ul>'
    return page(f"Mail ({len(letters)})", body, renewing=True)


def attachments_word(letter: Letter) -> str:
    """How many files came with it."""
    count = len(letter.attachments)
    return "" if not count else "1 attachment" if count == 1 else f"{count} attachments"


def letter_page(letter: Letter) -> str:
    """One letter: who, when, its files, its HTML in a frame, its text."""
    at = f"/letters/{letter.number}"
    files = "".join(
        f'<li><a href="{at}/attachments/{index}" download>{escape(attachment.name)}</a> '
        f"<small>{escape(attachment.media_type)}, {size(attachment.content)}</small></li>"
        for index, attachment in enumerate(letter.attachments)
    )
    parts = [
        f"<h1>{escape(letter.subject)}</h1><dl><dt>From</dt><dd>{escape(letter.sender)}</dd>"
        f"<dt>To</dt><dd>{escape(', '.join(letter.recipients))}</dd>"
        f"<dt>At</dt><dd>{letter.received_at.astimezone():%d %b %Y %H:%M:%S}</dd></dl>"
    ]
    if files:
        parts.append(f'<ul class="files">{files}</ul>')
    if letter.html:
        parts.append(
            f'<iframe src="{at}/html" title="HTML" sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>'
        )
    if letter.text:
        shown = "" if letter.html else " open"
        parts.append(f"<details{shown}><summary>Text</summary><pre>{linked(letter.text)}</pre></details>")
    headers = "\n".join(f"{name}: {value}" for name, value in letter.headers)
    parts.append(f"<details><summary>Headers</summary><pre>{escape(headers)}</pre></details>")
    parts.append(f'<p><a href="{at}/source" download="{letter.number:06d}.eml">Source</a></p>')
    return page(letter.subject, "".join(parts))


class Visit(BaseHTTPRequestHandler):
    """One request."""

    server: PageServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Pages, files and JSON."""
        url = urlsplit(self.path)
        letterbox = self.server.letterbox
        match url.path.strip("/").split("/"):
            case [""]:
                self.html(list_page(letterbox.newest_first()))
            case ["healthz"]:
                self.reply(b"ok", "text/plain")
            case ["style.css"]:
                self.reply(STYLE.read_bytes(), "text/css")
            case ["api", "messages"]:
                to = parse_qs(url.query).get("to", [""])[0]
                self.json([letter.described() for letter in letterbox.newest_first(to=to)])
            case ["letters", number, *rest] if number.isdigit() and (letter := letterbox.letter(int(number))):
                self.show(letter, rest)
            case _:
                self.missing()

    def show(self, letter: Letter, rest: list[str]) -> None:
        """One letter or a piece of it."""
        match rest:
            case []:
                self.html(letter_page(letter))
            case ["html"] if letter.html:
                body = f'<base target="_blank">{letter.shown_html}'.encode()
                self.reply(body, "text/html; charset=utf-8", policy=LETTER_POLICY)
            case ["source"]:
                self.reply(letter.source, "application/octet-stream")
            case ["attachments", index] if index.isdigit() and int(index) < len(letter.attachments):
                attachment = letter.attachments[int(index)]
                self.reply(attachment.content, attachment.media_type, file=attachment.name)
            case _:
                self.missing()

    def do_POST(self) -> None:
        """The button that empties the box; only a page of ours has it."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        origin = self.headers.get("Origin")
        if self.path != "/empty" or (origin and urlsplit(origin).netloc != self.headers.get("Host")):
            self.missing()
            return
        self.server.letterbox.empty()
        self.send_response(303)
        self.send_header("Location", "/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_DELETE(self) -> None:
        """`DELETE /api/messages`: the box is empty again, for the next test."""
        if self.path != "/api/messages":
            self.missing()
            return
        self.server.letterbox.empty()
        self.json([])

    def html(self, text: str) -> None:
        """Answer with a page of ours."""
        self.reply(text.encode(), "text/html; charset=utf-8")

    def json(self, answer: object) -> None:
        """Answer with JSON."""
        self.reply(json.dumps(answer, ensure_ascii=False).encode(), "application/json")

    def missing(self) -> None:
        """Answer that there is nothing here."""
        self.reply(page("Nothing here", "<h1>Nothing here</h1>").encode(), "text/html; charset=utf-8", status=404)

    def reply(self, body: bytes, media_type: str, *, status: int = 200, policy: str = POLICY, file: str = "") -> None:
        """Send an answer."""
        self.send_response(status)
        self.send_header("Content-Type", re.sub(r"[^\x20-\x7e]", "", media_type))
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        if file:
            self.send_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(file, safe='')}")
        self.end_headers()
        self.wfile.write(body)


class PageServer(ThreadingHTTPServer):
    """The listening side."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], letterbox: Letterbox) -> None:
        self.letterbox = letterbox
        super().__init__(address, Visit)
