"""Who stands on paper and where money goes, from frozen rows: issuer, customer, bank account, the page that pays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

from invoices.models import Invoice
from invoices.paper import Account, Customer, Issuer, Locale
from merchants.languages import language_of
from merchants.links import address_until
from merchants.models import Merchant
from merchants.selectors.logos import logo_of
from merchants.wording import locale_of

PAYABLE_FOR = timedelta(days=5 * 366)
"""How long the address on an invoice's paper opens the page that pays it."""


def paper_language(code: str) -> Locale:
    """The language of paper for a language code."""
    return language_of(code).code


def issuer_of(frozen: Mapping[str, Any], merchant: Merchant) -> Issuer:
    """The frozen entity, with the logo of that day: its digest is frozen, the drawing is kept."""
    return Issuer(
        name=frozen["name"],
        brand=frozen.get("brand", ""),
        legal_form=frozen.get("legal_form", ""),
        address=_address(frozen, ""),
        siren=frozen.get("siren", ""),
        siret=frozen.get("siret", ""),
        vat_id=frozen.get("vat_number", ""),
        capital=frozen.get("capital", ""),
        rcs=frozen.get("registry", ""),
        logo=logo_of(frozen.get("logo", ""), merchant).encode() or None,
        colour=frozen.get("colour") or merchant.brand_color,
    )


def customer_of(frozen: Mapping[str, Any], issuer: Mapping[str, Any], locale: Locale) -> Customer:
    """The frozen payer; their country is said where it is not the issuer's, in the document's language."""
    country = str(frozen.get("country") or "")
    abroad = country and country != issuer.get("country")
    place = str(locale_of(locale).territories.get(country, country)) if abroad else ""
    name, company = frozen.get("name", ""), frozen.get("company", "")
    return Customer(
        name=name or company or frozen.get("email", "") or frozen.get("reference", ""),
        company=company,
        address=_address(frozen, place),
        vat_id=frozen.get("vat_number", ""),
        siren=frozen.get("siren", ""),
        reference=frozen.get("reference", ""),
        country=country,
    )


def account_of(frozen: Mapping[str, Any], holder: Issuer) -> Account | None:
    """Where transfers go, if the entity said so on that day."""
    if not frozen.get("iban"):
        return None
    return Account(name=holder.full_name, iban=frozen["iban"], bic=frozen.get("bic", ""))


def pay_url(row: Invoice) -> str:
    """The page that pays an invoice, for its paper: the same address each time it is printed, for as long as the debt
    can be claimed (code de commerce L110-4)."""
    until = datetime.combine(cast(date, row.issued_on), time.min, tzinfo=UTC) + PAYABLE_FOR
    return address_until("hosted:owed", "owed", row.tenant_id, row.pk, until=until)


def _address(party: Mapping[str, Any], country: str) -> tuple[str, ...]:
    town = f"{party.get('postal_code', '')} {party.get('city', '')}".strip()
    return tuple(line for line in (party.get("line1", ""), party.get("line2", ""), town, country) if line)
