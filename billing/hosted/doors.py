"""The door of every hosted page: a signed token says whose and what, and nothing else opens it.

A hosted page has no log-in. Its token is checked for its one purpose; one that is tampered with, foreign, too old or
about something that is gone gets the same 404 as no token at all. Flows open the tenant's scope themselves, so the
door leaves none open.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from merchants.languages import is_spoken
from merchants.links import check, check_lapsed
from merchants.logos import is_plain_svg
from merchants.models import Merchant
from merchants.tenancy.scope import tenant

PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "same-origin"}
"""A purchase is nobody else's: no cache keeps it, no search engine lists it, no other site is told its address."""


@dataclass(frozen=True, kw_only=True)
class Front:
    """What the templates show of a merchant."""

    name: str
    logo_url: str
    is_sandbox: bool


@dataclass(frozen=True, kw_only=True)
class Place:
    """Whose page it is, what it is about (a session's or a payment's id), and the token that opened it."""

    merchant: Merchant
    id: UUID
    token: str

    @property
    def merchant_id(self) -> UUID:
        """The tenant."""
        return self.merchant.pk

    def context(self) -> dict[str, Any]:
        """What `base/hosted.html` reads."""
        merchant = self.merchant
        return {
            "merchant": Front(name=merchant.name, logo_url=logo_url(merchant), is_sandbox=merchant.is_sandbox),
            "brand_url": reverse("hosted:brand", args=[merchant.brand_color.removeprefix("#").upper()]),
            "help_url": f"mailto:{merchant.support_email}" if merchant.support_email else "",
            "privacy_url": merchant.privacy_url,
        }


HostedView = Callable[[HttpRequest, Place], HttpResponse]


def hosted_page(
    purpose: str, *, too_late: HostedView | None = None
) -> Callable[[HostedView], Callable[[HttpRequest, str], HttpResponse]]:
    """Open a view by a token of one purpose, in the merchant's time zone and in the visitor's language. `too_late`
    is the view of a token that has lapsed, and says how to get another one; without it that is a 404 too."""

    def wrap(view: HostedView) -> Callable[[HttpRequest, str], HttpResponse]:
        @functools.wraps(view)
        def opened(request: HttpRequest, token: str) -> HttpResponse:
            found, opens = check(purpose, token), view
            if found is None and too_late is not None:
                found, opens = check_lapsed(purpose, token), too_late
            if found is None:
                raise Http404
            merchant_id, thing_id = found
            with tenant(merchant_id):
                merchant = Merchant.objects.filter(id=merchant_id).first()
            if merchant is None:
                raise Http404
            with timezone.override(merchant.timezone):
                response = opens(request, Place(merchant=merchant, id=thing_id, token=token))
            for name, value in PRIVATE.items():
                response[name] = value
            patch_vary_headers(response, ["Cookie"])
            return response

        return opened

    return wrap


def speak(request: HttpRequest, locale: str) -> str:
    """Set the page's language: the one that the visitor chose, else the session's. Answers its code."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    language = next((code for code in (chosen, locale[:2]) if is_spoken(code)), "en")
    translation.activate(language)
    request.LANGUAGE_CODE = language
    return language


def address_of(request: HttpRequest) -> str | None:
    """The visitor's network address, as our own proxy tells it where there is one; None where it is none."""
    told = request.META.get("REMOTE_ADDR", "")
    if settings.SECURE_PROXY_SSL_HEADER:  # behind a proxy: the last word of the list is the proxy's own
        told = request.headers.get("X-Forwarded-For", told).rpartition(",")[2].strip()
    try:
        return str(ip_address(told))
    except ValueError:
        return None


def logo_url(merchant: Merchant) -> str:
    """Where the merchant's logo is served; '' for none."""
    return reverse("hosted:logo", args=[merchant.public_id]) if merchant.logo_svg else ""


def is_showable(svg: str) -> bool:
    """Whether a stored logo may be sent to a browser: checked when it was saved, and again before it leaves."""
    return is_plain_svg(svg.encode())
