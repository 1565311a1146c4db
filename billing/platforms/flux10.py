"""A report in the reform's format (flux 10): XML as the DGFiP's external specifications lay it out.

One transmission holds one report, of transactions or of payments (rule G6.29). Dates are AAAAMMJJ, amounts have two
decimals and a point. The names of the elements and their order were taken from what is public of the specifications
and from what platforms publish; the schema itself was not at hand (`docs/invoicing.md` says what was checked).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from billing.engine.reporting import ReportKind
from merchants.money import decimal_text

PROFILE = "urn.cpro.gouv.fr:1p0:ereporting"
PLATFORM, SIREN = "0238", "0002"
"""Schemes of ISO 6523: an approved platform's number, a SIREN."""
ON_DEBITS, ON_RECEIPT = "5", "72"
"""When VAT is due (UNTDID 2475): on the invoice, on payment."""
BOTH, TYPES = "M1", {"invoice": "380", "credit_note": "381"}
"""The framework of billing: an invoice to be paid, of goods and services alike; the types of document (UNTDID 1001)."""

_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, however it is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """Who declares, under which id, for which days. `corrects`: the report takes the place of an earlier one of those
    days. `platform`: the four characters under which the administration knows the platform; empty: it puts its own."""

    id: str
    kind: ReportKind
    siren: str
    name: str
    vat_number: str
    first: date
    last: date
    made_at: datetime
    corrects: bool = False
    platform: str = ""
    platform_name: str = ""
    vat_on_debits: bool = False


def flux10(declared: Declared, report: Mapping[str, Any]) -> bytes:
    """The report as bytes of XML, the same for the same report. Receipts below zero are left out: the format has none
    (rule G1.16), and `reports.warnings` says so."""
    root = Element("Report")
    _head(SubElement(root, "ReportDocument"), declared)
    sales = declared.kind is ReportKind.transactions
    body = SubElement(root, "TransactionsReport" if sales else "PaymentsReport")
    period = SubElement(body, "ReportPeriod")
    _texts(period, StartDate=_day(declared.first), EndDate=_day(declared.last))
    if sales:
        for document in report["documents"]:
            _document(SubElement(body, "Invoice"), document, declared)
        for day in report["days"]:
            _transactions(SubElement(body, "Transactions"), day, declared)
    else:
        _payments(body, report)
    indent(root, space=" ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'.encode()


def _head(head: Element, declared: Declared) -> None:
    _texts(head, Id=declared.id)
    _texts(SubElement(head, "IssueDateTime"), DateTimeString=f"{declared.made_at.astimezone(UTC):%Y%m%d%H%M%S}")
    _texts(head, TypeCode="RE" if declared.corrects else "IN")
    if declared.platform:
        _party(SubElement(head, "Sender"), PLATFORM, declared.platform, declared.platform_name, "WK")
    _party(SubElement(head, "Issuer"), SIREN, declared.siren, declared.name, "SE")


def _party(element: Element, scheme: str, number: str, name: str, role: str) -> None:
    SubElement(element, "Id", schemeId=scheme).text = number
    if name:
        _texts(element, Name=name)
    _texts(element, RoleCode=role)


def _transactions(element: Element, day: Mapping[str, Any], declared: Declared) -> None:
    """The totals of a day (flux 10.3, TG-31)."""
    currency = day["currency"]
    _texts(element, Date=day["date"].replace("-", ""), TransactionsCurrency=currency)
    if declared.vat_on_debits:
        _texts(element, TaxDueDateTypeCode=ON_DEBITS)
    _texts(
        element,
        CategoryCode=day["category"],
        TaxExclusiveAmount=decimal_text(day["net"], currency),
        TaxTotal=decimal_text(day["tax_in_euros"], "EUR"),
        TransactionsCount=str(day["count"]),
    )
    for rate in day["rates"]:
        _texts(
            SubElement(element, "TaxSubtotal"),
            TaxPercent=_percent(rate["percent"]),
            TaxableAmount=decimal_text(rate["net"], currency),
            TaxTotal=decimal_text(rate["tax"], currency),
        )


def _document(element: Element, document: Mapping[str, Any], declared: Declared) -> None:
    """An invoice or credit note to a business abroad (flux 10.1, TG-8), by its sums."""
    currency = document["currency"]
    _texts(
        element,
        ID=document["number"],
        IssueDate=document["date"].replace("-", ""),
        TypeCode=TYPES[document["type"]],
        CurrencyCode=currency,
    )
    if declared.vat_on_debits:
        _texts(element, TaxDueDateTypeCode=ON_DEBITS)
    _texts(SubElement(element, "BusinessProcess"), ID=BOTH, TypeID=PROFILE)
    if "credits" in document:
        said = document["credits"]
        _texts(SubElement(element, "ReferencedDocument"), ID=said["number"], IssueDate=said["date"].replace("-", ""))
    _side(SubElement(element, "Seller"), SIREN, declared.siren, declared.vat_number, "FR")
    vat = document["buyer"] if document["scheme"] == "0223" else ""
    _side(SubElement(element, "Buyer"), document["scheme"], document["buyer"], vat, document["country"])
    total = SubElement(element, "MonetaryTotal")
    _texts(total, TaxExclusiveAmount=decimal_text(document["net"], currency))
    SubElement(total, "TaxAmount", CurrencyCode=currency).text = decimal_text(document["tax"], currency)
    for rate in document["rates"]:
        part = SubElement(element, "TaxSubTotal")
        _texts(
            part,
            TaxableAmount=decimal_text(rate["net"], currency),
            TaxAmount=decimal_text(rate["tax"], currency),
        )
        _texts(SubElement(part, "TaxCategory"), Code=rate["category"], Percent=_percent(rate["percent"]))


def _side(element: Element, scheme: str, number: str, vat_number: str, country: str) -> None:
    SubElement(element, "CompanyId", schemeId=scheme).text = _FORBIDDEN.sub("", number)
    if vat_number:
        SubElement(element, "TaxRegistrationId", qualifyingId="VAT").text = vat_number
    _texts(SubElement(element, "PostalAddress"), CountryId=country)


def _payments(body: Element, report: Mapping[str, Any]) -> None:
    """Receipts: of documents abroad (flux 10.2, TG-34), and the totals of a day (10.4, TG-37)."""
    for document in report["documents"]:
        for on, lines in _by_day(document["payments"]):
            invoice = SubElement(body, "Invoice")
            _texts(invoice, InvoiceID=document["number"], IssueDate=document["date"].replace("-", ""))
            _payment(invoice, on, lines)
    for on, lines in _by_day(report["days"]):
        _payment(SubElement(body, "Transactions"), on, lines)


def _by_day(lines: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, list[Mapping[str, Any]]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines:
        if line["amount"] > 0:
            found.setdefault(line["date"], []).append(line)
    return found.items()


def _payment(element: Element, on: str, lines: Iterable[Mapping[str, Any]]) -> None:
    payment = SubElement(element, "Payment")
    _texts(payment, Date=on.replace("-", ""))
    for line in lines:
        _texts(
            SubElement(payment, "SubTotals"),
            TaxPercent=_percent(line["percent"]),
            CurrencyCode="EUR",
            Amount=decimal_text(line["amount"], "EUR"),
        )


def _texts(element: Element, **texts: str) -> None:
    for name, text in texts.items():
        SubElement(element, name).text = _FORBIDDEN.sub("", text)


def _percent(percent: str) -> str:
    return f"{Decimal(percent):.2f}"


def _day(day: date) -> str:
    return f"{day:%Y%m%d}"
