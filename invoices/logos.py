"""◆ Is this logo safe to draw? A merchant uploads it; every document draws it.

PNG of a bounded size, or SVG made of plain shapes: no script, no style, no text, no reference to anything, so that
nothing is fetched, nothing repeats itself and nothing takes long (reliability F25, §4.4).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from merchants.logos import LOGO_BYTES, is_plain_svg

__all__ = ["LOGO_BYTES", "LOGO_SIDE", "Logo", "safe_logo"]

LOGO_SIDE = 2_000
"""The longest side of a PNG logo, in pixels."""


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
    return Logo(content, "image/svg+xml") if is_plain_svg(content) else None


def _bounded_png(content: bytes) -> bool:
    if len(content) < 33 or content[12:16] != b"IHDR":
        return False
    width, height = struct.unpack(">II", content[16:24])
    return bool(0 < width <= LOGO_SIDE and 0 < height <= LOGO_SIDE)
