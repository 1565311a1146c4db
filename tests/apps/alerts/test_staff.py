"""The staff hear of failures at once and together, of the rest once each morning, of what they chose not to, never."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import mail as outbox

from alerts.models import Alert, Message
from alerts.services import choosing, mail, raising, settling, staff
from merchants.clock import instant
from merchants.models import Membership, Merchant, User
from merchants.now import Now
from merchants.refusals import Invalid
from merchants.tenancy.scope import tenant
from tests.apps.alerts.rooms import alerts, messages

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]
MORNING = datetime(2031, 3, 4, 6, 5, tzinfo=UTC)
"""Five past seven in Paris."""


@pytest.fixture
def seat(shop):
    """A merchant that speaks English, with an owner and somebody who only reads."""
    with tenant(shop.id):
        Merchant.objects.filter(id=shop.id).update(locale="en", timezone="Europe/Paris")
        for name, role in (("owner", "owner"), ("reader", "read_only")):
            user = User.objects.create_user(f"{name}-{shop.id}@onde.example")
            Membership.objects.create(user=user, role=role, created_at=instant())
    return shop


def raised(shop, kind, n=1, *, severity="warn", at=None, **columns):
    at = at or instant()
    with tenant(shop.id):
        first = Alert.objects.count()
        rows = [
            Alert(kind=kind, severity=severity, fact=f"{kind}:{first + i}", created_at=at, **columns) for i in range(n)
        ]
        return raising.raise_all(rows, now=Now(at=at, zone="Europe/Paris"))


def html(sent):
    return sent.alternatives[0][0]


def test_much_that_fails_at_once_is_one_letter(seat):
    person = seat.enrol("lucie", name="Lucie Garnier")
    raised(seat, "payment_failed", 7, subscriber=person)
    raised(seat, "payment_failed", 3, subscriber=person)
    raised(seat, "card_expiring", 2, subscriber=person)
    assert messages(seat, "kind", "to_merchant", "locale") == [("alerts_now", True, "en")]

    assert mail.send(seat.id) == 1

    [sent] = outbox.outbox
    assert sent.to == [f"owner-{seat.id}@onde.example"]
    assert sent.subject == f"{seat.merchant.name}: 10 payments were refused"
    office = f"https://pay.tacite.example/office/{seat.merchant.public_id}/alerts"
    assert f"{office}?kind=payment_failed" in html(sent)
    assert html(sent).count("The payment of Lucie Garnier was refused") == staff.SHOWN
    assert "and 5 others" in html(sent)
    assert "and 5 others" in sent.body
    assert "expire" not in sent.body
    assert sorted(alerts(seat, "mail")) == [""] * 10 + ["digest"] * 2


def test_one_failure_is_said_in_the_subject_and_links_to_its_place(seat):
    person = seat.enrol("lucie", name="Lucie Garnier")
    session = seat.buy(person, seat.offer("hifi", ("month", None, 12_99)))
    with tenant(seat.id):
        Message.objects.all().delete()
    raised(seat, "payment_failed", subscriber=person, details={"invoice": session.invoice.public_id})
    assert mail.send(seat.id) == 1
    [sent] = outbox.outbox
    assert sent.subject == f"{seat.merchant.name}: The payment of Lucie Garnier was refused"
    assert f"/office/{seat.merchant.public_id}/invoices/{session.invoice.public_id}" in html(sent)


def test_letters_of_failures_keep_their_distance(seat):
    raised(seat, "payment_failed")
    assert mail.send(seat.id) == 1
    raised(seat, "payment_failed")
    assert mail.send(seat.id) == 0
    [_, waits] = messages(seat)
    assert staff.APART - timedelta(minutes=1) < waits.next_try_at - instant() <= staff.APART
    with time_machine.travel(instant() + staff.APART, tick=True):
        assert mail.send(seat.id) == 1
    assert len(outbox.outbox) == 2


def test_what_fails_while_a_letter_is_on_its_way_gets_the_next_one(seat, monkeypatch):
    raised(seat, "payment_failed")
    send = mail._send_one

    def slowly(connection, matter):
        if not outbox.outbox:
            raised(seat, "payment_failed", 2)
        return send(connection, matter)

    monkeypatch.setattr(mail, "_send_one", slowly)
    assert mail.send(seat.id) == 1
    assert messages(seat, "kind", "status") == [("alerts_now", "sent"), ("alerts_now", "waiting")]
    assert sorted(alerts(seat, "mail")) == ["", "at_once", "at_once"]


def test_what_is_resolved_before_the_letter_leaves_is_not_told(seat):
    [alert] = raised(seat, "payment_failed")
    with tenant(seat.id):
        settling.resolve(alert, now=seat.now())
    assert mail.send(seat.id) == 0
    assert messages(seat, "status", "last_error") == [("dropped", "Nothing is left to tell.")]


def test_a_letter_to_the_staff_that_failed_is_not_told_by_a_letter(seat):
    raised(seat, "letter_failed", details={"letter": "alerts_daily"})
    raised(seat, "letter_failed", details={"letter": "invoice_paid"})
    assert alerts(seat, "mail") == ["", "digest"]


def test_the_digest_comes_once_in_the_morning_with_all_that_is_new(seat):
    person = seat.enrol("lucie", name="Lucie Garnier")
    details = {"brand": "visa", "last4": "4242", "last_day": "2031-03-31"}
    raised(seat, "card_expiring", 2, subscriber=person, details=details, at=MORNING - timedelta(hours=9))
    raised(seat, "cancellation_scheduled", subscriber=person, at=MORNING - timedelta(hours=9))
    [seen] = raised(seat, "subscription_ended", subscriber=person, severity="info", at=MORNING - timedelta(hours=9))
    with tenant(seat.id):
        settling.acknowledge(seen, now=seat.now())

    with time_machine.travel(MORNING - timedelta(minutes=10), tick=False):
        staff.write_digests()
        assert messages(seat) == []
    with time_machine.travel(MORNING, tick=False):
        staff.write_digests()
        staff.write_digests()
        assert messages(seat, "kind", "status") == [("alerts_daily", "waiting")]
        assert mail.send(seat.id) == 1
    [sent] = outbox.outbox
    assert sent.subject == f"{seat.merchant.name}: 3 alerts this morning"
    assert "3 things to look at" in sent.body
    assert "2 cards expire soon" in sent.body
    assert "The card of Lucie Garnier expires on 31 March 2031" in sent.body
    assert "Lucie Garnier cancelled" in sent.body
    assert "has ended" not in sent.body
    assert sent.body.index("expire") < sent.body.index("cancelled")  # the order of kinds is always the same
    assert set(alerts(seat, "mail")) == {""}

    raised(seat, "card_expiring", at=MORNING + timedelta(hours=1))
    with time_machine.travel(MORNING + timedelta(hours=3), tick=False):
        staff.write_digests()
        assert mail.send(seat.id) == 0
    with time_machine.travel(MORNING + timedelta(days=1), tick=False):
        staff.write_digests()
        assert mail.send(seat.id) == 1
    with time_machine.travel(MORNING + timedelta(days=2), tick=False):
        staff.write_digests()
        assert mail.send(seat.id) == 0
    assert len(outbox.outbox) == 2


def test_seven_in_the_morning_is_the_merchant_s_own(seat):
    raised(seat, "card_expiring", at=MORNING - timedelta(hours=9))
    with tenant(seat.id):
        Merchant.objects.filter(id=seat.id).update(timezone="America/New_York")  # five past one there
    with time_machine.travel(MORNING, tick=False):
        staff.write_digests()
        assert messages(seat) == []
    with time_machine.travel(MORNING + timedelta(hours=6), tick=False):
        staff.write_digests()
    assert messages(seat, "kind", "day") == [("alerts_daily", MORNING.date())]


def test_what_was_never_told_at_once_is_in_the_digest(seat):
    raised(seat, "payment_failed", at=MORNING - timedelta(hours=9))
    with tenant(seat.id):
        Message.objects.update(status="dropped")
    with time_machine.travel(MORNING, tick=False):
        staff.write_digests()
        assert mail.send(seat.id) == 1
    assert "was refused" in outbox.outbox[0].body


def test_a_merchant_chooses_what_it_hears_of(seat):
    with tenant(seat.id):
        choosing.choose({"payment_failed": "none", "card_expiring": "at_once"}, now=seat.now())
        choosing.choose({"payment_failed": "digest"}, now=seat.now())
    raised(seat, "payment_failed")
    raised(seat, "card_expiring")
    raised(seat, "trial_ending", severity="info")
    assert alerts(seat, "kind", "mail") == [
        ("payment_failed", "digest"),
        ("card_expiring", "at_once"),
        ("trial_ending", "digest"),
    ]
    with tenant(seat.id), pytest.raises(Invalid) as refused:
        choosing.choose({"nothing": "digest", "card_expired": "loudly"}, now=seat.now())
    assert [(e.field, e.code) for e in refused.value.errors] == [
        ("rules.nothing", "alert_kind_unknown"),
        ("rules.card_expired", "alert_mail_unknown"),
    ]


def test_one_merchant_s_digest_is_not_another_s(seat, another_shop):
    raised(seat, "card_expiring", at=MORNING - timedelta(hours=9))
    with time_machine.travel(MORNING, tick=False):
        staff.write_digests()
    assert len(messages(seat)) == 1
    assert messages(another_shop) == []


def test_statements_of_a_letter_do_not_grow_with_what_it_tells(seat):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    person = seat.enrol("lucie")

    def statements(n):
        raised(seat, "card_expiring", n, subscriber=person)
        with tenant(seat.id):
            row = Message(kind="alerts_daily", locale="fr")
            with CaptureQueriesContext(connection) as seen:
                [group], ids = staff.gather(row)
        return group.count, len(ids), len(seen)

    few, many = statements(3), statements(60)
    assert few[:2] == (3, 3)
    assert many[:2] == (63, 63)
    assert few[2] == many[2]
