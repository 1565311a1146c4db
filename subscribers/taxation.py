"""Which VAT a sale has: from who sells, who buys, what and when, to one of the cases below. Pure.

The words of the law are French and European: CGI is the French tax code, "directive" is 2006/112/EC. Since 1 September
2026 the articles of the CGI on VAT stand in the CIBS (ordonnance 2025-1247); invoices may name those of the CGI until
31 December 2027.

What is decided here is where a sale is taxed and in which category of EN 16931. `subscribers.taxes` finds the percent,
`subscribers.tax_texts` the sentence of the law.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from merchants.identity import vat_of
from merchants.territories import CORSICA, FRENCH, UNTAXED_OVERSEAS, in_eu, place, same_place


class Kind(StrEnum):
    """What is sold, as far as the place of taxation depends on it."""

    electronic = "electronic"
    """By electronic means to whoever asks for it (directive, annex II): streaming, software, online press."""
    service = "service"
    """Any other service: for a business it is taxed where that is, for a consumer where the seller is (CGI 259)."""
    on_site = "on_site"
    """Consumed where it is given: a salon, a gym, an event, a meal, a journey (CGI 259 A)."""
    goods = "goods"
    """Things that are sent."""
    exempt = "exempt"
    """Exempt by its nature (CGI 261 to 261 E)."""


KINDS: Mapping[str, Kind] = {
    "electronic": Kind.electronic,
    "services": Kind.service,
    "reduced": Kind.service,
    "on_site": Kind.on_site,
    "restaurant": Kind.on_site,
    "transport": Kind.on_site,
    "goods": Kind.goods,
    "food": Kind.goods,
    "books": Kind.goods,
    "press": Kind.goods,
    "exempt": Kind.exempt,
}
"""The kind of each tax code of the French table. `books` and `press` are printed and sent."""


def kind_of(tax_code: str) -> Kind:
    """The kind of a tax code. A merchant's own code says it by its beginning (`goods_wine`, `electronic_press`,
    `on_site_gym`, `exempt_training`); one that does not is a service.

    >>> kind_of("books"), kind_of("electronic_press"), kind_of("on_site_gym"), kind_of("coaching")
    (<Kind.goods: 'goods'>, <Kind.electronic: 'electronic'>, <Kind.on_site: 'on_site'>, <Kind.service: 'service'>)
    """
    known = KINDS.get(tax_code)
    if known is not None:
        return known
    begun = [code for code in KINDS if tax_code.startswith(f"{code}_")]
    return KINDS[max(begun, key=len)] if begun else Kind.service


class Reason(StrEnum):
    """Why a line has its rate. Kept with the line for ever; never renamed."""

    home = "home"
    on_site = "on_site"
    at_seller = "at_seller"
    below_threshold = "below_threshold"
    oss = "oss"
    own_table = "own_table"
    corsica = "corsica"
    overseas = "overseas"
    overseas_untaxed = "overseas_untaxed"
    overseas_export = "overseas_export"
    reverse_charge = "reverse_charge"
    intra_eu_goods = "intra_eu_goods"
    seller_unnumbered = "seller_unnumbered"
    export = "export"
    outside_business = "outside_business"
    outside_consumer = "outside_consumer"
    exempt = "exempt"
    franchise = "franchise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """Who sells: where, whether under the franchise of CGI 293 B, with a VAT number or not, in the one-stop shop since
    which day."""

    place: str
    franchise: bool = False
    numbered: bool = True
    oss_since: date | None = None

    def in_oss(self, day: date) -> bool:
        """Whether sales of that day are declared through the one-stop shop."""
        return self.oss_since is not None and self.oss_since <= day


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Who buys: where (empty: not known, then at home), for a business or not, with a VAT number of that member state
    or not. Alike payers are equal, so that a run works a case out once."""

    place: str = ""
    business: bool = False
    numbered: bool = False


@lru_cache(maxsize=4096)
def _is_number(vat_number: str, country: str) -> bool:
    return vat_of(vat_number, country) is not None


