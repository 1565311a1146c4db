"""What a document says of its VAT: the sentence of the law for each case, and why a line has its rate. Pure.

One place for every article that is printed: when the numbering of the CIBS takes over, it changes here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from babel import Locale

from merchants.territories import FRENCH, country_of
from subscribers.taxation import Reason, Regime, Seller

Texts = Mapping[str, str]

_FRENCH_TEXTS: Mapping[Reason, Texts] = {
    Reason.franchise: {
        "en": "VAT not applicable, article 293 B of the French tax code (CGI)",
        "fr": "TVA non applicable, art. 293 B du CGI",
    },
    Reason.exempt: {
        "en": "Exempt from VAT, article 261 of the French tax code (CGI)",
        "fr": "Exonération de TVA, art. 261 du CGI",
    },
    Reason.reverse_charge: {
        "en": "Reverse charge: VAT is due by the customer, article 283, 2 of the French tax code (CGI),"
        " article 196 of directive 2006/112/EC",
        "fr": "Autoliquidation : TVA due par le preneur, art. 283, 2 du CGI, art. 196 de la directive 2006/112/CE",
    },
    Reason.intra_eu_goods: {
        "en": "Intra-Community supply exempt from VAT, article 262 ter, I of the French tax code (CGI),"
        " article 138 of directive 2006/112/EC",
        "fr": "Exonération de TVA, livraison intracommunautaire, art. 262 ter, I du CGI,"
        " art. 138 de la directive 2006/112/CE",
    },
    Reason.export: {
        "en": "Export exempt from VAT, article 262, I of the French tax code (CGI)",
        "fr": "Exonération de TVA, exportation, art. 262, I du CGI",
    },
    Reason.overseas_export: {
        "en": "Export exempt from VAT, articles 262, I and 294, 2 of the French tax code (CGI)",
        "fr": "Exonération de TVA, exportation, art. 262, I et 294, 2 du CGI",
    },
    Reason.overseas_untaxed: {
        "en": "VAT not applicable in French Guiana and Mayotte, article 294, 1 of the French tax code (CGI)",
        "fr": "TVA non applicable en Guyane et à Mayotte, art. 294, 1 du CGI",
    },
    Reason.outside_business: {
        "en": "Not subject to French VAT, article 259, 1° of the French tax code (CGI)",
        "fr": "TVA française non applicable, art. 259, 1° du CGI",
    },
    Reason.outside_consumer: {
        "en": "Not subject to French VAT, article 259 D of the French tax code (CGI)",
        "fr": "TVA française non applicable, art. 259 D du CGI",
    },
}
_EU_TEXTS: Mapping[Reason, Texts] = {
    Reason.franchise: {
        "en": "VAT not applicable, small enterprise, article 284 of directive 2006/112/EC",
        "fr": "TVA non applicable, petite entreprise, art. 284 de la directive 2006/112/CE",
    },
    Reason.exempt: {"en": "Exempt from VAT", "fr": "Exonération de TVA"},
    Reason.reverse_charge: {
        "en": "Reverse charge: VAT is due by the customer, article 196 of directive 2006/112/EC",
        "fr": "Autoliquidation : TVA due par le preneur, art. 196 de la directive 2006/112/CE",
    },
    Reason.intra_eu_goods: {
        "en": "Intra-Community supply exempt from VAT, article 138 of directive 2006/112/EC",
        "fr": "Exonération de TVA, livraison intracommunautaire, art. 138 de la directive 2006/112/CE",
    },
    Reason.export: {
        "en": "Export exempt from VAT, article 146 of directive 2006/112/EC",
        "fr": "Exonération de TVA, exportation, art. 146 de la directive 2006/112/CE",
    },
    Reason.outside_business: {
        "en": "Outside the scope of EU VAT, article 44 of directive 2006/112/EC",
        "fr": "Hors champ de la TVA de l’Union, art. 44 de la directive 2006/112/CE",
    },
    Reason.outside_consumer: {
        "en": "Outside the scope of EU VAT, article 58 of directive 2006/112/EC",
        "fr": "Hors champ de la TVA de l’Union, art. 58 de la directive 2006/112/CE",
    },
}
_OSS: Texts = {
    "en": "VAT of %(country)s, declared through the one-stop shop (OSS)",
    "fr": "TVA %(country)s, déclarée au guichet unique (OSS)",
}


@lru_cache(maxsize=512)
def _mention(reason: Reason, french: bool, where: str) -> tuple[tuple[str, str], ...]:
    if reason is Reason.oss:
        country = country_of(where)
        return tuple(
            (locale, text % {"country": Locale(locale).territories.get(country, country)})
            for locale, text in _OSS.items()
        )
    texts = (_FRENCH_TEXTS if french else _EU_TEXTS).get(reason, {})
    return tuple(texts.items())


def mention(regime: Regime, seller: Seller) -> Texts:
    """The sentence that a document needs for it, per locale, with its article; empty where none is needed (CGI ann. II
    242 nonies A, I, 12° and 13°; directive 226, 11 and 11a).

    >>> mention(Regime(reason=Reason.oss, category="S", place="IT"), Seller(place="FR"))["fr"]
    'TVA Italie, déclarée au guichet unique (OSS)'
    >>> mention(Regime(reason=Reason.home, category="S", place="FR"), Seller(place="FR"))
    {}
    """
    return dict(_mention(regime.reason, seller.place in FRENCH, regime.place))


_EXPLAINED: Mapping[Reason, Texts] = {
    Reason.home: {"en": "rate of the seller’s country", "fr": "taux du pays du vendeur"},
    Reason.on_site: {
        "en": "rate of the place where the service is given",
        "fr": "taux du lieu où la prestation est rendue",
    },
    Reason.at_seller: {
        "en": "rate of the seller’s country: a service to a consumer is taxed there",
        "fr": "taux du pays du vendeur : une prestation à un particulier y est taxée",
    },
    Reason.below_threshold: {
        "en": "rate of the seller’s country: the company is not in the one-stop shop (OSS) that day",
        "fr": "taux du pays du vendeur : l’entreprise n’est pas au guichet unique (OSS) ce jour-là",
    },
    Reason.oss: {
        "en": "rate of the subscriber’s country, through the one-stop shop (OSS)",
        "fr": "taux du pays de l’abonné, par le guichet unique (OSS)",
    },
    Reason.own_table: {
        "en": "rate that the company’s own table has for the subscriber’s country",
        "fr": "taux que la table de l’entreprise donne au pays de l’abonné",
    },
    Reason.corsica: {"en": "rate of Corsica", "fr": "taux applicable en Corse"},
    Reason.overseas: {
        "en": "rate of the subscriber’s territory, mainland or overseas department",
        "fr": "taux du territoire de l’abonné, métropole ou département d’outre-mer",
    },
    Reason.overseas_untaxed: {
        "en": "no VAT in French Guiana and Mayotte",
        "fr": "pas de TVA en Guyane et à Mayotte",
    },
    Reason.overseas_export: {
        "en": "goods sent from one French VAT territory to another are exported",
        "fr": "les biens expédiés entre la métropole et l’outre-mer sont exportés",
    },
    Reason.reverse_charge: {
        "en": "reverse charge: a business of another member state, with its VAT number",
        "fr": "autoliquidation : entreprise d’un autre État membre, avec son numéro de TVA",
    },
    Reason.intra_eu_goods: {
        "en": "goods to a business of another member state, with its VAT number",
        "fr": "biens livrés à une entreprise d’un autre État membre, avec son numéro de TVA",
    },
    Reason.seller_unnumbered: {
        "en": "rate of the seller’s country: the company has no VAT number, so no reverse charge",
        "fr": "taux du pays du vendeur : sans numéro de TVA de l’entreprise, pas d’autoliquidation",
    },
    Reason.export: {"en": "goods sent outside the EU", "fr": "biens expédiés hors de l’UE"},
    Reason.outside_business: {
        "en": "service to a business outside the EU",
        "fr": "prestation à une entreprise hors de l’UE",
    },
    Reason.outside_consumer: {
        "en": "electronic service to a consumer outside the EU",
        "fr": "service électronique à un particulier hors de l’UE",
    },
    Reason.exempt: {"en": "exempt by its nature", "fr": "exonéré par nature"},
    Reason.franchise: {"en": "franchise of small enterprises", "fr": "franchise en base de TVA"},
}


def explained(reason: str, language: str) -> str:
    """Why a line has its rate, in the reader's language; empty for what an older line kept.

    >>> explained("reverse_charge", "fr")[:15], explained("none such", "en")
    ('autoliquidation', '')
    """
    texts = _EXPLAINED.get(Reason(reason)) if reason in set(Reason) else None
    return texts.get(language, texts["en"]) if texts else ""
