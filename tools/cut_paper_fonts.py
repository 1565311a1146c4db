"""Cuts the static faces that documents are printed with from the variable Inter: `invoices/fonts/`.

    python -m tools.cut_paper_fonts FOLDER    cut from the `files` folder of @fontsource-variable/inter 5.3.0
    python -m tools.cut_paper_fonts --check   do the faces on disk still have the locked digests?

A variable font would be made static anew for every document (35 % of its time); cut once, it is only subset. The faces
keep the features that documents use: kerning, tabular figures, local forms and marks. Licence: OFL-1.1 (see NOTICE).
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
from pathlib import Path

DEST = Path(__file__).resolve().parent.parent / "invoices" / "fonts"
LOCK = DEST / "lock.json"
PARTS = ("latin", "latin-ext", "cyrillic", "greek")
WEIGHTS = (400, 600)
FEATURES = ["kern", "tnum", "calt", "ccmp", "locl", "mark", "mkmk"]


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


def check() -> list[str]:
    """Names of faces whose bytes are not those of the lock."""
    locked: dict[str, str] = json.loads(LOCK.read_text())
    return [name for name, sha in locked.items() if hashlib.sha256((DEST / name).read_bytes()).hexdigest() != sha]


def main(arguments: list[str]) -> None:
    """Cut, or check."""
    if arguments == ["--check"]:
        sys.exit(f"changed: {wrong}" if (wrong := check()) else 0)
    (folder,) = arguments
    DEST.mkdir(parents=True, exist_ok=True)
    lock: dict[str, str] = {}
    for part in PARTS:
        variable = (Path(folder) / f"inter-{part}-wght-normal.woff2").read_bytes()
        for weight in WEIGHTS:
            name, face = f"inter-{part}-{weight}.woff2", cut(variable, weight)
            (DEST / name).write_bytes(face)
            lock[name] = hashlib.sha256(face).hexdigest()
    LOCK.write_text(json.dumps(lock, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
