"""Buying for a company on the payment form: its VAT number is checked beside its field and decides on the VAT."""

from __future__ import annotations

import httpx
import pytest

from invoices.models import Invoice
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Subscriber
from subscribers.registers import Vies
from subscribers.services import enrolment
from tests.pages.hosted import Visitor, form_of, text_of

pytestmark = pytest.mark.django_db(transaction=True)
NUMBER = "DE136695976"


@pytest.fixture
def office(shop):
    return shop.offer("Onde Bureau", ("month", None, 50_00), tax_behavior="exclusive")


def payer_of(visitor) -> Subscriber:
    with tenant(visitor.session.merchant_id):
        return Subscriber.objects.get(pk=visitor.session.subscriber_id)


def answers(monkeypatch, *said):
    """The register of VAT numbers answers this, one after the other; what it was asked comes back."""
    asked, left = [], list(said)

    def reply(request):
        asked.append(request.content)
        return httpx.Response(200, json=left.pop(0))

    monkeypatch.setattr("billing.flows.company.register", lambda: Vies(httpx.MockTransport(reply)))
    return asked


def test_a_german_company_pays_without_vat_and_its_invoice_says_why(shop, office):
    visitor = Visitor(shop.checkout(shop.enrol("gmbh", name="", country="DE"), office))
    assert "Pay €60.00" in text_of(visitor.read())  # 50.00 and 20 %
    assert "I buy for a company" in text_of(visitor.read())
    answer = visitor.post(company="Beispiel GmbH", vat_number="de 136 695 976", act="change")
    assert answer.status_code == 303
    said = text_of(visitor.read())
    assert "Pay €50.00" in said and "Reverse charge: VAT is due by the customer" in said
    payer = payer_of(visitor)
    assert (payer.company, payer.vat_number, payer.country) == ("Beispiel GmbH", NUMBER, "DE")
    visitor.pay()
    shop.gateway().press(shop.payment(visitor.session).provider_session, token="pm_card_visa")
    visitor.back()
    with tenant(shop.id):
        invoice = Invoice.objects.get()
        change = Change.objects.get(subject_id=payer.pk, verb="updated")
    assert (invoice.net, invoice.tax, invoice.gross) == (50_00, 0, 50_00)
    assert (change.actor_kind, change.channel) == ("subscriber", "web")


def test_who_types_a_number_and_presses_pay_reads_the_new_amounts_first(shop, office):
    visitor = Visitor(shop.checkout(shop.enrol("gmbh", country="DE"), office))
    answer = visitor.pay(company="Beispiel GmbH", vat_number=NUMBER)
    assert answer.status_code == 303 and answer["Location"].endswith("?said=changed")
    with tenant(shop.id):
        assert not visitor.stored().quote.tax
    assert "The amounts have changed" in text_of(visitor.read("?said=changed"))


@pytest.mark.parametrize(
    ("country", "number", "words"),
    [
        ("DE", "DE136695975", "This is not a VAT number of the Union"),
        ("DE", "hello", "This is not a VAT number of the Union"),
        ("IT", NUMBER, "This VAT number is of another country than your address."),
    ],
)
def test_a_wrong_number_is_said_beside_its_field_and_changes_nothing(shop, office, country, number, words):
    visitor = Visitor(shop.checkout(shop.enrol("gmbh", country=country), office))
    quote = visitor.stored().quote_id
    answer = visitor.post(company="Beispiel GmbH", vat_number=number, act="change")
    assert answer.status_code == 422
    body = answer.content.decode()
    assert 'id="vat_number-error"' in body and words in text_of(answer)
    assert form_of(answer)["vat_number"] == number and 'class="pay-company" open' in body
    assert payer_of(visitor).vat_number == "" and visitor.stored().quote_id == quote


def test_a_number_brings_its_country_and_a_french_one_its_siren(shop, office):
    visitor = Visitor(shop.checkout(shop.enrol("a", country=""), office))
    visitor.post(company="Beispiel GmbH", vat_number=NUMBER, act="change")
    assert payer_of(visitor).country == "DE"
    salon = Visitor(shop.checkout(shop.enrol("b", country=""), office))
    salon.post(company="Salon Bleu", vat_number="FR 44 732829320", act="change")
    payer = payer_of(salon)
    assert (payer.country, payer.siren, payer.vat_number) == ("FR", "732829320", "FR44732829320")
    assert "Pay €60.00" in text_of(salon.read())


def test_the_register_s_no_is_a_refusal_and_its_silence_is_none(shop, office, monkeypatch):
    asked = answers(monkeypatch, {"valid": False}, {"valid": False, "userError": "MS_UNAVAILABLE"},
                    {"valid": True, "requestIdentifier": "WAPIAAAAW1"})  # fmt: skip
    visitor = Visitor(shop.checkout(shop.enrol("gmbh", country="DE"), office))
    refused = visitor.post(company="Beispiel GmbH", vat_number=NUMBER, act="change")
    assert refused.status_code == 422 and "not in use" in text_of(refused) and payer_of(visitor).vat_number == ""
    assert visitor.post(company="Beispiel GmbH", vat_number=NUMBER, act="change").status_code == 303
    assert payer_of(visitor).vat_check["verdict"] == "unknown" and "Pay €50.00" in text_of(visitor.read())
    other = Visitor(shop.checkout(shop.enrol("other", country="DE"), office))
    other.post(company="Andere GmbH", vat_number=NUMBER, act="change")
    assert payer_of(other).vat_check["consultation"] == "WAPIAAAAW1" and len(asked) == 3


def test_it_is_not_asked_of_who_is_paid_for_nor_where_no_vat_is_charged(shop, office):
    mother = shop.enrol("mother")
    with tenant(shop.id):
        child = enrolment.enrol(
            {"reference": "child"}, merchant=shop.merchant, actor=shop.actor, now=shop.now(), payer_id=mother.pk
        )
    of_child = Visitor(shop.checkout(child, office))
    assert "I buy for a company" not in text_of(of_child.read())
    assert of_child.post(company="Onde", vat_number=NUMBER, act="change").status_code == 303
    with tenant(shop.id):
        assert not Subscriber.objects.exclude(company="").exists()
        shop.entity.vat_exempt = True
        shop.entity.save()
    visitor = Visitor(shop.checkout(shop.enrol("c"), office))
    assert "I buy for a company" not in text_of(visitor.read())
    assert visitor.post(company="Onde", vat_number=NUMBER, act="change").status_code == 303
    assert payer_of(visitor).company == ""
