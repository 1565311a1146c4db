"""What prints: WeasyPrint with our own faces, the stylesheet, and nothing of the machine or the network.

A press is made for the faces that a document needs beside Inter (`faces.choose`) and kept: that of Inter alone for
good, a few others while they are asked for. So what was printed before never shows in what is printed now, and a
document in Latin letters costs the same whichever scripts others use. Used by `pdf` alone, under its lock.
"""

from __future__ import annotations

import io
import logging
from functools import lru_cache
from typing import Any

from django.template.loader import get_template
from fontTools.ttLib import woff2
from weasyprint import CSS, HTML
from weasyprint.text.ffi import ffi, fontconfig, gobject, pangoft2
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from invoices import faces
from invoices.faces import INTER, Face
from invoices.logos import Logo

PRESSES = 12
"""Presses for other scripts that a process keeps: each holds its faces in memory, and in a folder of its own."""

log = logging.getLogger(__name__)
logging.getLogger("fontTools").setLevel(logging.WARNING)  # it tells of every table that it reads
ffi.cdef("FcConfig *FcConfigCreate (void);")


class Denied(ValueError):  # noqa: N818 - the answer to an address, not a fault
    """Something in a document asked for an address: none is given."""


class Enclosed(URLFetcher):  # type: ignore[misc]
    """Answers `paper:logo` and our own faces from memory, and nothing else in the world."""

    def __init__(self, logo: Logo | None = None) -> None:
        super().__init__(allowed_protocols=())
        self._logo = logo

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        """The bytes behind one of our own addresses. Raises `Denied` for any other."""
        if url == "paper:logo" and self._logo is not None:
            return URLFetcherResponse(url, self._logo.content, {"Content-Type": self._logo.media_type})
        if url.startswith("paper:"):
            try:
                return URLFetcherResponse(url, _unpacked(url[6:]), {"Content-Type": "font/sfnt"})
            except KeyError:
                pass
        log.warning("a document asked for an address and was denied: %.200r", url)
        raise Denied(url[:200])


class Plain(HTML):  # type: ignore[misc]
    """HTML without the browsers' default style: `paper.css` says all that a document needs (a sixth of its time)."""

    def _ua_stylesheets(self, forms: bool = False) -> list[CSS]:
        return []


class _OwnFaces(FontConfiguration):  # type: ignore[misc]
    """No font of the machine: a document is the same wherever it is printed, and lacks the same characters."""

    def __init__(self) -> None:
        self._config = fontconfig.FcConfigCreate()
        self.font_map = ffi.gc(pangoft2.pango_ft2_font_map_new(), gobject.g_object_unref)
        pangoft2.pango_fc_font_map_set_config(ffi.cast("PangoFcFontMap *", self.font_map), self._config)
        fontconfig.FcConfigDestroy(self._config)  # the map keeps a reference
        self._folder = None
        self.strut_layouts: dict[Any, Any] = {}
        self.font_features: dict[Any, Any] = {}


class Press:
    """The fonts' configuration and the parsed stylesheet for a set of faces."""

    def __init__(self, chosen: tuple[Face, ...]) -> None:
        self.families = families(chosen)
        self.fonts = _OwnFaces()
        self.sheets = (self.css(face_rules(chosen)), _style())

    def css(self, text: str) -> CSS:
        """A stylesheet of our own, parsed for this press."""
        return CSS(string=text, font_config=self.fonts, url_fetcher=Enclosed())


def inter_family(part: str) -> str:
    """The name of a part of Inter in stylesheets.

    >>> inter_family("latin"), inter_family("greek-ext")
    ('Inter Paper', 'Inter Paper greek-ext')
    """
    return "Inter Paper" if part == "latin" else f"Inter Paper {part}"


def families(chosen: tuple[Face, ...]) -> str:
    """The list of typefaces, as a stylesheet has it: Inter, then what is asked beside it."""
    return ", ".join(f"'{name}'" for name in (*map(inter_family, INTER), *(one.family for one in chosen)))


def face_rules(chosen: tuple[Face, ...]) -> str:
    """The rules that bring Inter and these faces, and set documents in them."""
    rules = [rule for part in INTER for rule in _inter(part)]
    rules += [_rule(face.family, face.address(weight), weight) for face in chosen for weight in face.weights]
    return "\n".join((*rules, f"body {{ font-family: {families(chosen)}; }}\n"))


def press_for(chosen: tuple[Face, ...]) -> Press:
    """The press that has these faces beside Inter."""
    return _other_press(chosen) if chosen else _usual_press()


def stylesheet() -> str:
    """The style of a document, as it stands in its file."""
    template: Any = get_template("invoices/paper/paper.css")
    return str(template.template.source)


@lru_cache(maxsize=96)
def _unpacked(address: str) -> bytes:
    """A face as plain TrueType: to unpack WOFF2 takes longer than to print a document. Raises KeyError."""
    face = faces.content(address)
    if face[:4] != b"wOF2":
        return face
    out = io.BytesIO()
    woff2.decompress(io.BytesIO(face), out)
    return out.getvalue()


@lru_cache(maxsize=1)
def _style() -> CSS:
    return CSS(string=stylesheet(), url_fetcher=Enclosed())


@lru_cache(maxsize=1)
def _usual_press() -> Press:
    return Press(())


@lru_cache(maxsize=PRESSES)
def _other_press(chosen: tuple[Face, ...]) -> Press:
    return Press(chosen)


def _inter(part: str) -> list[str]:
    return [_rule(inter_family(part), f"inter-{part}-{weight}", weight) for weight in (400, 600)]


def _rule(family: str, address: str, weight: int) -> str:
    return f"@font-face {{ font-family: '{family}'; font-weight: {weight}; src: url(paper:{address}); }}"
