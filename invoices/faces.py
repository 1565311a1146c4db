"""◆ Which faces a document needs: our own, found by its characters; none of the machine is ever used.

Inter draws Latin, Greek and Cyrillic, and a document of these pays for nothing else. Other scripts are drawn by Noto:
archives in `fonts/` of parts, each with the characters it draws, so that three ideographs of a name cost one or two
small parts and not a whole script. The same ideograph is drawn otherwise in Japan than in China: kana, hangul or the
reader's country decide whose forms come first.
"""

from __future__ import annotations

import json
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path

FONTS = Path(__file__).resolve().parent / "fonts"
INTER = ("latin", "latin-ext", "vietnamese", "cyrillic", "cyrillic-ext", "greek", "greek-ext")
SCRIPTS = ("arabic", "hebrew", "thai", "devanagari", "bengali", "tamil", "armenian", "georgian")
IDEOGRAPHS = ("sc", "jp", "kr", "tc")
PARTS_LIMIT = 100
"""Parts that one document may use: a long Chinese invoice takes half as many; a bound for what is made to cost time."""
BOX = "\N{WHITE SQUARE}"
"""Stands where no face has a character: seen by whoever reads, and told in the log."""

_FORMS = {"JP": "jp", "KR": "kr", "TW": "tc", "HK": "tc", "MO": "tc"}
_INVISIBLE = frozenset(
    chain(range(0x200B, 0x2010), range(0x2060, 0x2070), range(0xFE00, 0xFE10), (0xAD, 0x34F, 0x180E))
)
"""Characters that are never drawn: joiners, marks of direction, variation selectors."""


@dataclass(frozen=True, slots=True, order=True)
class Face:
    """One part of an archive (`noto-sans-sc`, `54`), in the weights that it comes in."""

    package: str
    part: str
    weights: tuple[int, ...]

    @property
    def family(self) -> str:
        """Its name in a stylesheet."""
        return f"{self.package} {self.part} part"  # a name that ends in a number would be taken for a size

    def address(self, weight: int) -> str:
        """What a stylesheet fetches it by, after `paper:`."""
        return f"{self.package}/{self.part}-{weight}"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The faces that a text needs beside Inter, in the order in which they are asked; and what none of them has."""

    faces: tuple[Face, ...] = ()
    missing: frozenset[str] = frozenset()

    def drawn(self, text: str) -> str:
        """The text with a box for each character that is missing; accents that are missing are left out."""
        if not self.missing:
            return text
        marks = {ord(sign): None if unicodedata.combining(sign) else BOX for sign in self.missing}
        return text.translate(marks)


def choose(text: str, *, country: str = "") -> Chosen:
    """The faces for a text; `country` (ISO 3166) is the reader's.

    >>> choose("Łukasz Żółć, Ελένη, Ольга, Nguyễn")
    Chosen(faces=(), missing=frozenset())
    >>> choose("דוד").faces
    (Face(package='noto-sans-hebrew', part='hebrew', weights=(400, 600)),)
    >>> {face.package for face in choose("漢字").faces}, {face.package for face in choose("漢字の").faces}
    ({'noto-sans-sc'}, {'noto-sans-jp'})
    >>> choose("ᚠ").drawn("ᚠred")
    '□red'
    """
    strange = sorted({sign for sign in set(text) - _inter() if ord(sign) not in _INVISIBLE})
    return _chosen("".join(strange), _order(strange, country)) if strange else _NONE


_NONE = Chosen()


@lru_cache(maxsize=256)
def _chosen(strange: str, order: tuple[str, ...]) -> Chosen:
    packages = {package: _archive(package) for package in order}
    found: dict[Face, None] = {}
    missing = set()
    for sign in strange:
        package = next((name for name, parts in packages.items() if sign in parts), None)
        face = packages[package][sign] if package else None
        if face is None or (face not in found and len(found) >= PARTS_LIMIT):
            missing.add(sign)
        else:
            found[face] = None
    if any(not unicodedata.combining(sign) for sign in missing) and BOX not in strange:
        box = next(parts[BOX] for parts in packages.values() if BOX in parts)
        found[box] = None
    asked = sorted(found, key=lambda face: (order.index(face.package), len(face.part), face.part))
    return Chosen(tuple(asked), frozenset(missing))


def _order(strange: Iterable[str], country: str) -> tuple[str, ...]:
    """Whose forms come first: those of kana or hangul where the text has some, else of the reader's country."""
    first = _FORMS.get(country, "sc")
    for sign in strange:
        if "\u3040" <= sign <= "\u30ff":
            first = "jp"
            break
        if "\uac00" <= sign <= "\ud7a3":
            first = "kr"
    ideographs = (first, *(one for one in IDEOGRAPHS if one != first))
    scripts, shapes = (tuple(f"noto-sans-{one}" for one in group) for group in (SCRIPTS, ideographs))
    return (*scripts, "noto-emoji", *shapes)


@lru_cache(maxsize=1)
def _inter() -> frozenset[str]:
    return frozenset(chr(sign) for sign in _ranges(json.loads((FONTS / "inter.json").read_text()))) | {"\n"}


@lru_cache(maxsize=32)
def _archive(package: str) -> Mapping[str, Face]:
    """By character, the part that draws it: its maker's own cut, so that what is often used together lies together."""
    with zipfile.ZipFile(FONTS / f"{package}.zip") as archive:
        said = json.loads(archive.read("coverage.json"))
    weights = tuple(said["weights"])
    found: dict[str, Face] = {}
    for part, covered in said["parts"].items():
        face = Face(package, part, weights)
        for sign in _ranges(covered):
            found.setdefault(chr(sign), face)
    return found


def _ranges(text: str) -> Iterable[int]:
    """The characters of ranges as `tools/cut_paper_fonts.py` writes them.

    >>> list(_ranges("41-43,e9"))
    [65, 66, 67, 233]
    """
    for one in text.split(","):
        first, _, last = one.partition("-")
        yield from range(int(first, 16), int(last or first, 16) + 1)


def content(address: str) -> bytes:
    """The bytes of a face by its address. Raises KeyError where there is none.

    >>> content("noto-sans-hebrew/hebrew-400")[:4], content("inter-latin-400")[:4]
    (b'\\x00\\x01\\x00\\x00', b'wOF2')
    """
    package, _, part = address.partition("/")
    if package not in _names():
        raise KeyError(address)
    if not part:
        return (FONTS / f"{package}.woff2").read_bytes()
    with zipfile.ZipFile(FONTS / f"{package}.zip") as archive:
        return archive.read(part)


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(path.stem for path in FONTS.iterdir() if path.suffix in (".woff2", ".zip"))
