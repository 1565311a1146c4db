"""Which documents EN 16931 cannot carry, and why. Pure.

Such a document is legal and is printed; it only has no XML inside, and asking for it says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from invoices.facturx.documents import Document
from merchants.money import exponent
from merchants.refusals import gettext_noop

MOST_DECIMALS = 2
"""Of an amount in EN 16931 (BR-DEC-01 to 28)."""

UNKNOWN_CURRENCIES = frozenset[str]()
"""Currencies that we know and the standard's list does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """Why there is no XML: a code for machines, a sentence, and what would help."""

    code: str
    detail: str
    way_out: str = ""


DECIMALS = Unfit(
    code="currency_has_three_decimals",
    detail=gettext_noop("EN 16931 knows amounts with at most two decimals; this document's currency has three."),
    way_out=gettext_noop("The PDF is the document."),
)
SELLER = Unfit(
    code="seller_not_identified",
    detail=gettext_noop("The issuer of this document has neither a SIREN nor a VAT number."),
    way_out=gettext_noop("Add one to the legal entity: documents issued from then on will have it."),
)
BUYER = Unfit(
    code="buyer_not_identified",
    detail=gettext_noop("The VAT of this document is for the payer to account for, and it does not name their number."),
    way_out=gettext_noop("Add the VAT number to the subscriber: documents issued from then on will have it."),
)
MIXED = Unfit(
    code="outside_vat_beside_taxed",
    detail=gettext_noop("In EN 16931 what is outside VAT cannot stand beside what is taxed; this document has both."),
    way_out=gettext_noop("The PDF is the document."),
)
INCOHERENT = Unfit(
    code="vat_not_in_the_standard",
    detail=gettext_noop("The VAT of this document cannot be said in EN 16931."),
    way_out=gettext_noop("The PDF is the document."),
)
"""Its rows are not what we write: a fault of ours, or of who wrote them by hand."""


def unfit(document: Document) -> Unfit | None:
    """Why the standard cannot carry it; None where it can.

    >>> from invoices.facturx.sampling import plain
    >>> unfit(plain()), unfit(plain(currency="TND")).code
    (None, 'currency_has_three_decimals')
    """
    return next(_reasons(document), None)


def _reasons(document: Document) -> Iterator[Unfit]:
    categories = {rate.category for rate in document.rates}
    seller, buyer = document.seller, document.buyer
    if exponent(document.currency) > MOST_DECIMALS or document.currency in UNKNOWN_CURRENCIES:
        yield DECIMALS
    if not (seller.siren or seller.siret or seller.vat_number):  # BR-CO-26, BR-S-02, BR-E-02
        yield SELLER
    if categories & {"K", "G"} and not seller.vat_number:  # BR-IC-02, BR-G-02
        yield SELLER
    if "AE" in categories and not (buyer.vat_number or buyer.siren):  # BR-AE-02
        yield BUYER
    if "K" in categories and not buyer.vat_number:  # BR-IC-02
        yield BUYER
    if "O" in categories and len(document.rates) > 1:  # BR-O-11: it stands alone
        yield MIXED
    if not _coherent(document):
        yield INCOHERENT


def _coherent(document: Document) -> bool:
    """Whether each line stands under a rate, each rate's lines come to its base, and only what is standard has VAT."""
    if any(document.rate_of(item) is None for item in document.items) or not document.items:
        return False
    for rate in document.rates:
        nets = [item.net for item in document.items if document.rate_of(item) is rate]
        if not nets or sum(nets) != rate.base:
            return False
        if (rate.category == "S") != (rate.percent > 0) or (rate.category != "S" and rate.vat):
            return False
    return True
