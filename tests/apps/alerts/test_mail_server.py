"""Letters on their way: what a mail server refuses, loses or takes twice, and who hears of it."""

from __future__ import annotations

import smtplib
from datetime import timedelta

import pytest
import time_machine
from django.core import mail as outbox

from alerts.models import Message
from alerts.services import mail
from merchants.clock import instant
from merchants.models import Membership, Merchant, User
from merchants.tenancy.across import across_tenants
from merchants.tenancy.scope import tenant
from subscribers import history
from tests.apps.alerts.rooms import alerts, events, messages, part, publish

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]


def letter(shop, person, **columns):
    """A letter of a kind that needs nothing but its subscriber."""
    with tenant(shop.id):
        values = {"kind": "cancellation_undone", "locale": "en", "created_at": instant(), "next_try_at": instant()}
        return Message.objects.create(subscriber=person, **{**values, **columns})


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"email": ""}, "The subscriber has no e-mail address."),
        ({"email": "a@b.example, c@d.example"}, "The subscriber's e-mail address is not one."),
        ({"email": "a@b.example\r\nBcc: all@evil.example"}, "The subscriber's e-mail address is not one."),
    ],
)
def test_a_letter_to_nobody_is_dropped_and_says_why(shop, columns, why):
    """Addresses as an old import may have left them: services refuse such today."""
    person = shop.enrol()
    with tenant(shop.id):
        history.update(person, columns, actor=shop.actor, now=shop.now(), verb="updated")
    row = letter(shop, person)
    assert mail.send(shop.id) == 0
    assert outbox.outbox == []
    assert messages(shop, "status", "last_error", id=row.pk) == [("dropped", why)]


def test_no_header_can_be_injected_by_a_merchants_name(shop):
    person = shop.enrol()
    with tenant(shop.id):
        Merchant.objects.update(name="Onde\r\nBcc: all@evil.example\u202e")
    letter(shop, person)
    mail.send(shop.id)
    [sent] = outbox.outbox
    raw = sent.message().as_bytes().split(b"\n\n")[0]
    assert b"\nBcc:" not in raw
    assert sent.from_email.startswith('"Onde Bcc: all@evil.example" <no-reply@')
    assert "\n" not in sent.subject
    assert sent.recipients() == ["lucie@courriel.example"]


def test_text_of_people_is_escaped_in_html_and_plain_in_text(shop):
    with tenant(shop.id):
        Merchant.objects.update(name="<b>Onde</b> & Cie")
    letter(shop, shop.enrol())
    mail.send(shop.id)
    [sent] = outbox.outbox
    assert "&lt;b&gt;Onde&lt;/b&gt; &amp; Cie" in part(sent, "text/html")
    assert "<b>Onde</b> & Cie" in sent.body


class Server:
    """A mail server that answers as told."""

    def __init__(self, *problems: Exception | None) -> None:
        self.problems = list(problems)
        self.accepted: list[object] = []

    def send_messages(self, batch):
        problem = self.problems.pop(0) if self.problems else None
        if problem is not None:
            raise problem
        self.accepted.extend(batch)
        return len(batch)

    def close(self):
        """Nothing to close."""


@pytest.fixture
def server(monkeypatch):
    made = Server()
    monkeypatch.setattr(mail, "get_connection", lambda: made)
    return made


def test_a_server_that_is_away_is_tried_again_with_the_same_message_id(shop, server):
    first, second = (letter(shop, shop.enrol(name)) for name in ("one", "two"))
    server.problems = [ConnectionRefusedError(), None, None]
    at = instant()
    assert mail.send(shop.id) == 0
    [waiting] = messages(shop, id=first.pk)
    assert (waiting.status, waiting.tries) == ("waiting", 1)
    assert waiting.last_error == "The mail server could not be reached (ConnectionRefusedError)."
    assert timedelta(seconds=40) <= waiting.next_try_at - at <= timedelta(seconds=90)
    assert messages(shop, "tries", id=second.pk) == [0]  # the others are not tried in vain
    with time_machine.travel(at + timedelta(minutes=2), tick=True):
        assert mail.send(shop.id) == 2
    assert [one.extra_headers["Message-ID"] for one in server.accepted] == [
        f"<{row.public_id}@tacite.example>" for row in (second, first)
    ]
    assert messages(shop, "status") == ["sent", "sent"]


