"""Signed at the counter: a contract with its terms, a mandate with its account; what was read is what is kept, once."""

from __future__ import annotations

import io
import json
import re

import pytest
from django.db import DatabaseError, connection
from pypdf import PdfReader

from billing.flows import lodge
from billing.models import Enrolment
from invoices.models import Invoice, Payment, RegisterEntry, SignedPaper
from invoices.services import signing
from merchants.ids import new_id
from merchants.models import LegalEntity
from merchants.tenancy.scope import tenant
from subscribers.models import Mandate, PaymentMethod, Subscription
from tests.pages.counters import Tablet, salon, seller, tablet
from tests.worlds import Shop

pytestmark = pytest.mark.django_db(transaction=True)
GOOD, CLOSED = "FR14 2004 1010 0505 0001 3M02 606", "FR3020041010050500013M02609"
DRAWN = json.dumps([[[100, 100], [400, 200], [700, 90]], [[720, 110], [900, 180]]])


@pytest.fixture
def shop():
    found = Shop.open("Soleil", locale="fr")
    with tenant(found.id):
        LegalEntity.objects.update(
            creditor_identifier="FR72ZZZ123456",
            contract_terms={"fr": "Article 1. Le forfait est nominatif.\n\nArticle 2. <b>Douze mois</b> & plus."},
        )
        found.entity = LegalEntity.objects.get()
    return found


@pytest.fixture
def desk(shop) -> Tablet:
    """Inès, signed in at Lyon."""
    shop.made["offer"] = shop.offer("liberte", ("month", None, 29_90), commitment_intervals=12)
    site = salon(shop.id)
    device = tablet(shop.id, site)
    device.sign_in(seller(shop.id, "Inès", sites=[site]))
    assert device.client.post("/counter/till/open", {"float_amount": "100"}).status_code == 302
    return device


def chosen(shop, **more):
    return {
        "client_id": str(new_id()),
        "phone": "06 39 98 55 17",
        "name": "Léa Marchand",
        "offer": shop.made["offer"].public_id,
        "means": "sepa",
        "later": "sepa",
        "iban": GOOD,
        "holder": "Léa Marchand",
        "seen": "2990",
        **more,
    }


def read(desk, sent):
    """What the page shows to be signed."""
    return desk.client.post("/counter/enrol/ticket", sent).content.decode()


def sign(desk, sent, **more):
    """The same with the signature over what was read."""
    digest = re.search(r'data-digest="(\w*)"', read(desk, sent))
    return {**sent, "signature": DRAWN, "signed_digest": digest[1], **more}


def send(desk, sent):
    return desk.client.post("/counter/enrol/act", sent, headers={"Accept": "application/json"})


def faults(answer):
    return [(one["field"], one["code"]) for one in answer.json()["errors"]]


def lodged(shop):
    with tenant(shop.id):
        mandate = Mandate.objects.latest("id")
    return lodge.lodge(merchant_id=shop.id, mandate_id=mandate.pk)


def nothing(shop):
    with tenant(shop.id):
        return not any(m.objects.exists() for m in (Enrolment, Subscription, Invoice, SignedPaper, Mandate))


