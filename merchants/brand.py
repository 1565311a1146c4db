"""◆ The merchant's colour, made readable: on white paper and on the dark sheet, with 4.5 to 1 (WCAG 2.2 AA).

A merchant chooses any colour. Text and buttons in it must still be read, so it is darkened on light ground and
lightened on dark ground, no more than needed.
"""

from __future__ import annotations

import re

from merchants.refusals import Invalid, gettext_noop

Rgb = tuple[int, int, int]

LIGHT_SHEET: Rgb = (0xFF, 0xFF, 0xFF)
DARK_SHEET: Rgb = (0x19, 0x18, 0x16)
DARK_INK: Rgb = (0x12, 0x11, 0x0F)
ENOUGH = 4.5
_STEPS = 100


def is_color(color: str) -> bool:
    """Whether this is a colour as we keep it.

    >>> is_color("#035a69"), is_color("#035"), is_color("red; background: url(x)")
    (True, False, False)
    """
    return re.fullmatch(r"#[0-9A-Fa-f]{6}", color, re.ASCII) is not None


def check_color(color: str, *, field: str = "brand_color") -> str:
    """A colour as #RRGGBB, in capitals. Raises Invalid (`color_malformed`).

    >>> check_color("#035a69")
    '#035A69'
    """
    if not is_color(color):
        raise Invalid.at(field, "color_malformed", gettext_noop("Write a colour as six hexadecimal digits: #035A69."))
    return color.upper()


def rgb(color: str) -> Rgb:
    """Red, green and blue, 0 to 255.

    >>> rgb("#035A69")
    (3, 90, 105)
    """
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def text_of(color: Rgb) -> str:
    """As CSS writes it.

    >>> text_of((3, 90, 105))
    '#035A69'
    """
    return "#" + "".join(f"{part:02X}" for part in color)


def mixed(color: Rgb, other: Rgb, share: float) -> Rgb:
    """`share` of the other colour in the first.

    >>> mixed((0, 0, 0), (255, 255, 255), 0.5)
    (128, 128, 128)
    """
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(color, other, strict=True))
    return red, green, blue


def luminance(color: Rgb) -> float:
    """Relative luminance, 0 (black) to 1 (white), after WCAG."""
    linear = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Rgb, other: Rgb) -> float:
    """How far two colours stand apart: 1 to 21.

    >>> contrast((0, 0, 0), (255, 255, 255))
    21.0
    """
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return round((high + 0.05) / (low + 0.05), 6)


def readable(color: Rgb, sheet: Rgb, towards: Rgb, tint: float) -> tuple[Rgb, Rgb]:
    """(the colour, its wash): moved towards black or white until it can be read on its own wash upon the sheet.

    The wash is the sheet with `tint` of the colour in it; what can be read on the wash can be read on the sheet.
    """
    for step in range(_STEPS + 1):
        moved = mixed(color, towards, step / _STEPS)
        wash = mixed(sheet, moved, tint)
        if contrast(moved, wash) >= ENOUGH and contrast(moved, sheet) >= ENOUGH:
            return moved, wash
    raise ValueError("black on white can always be read")


def stylesheet(color: str) -> str:
    """The three lines that a page in the merchant's colour loads after `tacite.css`.

    >>> print(stylesheet("#035A69"))
    :root:root {
      --brand: light-dark(#035A69, #5E959F);
      --on-brand: light-dark(#FFFFFF, #12110F);
      --brand-wash: light-dark(#EBF2F3, #212726);
    }
    <BLANKLINE>
    """
    chosen = rgb(color)
    light, light_wash = readable(chosen, LIGHT_SHEET, (0, 0, 0), 0.08)
    dark, dark_wash = readable(chosen, DARK_SHEET, (255, 255, 255), 0.12)
    return (
        ":root:root {\n"
        f"  --brand: light-dark({text_of(light)}, {text_of(dark)});\n"
        f"  --on-brand: light-dark({text_of(LIGHT_SHEET)}, {text_of(DARK_INK)});\n"
        f"  --brand-wash: light-dark({text_of(light_wash)}, {text_of(dark_wash)});\n"
        "}\n"
    )
