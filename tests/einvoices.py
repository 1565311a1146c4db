"""Reading an electronic invoice as somebody else would, and holding its figures to the cent; and every document that a
test leaves behind, held to the official rules.

The official rules let VAT differ by up to one unit of currency from base × rate (BR-CO-17, BR-S-09) and do not look at
quantity × price at all: here they are looked at.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

import pytest
from lxml import etree

_SPACES = {
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
}


def found(tree: Any, path: str) -> list[Any]:
    """Elements by a path of local names: `GrandTotalAmount`, `IncludedNote/Content`."""
    steps = "/".join(step if ":" in step else f"ram:{step}" for step in path.split("/"))
    return list(tree.xpath(f".//{steps}", namespaces=_SPACES))


def said(tree: Any, path: str) -> str:
    """The text of the one such element."""
    (element,) = found(tree, path)
    return str(element.text)


def read(xml: bytes) -> Any:
    return etree.fromstring(xml)


def notes(tree: Any) -> dict[str, str]:
    """Notes by subject; of several of one subject, the last."""
    of_document = found(tree, "rsm:ExchangedDocument")[0] if found(tree, "rsm:ExchangedDocument") else tree
    return {
        said(note, "SubjectCode"): said(note, "Content")
        for note in found(of_document, "IncludedNote")
        if found(note, "SubjectCode")
    }


def off_by(xml: bytes) -> list[str]:
    """Every sum of the document that is not exact, in words."""
    tree = read(xml)
    settlement = found(tree, "ApplicableHeaderTradeSettlement")[0]
    sums = found(settlement, "SpecifiedTradeSettlementHeaderMonetarySummation")[0]
    lines = found(tree, "IncludedSupplyChainTradeLineItem")
    faults = [fault for line in lines if (fault := _line(line))]
    allowed = found(settlement, "SpecifiedTradeAllowanceCharge")
    nets, taken = _sum(lines, "LineTotalAmount"), _sum(allowed, "ActualAmount")
    rates = [tax for tax in settlement if etree.QName(tax).localname == "ApplicableTradeTax"]
    for what, is_, should in (
        ("lines", _amount(sums, "LineTotalAmount"), nets),
        ("discounts", _amount(sums, "AllowanceTotalAmount"), taken),
        ("net", _amount(sums, "TaxBasisTotalAmount"), nets - taken),
        ("bases", _sum(rates, "BasisAmount"), nets - taken),
        ("VAT", _sum(rates, "CalculatedAmount"), Decimal(found(sums, "TaxTotalAmount")[0].text)),
        ("gross", _amount(sums, "GrandTotalAmount"), nets - taken + _sum(rates, "CalculatedAmount")),
        (
            "due",
            _amount(sums, "DuePayableAmount"),
            _amount(sums, "GrandTotalAmount") - _amount(sums, "TotalPrepaidAmount"),
        ),
    ):
        if is_ != should:
            faults.append(f"{what}: {is_}, not {should}")
    return faults + [fault for rate in rates for fault in _rate(rate, lines, allowed)]


def _line(line: Any) -> str:
    quantity, price = _amount(line, "BilledQuantity"), _amount(line, "NetPriceProductTradePrice/ChargeAmount")
    basis = _amount(line, "NetPriceProductTradePrice/BasisQuantity") or Decimal(1)
    net = _amount(line, "LineTotalAmount")
    gives = (quantity * price / basis).quantize(Decimal(1).scaleb(net.as_tuple().exponent), rounding=ROUND_HALF_UP)
    return "" if gives == net else f"{quantity} × {price} / {basis} gives {gives}, not {net}"


def _rate(rate: Any, lines: list[Any], allowed: list[Any]) -> list[str]:
    """A base that is its lines less its discounts, and VAT that is base × rate to the smallest unit. A credit note may
    be off by a second one: it takes what is left of the invoice's VAT."""
    key = (said(rate, "CategoryCode"), _amount(rate, "RateApplicablePercent"))
    mine = [one for one in lines if _key(one, "ApplicableTradeTax") == key]
    taken = [one for one in allowed if _key(one, "CategoryTradeTax") == key]
    base, vat = _amount(rate, "BasisAmount"), _amount(rate, "CalculatedAmount")
    unit = Decimal(1).scaleb(vat.as_tuple().exponent)
    faults = []
    if base != _sum(mine, "LineTotalAmount") - _sum(taken, "ActualAmount"):
        faults.append(f"{key}: base {base}")
    if abs(vat - base * key[1] / 100) > 2 * unit:
        faults.append(f"{key}: VAT {vat} on {base}")
    return faults


def _key(one: Any, tax: str) -> tuple[str, Decimal]:
    return said(one, f"{tax}/CategoryCode"), _amount(one, f"{tax}/RateApplicablePercent")


