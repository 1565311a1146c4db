"""Vendors the pinned front-end files into ``static/vendor``: nothing is fetched when the product runs.

    python -m tools.vendor_assets            fetch with npm, cut the hosted font, write the lock
    python -m tools.vendor_assets --check    do the files on disk still have the locked digests?

The lock (``assets.lock.json``) keeps name, version, npm's own integrity and the sha256 of each file kept; no host.
Source map lines are removed: without the maps, ``collectstatic`` with hashed names stops on them.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEST = ROOT / "static" / "vendor"
LOCK = ROOT / "assets.lock.json"
SOURCE_MAP = re.compile(rb"(?m)^\s*(//# sourceMappingURL=.*|/\*# sourceMappingURL=.*?\*/)\s*$")

FULL_FONT = "inter-latin-wght-normal.woff2"
HOSTED_FONT = "inter-hosted.woff2"
HOSTED_CHARACTERS = [*range(0x20, 0x7F), *range(0xA0, 0x100), *map(ord, "Œœ–—‘’“”•…−€")]
HOSTED_FEATURES = ["kern", "tnum", "calt", "ccmp", "locl", "mark"]


@dataclass(frozen=True)
class Package:
    """One npm package: its version and which file of its tarball becomes which file here."""

    name: str
    version: str
    files: dict[str, str]


WANTED = (
    Package("@tabler/core", "1.6.1", {"dist/css/tabler.min.css": "tabler.min.css"}),
    Package("htmx.org", "2.0.11", {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "LICENSE.htmx"}),
    Package(
        "@fontsource-variable/inter",
        "5.3.0",
        {f"files/{FULL_FONT}": FULL_FONT, "LICENSE": "LICENSE.inter"},
    ),
)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def npm(*arguments: str) -> str:
    """What npm answers; the registry is whatever the machine is set up with, and is not written down."""
    return subprocess.check_output(["npm", *arguments], text=True, stderr=subprocess.DEVNULL).strip()


def fetch_package(package: Package) -> dict[str, object]:
    """Download one tarball, compare it with npm's sha512, keep the wanted files; returns its lock entry."""
    reference = f"{package.name}@{package.version}"
    integrity = npm("view", reference, "dist.integrity")
    kept: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        name = npm("pack", "--silent", "--pack-destination", folder, reference).splitlines()[-1]
        tarball = (Path(folder) / name).read_bytes()
        found = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
        if found != integrity:
            raise SystemExit(f"{reference}: the tarball is not the one npm describes")
        with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
            for source, target in package.files.items():
                member = archive.extractfile(f"package/{source}")
                if member is None:
                    raise SystemExit(f"{reference}: {source} is not a file")
                content = member.read()
                if target.endswith((".css", ".js")):
                    content = SOURCE_MAP.sub(b"", content)
                (DEST / target).write_bytes(content)
                kept[target] = digest(content)
    return {"version": package.version, "integrity": integrity, "files": kept}


def cut_hosted_font() -> dict[str, object]:
    """Inter for hosted pages: three weights, Western European characters, about 25 kB instead of 48.

    The same input gives the same bytes: fontTools is told to keep the font's own date.
    """
    import fontTools
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    whole = TTFont(DEST / FULL_FONT, recalcTimestamp=False)
    instantiateVariableFont(whole, {"wght": (400, 600)}, inplace=True)
    whole.flavor = None
    narrowed = io.BytesIO()
    whole.save(narrowed)  # read again below: the subsetter needs the tables as they are written
    font = TTFont(narrowed, recalcTimestamp=False)
    options = Options(layout_features=HOSTED_FEATURES, notdef_outline=True, hinting=False)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=HOSTED_CHARACTERS)
    subsetter.subset(font)
    font.flavor = "woff2"
    cut = io.BytesIO()
    font.save(cut)
    (DEST / HOSTED_FONT).write_bytes(cut.getvalue())
    kept = {HOSTED_FONT: digest(cut.getvalue())}
    return {"cut_from": FULL_FONT, "with": f"fonttools {fontTools.version}", "files": kept}


def fetch() -> None:
    DEST.mkdir(parents=True, exist_ok=True)
    lock = {package.name: fetch_package(package) for package in WANTED}
    lock[HOSTED_FONT] = cut_hosted_font()
    LOCK.write_text(json.dumps(lock, indent=1, sort_keys=True) + "\n")


def changed() -> list[str]:
    """Names of vendored files that are missing or differ from the lock."""
    locked: dict[str, str] = {}
    for entry in json.loads(LOCK.read_text()).values():
        locked.update(entry["files"])
    present = {name: digest((DEST / name).read_bytes()) for name in locked if (DEST / name).is_file()}
    return sorted(name for name, wanted in locked.items() if present.get(name) != wanted)


def main(arguments: list[str]) -> int:
    if "--check" not in arguments:
        fetch()
    differing = changed()
    if differing:
        print("vendored files differ from assets.lock.json: " + ", ".join(differing), file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
