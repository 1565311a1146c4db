"""What who was enrolled at a counter finds in their mailbox: card and papers, the invoice; a receipt when asked."""

from __future__ import annotations

import io

import pytest
from django.core import mail as outbox
from pypdf import PdfReader

from alerts.services import mail
from invoices.models import DocumentFile, Payment
from invoices.services import printing
from merchants.models import Event
from merchants.tenancy.scope import tenant
from subscribers.models import MemberCard, Subscriber
from subscribers.services import enrolment
from tests.apps.alerts.conftest import quiet
from tests.apps.alerts.rooms import messages, part, publish
from tests.pages.test_counter_signing import chosen, desk, send, shop, sign

__all__ = ["desk", "quiet", "shop"]
pytestmark = pytest.mark.django_db(transaction=True)


def enrolled(shop, desk, **more):
    sent = chosen(shop, means="cash", later="counter", tendered="3000", email="lea@courriel.example", **more)
    answer = send(desk, sign(desk, sent))
    assert answer.status_code == 200, answer.content
    with tenant(shop.id):
        files = list(DocumentFile.objects.values_list("id", flat=True))
    for file in files:
        printing.print_file(merchant_id=shop.id, file_id=file)
    publish(shop)
    return answer.json()["go_to"]


def test_the_card_and_the_contract_come_at_once_and_the_invoice_with_its_receipt(shop, desk, quiet):
    enrolled(shop, desk)
    assert sorted(messages(shop, "kind")) == ["enrolled", "invoice_paid"], "one welcome, not two"
    assert mail.send(shop.id) == 2
    welcome, invoice = sorted(outbox.outbox, key=lambda one: "facture" in one.subject)
    with tenant(shop.id):
        card = MemberCard.objects.get()
    assert welcome.to == ["lea@courriel.example"] and welcome.subject == "Soleil\xa0: bienvenue"
    html = part(welcome, "text/html")
    assert 'src="cid:member-card"' in html and card.code in html and card.code in welcome.body
    paper, picture = welcome.attachments
    assert (paper[0], paper[2]) == ("Contrat.pdf", "application/pdf")
    words = " ".join(p.extract_text() for p in PdfReader(io.BytesIO(paper[1])).pages)
    assert "Léa Marchand" in words and "Article 1." in words
    assert picture["Content-ID"] == "<member-card>" and picture.get_payload(decode=True)[:4] == b"\x89PNG"
    assert "€" in invoice.body and invoice.attachments[0][0].endswith(".pdf")


def test_a_receipt_is_sent_when_it_is_asked_for_and_not_twice(shop, desk, quiet):
    enrolled(shop, desk)
    mail.send(shop.id)
    outbox.outbox = []
    with tenant(shop.id):
        payment = Payment.objects.get()
    where = f"/counter/receipts/{payment.public_id}/letter"
    page = desk.client.post(where, follow=True).content.decode()
    assert "lea@courriel.example" in page
    assert "moins de dix minutes" in desk.client.post(where, follow=True).content.decode()
    publish(shop)
    assert mail.send(shop.id) == 1
    [sent] = outbox.outbox
    assert "29,90" in sent.subject and "en espèces" in sent.body and "liberte" in sent.body
    with tenant(shop.id):
        assert Event.objects.filter(kind="payment.receipt_sent").count() == 1


def test_without_an_address_nothing_is_sent_and_the_page_says_so(shop, desk, quiet):
    enrolled(shop, desk)
    with tenant(shop.id):
        payment, who = Payment.objects.get(), Subscriber.objects.get()
        enrolment.revise(who, {"email": ""}, actor=shop.actor, now=shop.now())
    page = desk.client.post(f"/counter/receipts/{payment.public_id}/letter", follow=True).content.decode()
    assert "adresse e-mail" in page
    with tenant(shop.id):
        assert not Event.objects.filter(kind="payment.receipt_sent").exists()


def test_the_card_is_made_with_the_enrolment_and_never_by_looking(shop, desk):
    enrolled(shop, desk)
    with tenant(shop.id):
        who, card = Subscriber.objects.get(), MemberCard.objects.get()
    where = f"/counter/members/{who.public_id}/card"
    desk.client.get(where)
    for _tap in range(2):
        desk.client.post(f"{where}/lost", {"card": card.public_id})
    with tenant(shop.id):
        assert MemberCard.objects.count() == 2, "tapped twice it is one new card"
        MemberCard.objects.filter(revoked_at=None).update(revoked_at=shop.now().at)
    assert "Créer la carte" in desk.client.get(where).content.decode()
    with tenant(shop.id):
        assert not MemberCard.objects.filter(revoked_at=None).exists()
    desk.client.post(where)
    with tenant(shop.id):
        assert MemberCard.objects.filter(revoked_at=None).count() == 1