def _amount(tree: Any, path: str) -> Decimal:
    elements = found(tree, path)
    return Decimal(elements[0].text) if elements else Decimal(0)


def _sum(trees: list[Any], path: str) -> Decimal:
    return sum((_amount(tree, path) for tree in trees), Decimal(0))


INVOICES = """
SELECT DISTINCT ON (shape) shape, id FROM (SELECT i.id, concat_ws(' ', 'invoice', i.status, i.currency, i.tax_behavior,
    i.locale, i.amount_from_balance > 0, i.amount_credited > 0, i.amount_paid > 0, i.period_start IS NULL,
    i.issuer ->> 'siren' = '', i.issuer ->> 'vat_number' = '', i.customer ->> 'siren' = '',
    i.customer ->> 'vat_number' = '', i.customer ->> 'country', i.customer ->> 'email' = '',
    (SELECT string_agg(DISTINCT t.tax_percent || t.category, ' ') FROM invoices_invoicetax t WHERE t.invoice_id = i.id),
    (SELECT concat(least(count(*), 3), bool_or(l.discount > 0), bool_or(l.quantity <> 1))
        FROM invoices_invoiceline l WHERE l.invoice_id = i.id)) AS shape
    FROM invoices_invoice i WHERE i.number IS NOT NULL) AS documents ORDER BY shape, id"""

CREDIT_NOTES = """
SELECT DISTINCT ON (shape) shape, id FROM (SELECT c.id, concat_ws(' ', 'credit note', c.currency, c.tax_behavior,
    c.locale, c.to_invoice > 0, c.to_balance > 0, c.to_refund > 0, c.issuer ->> 'siren' = '',
    c.issuer ->> 'vat_number' = '',
    c.customer ->> 'siren' = '', c.customer ->> 'country', c.customer ->> 'email' = '',
    (SELECT string_agg(DISTINCT t.tax_percent || t.category, ' ') FROM invoices_creditnotetax t
        WHERE t.credit_note_id = c.id)) AS shape FROM invoices_creditnote c) AS documents ORDER BY shape, id"""

ALLOWED = frozenset(["currency_has_three_decimals", "seller_not_identified", "outside_vat_beside_taxed"])
"""Why a document that a test made may have no XML."""

AT_MOST = 8
"""Documents of one test that are held to the rules: of shapes that no test of this process had before."""

_seen: set[str] = set()


@pytest.fixture(autouse=True)
def einvoices_hold(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[None]:
    """At the end of every test that opened merchants their documents are held to the rules of electronic invoices, one
    of each shape. Ask for it by importing it into a folder's conftest; `@pytest.mark.wrong_books` on a test that plants
    a fault."""
    worlds: Any = sys.modules.get("tests.worlds")
    before = len(worlds.Shop.opened) if worlds else 0
    yield
    worlds = sys.modules.get("tests.worlds")
    opened = worlds.Shop.opened[before:] if worlds else []
    if not opened or request.node.get_closest_marker("wrong_books"):
        return
    with django_db_blocker.unblock():
        wrong = [fault for shop in opened for fault in broken_of(shop.id)]
    assert not wrong, wrong[0]


def broken_of(merchant_id: UUID) -> list[str]:
    """What is wrong with the electronic invoices of a merchant, in words: one of each shape that is new here."""
    from merchants.models import Merchant
    from merchants.tenancy.scope import tenant

    with tenant(merchant_id):
        merchant = Merchant.objects.filter(id=merchant_id).first()
        return [] if merchant is None else list(_broken(merchant))


def _broken(merchant: Any) -> Iterator[str]:
    from django.db import connection

    from invoices.facturx.checking import broken_rules
    from invoices.facturx.fitness import unfit
    from invoices.facturx.xml import written
    from invoices.selectors.einvoices import paper_and_einvoice
    from invoices.selectors.rows import credit_rows, invoice_rows

    fresh = []
    for question, rows_of in ((INVOICES, invoice_rows), (CREDIT_NOTES, credit_rows)):
        with connection.cursor() as cursor:
            cursor.execute(question)
            fresh += [(shape, pk, rows_of) for shape, pk in cursor.fetchall() if shape not in _seen]
    for shape, pk, rows_of in fresh[:AT_MOST]:
        _seen.add(shape)
        _, document = paper_and_einvoice(rows_of(pk), merchant)
        if (why := unfit(document)) is not None:
            yield from [] if why.code in ALLOWED else [f"{document.number}: {why.code}"]
            continue
        xml = written(document)
        yield from (f"{document.number}: {one}" for one in [*broken_rules(xml, document), *off_by(xml)])
