"""Reading an electronic invoice as somebody else would, and holding its figures to the cent.

The official rules let VAT differ by up to one unit of currency from base × rate (BR-CO-17, BR-S-09) and do not look at
quantity × price at all: here they are looked at.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

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