def test_contract_and_mandate_are_signed_at_once_and_the_account_is_debited(shop, desk):
    shown = read(desk, chosen(shop))
    assert "LA BANQUE POSTALE" in shown and "Mandat de prélèvement SEPA" in shown and "Article 1." in shown
    assert "&lt;b&gt;Douze mois" in shown, "terms are text"
    answer = send(desk, sign(desk, chosen(shop)))
    assert answer.status_code == 200, answer.content
    with tenant(shop.id):
        mandate, row = Mandate.objects.get(), Subscription.objects.get()
        papers = list(SignedPaper.objects.order_by("id"))
        assert (mandate.last4, mandate.site_id, mandate.device_id) == ("2606", desk.site.pk, desk.device_id)
        assert [(p.kind, p.subscription_id, p.mandate_id) for p in papers] == [
            ("contract", row.pk, None),
            ("mandate", row.pk, mandate.pk),
        ]
        assert all(signing.is_intact(p) for p in papers)
        assert mandate.reference in str(papers[1].content) and "2004" not in str(papers[1].content)
        assert (row.status, row.collection) == ("active", "automatic")
        assert Invoice.objects.get().status == "open" and not Payment.objects.exists()
        assert not RegisterEntry.objects.filter(kind="received").exists(), "no money came over the counter"
    page = desk.client.get(answer.json()["go_to"]).content.decode()
    assert "En route vers la banque" in page and mandate.reference in page
    lodged(shop)
    with tenant(shop.id):
        method, payment = PaymentMethod.objects.get(), Payment.objects.get()
        assert (method.kind, payment.status, payment.amount) == ("sepa_debit", "processing", 29_90)
    assert "Déposé à la banque" in desk.client.get(answer.json()["go_to"]).content.decode()


def test_the_papers_as_files(shop, desk):
    answer = send(desk, sign(desk, chosen(shop)))
    page = desk.client.get(answer.json()["go_to"]).content.decode()
    words = {}
    for link in re.findall(r'href="(/counter/papers/[^"]+)"', page):
        file = desk.client.get(link)
        assert file.headers["Content-Type"] == "application/pdf"
        again = desk.client.get(link)
        assert again.content == file.content, "the same bytes each time"
        found = " ".join(p.extract_text() for p in PdfReader(io.BytesIO(file.content)).pages)
        words["mandat" if "Mandat" in found else "contrat"] = " ".join(found.split())
    with tenant(shop.id):
        paper = SignedPaper.objects.get(kind="mandate")
    assert GOOD in words["mandat"] and "FR72ZZZ123456" in words["mandat"] and "Léa Marchand" in words["mandat"]
    assert paper.content_hash in words["mandat"].replace(" ", "") and "Inès" in words["mandat"]
    assert "Article 2. <b>Douze mois</b> & plus." in words["contrat"] and "29,90" in words["contrat"]
    assert "ngagement de 12 périodes" in words["contrat"]
    assert "IBAN" not in words["contrat"] and "2606" not in words["contrat"]


def test_sent_twice_it_is_signed_once(shop, desk):
    sent = sign(desk, chosen(shop))
    assert send(desk, sent).json() == send(desk, sent).json()
    with tenant(shop.id):
        assert (Enrolment.objects.count(), Mandate.objects.count(), SignedPaper.objects.count()) == (1, 1, 2)


def test_cash_today_and_debits_from_then_on(shop, desk):
    sent = sign(desk, chosen(shop, means="cash", tendered="3000"))
    assert send(desk, sent).status_code == 200
    with tenant(shop.id):
        assert Payment.objects.get().means == "cash" and Invoice.objects.get().status == "paid"
    lodged(shop)
    with tenant(shop.id):
        assert Payment.objects.count() == 1, "nothing is owed: nothing is debited today"
        assert PaymentMethod.objects.get().is_default


def test_only_the_contract_where_no_account_is_debited(shop, desk):
    sent = chosen(shop, means="cash", later="counter", tendered="3000")
    assert faults(send(desk, sent)) == [("signature", "required")] and nothing(shop)
    assert send(desk, sign(desk, sent)).status_code == 200
    with tenant(shop.id):
        assert [p.kind for p in SignedPaper.objects.all()] == ["contract"] and not Mandate.objects.exists()


def test_who_cannot_draw_writes_their_name(shop, desk):
    sent = sign(desk, chosen(shop), signature="", signed_name="Léa Marchand")
    assert send(desk, sent).status_code == 200
    with tenant(shop.id):
        assert {str(p.signature) for p in SignedPaper.objects.all()} == {"{'typed': 'Léa Marchand'}"}


