"""The merchant's colour and logo, as files that any page may load: they are public, like the pages that carry them."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse

from merchants import ids
from merchants.brand import stylesheet
from merchants.models import Merchant
from merchants.tenancy.scope import tenant

KEPT = "public, max-age=300"


def _merchant(shown: str) -> Merchant:
    merchant_id = ids.read("mer", shown)
    if merchant_id is None:
        raise Http404
    with tenant(merchant_id):
        found = Merchant.objects.filter(id=merchant_id).first()
    if found is None:
        raise Http404
    return found


def brand(request: HttpRequest, merchant: str) -> HttpResponse:
    """Three lines of CSS: the colour where it can be read, on light and on dark."""
    text = stylesheet(_merchant(merchant).brand_color)
    return HttpResponse(text, content_type="text/css; charset=utf-8", headers={"Cache-Control": KEPT})


def logo(request: HttpRequest, merchant: str) -> HttpResponse:
    """The logo, an SVG of plain shapes; opened by itself it can do nothing either."""
    found = _merchant(merchant)
    if not found.logo_svg:
        raise Http404
    headers = {"Cache-Control": KEPT, "Content-Security-Policy": "default-src 'none'; sandbox"}
    return HttpResponse(found.logo_svg, content_type="image/svg+xml", headers=headers)
