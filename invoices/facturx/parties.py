"""Seller and buyer in business terms (BG-4, BG-7), and between whom a document passes. Pure.

Identifiers by their registers: SIREN is 0002, SIRET 0009 (ISO 6523); an address of the French directory is 0225 and
begins with the SIREN, an e-mail is EM (EAS list). A document outside VAT names no VAT number at all (BR-O-02).
"""

from __future__ import annotations

from typing import Any, Literal

from invoices.facturx.documents import FRENCH, Document, Party
from invoices.paper import printable

Terms = dict[str, Any]
Treatment = Literal["B2B", "B2BINT", "B2C", "B2CINT", "OUTOFSCOPE", ""]
"""How the French platforms deal with a document (note BAR, BR-FR-20); empty: the seller is not theirs."""

KOSOVO = {"XK": "1A"}
"""EN 16931's list of countries has its own code for Kosovo."""


def treatment(document: Document) -> Treatment:
    """Between whom it passes. A company without SIREN or VAT number that is at home in France is no taxable one.

    >>> from invoices.facturx.sampling import plain
    >>> treatment(plain()), treatment(plain(practice=True))
    ('B2C', 'OUTOFSCOPE')
    """
    seller, buyer = document.seller, document.buyer
    if not seller.is_french:
        return ""
    if document.practice:
        return "OUTOFSCOPE"
    if buyer.siren:
        return "B2B"
    at_home = document.bought_in in FRENCH
    if buyer.vat_number or (buyer.business and not at_home):
        return "B2BINT"
    return "B2C" if at_home else "B2CINT"


def seller_terms(document: Document) -> Terms:
    """BG-4: who issues it. Without a VAT number the SIREN says that the tax office knows the seller (BT-32)."""
    seller, outside = document.seller, is_outside(document)
    found = _address(seller, seller.country)
    found["name"] = text(seller.name)
    if seller.siren:
        found |= {"legal_identifier": seller.siren, "legal_identifier_schemeid": "0002"}
        found |= {"einvoicing_addr": seller.siren, "einvoicing_addr_schemeid": "0225"}
    elif seller.email:
        found |= {"einvoicing_addr": text(seller.email), "einvoicing_addr_schemeid": "EM"}
    if seller.siret:
        found["identifiers"] = {"0009": seller.siret}
    if seller.vat_number and not outside:
        found["vat_identifier"] = seller.vat_number
    elif seller.siren or seller.siret:
        found["tax_identifier"] = seller.siren or seller.siret
    if outside and seller.vat_number and not (seller.siren or seller.siret):
        found["identifiers"] = {None: seller.vat_number}
    if seller.brand and seller.brand != seller.name:
        found["biz_name"] = text(seller.brand)
    if legal := legal_form(seller):
        found["legal_info"] = legal
    if seller.email:
        found["contacts"] = [{"name": text(seller.brand or seller.name), "email": text(seller.email)}]
    return found


def buyer_terms(document: Document) -> Terms:
    """BG-7: who pays."""
    buyer = document.buyer
    found = _address(buyer, document.bought_in)
    found["name"] = text(buyer.name) or text(buyer.email) or text(buyer.reference) or "?"
    if buyer.siren:
        found |= {"legal_identifier": buyer.siren, "legal_identifier_schemeid": "0002"}
        found |= {"einvoicing_addr": buyer.siren, "einvoicing_addr_schemeid": "0225"}
    elif buyer.email:
        found |= {"einvoicing_addr": text(buyer.email), "einvoicing_addr_schemeid": "EM"}
    if buyer.vat_number and not is_outside(document):
        found["vat_identifier"] = buyer.vat_number
    if buyer.reference:
        found["identifiers"] = {None: text(buyer.reference)}
    if buyer.person and buyer.person != buyer.name:
        found["contacts"] = [{"name": text(buyer.person), **({"email": text(buyer.email)} if buyer.email else {})}]
    return found


def delivery_terms(document: Document) -> Terms | None:
    """BG-13: where it goes, for supplies within the Union, which must say it (BR-IC-12): to the buyer."""
    if all(rate.category != "K" for rate in document.rates):
        return None
    buyer = document.buyer
    return {"name": text(buyer.name) or text(buyer.reference)} | _address(buyer, document.bought_in)


def is_outside(document: Document) -> bool:
    """Whether it is not subject to VAT at all (category O, which stands alone: BR-O-11)."""
    return any(rate.category == "O" for rate in document.rates)


def legal_form(seller: Party) -> str:
    """Legal form and capital, as a company must say on its documents (code de commerce, R123-238).

    >>> legal_form(Party(name="Onde", country="FR", legal_form="SAS", capital="10 000 €"))
    'SAS, 10 000 €'
    """
    return ", ".join(part for part in (text(seller.legal_form), text(seller.capital)) if part)


def text(value: str, limit: int = 300) -> str:
    """Text as it may stand on paper and in XML: composed, on one line, without controls or marks of direction."""
    return printable(value, limit=limit)


def _address(party: Party, country: str) -> Terms:
    lines = {"addr_l1": party.line1, "addr_l2": party.line2, "postcode": party.postal_code, "city": party.city}
    found: Terms = {name: text(value) for name, value in lines.items() if text(value)}
    found["country_code"] = KOSOVO.get(country, country)
    return found
