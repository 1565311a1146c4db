"""How it was or is to be paid, in business terms (BG-16), and in which frame of the French reform (BT-23). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from invoices.facturx.documents import Account, Document, Settled
from merchants.languages import said_in

Terms = dict[str, Any]

CODES = {
    "card": "48",
    "terminal": "48",
    "sepa": "59",
    "cash": "10",
    "cheque": "20",
    "transfer": "ZZZ",
    "balance": "97",
    "credit_note": "97",
    "invoice": "97",
    "refund": "ZZZ",
    "other": "ZZZ",
}
"""UNTDID 4461: bank card, SEPA direct debit, cash, cheque, clearing between partners. A transfer's own codes ask for
the seller's account (BR-61): where it is not known, a transfer is named in words."""

SEPA_TRANSFER, TRANSFER = "58", "30"

WORDS: Mapping[str, Mapping[str, str]] = {
    "card": {"en": "Card", "fr": "Carte"},
    "terminal": {"en": "Card at the counter", "fr": "Carte au comptoir"},
    "sepa": {"en": "SEPA direct debit", "fr": "Prélèvement SEPA"},
    "cash": {"en": "Cash", "fr": "Espèces"},
    "cheque": {"en": "Cheque", "fr": "Chèque"},
    "transfer": {"en": "Bank transfer", "fr": "Virement"},
    "balance": {"en": "Account balance", "fr": "Solde du compte"},
    "credit_note": {"en": "Credit note", "fr": "Avoir"},
    "invoice": {"en": "Invoice", "fr": "Facture"},
    "refund": {"en": "Refund", "fr": "Remboursement"},
    "other": {"en": "Other payments", "fr": "Autres paiements"},
}
"""The same in words, beside the code (BT-82)."""


def means_terms(document: Document) -> Terms:
    """BT-81 to BT-90: the transfer that is asked for while something is left to pay on an invoice whose seller has an
    account; else what settled most of it, of equals the first. Nothing where nothing did.

    The standard has one means a document (CII-SR-467). Of a card its last four digits stand there, never more (BR-51).
    """
    if document.left and document.kind == "invoice" and document.account:
        return _transfer(document, document.account)
    if not document.settled:
        return {}
    main = max(document.settled, key=lambda part: part.amount)
    if main.means == "transfer" and document.account:
        return _transfer(document, document.account)
    found: Terms = {"BT-81": CODES[main.means], "BT-82": said_in(WORDS[main.means], document.locale)}
    if main.means in ("card", "terminal") and main.last4:
        found["BT-87"] = main.last4
    if main.means == "sepa":
        found |= _debit(main)
    return found


def _transfer(document: Document, account: Account) -> Terms:
    """To which account, with which words (BT-83): the document's number."""
    found = {
        "BT-81": SEPA_TRANSFER if document.currency == "EUR" else TRANSFER,
        "BT-82": said_in(WORDS["transfer"], document.locale),
        "BT-83": document.number,
        "BT-84": account.iban,
        "BT-85": account.name,
    }
    return found | ({"BT-86": account.bic} if account.bic else {})


def _debit(part: Settled) -> Terms:
    """A SEPA debit's mandate and creditor (BT-89, BT-90). The account is the provider's secret: it is not named."""
    found = {"BT-89": part.mandate} if part.mandate else {}
    return found | ({"BT-90": part.creditor} if part.creditor else {})


def is_paid(document: Document) -> bool:
    """Whether an invoice was paid in full by money: the reform's frames of "already paid" are for these.

    What a credit note cancelled is settled, and was never paid.
    """
    return document.kind == "invoice" and document.paid_on is not None and not document.left and document.gross > 0


def frame(document: Document) -> str:
    """The frame of invoicing (BT-23, BR-FR-08): goods, services or both; already paid (2) or not (1).

    >>> from invoices.facturx.sampling import plain
    >>> frame(plain()), frame(plain(operation="both"))
    ('S1', 'M1')
    """
    letter = {"services": "S", "goods": "B", "both": "M"}[document.operation]
    return letter + ("2" if is_paid(document) else "1")
