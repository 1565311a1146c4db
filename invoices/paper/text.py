"""Text as it may stand on paper."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, fields

Locale = str
"""A code of `merchants.languages`."""

TEXT_LIMIT = 160
"""Characters of one text on paper; what is longer ends in an ellipsis. Bounds the time of a hostile document."""

LIMITS = {"brand": 60, "number": 35, "title": 200, "detail": 300, "formula": 200, "why": 400, "reason": 400,
          "how_to_pay": 400, "mentions": 1_500, "pay_url": 500}  # fmt: skip
"""Where a text may be longer, or is shorter."""

_UNPRINTABLE = re.compile(r"[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2028\u2029"
                          r"\u2066-\u206f\ud800-\udfff\ufeff\ufff0-\uffff\U000e0000-\U0010ffff]")  # fmt: skip

_MARKS = re.compile(r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{3})"
                    r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")  # fmt: skip


def printable(text: str, *, limit: int = TEXT_LIMIT) -> str:
    """Text as it may stand on paper: composed, on one line, without controls, marks of direction or stacked accents.

    A name that turns the reading direction round could show another amount than it carries (reliability §4.4).

    >>> printable("Caf\\u0065\\u0301  Bleu\\u202e\\x00"), printable("x" * 9, limit=4)
    ('Café Bleu', 'xxx…')
    """
    start = text[: 8 * limit]
    clean = _MARKS.sub(r"\1", _UNPRINTABLE.sub("", unicodedata.normalize("NFC", start.replace("\t", " "))))
    line = " ".join(part for part in re.split(r"[ \n]+", clean) if part)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """Every text of it is made printable when it is built, so that no field can be forgotten."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value, limit = getattr(self, field.name), LIMITS.get(field.name, TEXT_LIMIT)
            if isinstance(value, str):
                object.__setattr__(self, field.name, printable(value, limit=limit))
            elif isinstance(value, tuple) and value and all(isinstance(part, str) for part in value):
                kept = [part for part in (printable(part, limit=limit) for part in value[:12]) if part]
                object.__setattr__(self, field.name, tuple(kept))
