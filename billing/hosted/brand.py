"""The merchant's colour and logo, as files that browsers may keep."""

from __future__ import annotations

import hashlib
import re

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from billing.hosted.doors import is_showable
from merchants import brand, ids
from merchants.models import Merchant
from merchants.tenancy.scope import tenant

FOREVER = "public, max-age=31536000, immutable"
A_WHILE = "public, max-age=300"


@require_safe
def brand_style(request: HttpRequest, color: str) -> HttpResponse:
    """The three lines of one colour. The colour is in the address, so the answer never changes, whoever's it is."""
    if not re.fullmatch(r"[0-9A-F]{6}", color, re.ASCII):
        raise Http404
    style = brand.stylesheet(f"#{color}")
    return HttpResponse(style, content_type="text/css; charset=utf-8", headers={"Cache-Control": FOREVER})


@require_safe
def logo(request: HttpRequest, merchant: str) -> HttpResponse:
    """A merchant's logo. It is public (every invoice carries it) and can do nothing but be drawn."""
    merchant_id = ids.read("mer", merchant)
    if merchant_id is None:
        raise Http404
    with tenant(merchant_id):
        svg = Merchant.objects.filter(id=merchant_id).values_list("logo_svg", flat=True).first()
    if not svg or not is_showable(svg):
        raise Http404
    etag = f'"{hashlib.sha256(svg.encode()).hexdigest()[:16]}"'
    headers = {"Cache-Control": A_WHILE, "ETag": etag}
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(svg, content_type="image/svg+xml", headers=headers)
