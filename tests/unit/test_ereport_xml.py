"""A report to the tax office, written as the reform wants it: sales a day, payments a day, debits."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import fromstring

from billing.engine.reporting import Audience, Known, ReportKind
from billing.platforms.flux10 import Declared, flux10
from invoices.parts import Share
from tests.unit.reported import BOOKS, FOURTH, RECEIPTS, SALES, SERVICES, THIRD, report_of, sold


def declared(kind: ReportKind, **more: Any) -> Declared:
    values: dict[str, Any] = {
        "id": "erp_1",
        "kind": kind,
        "siren": "732829320",
        "name": "Onde & Cie",
        "vat_number": "FR44732829320",
        "first": date(2026, 11, 1),
        "last": date(2026, 11, 10),
        "made_at": datetime(2026, 11, 11, 2, 0, 5, tzinfo=UTC),
        "platform": "P001",
        "platform_name": "La Plateforme",
    }
    return Declared(**values | more)


def test_a_report_of_sales_as_the_reform_writes_it():
    abroad = Known(audience=Audience.abroad, country="DE", scheme="0223", number="DE136695976")
    rates = ((Decimal(0), "AE", 100_00, 0),)
    report = report_of(
        sold({SERVICES: Share(10_00, 2_00), BOOKS: Share(20_00, 1_10)}),
        sold({}, number="A-7", known=abroad, rates=rates, credits=("F-9", THIRD), on=FOURTH),
    )
    assert flux10(declared(SALES, corrects=True), report).decode() == (
        """<?xml version="1.0" encoding="UTF-8"?>
<Report>
 <ReportDocument>
  <Id>erp_1</Id>
  <IssueDateTime>
   <DateTimeString>20261111020005</DateTimeString>
  </IssueDateTime>
  <TypeCode>RE</TypeCode>
  <Sender>
   <Id schemeId="0238">P001</Id>
   <Name>La Plateforme</Name>
   <RoleCode>WK</RoleCode>
  </Sender>
  <Issuer>
   <Id schemeId="0002">732829320</Id>
   <Name>Onde &amp; Cie</Name>
   <RoleCode>SE</RoleCode>
  </Issuer>
 </ReportDocument>
 <TransactionsReport>
  <ReportPeriod>
   <StartDate>20261101</StartDate>
   <EndDate>20261110</EndDate>
  </ReportPeriod>
  <Invoice>
   <ID>A-7</ID>
   <IssueDate>20261104</IssueDate>
   <TypeCode>381</TypeCode>
   <CurrencyCode>EUR</CurrencyCode>
   <BusinessProcess>
    <ID>M1</ID>
    <TypeID>urn.cpro.gouv.fr:1p0:ereporting</TypeID>
   </BusinessProcess>
   <ReferencedDocument>
    <ID>F-9</ID>
    <IssueDate>20261103</IssueDate>
   </ReferencedDocument>
   <Seller>
    <CompanyId schemeId="0002">732829320</CompanyId>
    <TaxRegistrationId qualifyingId="VAT">FR44732829320</TaxRegistrationId>
    <PostalAddress>
     <CountryId>FR</CountryId>
    </PostalAddress>
   </Seller>
   <Buyer>
    <CompanyId schemeId="0223">DE136695976</CompanyId>
    <TaxRegistrationId qualifyingId="VAT">DE136695976</TaxRegistrationId>
    <PostalAddress>
     <CountryId>DE</CountryId>
    </PostalAddress>
   </Buyer>
   <MonetaryTotal>
    <TaxExclusiveAmount>100.00</TaxExclusiveAmount>
    <TaxAmount CurrencyCode="EUR">0.00</TaxAmount>
   </MonetaryTotal>
   <TaxSubTotal>
    <TaxableAmount>100.00</TaxableAmount>
    <TaxAmount>0.00</TaxAmount>
    <TaxCategory>
     <Code>AE</Code>
     <Percent>0.00</Percent>
    </TaxCategory>
   </TaxSubTotal>
  </Invoice>
  <Transactions>
   <Date>20261103</Date>
   <TransactionsCurrency>EUR</TransactionsCurrency>
   <CategoryCode>TLB1</CategoryCode>
   <TaxExclusiveAmount>20.00</TaxExclusiveAmount>
   <TaxTotal>1.10</TaxTotal>
   <TransactionsCount>1</TransactionsCount>
   <TaxSubtotal>
    <TaxPercent>5.50</TaxPercent>
    <TaxableAmount>20.00</TaxableAmount>
    <TaxTotal>1.10</TaxTotal>
   </TaxSubtotal>
  </Transactions>
  <Transactions>
   <Date>20261103</Date>
   <TransactionsCurrency>EUR</TransactionsCurrency>
   <CategoryCode>TPS1</CategoryCode>
   <TaxExclusiveAmount>10.00</TaxExclusiveAmount>
   <TaxTotal>2.00</TaxTotal>
   <TransactionsCount>1</TransactionsCount>
   <TaxSubtotal>
    <TaxPercent>20.00</TaxPercent>
    <TaxableAmount>10.00</TaxableAmount>
    <TaxTotal>2.00</TaxTotal>
   </TaxSubtotal>
  </Transactions>
 </TransactionsReport>
</Report>
"""
    )


def test_a_report_of_receipts_has_a_payment_a_day_and_nothing_below_zero():
    day = {"percent": "20", "amount": 12_00}
    report = {
        "days": [
            {"date": "2026-11-04", **day},
            {"date": "2026-11-04", "percent": "5.5", "amount": 1_00},
            {"date": "2026-11-05", "percent": "20", "amount": -3_00},
        ],
        "documents": [{"number": "F-2", "date": "2026-11-03", "payments": [{"date": "2026-11-09", **day}]}],
        "left_out": [],
    }
    root = fromstring(flux10(declared(RECEIPTS, platform=""), report))
    assert root.find("ReportDocument/Sender") is None and root.findtext("ReportDocument/TypeCode") == "IN"
    (invoice,) = root.findall("PaymentsReport/Invoice")
    assert (invoice.findtext("InvoiceID"), invoice.findtext("Payment/Date")) == ("F-2", "20261109")
    (only,) = root.findall("PaymentsReport/Transactions")
    assert only.findtext("Payment/Date") == "20261104"
    assert [
        tuple(each.findtext(name) for name in ("TaxPercent", "CurrencyCode", "Amount"))
        for each in only.findall("Payment/SubTotals")
    ] == [("20.00", "EUR", "12.00"), ("5.50", "EUR", "1.00")]


def test_debits_are_said_and_what_xml_forbids_is_not_written():
    report = report_of(sold({SERVICES: Share(10_00, 2_00)}))
    content = flux10(declared(SALES, vat_on_debits=True, name="On\x00de\x0b <SAS>"), report)
    root = fromstring(content)
    assert root.findtext("TransactionsReport/Transactions/TaxDueDateTypeCode") == "5"
    assert root.findtext("ReportDocument/Issuer/Name") == "Onde <SAS>"