@pytest.mark.parametrize(
    "changed",
    [{"name": "Léa Martin"}, {"iban": "DE89370400440532013000"}, {"holder": "Luc Marchand"}, {"phone": "0477"}],
)
def test_what_was_not_read_is_not_signed(shop, desk, changed):
    sent = sign(desk, chosen(shop)) | changed
    answer = send(desk, sent)
    assert (answer.status_code, answer.json()["code"]) == (409, "paper_changed") and nothing(shop)
    assert send(desk, sign(desk, sent)).status_code == 200


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"iban": ""}, ("iban", "required")),
        ({"iban": "FR14 2004 1010 0505 0001 3M02 60"}, ("iban", "iban_length")),
        ({"iban": "FR14 2004 1010 0505 0001 3M02 605"}, ("iban", "iban_invalid")),
        ({"iban": "US64SVBKUS6S3300958879"}, ("iban", "iban_outside_sepa")),
        ({"holder": "x" * 71}, ("holder", "too_long")),
        ({"means": "sepa", "later": "counter"}, ("later", "account_is_kept")),
        ({"means": "page", "later": "sepa"}, ("later", "card_is_kept")),
    ],
)
def test_bad_accounts_are_told_beside_the_field_and_write_nothing(shop, desk, values, expected):
    answer = send(desk, sign(desk, chosen(shop, **values)))
    assert answer.status_code == 422 and expected in faults(answer) and nothing(shop)


@pytest.mark.parametrize(
    ("signature", "code"),
    [
        ("", "required"),
        ("[]", "signature_too_small"),
        ("[[[1,1],[2,2]]]", "signature_too_small"),
        ("{", "signature_malformed"),
        ("[[[1,1],[2000,2]]]", "signature_malformed"),
        ('[[["a",1]]]', "signature_malformed"),
        ("[" * 3000, "signature_malformed"),
        (json.dumps([[[1, 1], [900, 2]] * 4000]), "signature_malformed"),
    ],
)
def test_what_is_no_signature(shop, desk, signature, code):
    answer = send(desk, sign(desk, chosen(shop), signature=signature))
    assert faults(answer) == [("signature", code)] and nothing(shop)


def test_without_an_identifier_no_debit_is_offered(shop, desk):
    with tenant(shop.id):
        LegalEntity.objects.update(creditor_identifier="")
    assert 'value="sepa"' not in desk.client.get("/counter/enrol").content.decode()
    answer = send(desk, chosen(shop))
    assert faults(answer) == [("later", "creditor_identifier_missing")] and nothing(shop)


def test_a_bank_that_refuses_is_said_on_the_page(shop, desk):
    go_to = send(desk, sign(desk, chosen(shop, iban=CLOSED))).json()["go_to"]
    lodged(shop)
    assert "La banque refuse" in desk.client.get(go_to).content.decode()


def test_a_paper_of_another_site_is_not_there(shop, desk):
    send(desk, sign(desk, chosen(shop)))
    other = tablet(shop.id, salon(shop.id, "Bron"))
    other.sign_in(seller(shop.id, "Marc"))
    with tenant(shop.id):
        paper = SignedPaper.objects.first()
    assert other.client.get(f"/counter/papers/{paper.public_id}.pdf").status_code == 404


def test_nobody_changes_or_deletes_what_was_signed_and_who_does_is_found(shop, desk):
    send(desk, sign(desk, chosen(shop)))
    for act in ({"content": {}}, {"signature": {}}):
        with pytest.raises(DatabaseError), tenant(shop.id):
            SignedPaper.objects.update(**act)
    with pytest.raises(DatabaseError), tenant(shop.id):
        SignedPaper.objects.all().delete()
    with tenant(shop.id):
        row = SignedPaper.objects.get(kind="contract")
    row.content["facts"][0][1] = "Illimité"
    assert not signing.is_intact(row)
    assert connection.vendor == "postgresql"
