"""The merchant's colour is readable whatever was chosen; a logo is shapes and nothing else."""

from __future__ import annotations

import itertools

import pytest

from merchants import brand
from merchants.logos import LOGO_BYTES, SVG_ELEMENTS, check_logo, is_plain_svg
from merchants.refusals import Invalid

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">{}</svg>'


def test_every_colour_becomes_readable_on_light_and_on_dark():
    for color in itertools.product(range(0, 256, 51), repeat=3):
        light, wash = brand.readable(color, brand.LIGHT_SHEET, (0, 0, 0), 0.08)
        assert brand.contrast(light, wash) >= 4.5
        assert brand.contrast(light, brand.LIGHT_SHEET) >= 4.5  # also white words on a button of that colour
        dark, wash = brand.readable(color, brand.DARK_SHEET, (255, 255, 255), 0.12)
        assert brand.contrast(dark, wash) >= 4.5
        assert brand.contrast(dark, brand.DARK_INK) >= 4.5


def test_a_colour_that_is_readable_already_stays_as_it_was_chosen():
    assert brand.readable((3, 90, 105), brand.LIGHT_SHEET, (0, 0, 0), 0.08)[0] == (3, 90, 105)
    assert brand.readable((255, 255, 0), brand.LIGHT_SHEET, (0, 0, 0), 0.08)[0] != (255, 255, 0)


@pytest.mark.parametrize("color", ["", "035A69", "#035A6", "#035A699", "#GGGGGG", "red", "#035A69;}", "#０３５Ａ６９"])
def test_only_six_hexadecimal_digits_are_a_colour(color):
    with pytest.raises(Invalid, match="color_malformed"):
        brand.check_color(color)


def test_plain_shapes_are_a_logo():
    drawing = SVG.format('<path d="M0 0h1" fill="url(#a)"/>')
    assert check_logo(f"  {drawing}\n") == drawing
    assert check_logo("  ") == ""


@pytest.mark.parametrize(
    "svg",
    [
        SVG.format("<script>alert(1)</script>"),
        SVG.format("<path onclick='x()'/>"),
        SVG.format("<style>*{fill:red}</style>"),
        SVG.format("<image href='http://x.example/a.png'/>"),
        SVG.format("<use href='#a'/>"),
        SVG.format("<a xmlns:xlink='http://www.w3.org/1999/xlink' xlink:href='x'/>"),
        SVG.format("<path fill='url(http://x.example/a)'/>"),
        SVG.format("<path style='background:u\\72l(x)'/>"),
        SVG.format("<foreignObject/>"),
        SVG.format("<text>Onde</text>"),
        SVG.format("<g><svg/></g>"),
        SVG.format("<path/>" * SVG_ELEMENTS),
        "<?xml-stylesheet href='x.css'?>" + SVG.format(""),
        "<!DOCTYPE svg [<!ENTITY a 'b'>]>" + SVG.format("&a;"),
        "<svg xmlns='urn:other'/>",
        "<html/>",
        "plain words",
        SVG.format("<path>"),
        SVG.format("<desc>" + "x" * LOGO_BYTES + "</desc>"),
    ],
)
def test_anything_else_is_not(svg):
    assert not is_plain_svg(svg.encode())
    with pytest.raises(Invalid, match="logo_not_plain"):
        check_logo(svg)
