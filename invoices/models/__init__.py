"""What an auditor asks for: numbered documents, money in and out, the ledger."""

from invoices.models.accounting import ChartOfAccounts
from invoices.models.credits import CreditNote, CreditNoteLine, CreditNoteTax
from invoices.models.documents import Invoice, InvoiceLine, InvoiceTax
from invoices.models.files import DocumentFile
from invoices.models.ledger import BalanceEntry, LedgerEntry
from invoices.models.payments import Allocation, Payment, Refund
from invoices.models.series import NumberSeries
from invoices.models.signed import SignedPaper
from invoices.models.tills import RegisterEntry, Till, TillSession

__all__ = [
    "Allocation",
    "BalanceEntry",
    "ChartOfAccounts",
    "CreditNote",
    "CreditNoteLine",
    "CreditNoteTax",
    "DocumentFile",
    "Invoice",
    "InvoiceLine",
    "InvoiceTax",
    "LedgerEntry",
    "NumberSeries",
    "Payment",
    "Refund",
    "RegisterEntry",
    "SignedPaper",
    "Till",
    "TillSession",
]