def test_a_recipient_that_is_refused_for_good_is_an_alert(shop, server):
    row = letter(shop, shop.enrol())
    server.problems = [smtplib.SMTPRecipientsRefused({"lucie@courriel.example": (550, b"no such user")})]
    assert mail.send(shop.id) == 0
    [failed] = messages(shop)
    assert (failed.status, failed.tries, failed.next_try_at) == ("failed", 1, None)
    [alert] = alerts(shop)
    assert (alert.kind, alert.severity, alert.fact, alert.subscriber_id) == (
        "letter_failed",
        "warn",
        f"letter_failed:{row.public_id}",
        row.subscriber_id,
    )


def test_what_a_mail_server_says_is_kept_without_the_address(shop, server):
    letter(shop, shop.enrol())
    server.problems = [smtplib.SMTPResponseException(550, b"5.1.1 <lucie@courriel.example>: no such user")]
    assert mail.send(shop.id) == 0
    [failed], [alert] = messages(shop), alerts(shop)
    assert failed.last_error == alert.details["why"] == "The mail server answered 550: 5.1.1 <\u2026>: no such user"
    assert "lucie@" not in str([event.data for event in events(shop, "alert.raised")])  # the journal stays for ever


def test_a_letter_that_never_leaves_is_given_up_after_ten_tries(shop, server):
    letter(shop, shop.enrol())
    server.problems = [smtplib.SMTPResponseException(451, b"later")] * 10
    for _ in range(12):
        mail.send(shop.id)
        with tenant(shop.id):
            Message.objects.filter(status="waiting").update(next_try_at=instant())
    [failed] = messages(shop)
    assert (failed.status, failed.tries, failed.last_error) == ("failed", 10, "The mail server answered 451: later")
    assert server.problems == []


def test_a_worker_that_dies_after_sending_sends_again_with_the_same_id(shop, server, monkeypatch):
    letter(shop, shop.enrol())

    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(mail, "record", killed)
        with pytest.raises(KeyboardInterrupt):
            mail.send(shop.id)
    assert len(server.accepted) == 1
    assert mail.send(shop.id) == 0  # the claim stands
    with time_machine.travel(instant() + mail.LEASE + timedelta(seconds=1), tick=True):
        assert (shop.id in {merchant for merchant, _ in across_tenants("due_messages", instant(), 1_000_000)}) is True
        assert mail.send(shop.id) == 1
    one, two = server.accepted
    assert one.extra_headers["Message-ID"] == two.extra_headers["Message-ID"]
    assert len(events(shop, "message.sent")) == 1


def test_one_letter_that_cannot_be_written_does_not_hold_up_the_others(shop, server):
    letter(shop, shop.enrol("one"), kind="no_such_letter")
    letter(shop, shop.enrol("two"))
    assert mail.send(shop.id) == 1
    assert messages(shop, "kind", "status", "last_error") == [
        ("no_such_letter", "waiting", "KeyError"),
        ("cancellation_undone", "sent", ""),
    ]


def test_owners_and_administrators_are_told_that_webhooks_were_given_up(shop):
    with tenant(shop.id):
        for name, role in (("owner", "owner"), ("admin", "admin"), ("reader", "read_only")):
            user = User.objects.create_user(f"{name}-{shop.id}@onde.example")
            Membership.objects.create(user=user, role=role, created_at=instant())
    from alerts.models import Alert
    from alerts.services import raising

    with tenant(shop.id):
        alert = Alert(
            kind="webhook_given_up",
            severity="bad",
            fact="webhook_given_up:whe_x:2026-11-03",
            details={"endpoint": "whe_x", "url": "https://hooks.shop.example/in"},
            created_at=instant(),
        )
        raising.raise_all([alert], now=shop.now())
    publish(shop)
    assert mail.send(shop.id) == 1
    [sent] = outbox.outbox
    assert sent.to == [f"admin-{shop.id}@onde.example", f"owner-{shop.id}@onde.example"]
    assert "hooks.shop.example" in sent.subject
    assert "hooks.shop.example" in sent.body
    assert f"/office/{shop.merchant.public_id}/alerts" in sent.body
