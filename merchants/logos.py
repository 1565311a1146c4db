"""◆ Is this SVG safe to show and to draw? A merchant uploads it; pages, mails and every document carry it.

Plain shapes only: no script, no style element, no text, no reference to anything outside, no entity: nothing is
fetched, nothing repeats itself, nothing takes long (reliability F25, §4.4).
"""

from __future__ import annotations

import re
from typing import Protocol
from xml.parsers import expat

from merchants.refusals import Invalid, gettext_noop

LOGO_BYTES = 262_144
"""The largest logo, in bytes."""

SVG_ELEMENTS = 1_500
"""The most shapes of an SVG logo."""

_FORMS = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"}
_SHAPES = _FORMS | {"svg", "g", "defs", "linearGradient", "radialGradient", "stop", "title", "desc"}
_SVG = "http://www.w3.org/2000/svg"
_OWN_REFERENCE = re.compile(r"url\(\s*['\"]?#[\w.-]+['\"]?\s*\)", re.ASCII)
_REFERS = re.compile(r"url\s*\(|\\|@|expression", re.IGNORECASE)


class _Refused(Exception):  # noqa: N818 - the parser's answer
    """It holds something that a logo does not need."""


def is_plain_svg(content: bytes) -> bool:
    """Whether these bytes are an SVG of plain shapes.

    >>> is_plain_svg(b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1"/></svg>')
    True
    >>> is_plain_svg(b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>')
    False
    >>> is_plain_svg(b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>')
    False
    """
    if not content or len(content) > LOGO_BYTES:
        return False
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


class Sent(Protocol):
    """A file that a form sent."""

    def read(self, size: int, /) -> bytes:
        """So many of its bytes."""


def drawing_of(sent: Sent | None) -> str:
    """The text of a drawing that was sent, '' where none was. What is no text is no drawing, and is refused later."""
    return sent.read(LOGO_BYTES + 1).decode("utf-8", errors="replace") if sent else ""


def check_logo(svg: str, *, field: str = "logo_svg") -> str:
    """The drawing, trimmed; '' for none. Raises Invalid (`logo_not_plain`).

    >>> check_logo("<script>alert(1)</script>")
    Traceback (most recent call last):
    merchants.refusals.Invalid: ('logo_not_plain', 'An SVG of plain shapes, 256 KB at most: no text, image or link.')
    """
    clean = svg.strip()
    if clean and not is_plain_svg(clean.encode()):
        raise Invalid.at(
            field,
            "logo_not_plain",
            gettext_noop("An SVG of plain shapes, 256 KB at most: no text, image or link."),
        )
    return clean