def buyer_of(
    country: str = "", postal_code: str = "", *, vat_number: str = "", company: bool = False, refused: bool = False
) -> Buyer:
    """A payer as VAT sees them. Who gives a company's name or SIREN (`company`), or a VAT number that is right for the
    country, buys for a business; only a number proves it to another member state (regulation 282/2011, art. 18).
    `refused`: the register said on-line that the number is not valid. Without a country that of the number stands in.

    >>> buyer_of("DE", "10115", vat_number="DE136695976")
    Buyer(place='DE', business=True, numbered=True)
    >>> buyer_of("FR", "97410", company=True), buyer_of("IT", vat_number="DE136695976").business
    (Buyer(place='RE', business=True, numbered=False), False)
    """
    if not vat_number:
        return Buyer(place=place(country, postal_code), business=company)
    prefix = vat_number[:2].upper()
    if not country and _is_number(vat_number, ""):
        country = {"EL": "GR", "XI": "GB"}.get(prefix, prefix)
    right = not refused and _is_number(vat_number, country)
    where = "XI" if right and prefix == "XI" else place(country, postal_code)
    return Buyer(place=where, business=company or right, numbered=right and in_eu(where, goods=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """What was decided: why, at which place's rate (empty: none, the rate is 0), in which category of EN 16931.

    `table_first`: a rate that the legal entity's own table has for the buyer's country comes before that place's."""

    reason: Reason
    category: str
    place: str = ""
    table_first: bool = False


@lru_cache(maxsize=4096)
def decide(seller: Seller, buyer: Buyer, kind: Kind, day: date) -> Regime:
    """The one case of a sale.

    >>> paris, june = Seller(place="FR", oss_since=date(2026, 6, 1)), date(2026, 6, 1)
    >>> rome, berlin = Buyer(place="IT"), Buyer(place="DE", business=True, numbered=True)
    >>> decide(paris, rome, Kind.electronic, date(2026, 5, 31)).reason.value
    'below_threshold'
    >>> decide(paris, rome, Kind.electronic, june).place, decide(paris, berlin, Kind.electronic, june).category
    ('IT', 'AE')
    """
    if seller.franchise:
        return Regime(reason=Reason.franchise, category="E")  # CGI 293 B
    if kind is Kind.exempt:
        return Regime(reason=Reason.exempt, category="E", place=seller.place)
    at_home = not buyer.place or same_place(seller.place, buyer.place)
    if seller.place in UNTAXED_OVERSEAS and (at_home or kind in (Kind.on_site, Kind.goods)):
        return Regime(reason=Reason.overseas_untaxed, category="O")  # CGI 294, 1
    if at_home:
        return _home(seller, buyer, kind)
    if kind is Kind.on_site:
        return Regime(reason=Reason.on_site, category="S", place=seller.place)  # CGI 259 A; directive 48, 52 to 55
    if seller.place in FRENCH and buyer.place in FRENCH:
        return _between_french(seller, buyer, kind)
    if seller.place not in FRENCH and not in_eu(seller.place):
        return Regime(reason=Reason.home, category="S", place=seller.place, table_first=True)
    if in_eu(buyer.place, goods=kind is Kind.goods):
        return _within_eu(seller, buyer, kind, day)
    return _outside(seller, buyer, kind)


def _home(seller: Seller, buyer: Buyer, kind: Kind) -> Regime:
    if buyer.place == CORSICA and kind is Kind.goods:
        return Regime(reason=Reason.corsica, category="S", place=buyer.place)  # CGI 297
    return Regime(reason=Reason.home, category="S", place=seller.place)


def _between_french(seller: Seller, buyer: Buyer, kind: Kind) -> Regime:
    """Mainland and departments: goods are exported from one to another (CGI 294, 2); a service is taxed at the rate of
    the place that CGI 259 to 259 D give it, by its seller, without reverse charge (BOI-TVA-GEO-20-40)."""
    if kind is Kind.goods:
        return Regime(reason=Reason.overseas_export, category="G")
    if not buyer.business and kind is Kind.service:
        return _at_seller(seller)
    if buyer.place in UNTAXED_OVERSEAS:
        return Regime(reason=Reason.overseas_untaxed, category="O")
    return Regime(reason=Reason.overseas, category="S", place="FR" if buyer.place == CORSICA else buyer.place)


def _at_seller(seller: Seller, *, table_first: bool = False) -> Regime:
    """CGI 259, 2°; directive, art. 45. Guyane and Mayotte have no VAT to charge."""
    if seller.place in UNTAXED_OVERSEAS:
        return Regime(reason=Reason.overseas_untaxed, category="O")
    return Regime(reason=Reason.at_seller, category="S", place=seller.place, table_first=table_first)


def _within_eu(seller: Seller, buyer: Buyer, kind: Kind, day: date) -> Regime:
    """To another member state. Goods that leave a French department are exported wherever they go (CGI 294, 2)."""
    if kind is Kind.goods and not in_eu(seller.place):
        return Regime(reason=Reason.overseas_export, category="G")
    if buyer.numbered:
        if not seller.numbered:  # the invoice must bear both numbers (242 nonies A, 3° and 4°)
            if seller.place in UNTAXED_OVERSEAS:
                return _at_seller(seller)
            return Regime(reason=Reason.seller_unnumbered, category="S", place=seller.place)
        if kind is Kind.goods:
            return Regime(reason=Reason.intra_eu_goods, category="K")  # CGI 262 ter, I; directive 138
        return Regime(reason=Reason.reverse_charge, category="AE")  # CGI 259, 1° and 283, 2; directive 44 and 196
    if kind is Kind.service:
        return _at_seller(seller, table_first=True)
    if seller.in_oss(day):  # CGI 258 A and 259 D; directive 33, 58 and 369a to 369k
        return Regime(reason=Reason.oss, category="S", place=buyer.place, table_first=True)
    if seller.place in UNTAXED_OVERSEAS:  # nothing to charge until it is in the one-stop shop (CGI 294, 1)
        return _at_seller(seller)
    # Up to 10,000 euros a year in all other member states together (directive 59c; CGI 259 D)
    return Regime(reason=Reason.below_threshold, category="S", place=seller.place, table_first=True)


def _outside(seller: Seller, buyer: Buyer, kind: Kind) -> Regime:
    """To where the Union's VAT does not hold."""
    if kind is Kind.goods:
        return Regime(reason=Reason.export, category="G")  # CGI 262, I; directive 146
    if buyer.business:
        return Regime(reason=Reason.outside_business, category="O")  # CGI 259, 1°; directive 44
    if kind is Kind.electronic:
        return Regime(reason=Reason.outside_consumer, category="O", table_first=True)  # CGI 259 D; directive 58
    return _at_seller(seller, table_first=True)
