"""The look's own promises: contrast (WCAG 2.2 AA) in light and dark, the weight of a hosted page, vendored files."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from tools.vendor_assets import changed

STATIC = Path(__file__).resolve().parents[2] / "static"
CSS = (STATIC / "tacite.css").read_text()
COLOURS = {
    name: (light, dark)
    for name, light, dark in re.findall(r"(--[a-z0-9-]+): light-dark\((#[0-9A-F]{6}), (#[0-9A-F]{6})\)", CSS)
}
TEXT, LARGE = 4.5, 3.0
PAIRS = [
    ("--ink", "--sheet", TEXT),
    ("--ink", "--desk", TEXT),
    ("--ink-2", "--sheet", TEXT),
    ("--ink-2", "--desk", TEXT),
    ("--ink-2", "--wash", TEXT),
    ("--ink-2", "--accent-wash", TEXT),
    ("--ink-3", "--sheet", TEXT),
    ("--ink-3", "--desk", TEXT),
    ("--ink-3", "--wash", TEXT),
    ("--ink-3", "--accent-wash", TEXT),
    ("--accent", "--sheet", TEXT),
    ("--accent", "--desk", TEXT),
    ("--accent-deep", "--accent-wash", TEXT),
    ("--on-accent", "--accent", TEXT),
    ("--on-accent", "--accent-deep", TEXT),
    ("--good", "--sheet", TEXT),
    ("--warn", "--sheet", TEXT),
    ("--warn", "--desk", TEXT),
    ("--warn", "--wash", TEXT),
    ("--warn", "--accent-wash", TEXT),
    ("--bad", "--sheet", TEXT),
    ("--bad", "--desk", TEXT),
    ("--bad", "--accent-wash", TEXT),
    ("--edge", "--sheet", LARGE),
    ("--edge", "--wash", LARGE),
    ("--edge", "--desk", LARGE),
]


def luminance(colour: str) -> float:
    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG: 1 for the same colour, 21 for black on white."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_measured_as_wcag_does():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(("ink", "ground", "needed"), PAIRS)
def test_words_can_be_read_in_light_and_dark(ink: str, ground: str, needed: float):
    for theme in (0, 1):
        assert contrast(COLOURS[ink][theme], COLOURS[ground][theme]) >= needed


def test_a_hosted_page_stays_under_50_kilobytes():
    stylesheet = len(gzip.compress(CSS.encode(), 9))
    font = (STATIC / "vendor" / "inter-hosted.woff2").stat().st_size
    assert stylesheet < 11_000
    assert stylesheet + font < 40_000, "10 kB are left for the page itself and the merchant's colours"


def test_stylesheets_ask_for_nothing_from_elsewhere():
    for sheet in STATIC.glob("*.css"):
        wanted = re.findall(r'url\("?([^")]+)"?\)', sheet.read_text())
        assert all((STATIC / name).is_file() for name in wanted), sheet.name


def test_vendored_files_are_those_of_the_lock():
    assert changed() == []
