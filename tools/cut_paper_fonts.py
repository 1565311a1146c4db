"""Makes the faces that documents are printed with: `invoices/fonts/`.

    python -m tools.cut_paper_fonts FOLDER    from unpacked npm packages, each in FOLDER under its name without scope
    python -m tools.cut_paper_fonts --check   do the faces on disk still have the locked digests?

Packages: `@fontsource-variable/inter` (as `inter`) 5.3.0, `@fontsource/noto-sans-…` 5.3.0 of `PACKS`, and
`@fontsource/noto-emoji` 5.3.2. Licence of all: OFL-1.1 (see NOTICE).

Inter is cut to static faces: a variable font would be made static anew for every document (35 % of its time). They
keep the features that documents use: kerning, tabular figures, local forms and marks. The others are packed as they
come, one archive a package: the parts that their maker cut them into, by how often their characters are used, without
the tables that only vertical text needs, and unpacked from WOFF2, which takes a tenth of a second a part. Each archive
says which part has which characters, so that no font is opened to learn it.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

DEST = Path(__file__).resolve().parent.parent / "invoices" / "fonts"
LOCK = DEST / "lock.json"
PARTS = ("latin", "latin-ext", "vietnamese", "cyrillic", "cyrillic-ext", "greek", "greek-ext")
WEIGHTS = (400, 600)
FEATURES = ["kern", "tnum", "calt", "ccmp", "locl", "mark", "mkmk"]
PACKS = {
    "noto-sans-arabic": (("arabic",), WEIGHTS),
    "noto-sans-armenian": (("armenian",), WEIGHTS),
    "noto-sans-bengali": (("bengali",), WEIGHTS),
    "noto-sans-devanagari": (("devanagari",), WEIGHTS),
    "noto-sans-georgian": (("georgian",), WEIGHTS),
    "noto-sans-hebrew": (("hebrew",), WEIGHTS),
    "noto-sans-tamil": (("tamil",), WEIGHTS),
    "noto-sans-thai": (("thai",), WEIGHTS),
    "noto-sans-jp": ((), (400,)),
    "noto-sans-kr": ((), (400,)),
    "noto-sans-sc": ((), (400,)),
    "noto-sans-tc": ((), (400,)),
    "noto-emoji": ((), (400,)),
}
"""By package: the parts that are taken (none named: all that are numbered), and the weights."""

UPRIGHT_ONLY = ("vhea", "vmtx", "VORG", "BASE")
"""Tables that only vertical text needs. Documents are written across."""


def cut(variable: bytes, weight: int) -> bytes:
    """One static face as WOFF2, the same bytes each time."""
    from fontTools import subset
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    font = TTFont(io.BytesIO(variable), recalcTimestamp=False)
    characters = list(font.getBestCmap())
    font = instantiateVariableFont(font, {"wght": weight}, static=True)
    options = subset.Options(layout_features=FEATURES, hinting=False, notdef_outline=True)
    options.drop_tables += ["STAT"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    font.flavor = "woff2"
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


def unpacked(woff2_face: bytes) -> tuple[bytes, list[int]]:
    """A face as plain TrueType without the tables of vertical text, and the characters that it draws."""
    from fontTools.ttLib import TTFont

    font = TTFont(io.BytesIO(woff2_face), recalcTimestamp=False)
    font.flavor = None
    for table in UPRIGHT_ONLY:
        if table in font:
            del font[table]
    out = io.BytesIO()
    font.save(out)
    return out.getvalue(), sorted(font.getBestCmap())


def ranges(characters: Iterable[int]) -> str:
    """Characters as ranges of hexadecimal numbers.

    >>> ranges([0x41, 0x42, 0x43, 0xE9])
    '41-43,e9'
    """
    found: list[list[int]] = []
    for character in sorted(characters):
        if found and character == found[-1][1] + 1:
            found[-1][1] = character
        else:
            found.append([character, character])
    return ",".join(f"{first:x}" if first == last else f"{first:x}-{last:x}" for first, last in found)


def pack(folder: Path, package: str) -> bytes:
    """The archive of one package: `PART-WEIGHT` each, and `coverage.json`."""
    named, weights = PACKS[package]
    files = {path.name: path for path in (folder / "files").glob("*-normal.woff2")}
    parts = named or tuple(_numbered(files, package))
    coverage: dict[str, str] = {}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        for part in parts:
            for weight in weights:
                face, characters = unpacked(files[f"{package}-{part}-{weight}-normal.woff2"].read_bytes())
                coverage[part] = ranges(character for character in characters if character > 0x7F)
                archive.writestr(zipfile.ZipInfo(f"{part}-{weight}"), face, zipfile.ZIP_LZMA)
        said = json.dumps({"weights": weights, "parts": coverage}, sort_keys=True)
        archive.writestr(zipfile.ZipInfo("coverage.json"), said, zipfile.ZIP_LZMA)
    return out.getvalue()


def _numbered(files: Iterable[str], package: str) -> Iterator[str]:
    found = (re.fullmatch(rf"{package}-(\d+)-400-normal\.woff2", name) for name in files)
    yield from sorted((one[1] for one in found if one), key=int)


def inter_coverage() -> str:
    """All characters that the cuts of Inter draw."""
    from fontTools.ttLib import TTFont

    found: set[int] = set()
    for part in PARTS:
        with TTFont(DEST / f"inter-{part}-400.woff2", lazy=True) as font:
            found |= font.getBestCmap().keys()
    return ranges(found)


def check() -> list[str]:
    """Names of files whose bytes are not those of the lock, and of files that it does not name."""
    locked: dict[str, str] = json.loads(LOCK.read_text())
    here = {path.name for path in DEST.iterdir()} - {LOCK.name}
    return sorted(
        (here ^ locked.keys())
        | {name for name in here & locked.keys() if _digest((DEST / name).read_bytes()) != locked[name]}
    )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main(arguments: list[str]) -> None:
    """Cut and pack, or check."""
    if arguments == ["--check"]:
        sys.exit(f"changed: {wrong}" if (wrong := check()) else 0)
    (folder,) = map(Path, arguments)
    DEST.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        variable = (folder / "inter" / "files" / f"inter-{part}-wght-normal.woff2").read_bytes()
        for weight in WEIGHTS:
            (DEST / f"inter-{part}-{weight}.woff2").write_bytes(cut(variable, weight))
    (DEST / "inter.json").write_text(json.dumps(inter_coverage()) + "\n")
    for package in PACKS:
        (DEST / f"{package}.zip").write_bytes(pack(folder / package, package))
    lock = {path.name: _digest(path.read_bytes()) for path in DEST.iterdir() if path != LOCK}
    LOCK.write_text(json.dumps(lock, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
