"""Text as search compares it. Pure: no accents, no case, digits of phone numbers together."""

from __future__ import annotations

import re
import unicodedata

_BETWEEN_DIGITS = re.compile(r"(?<=\d)[ .\-](?=\d)")
_LIKE_SIGNS = re.compile(r"[\\%_]")
_PHONE = re.compile(r"\+?[0-9 ().\-/]{6,32}")
NATIONAL_DIGITS = 9
"""Of a phone number, these last digits are the same with and without the country's prefix."""


def fold(*texts: str) -> str:
    """Texts in one line as search compares them.

    >>> fold("Éléonore", "06 39 98")
    'eleonore 06 39 98 063998'
    >>> fold("+33 6 39 98")
    '+33 6 39 98 +3363998'
    """
    plain = _plain(" ".join(filter(None, texts)))
    digits = _BETWEEN_DIGITS.sub("", plain)
    extra = [word for word in digits.split() if word.lstrip("+").isdigit() and word not in plain.split()]
    return " ".join([plain, *extra]).strip()


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def patterns(query: str) -> list[str]:
    """What a text must be LIKE, all of them, to be found by what someone typed; the longest first.

    Signs that LIKE reads are taken literally; a phone number is found with or without its country's prefix.

    >>> patterns("Garnier lucie"), patterns("06 39 98 41 27"), patterns("+33 6 39 98 41 27")
    (['%garnier%', '%lucie%'], ['%639984127%'], ['%639984127%'])
    >>> patterns("100%_"), patterns("  ")
    (['%100\\\\%\\\\_%'], [])
    """
    text = query.strip()
    digits = re.sub(r"\D", "", text)
    if _PHONE.fullmatch(text) and len(digits) > NATIONAL_DIGITS:
        return [f"%{digits[-NATIONAL_DIGITS:]}%"]
    words = sorted(set(_BETWEEN_DIGITS.sub("", _plain(text)).split()), key=lambda word: (-len(word), word))
    return [f"%{_LIKE_SIGNS.sub(_escaped, word)}%" for word in words]


def _escaped(sign: re.Match[str]) -> str:
    return "\\" + sign[0]
