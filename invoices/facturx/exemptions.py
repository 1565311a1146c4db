"""Why VAT is not charged, as a code: the VATEX list of EN 16931 (BT-121), with the French articles. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from merchants.languages import said_in

BY_CATEGORY = {"AE": "VATEX-EU-AE", "K": "VATEX-EU-IC", "G": "VATEX-EU-G", "O": "VATEX-EU-O"}
FRANCHISE = "VATEX-FR-FRANCHISE"

_ARTICLES = frozenset([
    "261-1", "261-2", "261-3", "261-4", "261-5", "261-7", "261-8", "261A", "261B", "261C-1", "261C-2", "261C-3",
    "261D-1", "261D-1BIS", "261D-2", "261D-3", "261D-4", "261E-1", "261E-2", "275", "277A", "295",
])  # fmt: skip
_FRANCHISE = re.compile(r"293\s*B\b")
_CGI = re.compile(r"\b(26[12]|27[57]|295)(?:\s*([A-E])\b)?(?:[\s,-]*([1-8])\b(?:[°º]?\s*(bis)\b)?)?", re.IGNORECASE)

WORDS: Mapping[str, Mapping[str, str]] = {
    "E": {"en": "Exempt from VAT", "fr": "Exonération de TVA"},
    "AE": {"en": "Reverse charge", "fr": "Autoliquidation"},
    "K": {"en": "Intra-Community supply", "fr": "Livraison intracommunautaire exonérée"},
    "G": {"en": "Export outside the EU", "fr": "Exportation exonérée"},
    "O": {"en": "Not subject to VAT", "fr": "Hors du champ de la TVA"},
}
"""By language, the reason in words where the document says none: the standard asks for one (BR-E-10, BR-AE-10…)."""


def vatex(category: str, reason: str) -> str:
    """The code of a reason: by the category where that says all, else by the article that the reason names.

    >>> vatex("AE", "Autoliquidation"), vatex("E", "TVA non applicable, article 293 B du CGI")
    ('VATEX-EU-AE', 'VATEX-FR-FRANCHISE')
    >>> vatex("E", "Exonération, art. 261-4-4° a du CGI"), vatex("E", "art. 261 D, 1° bis"), vatex("E", "art. 261 C")
    ('VATEX-FR-CGI261-4', 'VATEX-FR-CGI261D-1BIS', '')
    >>> vatex("S", "")
    ''
    """
    if category in BY_CATEGORY:
        return BY_CATEGORY[category]
    if category != "E":
        return ""
    if _FRANCHISE.search(reason):
        return FRANCHISE
    found = _CGI.search(reason)
    if found is None:
        return ""
    article, letter, number, bis = found.groups()
    key = article + (letter or "").upper() + (f"-{number}" if number else "") + ("BIS" if bis else "")
    return f"VATEX-FR-CGI{key}" if key in _ARTICLES else ""


def reason_of(category: str, reason: str, locale: str) -> str:
    """Why VAT is not charged, in words: the document's own, else the category's; empty where it is charged, or at the
    rate of zero, which needs none (BR-S-10, BR-Z-10).

    >>> reason_of("AE", "", "fr"), reason_of("AE", "", "de"), reason_of("S", "", "fr")
    ('Autoliquidation', 'Reverse charge', '')
    """
    if category in ("S", "Z"):
        return ""
    return reason or said_in(WORDS.get(category, {}), locale)
