"""Sending letters: claim and gather in one scope, write and send outside any, record in another. At least once.

A letter that was sent and not recorded (the worker died in between) goes again with the same Message-ID.
"""

from __future__ import annotations

import logging
import random
import re
import smtplib
import time
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.mime.image import MIMEImage
from email.utils import formataddr, parseaddr
from pathlib import PurePath
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation

from alerts import patience
from alerts.models import Alert, Message
from alerts.services import letter_texts, letters, raising, staff
from alerts.services.letter_enclosed import CARD_ID, card_picture, printed
from alerts.services.letters import Dropped, Matter, TooEarly
from alerts.services.nudge import nudge
from invoices.services.files import read
from merchants import journal
from merchants.clock import instant
from merchants.models import Merchant
from merchants.now import Now
from merchants.tenancy.across import across_tenants
from merchants.tenancy.scope import current, tenant
from subscribers.services import facts

log = logging.getLogger(__name__)
_ADDRESS = re.compile(r"[^\s<>@:;,]+@[^\s<>@:;,]*")

MERCHANTS = 1_000
LEASE = timedelta(minutes=5)
"""How long a claim holds; a mail server answers or times out long before."""

LOOK_AGAIN = timedelta(seconds=10)
"""How long until a letter that waits for its PDF is looked at again."""

TURN_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A letter that is ours to send. `matter` is None where it was dropped, put off or could not be gathered."""

    id: UUID
    tries: int
    matter: Matter | None


def nudge_due() -> int:
    """Ask workers to send for every merchant that has letters due; how many there are."""
    due = across_tenants("due_messages", instant(), MERCHANTS)
    for merchant_id, _ in due:
        nudge("send", merchant_id)
    return len(due)


def send(merchant_id: UUID) -> int:
    """Send a merchant's letters that are due, one after the other over one connection; how many left the house.

    Stops when the mail server cannot be reached: the letter just tried waits, the others are due still.
    """
    sent, began = 0, time.monotonic()
    connection: BaseEmailBackend = get_connection()
    try:
        while (claimed := claim(merchant_id)) is not None:
            if claimed.matter is not None:
                problem = _send_one(connection, claimed.matter)
                with tenant(merchant_id):
                    record(claimed, problem, at=instant())
                sent += problem is None
                if problem is not None and problem.server_away:
                    break
            if time.monotonic() - began > TURN_SECONDS:
                nudge("send", merchant_id)
                break
    finally:
        connection.close()
    return sent


def claim(merchant_id: UUID) -> Claimed | None:
    """The next letter that is due, with what it says; None where none is."""
    with tenant(merchant_id):
        at = instant()
        row = (
            Message.objects.filter(status=Message.Status.WAITING, next_try_at__lte=at)
            .order_by("next_try_at", "id")
            .select_for_update(skip_locked=True)
            .first()
        )
        if row is None:
            return None
        matter = None
        try:
            with transaction.atomic():
                matter = letters.gather(row, at=at)
        except TooEarly:
            row.next_try_at = at + LOOK_AGAIN
            row.save(update_fields=["next_try_at"])
            return Claimed(id=row.pk, tries=row.tries, matter=None)
        except Dropped as why:
            row.status, row.last_error, row.next_try_at = Message.Status.DROPPED, str(why)[:300], None
            row.save(update_fields=["status", "last_error", "next_try_at"])
            return Claimed(id=row.pk, tries=row.tries, matter=None)
        except Exception as fault:  # one letter that cannot be written must not hold up the others
            log.exception("Letter %s could not be gathered.", row.pk)
            row.tries += 1
            row.save(update_fields=["tries"])
            record(Claimed(id=row.pk, tries=row.tries, matter=None), Problem(text=type(fault).__name__), at=at)
            return Claimed(id=row.pk, tries=row.tries, matter=None)
        row.tries, row.next_try_at = row.tries + 1, at + LEASE
        row.save(update_fields=["tries", "next_try_at"])
        return Claimed(id=row.pk, tries=row.tries, matter=matter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a letter did not leave. `final`: trying again is of no use."""

    text: str
    final: bool = False
    server_away: bool = False


def _send_one(connection: BaseEmailBackend, matter: Matter) -> Problem | None:
    try:
        compose(matter, connection).send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        return Problem(text=f"The mail server refused the recipient ({codes}).", final=all(c >= 500 for c in codes))
    except smtplib.SMTPResponseException as error:
        said = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        final = error.smtp_code >= 500 and not isinstance(error, smtplib.SMTPAuthenticationError)
        return Problem(text=f"The mail server answered {error.smtp_code}: {said}"[:300], final=final)
    except (OSError, smtplib.SMTPException) as error:
        connection.close()
        return Problem(text=f"The mail server could not be reached ({type(error).__name__}).", server_away=True)
    except Exception as fault:
        log.exception("Letter %s could not be written.", matter.message_id)
        return Problem(text=type(fault).__name__)
    return None


