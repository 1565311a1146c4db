"""VAT from the sale to the ledger: who buys from where, what the document says, what the books have, what a credit
takes back. The merchant is in Lyon; prices are without VAT unless said otherwise."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from billing.flows.charges import ChargeTerms, add_charge
from billing.flows.running import run_merchant
from billing.models import BillingRun
from billing.selectors.snapshots import snapshots
from invoices.models import CreditNote, CreditNoteTax, Invoice, InvoiceLine, InvoiceTax, LedgerEntry
from invoices.selectors.papers import paper_of_invoice
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from invoices.typesetting import typeset
from merchants.actors import Actor
from merchants.clock import instant
from merchants.models import LegalEntity, TaxRate
from merchants.now import Now
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from subscribers.services import belonging, enrolment

pytestmark = pytest.mark.django_db(transaction=True)
ROME = {"country": "IT", "postal_code": "00184", "city": "Roma"}
BERLIN = {"country": "DE", "postal_code": "10115", "company": "Beispiel GmbH", "vat_number": "DE136695976"}
SAINT_DENIS = {"country": "FR", "postal_code": "97400", "city": "Saint-Denis"}


def entity(shop: Any, **columns: Any) -> None:
    """What the legal entity says of itself from now on."""
    with tenant(shop.id):
        LegalEntity.objects.update(**columns)
        shop.entity.refresh_from_db()


def rates(shop: Any, **percents: str) -> None:
    with tenant(shop.id):
        for code, percent in percents.items():
            TaxRate.objects.create(
                legal_entity=shop.entity, country="FR", tax_code=code, percent=Decimal(percent), from_on="2014-01-01"
            )


def billed(shop: Any, offer: Any, **who: Any) -> Invoice:
    """The first invoice of somebody who subscribes at the counter."""
    taken = shop.subscribe(shop.enrol(locale="fr", **who), offer)
    with tenant(shop.id):
        return Invoice.objects.get(subscription_id=taken.pk)


def taxes(shop: Any, invoice: Invoice) -> list[tuple[str, str, int, int]]:
    with tenant(shop.id):
        rows = InvoiceTax.objects.filter(invoice=invoice).order_by("-tax_percent", "category")
        return [(f"{row.tax_percent.normalize():f}", row.category, row.base, row.tax) for row in rows]


def ledger(shop: Any, **of: Any) -> dict[tuple[str, str], int]:
    """What a document posted, by account and rate; credits below zero."""
    with tenant(shop.id):
        rows = LedgerEntry.objects.filter(**of).values("account", "tax_percent").annotate(sum=Sum("amount"))
        return {
            (row["account"], "" if row["tax_percent"] is None else f"{row['tax_percent'].normalize():f}"): row["sum"]
            for row in rows
            if row["sum"]
        }


def said(shop: Any, invoice: Invoice) -> str:
    """All that is printed of its legal lines and of why a rate is what it is."""
    with tenant(shop.id):
        paper = paper_of_invoice(invoice.pk, shop.merchant)
    return "\n".join((*paper.mentions, *(tax.reason for tax in paper.taxes)))


def why(shop: Any, invoice: Invoice) -> list[Any]:
    with tenant(shop.id):
        return [line.inputs.get("tax") for line in InvoiceLine.objects.filter(invoice=invoice)]


def test_a_german_business_pays_net_and_owes_the_vat_itself(shop: Any) -> None:
    offer = shop.offer("bureau", ("month", None, 100_00), tax_behavior="exclusive")
    invoice = billed(shop, offer, **BERLIN)
    assert (invoice.net, invoice.tax, invoice.gross) == (100_00, 0, 100_00)
    assert taxes(shop, invoice) == [("0", "AE", 100_00, 0)]
    assert why(shop, invoice) == [{"reason": "reverse_charge", "category": "AE", "place": "DE"}]
    words = said(shop, invoice)
    assert words.count("Autoliquidation") == 1
    assert "art. 283, 2 du CGI, art. 196 de la directive 2006/112/CE." in words
    assert (invoice.customer["vat_number"], invoice.issuer["vat_number"]) == ("DE136695976", "FR44732829320")
    assert "40,00\N{NO-BREAK SPACE}€" in words and "TVA acquittée" not in words
    assert ledger(shop, invoice=invoice) == {("receivable", ""): 100_00, ("revenue", "0"): -100_00}
    with tenant(shop.id):
        note = credit_invoice(invoice.pk, Wanted(), reason="Erreur", actor=shop.actor, now=shop.now())
        assert [(tax.category, tax.base, tax.tax) for tax in note.taxes.all()] == [("AE", 100_00, 0)]
    assert "Autoliquidation" in "\n".join(note.mentions)


def test_the_evening_in_the_salon_is_taxed_in_lyon_even_for_a_german_business(shop: Any) -> None:
    """Three categories on one document, and credits that each take back from their own."""
    rates(shop, on_site="20", exempt_insurance="0")
    offer = shop.offer("bureau", ("month", None, 100_00), tax_behavior="exclusive")
    payer = shop.enrol("gmbh", locale="fr", **BERLIN)
    taken = shop.subscribe(payer, offer)
    for code, amount in (("on_site", 50_00), ("exempt_insurance", 10_00)):
        terms = ChargeTerms(title={"fr": code}, amount=amount, tax_code=code)
        add_charge(merchant_id=shop.id, subscription_id=taken.pk, terms=terms, actor=shop.actor)
    now = Now(at=instant() + timedelta(days=32), zone=shop.merchant.timezone)
    run_merchant(merchant_id=shop.id, now=now, kind=BillingRun.Kind.MANUAL, actor=Actor.system("billing run"))
    with tenant(shop.id):
        invoice = Invoice.objects.latest("id")
    assert taxes(shop, invoice) == [("20", "S", 50_00, 10_00), ("0", "AE", 100_00, 0), ("0", "E", 10_00, 0)]
    words = said(shop, invoice)
    assert "Autoliquidation" in words and "Exonération de TVA, art. 261 du CGI." in words
    with tenant(shop.id):
        for position, expected in ((2, [("E", 10_00, 0)]), (0, [("AE", 100_00, 0)]), (1, [("S", 50_00, 10_00)])):
            note = credit_invoice(
                invoice.pk, Wanted(lines={position: None}), reason="Erreur", actor=shop.actor, now=shop.now()
            )
            assert [(tax.category, tax.base, tax.tax) for tax in note.taxes.all()] == expected
            assert ("Autoliquidation" in "\n".join(note.mentions)) is (position == 0)
        back = CreditNoteTax.objects.filter(credit_note__invoice=invoice).aggregate(base=Sum("base"), tax=Sum("tax"))
        assert back == {"base": invoice.net, "tax": invoice.tax}
        assert Invoice.objects.get(pk=invoice.pk).status == "cancelled"


def test_an_italian_pays_french_vat_until_the_day_and_italian_vat_from_it(shop: Any) -> None:
    """The price stays what it is, 12.99 €; what it contains changes with the first period billed from that day on."""
    begins = shop.now().today + timedelta(days=20)
    entity(shop, oss_since=begins)
    offer = shop.offer("hifi", ("month", None, 12_99))
    first = billed(shop, offer, **ROME)
    assert (first.net, first.tax, first.gross) == (10_82, 2_17, 12_99)
    assert taxes(shop, first) == [("20", "S", 10_82, 2_17)] and "guichet unique" not in said(shop, first)
    assert why(shop, first) == [{"reason": "below_threshold", "category": "S", "place": "FR"}]
    now = Now(at=instant() + timedelta(days=32), zone=shop.merchant.timezone)
    run_merchant(merchant_id=shop.id, now=now, kind=BillingRun.Kind.MANUAL, actor=Actor.system("billing run"))
    with tenant(shop.id):
        second = Invoice.objects.latest("id")
    assert second.pk != first.pk and (second.net, second.tax, second.gross) == (10_65, 2_34, 12_99)
    assert taxes(shop, second) == [("22", "S", 10_65, 2_34)]
    assert why(shop, second) == [{"reason": "oss", "category": "S", "place": "IT"}]
    assert "TVA Italie, déclarée au guichet unique (OSS)." in said(shop, second)
    assert ledger(shop, invoice=second) == {("receivable", ""): 12_99, ("revenue", "22"): -10_65, ("vat", "22"): -2_34}
    assert ledger(shop, invoice=first)["vat", "20"] == -2_17


def test_reunion_has_its_own_rates_and_what_is_sent_there_is_exported(shop: Any) -> None:
    offer = shop.offer("hifi", ("month", None, 10_00), tax_behavior="exclusive")
    streamed = billed(shop, offer, reference="a", **SAINT_DENIS)
    assert taxes(shop, streamed) == [("8.5", "S", 10_00, 85)]
    assert ledger(shop, invoice=streamed) == {
        ("receivable", ""): 10_85, ("revenue", "8.5"): -10_00, ("vat", "8.5"): -85}  # fmt: skip
    assert "Exonération" not in said(shop, streamed)
    magazine = shop.offer("revue", ("month", None, 10_00), tax_behavior="exclusive", tax_code="books")
    sent = billed(shop, magazine, reference="b", **SAINT_DENIS)
    assert taxes(shop, sent) == [("0", "G", 10_00, 0)]
    words = said(shop, sent)
    assert "Exonération de TVA, exportation, art. 262, I et 294, 2 du CGI." in words and words.startswith(
        "Livraison de biens."
    )
    cayenne = billed(shop, offer, reference="c", country="GF")
    assert taxes(shop, cayenne) == [("0", "O", 10_00, 0)] and "art. 294, 1 du CGI" in said(shop, cayenne)


def test_a_company_in_franchise_charges_no_vat_to_anybody(shop: Any) -> None:
    entity(shop, vat_exempt=True)
    offer = shop.offer("hifi", ("month", None, 12_99))
    for number, who in enumerate(({}, ROME, BERLIN, SAINT_DENIS)):
        invoice = billed(shop, offer, reference=f"p{number}", **who)
        assert (invoice.net, invoice.tax, invoice.gross) == (12_99, 0, 12_99)
        assert taxes(shop, invoice) == [("0", "E", 12_99, 0)]
        assert said(shop, invoice).count("art. 293 B du CGI") == 1
        assert why(shop, invoice)[0]["reason"] == "franchise"
        assert ledger(shop, invoice=invoice) == {("receivable", ""): 12_99, ("revenue", "0"): -12_99}


def test_what_is_exempt_says_its_article_and_stands_beside_what_is_taxed(shop: Any) -> None:
    rates(shop, exempt="0", electronic_press="2.1")
    offer = shop.offer("cours", ("month", None, 40_00), tax_code="exempt")
    invoice = billed(shop, offer)
    assert taxes(shop, invoice) == [("0", "E", 40_00, 0)]
    assert "Exonération de TVA, art. 261 du CGI." in said(shop, invoice)
    press = billed(shop, shop.offer("presse", ("month", None, 10_21), tax_code="electronic_press"), reference="b")
    assert taxes(shop, press) == [("2.1", "S", 10_00, 21)]


def test_a_row_of_zero_is_an_exemption_in_france(shop: Any) -> None:
    """It was category Z, a rate of zero, which France does not have."""
    with tenant(shop.id):
        name = "Exonération de TVA, art. 261 C, 2° du CGI"
        TaxRate.objects.create(legal_entity=shop.entity, country="FR", tax_code="assurance", percent=0,
                               from_on="2014-01-01", name=name)  # fmt: skip
    invoice = billed(shop, shop.offer("garantie", ("month", None, 5_00), tax_code="assurance"))
    assert taxes(shop, invoice) == [("0", "E", 5_00, 0)] and f"{name}." in said(shop, invoice)


def test_a_number_that_its_register_refused_costs_the_reverse_charge(shop: Any) -> None:
    from subscribers.registers import Answer

    entity(shop, oss_since=date(2026, 1, 1))
    payer = shop.enrol("gmbh", **BERLIN)
    with tenant(shop.id):
        answer = Answer(number="DE136695976", verdict="invalid", at=shop.now().at)
        enrolment.keep_answer(belonging.lock([payer.pk])[payer.pk], answer, actor=shop.actor, now=shop.now())
        payer.refresh_from_db()
    taken = shop.subscribe(payer, shop.offer("bureau", ("month", None, 100_00), tax_behavior="exclusive"))
    with tenant(shop.id):
        invoice = Invoice.objects.get(subscription_id=taken.pk)
    assert taxes(shop, invoice) == [("19", "S", 100_00, 19_00)]


def test_terms_of_the_company_stand_on_its_documents_in_their_language(shop: Any) -> None:
    entity(
        shop,
        late_penalty={"fr": "12 % par an", "en": "12% a year"},
        early_discount={"fr": "Escompte de 1 % à dix jours"},
        own_mentions={"fr": "Médiateur : cm2c.net", "en": "Mediator: cm2c.net"},
        vat_on_debits=True,
    )
    offer = shop.offer("bureau", ("month", None, 100_00), tax_behavior="exclusive")
    words = said(shop, billed(shop, offer, reference="fr", company="Salon Bleu", siren="732829320", country="FR"))
    assert "pénalités" in words and "12 % par an" in words and "Escompte de 1 % à dix jours." in words
    assert "Médiateur : cm2c.net." in words and "trois fois" not in words
    assert "option pour le paiement de la taxe d’après les débits" in words
    english = shop.subscribe(shop.enrol("en", company="Salon Bleu", locale="en"), offer)
    with tenant(shop.id):
        invoice = Invoice.objects.get(subscription_id=english.pk)
    words = "\n".join(invoice.mentions)
    assert "12% a year" in words and "Mediator: cm2c.net." in words and "Escompte de 1 % à dix jours." in words
    consumer = said(shop, billed(shop, offer, reference="consumer"))
    assert "pénalités" not in consumer and "40,00" not in consumer and "Médiateur" in consumer


def test_a_professional_reads_unit_prices_without_vat_beside_those_with_it(shop: Any) -> None:
    """CGI annexe II 242 nonies A, I, 8°; a consumer reads what they pay."""
    offer = shop.offer("hifi", ("month", None, 29_90))
    salon = billed(shop, offer, reference="a", company="Salon Bleu", country="FR")
    lucie = billed(shop, offer, reference="b")
    rome = billed(shop, offer, reference="c", **ROME, vat_number="IT00743110157")
    with tenant(shop.id):
        told = [paper_of_invoice(one.pk, shop.merchant).lines[0].net_price for one in (salon, lucie, rome)]
        printed = typeset(paper_of_invoice(salon.pk, shop.merchant))
    assert told == [Decimal("24.9167"), None, None]
    assert "soit 24,9167\N{NO-BREAK SPACE}€ HT l’unité" in printed


def test_a_batch_asks_as_often_whoever_buys_from_wherever(shop: Any) -> None:
    """Queries never grow with rows, nor with the countries that payers live in."""
    offer = shop.offer("hifi", ("month", None, 12_99))
    counts = []
    for countries in (["FR"], ["FR", "IT", "DE", "CH", "RE", "PL", "SE"]):
        for number, country in enumerate(countries):
            shop.subscribe(shop.enrol(f"{len(countries)}-{number}", country=country), offer)
        with tenant(shop.id):
            rows = list(Subscription.objects.all())
            with CaptureQueriesContext(
                connection,
            ) as asked:
                found = snapshots(rows, shop.merchant)
            counts.append(len(asked))
            assert len(found) == len(rows)
    assert counts[0] == counts[1], counts


def test_nothing_of_an_old_invoice_moves_when_the_company_changes(shop: Any) -> None:
    offer = shop.offer("hifi", ("month", None, 12_99))
    invoice = billed(shop, offer)
    before = (taxes(shop, invoice), said(shop, invoice), invoice.content_hash)
    entity(shop, vat_exempt=True, own_mentions={"fr": "Autre"}, oss_since=date(2026, 1, 1))
    with tenant(shop.id):
        again = Invoice.objects.get(pk=invoice.pk)
        assert not CreditNote.objects.filter(invoice=invoice).exists()
    assert (taxes(shop, again), said(shop, again), again.content_hash) == before
