"""As much of SMTP (RFC 5321) as a mail library speaks to its server: it takes everything and delivers nothing."""

from __future__ import annotations

import re
import socketserver
from dataclasses import dataclass, field

from tools.mail_catcher.letters import Letterbox

LARGEST = 25 * 1024 * 1024  # bytes
LONGEST_LINE = 4_096  # bytes, of a command
PATH = re.compile(r"<([^>]*)>")


@dataclass
class Envelope:
    """What a client has said so far about one mail."""

    sender: str | None = None
    recipients: list[str] = field(default_factory=list)


class Conversation(socketserver.StreamRequestHandler):
    """One client's connection."""

    timeout = 60
    server: SmtpServer

    def handle(self) -> None:
        """Greet, then answer command by command until the client leaves."""
        self.envelope = Envelope()
        self.say("220 mail catcher")
        try:
            while self.answer(self.rfile.readline(LONGEST_LINE)):
                pass
        except (TimeoutError, ConnectionError):
            return

    def say(self, *lines: str) -> None:
        """Send an answer's lines."""
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def answer(self, line: bytes) -> bool:
        """Answer one command; false when the conversation is over."""
        if not line:
            return False
        verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
        match verb.upper():
            case "EHLO":
                self.say("250-mail catcher", f"250-SIZE {LARGEST}", "250-8BITMIME", "250 SMTPUTF8")
            case "HELO" | "NOOP":
                self.say("250 ok")
            case "RSET":
                self.envelope = Envelope()
                self.say("250 ok")
            case "MAIL":
                self.take_sender(rest)
            case "RCPT":
                self.take_recipient(rest)
            case "DATA":
                return self.take_letter()
            case "QUIT":
                self.say("221 bye")
                return False
            case _:
                self.say("502 not known here")
        return True

    def take_sender(self, rest: str) -> None:
        """`MAIL FROM:<…>` begins a mail; the empty address is a bounce's."""
        found = PATH.search(rest)
        if found is None:
            self.say("501 MAIL FROM:<address>")
            return
        self.envelope = Envelope(sender=found[1])
        self.say("250 ok")

    def take_recipient(self, rest: str) -> None:
        """`RCPT TO:<…>`, as often as there are readers."""
        found = PATH.search(rest)
        if self.envelope.sender is None:
            self.say("503 MAIL first")
        elif found is None or not found[1]:
            self.say("501 RCPT TO:<address>")
        else:
            self.envelope.recipients.append(found[1])
            self.say("250 ok")

    def take_letter(self) -> bool:
        """`DATA`: the mail itself, up to a line with one dot. Too long a mail is read to its end and refused."""
        if not self.envelope.recipients:
            self.say("503 RCPT first")
            return True
        self.say("354 end with a dot on a line of its own")
        lines, size = [], 0
        while True:
            line = self.rfile.readline()
            if not line:
                return False
            if line in (b".\r\n", b".\n"):
                break
            size += len(line)
            if size <= LARGEST:
                lines.append(line[1:] if line.startswith(b"..") else line)
        sender, recipients = self.envelope.sender or "", tuple(self.envelope.recipients)
        self.envelope = Envelope()
        if size > LARGEST:
            self.say("552 too long")
            return True
        letter = self.server.letterbox.receive(b"".join(lines), sender=sender, to=recipients)
        self.say(f"250 kept as {letter.number}")
        return True


class SmtpServer(socketserver.ThreadingTCPServer):
    """The listening side."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], letterbox: Letterbox) -> None:
        self.letterbox = letterbox
        super().__init__(address, Conversation)
