"""Letters: to whom, in which words, with what, and once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine
from django.core import mail as outbox
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import translation

from alerts.models import Message
from alerts.services import letter_enclosed, letter_texts, letters, mail, staff
from billing.flows import cancel
from invoices.models import DocumentFile
from invoices.services import printing
from merchants.clock import instant
from merchants.models import Event, Merchant
from merchants.tenancy.scope import tenant
from tests.apps.alerts.rooms import events, messages, part, publish

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]


def bought(shop, *, printed=True, **values):
    """A purchase of Premium at 10.99 a month; its events published."""
    person = shop.enrol("lucie", **values)
    offer = shop.offer("Premium", ("month", None, 1099))
    session = shop.buy(person, offer)
    if printed:
        printing.print_document(merchant_id=shop.id, document_id=session.invoice_id)
    publish(shop)
    return session


def test_the_first_invoice_comes_with_a_welcome_and_its_pdf(shop):
    with tenant(shop.id):
        Merchant.objects.update(support_email="aide@onde.example")
    session = bought(shop, locale="en")
    assert messages(shop, "kind", "status", "subscriber_id") == [("welcome_invoice", "waiting", session.subscriber_id)]
    assert mail.send(shop.id) == 1
    [sent] = outbox.outbox
    number = session.invoice.number
    assert sent.to == ["lucie@courriel.example"]
    assert sent.subject == f"{shop.merchant.name}: welcome, and invoice {number}"
    assert sent.from_email == f"{shop.merchant.name} <no-reply@tacite.example>"
    assert sent.reply_to == ["aide@onde.example"]
    for body in (sent.body, part(sent, "text/html")):
        assert "Your subscription “Premium” is open. Paid today: €10.99." in body
        assert "The invoice is attached." in body
        assert "Next payment: €10.99 on" in body
        assert "A question? Reply to this message." in body
        assert "732829320" in body
    assert "€10.99  Premium\n€10.99  Total" in sent.body
    [(name, content, type_)] = sent.attachments
    assert (name, type_, content[:5]) == (f"{number}.pdf", "application/pdf", b"%PDF-")
    [row] = messages(shop)
    assert sent.extra_headers["Message-ID"] == f"<{row.public_id}@tacite.example>"
    assert (row.status, row.tries, row.subject, row.last_error) == ("sent", 1, sent.subject, "")
    [told] = events(shop, "message.sent")
    assert told.subscriber_id == session.subscriber_id
    assert told.subscriber_sequence is not None
    assert told.data == {"object": {"id": row.public_id, "kind": "welcome_invoice", "locale": "en"}}
    assert mail.send(shop.id) == 0
    assert len(outbox.outbox) == 1


def test_a_letter_speaks_its_readers_language(shop):
    bought(shop, locale="fr")
    translation.activate("en")
    mail.send(shop.id)
    [sent] = outbox.outbox
    assert sent.subject.startswith(f"{shop.merchant.name}\N{NO-BREAK SPACE}: bienvenue, et votre facture ")
    assert "Votre abonnement «\N{NO-BREAK SPACE}Premium\N{NO-BREAK SPACE}» est ouvert." in sent.body
    assert "La facture est jointe." in sent.body
    assert "10,99\N{NO-BREAK SPACE}€" in sent.body
    assert '<html lang="fr">' in part(sent, "text/html")
    assert translation.get_language() == "en"


def test_a_letter_waits_for_its_pdf_then_goes_with_a_link_that_opens_it(shop):
    session = bought(shop, printed=False, locale="en")
    assert mail.send(shop.id) == 0
    [row] = messages(shop)
    assert (row.status, row.tries) == ("waiting", 0)
    assert row.next_try_at > instant()
    with time_machine.travel(instant() + letters.PATIENCE + timedelta(seconds=1), tick=True):
        assert mail.send(shop.id) == 1
    [sent] = outbox.outbox
    assert sent.attachments == []
    [url] = [line for line in sent.body.splitlines() if line.startswith("https://")]
    assert url.startswith("https://pay.tacite.example/documents/")
    assert url in part(sent, "text/html")
    path = url.removeprefix("https://pay.tacite.example")
    assert Client().get(path).status_code == 404  # not printed yet
    printing.print_document(merchant_id=shop.id, document_id=session.invoice_id)
    opened = Client().get(path)
    assert (opened.status_code, opened["Content-Type"]) == (200, "application/pdf")
    assert b"".join(opened.streaming_content)[:5] == b"%PDF-"
    assert Client().get(path[:-2] + "xx").status_code == 404
    with time_machine.travel(instant() + timedelta(days=91), tick=True):
        assert Client().get(path).status_code == 404


def test_a_letter_whose_pdf_is_lost_waits_until_it_is_printed_again(shop, monkeypatch):
    session = bought(shop, locale="en")
    with tenant(shop.id):
        file = DocumentFile.objects.get(invoice_id=session.invoice_id)
    default_storage.delete(file.path)
    asked = []
    monkeypatch.setattr("invoices.services.files.current_app.send_task", lambda name, *rest, **_: asked.append(name))
    assert mail.send(shop.id) == 0
    assert outbox.outbox == []
    [row] = messages(shop)
    assert (row.status, row.tries, row.last_error) == ("waiting", 1, "DocumentNotReady")
    assert asked == ["invoices.tasks.print_lost"]
    printing.print_lost(merchant_id=shop.id, file_id=file.pk)
    with time_machine.travel(row.next_try_at + timedelta(seconds=1), tick=True):
        assert mail.send(shop.id) == 1
    assert [attachment[0] for attachment in outbox.outbox[0].attachments] == [f"{session.invoice.number}.pdf"]


def test_no_link_stands_in_the_outbox_or_the_journal(shop):
    bought(shop, printed=False)
    with tenant(shop.id):
        Message.objects.update(created_at=instant() - timedelta(hours=1))
    mail.send(shop.id)
    assert "/documents/" in outbox.outbox[0].body
    with tenant(shop.id):
        stored = str(list(Message.objects.values())) + str(list(Event.objects.values_list("data")))
    assert "/documents/" not in stored


def test_a_second_invoice_is_not_a_welcome(shop):
    from alerts.occurrences import InvoiceSeen, Occurrence
    from alerts.routes import letters as letters_of
    from merchants.ids import new_id

    seen = InvoiceSeen(id=new_id(), payer_id=new_id(), first=False)
    assert [one.kind for one in letters_of(Occurrence(id=new_id(), kind="invoice.paid", invoice=seen))] == [
        "invoice_paid"
    ]


def test_a_purchase_without_a_document_is_welcomed_and_says_what_comes(shop):
    person = shop.enrol("lucie", locale="en")
    offer = shop.offer("Premium", ("month", 1, 0), ("month", None, 1099))
    shop.buy(person, offer)
    publish(shop)
    assert messages(shop, "kind") == ["welcome"]
    mail.send(shop.id)
    [sent] = outbox.outbox
    assert "Your subscription “Premium” is open. Nothing is due today." in sent.body
    assert "First payment: €10.99 on" in sent.body
    assert "If you cancel before that day, nothing is charged." in sent.body


def test_a_cancellation_is_confirmed_with_the_last_day_one_has(shop):
    session = bought(shop, locale="en")
    mail.send(shop.id)
    done = cancel.cancel_at_period_end(
        merchant_id=shop.id, subscription_id=session.subscription_id, reason="", actor=shop.actor
    )
    publish(shop)
    mail.send(shop.id)
    last = done.service_ends_on - timedelta(days=1)
    day = f"{last.day} {last:%B %Y}"
    sent = outbox.outbox[-1]
    assert sent.subject == f"{shop.merchant.name}: your subscription ends on {day}"
    assert f"up to and including {day}" in sent.body
    assert "Nothing more is charged for the time after that." in sent.body


def test_a_letter_that_is_no_longer_true_is_not_sent(shop):
    session = bought(shop)
    mail.send(shop.id)
    ids = {"merchant_id": shop.id, "subscription_id": session.subscription_id}
    cancel.cancel_at_period_end(**ids, reason="", actor=shop.actor)
    cancel.undo(**ids, actor=shop.actor)
    publish(shop)
    mail.send(shop.id)
    assert messages(shop, "kind", "status") == [
        ("welcome_invoice", "sent"),
        ("cancellation_scheduled", "dropped"),
        ("cancellation_undone", "sent"),
    ]
    assert len(outbox.outbox) == 2


def matter(**columns):
    values = {
        "message_id": None,
        "public_id": "msg_1",
        "kind": "welcome",
        "locale": "en",
        "to": ("a@b.example",),
        "merchant": "Onde",
        "reply_to": "",
        "accent": "#035A69",
        "legal_line": "",
        "office_url": "https://pay.tacite.example/office/mer_1/alerts",
        "invoice": letters.InvoiceTold(
            number="2026-000001",
            currency="EUR",
            gross=1200,
            tax=200,
            exclusive=True,
            issued_on=date(2026, 11, 3),
            lines=(("Premium", 1000),),
            next_on=None,
            next_amount=0,
        ),
        "subscription": letters.SubscriptionTold(
            offer="Premium", ends_on=date(2026, 12, 3), start_on=date(2026, 11, 3)
        ),
        "payment": letters.PaymentTold(amount=1200, refunded=200, currency="EUR", url="https://bank.example/3ds"),
        "enclosed": letter_enclosed.Enclosed(
            card="ABCD2345",
            receipt=letter_enclosed.ReceiptTold(
                number="2026-000001",
                amount=1200,
                currency="EUR",
                means="cash",
                on="2026-11-03",
                left=100,
                lines=(("Premium", 1200),),
            ),
        ),
        "groups": (
            staff.Group(
                kind="card_expiring",
                title="7 cards expire soon",
                severity="warn",
                count=7,
                url="https://pay.tacite.example/office/mer_1/alerts?kind=card_expiring",
                rows=(
                    staff.Row(
                        fact="The card of Ada expires on 31 March",
                        why="Visa",
                        stake="",
                        stake_note="",
                        url="https://x/",
                    ),
                ),
            ),
        ),
    }
    return letters.Matter(**{**values, **columns})


@pytest.mark.parametrize("kind", sorted(letter_texts.TEXTS))
@pytest.mark.parametrize("locale", ["en", "fr"])
def test_every_letter_can_be_written_in_both_languages(kind, locale):
    sent = mail.compose(matter(kind=kind, locale=locale))
    html = part(sent, "text/html")
    assert sent.subject.startswith("Onde")
    assert "%(" not in sent.body + html + sent.subject
    assert "!" not in sent.body
    assert len(sent.body.splitlines()) >= 5


def test_exclusive_prices_show_their_tax():
    assert "€10.00  Premium\n€2.00  VAT\n€12.00  Total" in mail.compose(matter(kind="invoice_paid")).body


def test_every_letter_that_routes_name_has_words():
    from alerts.routes import ROUTES

    named = {rule.kind for route in ROUTES.values() for rule in route.letters}
    assert named | staff.KINDS == set(letter_texts.TEXTS)
