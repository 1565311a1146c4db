"""QR codes on the counter's pages."""

from __future__ import annotations

import segno
from django.utils.safestring import SafeString, mark_safe


def qr_of(address: str) -> SafeString:
    """A QR code as a drawing in the page, black on white whatever the page's colours, so that every phone reads it; no
    Micro QR code, which most do not."""
    drawn = segno.make_qr(address, error="m").svg_inline(scale=6, border=4, dark="#000", light="#fff", omitsize=True)
    return mark_safe(drawn)  # noqa: S308 - drawn here, from an address of ours
