"""Which rules of the French reform (schematron BR-FR-Flux2) are not made for which documents, and why. Pure.

The schematron is that of invoices between companies in France ("flux 2" to a platform). We hold every document of a
French seller to it, consumers' invoices and credit notes too; what stands here is all that is let off, rule by rule.
`docs/invoicing.md` tells it; the tests fail where a document breaks another rule, or one of these without its cause.
"""

from __future__ import annotations

from decimal import Decimal

from invoices.facturx.documents import FRENCH, Document

FRENCH_RATES = frozenset(Decimal(rate) for rate in (
    "0", "10", "13", "20", "8.5", "19.6", "2.1", "5.5", "7", "20.6", "1.05", "0.9", "1.75", "9.2", "9.6",
))  # fmt: skip
"""The rates that BR-FR-16 knows."""


def is_held_to_french_rules(document: Document) -> bool:
    """Whether the French rules are asked at all: of documents whose seller is French."""
    return document.seller.is_french


def let_off(document: Document) -> dict[str, str]:
    """The rules that this document may break, by their number, each with why.

    >>> from invoices.facturx.sampling import plain
    >>> let_off(plain())
    {}
    >>> sorted(let_off(plain(currency="USD")))
    ['BR-FR-CO-12']
    """
    found = {}
    buyer, rates = document.buyer, {rate.percent for rate in document.rates}
    if document.currency != "EUR" and document.vat:
        found["BR-FR-CO-12"] = "VAT in euro needs the day's exchange rate, which is not known here"
    if not buyer.siren and not buyer.email:
        found["BR-FR-12"] = "a consumer or foreign buyer without e-mail has no electronic address"
    if rates - FRENCH_RATES and document.bought_in not in FRENCH:
        found["BR-FR-16"] = "VAT of the buyer's country through the one-stop shop: not a French rate"
    return found
