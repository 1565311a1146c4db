"""◆ Is this logo safe to draw? A merchant uploads it; every document draws it.

PNG of a bounded size, or SVG made of plain shapes: no script, no style, no text, no reference to anything, so that
nothing is fetched, nothing repeats itself and nothing takes long (reliability F25, §4.4).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from xml.parsers import expat

LOGO_BYTES = 262_144
"""The largest logo, in bytes."""

LOGO_SIDE = 2_000
"""The longest side of a PNG logo, in pixels."""

SVG_ELEMENTS = 1_500
"""The most shapes of an SVG logo."""

_SHAPES = frozenset(
    [
        "svg",
        "g",
        "path",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
        "defs",
        "linearGradient",
        "radialGradient",
        "stop",
        "title",
        "desc",
    ]
)
_SVG = "http://www.w3.org/2000/svg"
_OWN_REFERENCE = re.compile(r"url\(\s*['\"]?#[\w.-]+['\"]?\s*\)", re.ASCII)
_REFERS = re.compile(r"url\s*\(|\\|@|expression", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Logo:
    """A logo that may be drawn: its bytes and their media type."""

    content: bytes
    media_type: str


def safe_logo(content: bytes | None) -> Logo | None:
    """The logo if it may be drawn, else None.

    >>> safe_logo(b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1"/></svg>').media_type
    'image/svg+xml'
    >>> safe_logo(b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>') is None
    True
    """
    if not content or len(content) > LOGO_BYTES:
        return None
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return Logo(content, "image/png") if _bounded_png(content) else None
    return Logo(content, "image/svg+xml") if _plain_svg(content) else None


def _bounded_png(content: bytes) -> bool:
    if len(content) < 33 or content[12:16] != b"IHDR":
        return False
    width, height = struct.unpack(">II", content[16:24])
    return bool(0 < width <= LOGO_SIDE and 0 < height <= LOGO_SIDE)


class _Refused(Exception):  # noqa: N818 - the parser's answer
    """It holds something that a logo does not need."""


def _plain_svg(content: bytes) -> bool:
    parser = expat.ParserCreate(namespace_separator=" ")
    elements = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal elements
        elements += 1
        namespace, _, local = name.rpartition(" ")
        if elements > SVG_ELEMENTS or namespace != _SVG or local not in _SHAPES or (elements == 1) != (local == "svg"):
            raise _Refused(name)
        for key, value in attributes.items():
            plain = key.rpartition(" ")[2].lower()
            if plain in {"href", "src", "base"} or plain.startswith("on"):
                raise _Refused(key)
            if _REFERS.search(_OWN_REFERENCE.sub("", value)):
                raise _Refused(value)

    def refuse(*_: object) -> None:
        raise _Refused

    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = refuse
    parser.ProcessingInstructionHandler = refuse
    try:
        parser.Parse(content, True)
    except (_Refused, expat.ExpatError, ValueError):
        return False
    return elements > 0
