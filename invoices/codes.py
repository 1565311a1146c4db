"""◆ QR codes (ISO/IEC 18004) as one path to draw: the same text gives the same path."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import segno


@dataclass(frozen=True, slots=True)
class Code:
    """A code: its side in modules, and the path of its dark modules, one row after the other. Whoever draws it leaves
    four modules of white around it: readers ask for them."""

    side: int
    path: str


@lru_cache(maxsize=64)
def code(text: str) -> Code:
    """Draw a text in UTF-8, with error correction of level M (EPC069-12 asks for it).

    >>> small = code("BCD")
    >>> small.side, small.path[:32]
    (21, 'M0 0h7v1h-7zM8 0h1v1h-1zM14 0h7v')
    """
    drawn = segno.make(text, error="m", encoding="utf-8", micro=False, boost_error=False).matrix
    runs = (f"M{first} {down}h{length}v1h-{length}z" for down, row in enumerate(drawn) for first, length in _runs(row))
    return Code(side=len(drawn), path="".join(runs))


def _runs(row: bytearray) -> list[tuple[int, int]]:
    """Where dark modules begin in a row, and how many follow one another.

    >>> _runs(bytearray([1, 1, 0, 1]))
    [(0, 2), (3, 1)]
    """
    groups = (list(group) for dark, group in groupby(enumerate(row), key=lambda each: each[1]) if dark)
    return [(group[0][0], len(group)) for group in groups]