def compose(matter: Matter, connection: BaseEmailBackend | None = None) -> EmailMultiAlternatives:
    """The e-mail: text and HTML in the reader's language, from the merchant's name, with its PDF. No scope is open.

    Raises DocumentNotReady where the store does not answer or has lost the PDF: the letter is tried again."""
    with translation.override(matter.locale):
        text = letter_texts.write(matter)
        shown = {
            "merchant": {"name": matter.merchant},
            "text": text,
            "subject": text.subject,
            "accent": matter.accent,
            "legal_line": matter.legal_line,
        }
        plain = render_to_string("mail/letter.txt", shown)
        html = render_to_string("mail/letter.html", shown)
    mail = EmailMultiAlternatives(
        subject=one_line(text.subject),
        body=plain.strip() + "\n",
        from_email=sender(matter.merchant),
        to=list(matter.to),
        reply_to=[matter.reply_to] if matter.reply_to else None,
        headers={"Message-ID": message_id(matter.public_id), "Auto-Submitted": "auto-generated"},
        connection=connection,
    )
    mail.attach_alternative(html, "text/html")
    for name, content in printed(matter.enclosed.papers):
        mail.attach(name, content, "application/pdf")
    if text.card:
        mail.attach(_picture(text.card))
    if matter.invoice is not None and matter.invoice.file is not None:
        name = PurePath(matter.invoice.number.replace("/", "-")).name
        mail.attach(f"{name}.pdf", read(matter.invoice.file), "application/pdf")
    return mail


def _picture(code: str) -> MIMEImage:
    """The membership card, shown in the letter and kept with it."""
    picture = MIMEImage(card_picture(code), "png")
    picture.add_header("Content-ID", f"<{CARD_ID}>")
    picture.add_header("Content-Disposition", "inline", filename="card.png")
    return picture


def one_line(text: str) -> str:
    """A text for a header: no line break, no control or direction character.

    >>> one_line("Onde\\r\\nBcc: x@y.example\\u202e")
    'Onde Bcc: x@y.example'
    """
    clean = "".join(" " if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else c for c in text)
    return re.sub(" {2,}", " ", clean).strip(" ")


def sender(merchant: str) -> str:
    """The merchant's name over our address: that is what mail servers know us by.

    >>> from django.test import override_settings
    >>> with override_settings(DEFAULT_FROM_EMAIL="Tacite <no-reply@tacite.example>"): sender('Onde, "Music"')
    '"Onde, \\\\"Music\\\\"" <no-reply@tacite.example>'
    """
    return formataddr((one_line(merchant), parseaddr(settings.DEFAULT_FROM_EMAIL)[1]))


def message_id(public_id: str) -> str:
    """The same at every try: a mailbox that got it twice can tell."""
    return f"<{public_id}@{parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition('@')[2]}>"


def without_addresses(text: str) -> str:
    """What a mail server answered, without the address it was about: it goes into the journal, which nobody can erase.

    >>> without_addresses("550 5.1.1 <lucie@courriel.example>: unknown user")
    '550 5.1.1 <…>: unknown user'
    """
    return _ADDRESS.sub("…", text)


def record(claimed: Claimed, problem: Problem | None, *, at: datetime) -> None:
    """Write what came of a letter, in the tenant's scope: sent (told in the journal), to be tried again, or failed
    (told by an alert). A record that comes after another worker's is dropped: `tries` tells."""
    row = Message.objects.select_for_update().filter(id=claimed.id, tries=claimed.tries).first()
    if row is None or row.status != Message.Status.WAITING:
        return
    now = Now(at=at, zone=Merchant.objects.values_list("timezone", flat=True).get(id=current()))
    if problem is None:
        row.status, row.sent_at, row.next_try_at, row.last_error = Message.Status.SENT, at, None, ""
        if claimed.matter is not None:
            with translation.override(claimed.matter.locale):
                row.subject = one_line(letter_texts.write(claimed.matter).subject)[:200]
        _tell(row, now=now)
    else:
        waits = patience.wait(patience.LETTER_WAITS, row.tries, chance=random.random())  # noqa: S311 - spreads load
        row.last_error = without_addresses(one_line(problem.text))[:300]
        if problem.final or waits is None:
            row.status, row.next_try_at = Message.Status.FAILED, None
            _alert(row, now=now)
        else:
            row.next_try_at = at + waits
    row.save(update_fields=["status", "sent_at", "next_try_at", "last_error", "subject"])
    if problem is None and claimed.matter is not None and claimed.matter.alert_ids:
        staff.told(claimed.matter.alert_ids, at=at)


def _tell(row: Message, *, now: Now) -> None:
    data = {"object": {"id": row.public_id, "kind": row.kind, "locale": row.locale}}
    if row.subscriber_id is not None:
        facts.tell(row.subscriber_id, ("message.sent", row.pk, data), actor=raising.ACTOR, now=now)
    else:
        journal.record(kind="message.sent", object_id=row.pk, data=data, actor=raising.ACTOR, now=now)


def _alert(row: Message, *, now: Now) -> None:
    alert = Alert(
        kind="letter_failed",
        severity=Alert.Severity.WARN,
        fact=f"letter_failed:{row.public_id}",
        subscriber_id=row.subscriber_id,
        details={"message": row.public_id, "letter": row.kind, "why": row.last_error},
        created_at=now.at,
    )
    raising.raise_all([alert], now=now)
