"""The mail catcher takes mail by SMTP and shows it, without trusting what it shows."""

import json
import smtplib
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tools.mail_catcher.letters import Letterbox
from tools.mail_catcher.pages import PageServer
from tools.mail_catcher.smtp import SmtpServer

PDF = b"%PDF-1.7\n.\r\n..two dots\r\n\x00\xff"


@dataclass
class Catcher:
    smtp_port: int
    address: str
    folder: Path

    def send(self, message: EmailMessage) -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=5) as client:
            client.send_message(message)

    def get(self, path: str) -> tuple[str, dict[str, str]]:
        with urllib.request.urlopen(self.address + path, timeout=5) as answer:
            return answer.read().decode("utf-8", "replace"), dict(answer.headers)

    def messages(self, query: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.get(f"/api/messages{query}")[0])
        return found


@pytest.fixture
def catcher(tmp_path: Path) -> Iterator[Catcher]:
    letterbox = Letterbox(tmp_path / "mail")
    with ExitStack() as stack:
        smtp = stack.enter_context(SmtpServer(("127.0.0.1", 0), letterbox))
        pages = stack.enter_context(PageServer(("127.0.0.1", 0), letterbox))
        for server in (smtp, pages):
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            stack.callback(server.shutdown)
        yield Catcher(smtp.server_address[1], f"http://127.0.0.1:{pages.server_address[1]}", tmp_path / "mail")


def letter(**changes: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Onde <facturation@onde.example>"
    message["To"] = changes.get("to", "Zoé <zoe@example.org>")
    message["Subject"] = changes.get("subject", "Votre reçu – 9,99 €")
    message.set_content(changes.get("text", "Merci !\n.\nhttps://onde.example/compte?a=1&b=2.\n"))
    message.add_alternative(changes.get("html", "<p>Merci <b>Zoé</b></p>"), subtype="html")
    message.add_attachment(PDF, maintype="application", subtype="pdf", filename="Reçu 2026-1.pdf")
    return message


def test_a_mail_sent_by_smtp_is_shown_with_its_attachment(catcher: Catcher) -> None:
    catcher.send(letter())
    (message,) = catcher.messages()
    assert (message["from"], message["to"]) == ("Onde <facturation@onde.example>", ["zoe@example.org"])
    assert message["subject"] == "Votre reçu – 9,99 €"
    assert message["text"].splitlines() == ["Merci !", ".", "https://onde.example/compte?a=1&b=2."]
    assert message["html"].strip() == "<p>Merci <b>Zoé</b></p>"
    (attachment,) = message["attachments"]
    assert (attachment["name"], attachment["type"], attachment["size"]) == (
        "Reçu 2026-1.pdf",
        "application/pdf",
        len(PDF),
    )
    with urllib.request.urlopen(catcher.address + attachment["url"], timeout=5) as answer:
        assert answer.read() == PDF
        assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''Re%C3%A7u%202026-1.pdf"
    shown, _ = catcher.get("/letters/1")
    assert 'href="https://onde.example/compte?a=1&amp;b=2"' in shown
    assert "Reçu 2026-1.pdf" in shown


def test_the_list_is_newest_first_and_can_be_asked_for_one_reader(catcher: Catcher) -> None:
    for number, reader in enumerate(["a@example.org", "b@example.org", "a@example.org"]):
        catcher.send(letter(to=reader, subject=f"Mail {number}"))
    assert [message["subject"] for message in catcher.messages()] == ["Mail 2", "Mail 1", "Mail 0"]
    assert [message["subject"] for message in catcher.messages("?to=A@example.org")] == ["Mail 2", "Mail 0"]
    shown, _ = catcher.get("/")
    assert shown.index("Mail 2") < shown.index("Mail 1") < shown.index("Mail 0")


def test_a_letters_html_runs_nothing_and_loads_nothing(catcher: Catcher) -> None:
    catcher.send(letter(subject="<script>alert(1)</script>", html="<script>alert(2)</script><img src=//x.example>"))
    html, headers = catcher.get("/letters/1/html")
    assert "alert(2)" in html
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy
    shown, _ = catcher.get("/letters/1")
    assert "<script>" not in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert "alert(2)" not in shown
    assert "<script>" not in catcher.get("/")[0]


def test_an_image_inside_the_html_is_put_in_place(catcher: Catcher) -> None:
    message = letter(html='<img src="cid:logo@onde">')
    html = message.get_body(("html",))
    assert html is not None
    html.add_related(b"PNG", maintype="image", subtype="png", cid="<logo@onde>")
    catcher.send(message)
    assert '<img src="data:image/png;base64,UE5H">' in catcher.get("/letters/1/html")[0]


def test_letters_survive_a_restart_and_numbers_go_on(catcher: Catcher) -> None:
    catcher.send(letter(subject="before"))
    again = Letterbox(catcher.folder)
    assert [kept.subject for kept in again.newest_first()] == ["before"]
    assert again.receive(b"Subject: after\r\n\r\n", sender="a@b.c", to=("d@e.f",)).number == 2
    again.empty()
    assert list(catcher.folder.iterdir()) == []


def test_the_box_is_emptied_by_its_own_page_only(catcher: Catcher) -> None:
    catcher.send(letter())
    foreign = urllib.request.Request(
        f"{catcher.address}/empty", data=b"", headers={"Origin": "https://elsewhere.example"}
    )
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(foreign, timeout=5)
    assert len(catcher.messages()) == 1
    urllib.request.urlopen(urllib.request.Request(f"{catcher.address}/api/messages", method="DELETE"), timeout=5)
    assert catcher.messages() == []


def test_a_mail_without_reader_and_an_unknown_command_are_refused(catcher: Catcher) -> None:
    with smtplib.SMTP("127.0.0.1", catcher.smtp_port, timeout=5) as client:
        assert client.docmd("RCPT", "TO:<a@b.c>")[0] == 503
        assert client.docmd("MAIL", "FROM:<a@b.c>")[0] == 250
        assert client.docmd("DATA")[0] == 503
        assert client.docmd("TURN")[0] == 502
    assert catcher.messages() == []


def test_unknown_paths_are_404(catcher: Catcher) -> None:
    for path in ("/letters/1", "/letters/x", "/etc/passwd", "/letters/1/attachments/0"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            catcher.get(path)
    assert catcher.get("/healthz")[0] == "ok"
