"""◆ A signature drawn on a screen: strokes of points, checked, and as one path to draw.

What a tablet sends is a list of strokes, each a list of `[x, y]` in units of a pad of 1000 × 300. Bounded, so that
nobody stores a film; and a dot or a slip of the finger is no signature.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from math import dist

from merchants.refusals import Invalid, gettext_noop

WIDTH, HEIGHT = 1000, 300
STROKES, POINTS, CHARACTERS = 60, 6_000, 90_000
LEAST = 150
"""Length of the line that a signature has at least, in units of the pad."""

Strokes = list[list[list[int]]]


def read_strokes(text: str, *, field: str = "signature") -> Strokes:
    """The strokes that were sent. Raises Invalid at `field`: `required`, `signature_malformed`, `signature_too_small`.

    >>> read_strokes("[[[10,20],[300,120],[600,40]]]")
    [[[10, 20], [300, 120], [600, 40]]]
    >>> try:
    ...     read_strokes("[[[10,20],[12,22]]]")
    ... except Invalid as refusal:
    ...     refusal.code
    'signature_too_small'
    """
    if not text.strip():
        raise Invalid.at(field, "required", gettext_noop("Sign first."))
    strokes = _read(text)
    if strokes is None:
        raise Invalid.at(field, "signature_malformed", gettext_noop("This signature cannot be read: sign again."))
    if length(strokes) < LEAST:
        raise Invalid.at(field, "signature_too_small", gettext_noop("Sign larger, over the whole field."))
    return strokes


def _read(text: str) -> Strokes | None:
    if len(text) > CHARACTERS:
        return None
    try:
        sent = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(sent, list) or len(sent) > STROKES or sum(len(s) for s in sent if isinstance(s, list)) > POINTS:
        return None
    return sent if all(isinstance(stroke, list) and all(map(_is_point, stroke)) for stroke in sent) else None


def _is_point(point: object) -> bool:
    if not isinstance(point, list) or len(point) != 2:
        return False
    x, y = point
    return type(x) is int and type(y) is int and 0 <= x <= WIDTH and 0 <= y <= HEIGHT


def length(strokes: Sequence[Sequence[Sequence[int]]]) -> int:
    """How long the line is, in units of the pad.

    >>> length([[[0, 0], [30, 40]], [[5, 5]]])
    50
    """
    return round(sum(dist(a, b) for stroke in strokes for a, b in pairwise(stroke)))


def path(strokes: Sequence[Sequence[Sequence[int]]]) -> str:
    """The strokes as the `d` of an SVG path; a single point is a dot.

    >>> path([[[0, 0], [30, 40]], [[5, 5]]])
    'M0 0L30 40M5 5L5 5'
    """
    drawn = []
    for stroke in strokes:
        if not stroke:
            continue
        points = stroke if len(stroke) > 1 else [stroke[0], stroke[0]]
        drawn.append("M" + "L".join(f"{x} {y}" for x, y in points))
    return "".join(drawn)
