"""Text for spreadsheets: nothing in a cell may become a formula, and no cell holds a character that nobody can see.

A name such as `=HYPERLINK("http://…")` is executed by the program that opens the file, on the machine of whoever keeps
the books. Numbers are written as numbers and are no danger; every text that begins like a formula gets an apostrophe
before it (OWASP, CSV injection). Pure.
"""

from __future__ import annotations

import re

LONGEST = 32_767
"""Characters that a cell of a workbook may hold."""

_BLANK = re.compile("[\t\n\r\x0b\x0c\x85\u2028\u2029]+")
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_UNSEEN_BEFORE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff"
)
"""What Unicode has nobody see, marks of direction among it: a formula may stand behind it."""
_BEFORE = f"\\s{_UNSEEN_BEFORE}\"'`´‘’“”„«»"
_BEGINS = "=+\\-@＝＋－＠﹦﹢﹣﹫−"
_FORMULA = re.compile(f"[{_BEFORE}]*[{_BEGINS}]")


def one_line(text: str) -> str:
    r"""The text on one line: line breaks and tabs are blanks, NUL and other controls are gone.

    >>> one_line("Caf\x00é\r\n Bleu\t!")
    'Café  Bleu !'
    """
    return _UNSEEN.sub("", _BLANK.sub(" ", text))


def harmless(text: str, foreign: str = "") -> str:
    r"""A text that no spreadsheet takes for a formula. Blanks and quotes before the sign do not hide it.

    `foreign` is a separator of cells that the file does not use and a program in another country splits at: behind it
    a formula would begin a cell of its own.

    >>> harmless('=HYPERLINK("http://x","pay")'), harmless("\t +33 6 12 34"), harmless(' "@SUM(A1)')
    ('\'=HYPERLINK("http://x","pay")', "'  +33 6 12 34", '\' "@SUM(A1)')
    >>> harmless("\u202e=1+1")[0], harmless("\U000e0020\u061c@SUM(A1)")[0]
    ("'", "'")
    >>> harmless("Lucie Garnier-Roux"), harmless("a;=1+1", ";"), harmless("a;=1+1")
    ('Lucie Garnier-Roux', "a;'=1+1", 'a;=1+1')
    """
    clean = one_line(text)
    if _FORMULA.match(clean):
        clean = f"'{clean}"
    if foreign and foreign in clean:
        clean = re.sub(f"{re.escape(foreign)}(?=[{_BEFORE}]*[{_BEGINS}])", f"{foreign}'", clean)
    return clean


def bounded(text: str) -> str:
    """A text that fits into a cell of a workbook; what is cut ends in an ellipsis.

    >>> len(bounded("x" * 40_000)), bounded("x" * 40_000)[-2:], bounded("short")
    (32767, 'x…', 'short')
    """
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
