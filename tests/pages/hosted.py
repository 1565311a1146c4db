"""A visitor of hosted pages: a browser without a log-in, and what they read there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client

from billing.flows.checkout import form_url
from billing.models import CheckoutSession
from merchants.links import mint_until
from merchants.tenancy.scope import tenant


@dataclass
class Visitor:
    """Somebody with the address of a payment form."""

    session: CheckoutSession
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))
    language: str = "en"

    def __post_init__(self) -> None:
        if self.language:
            self.client.cookies[settings.LANGUAGE_COOKIE_NAME] = self.language

    @cached_property
    def path(self) -> str:
        return urlsplit(form_url(self.session)).path

    def read(self, query: str = "") -> Any:
        """Open the form."""
        return self.client.get(self.path + query)

    def post(self, page: Any = None, **fields: Any) -> Any:
        """Post the form as it stands in a page, with other fields."""
        return self.client.post(self.path, {**form_of(page or self.read()), **fields})

    def pay(self, **fields: Any) -> Any:
        """Consent and press the button."""
        return self.post(consent="on", act="pay", **fields)

    def back(self) -> Any:
        """Come back from the provider."""
        token = mint_until("checkout-return", self.session.merchant_id, self.session.pk, until=self.session.expires_at)
        return self.client.get(f"/pay/{token}/return")

    def stored(self) -> CheckoutSession:
        with tenant(self.session.merchant_id):
            rows = CheckoutSession.objects.select_related("subscription", "quote", "invoice")
            return rows.get(id=self.session.pk)


def text_of(page: Any) -> str:
    """What one reads: no tags, blanks as one, no-break spaces as blanks."""
    body = re.sub(r"(?s)<(script|style|svg).*?</\1>", " ", page.content.decode())
    bare = re.sub(r"<[^>]+>", " ", body)
    bare = bare.replace("\N{NO-BREAK SPACE}", " ").replace("&nbsp;", " ").replace("&#x27;", "'").replace("&amp;", "&")
    return re.sub(r"\s+", " ", bare).strip()


def form_of(page: Any) -> dict[str, Any]:
    """The fields of the payment form that are filled in or ticked."""
    found: dict[str, Any] = {}
    form = re.search(r'(?s)<form class="pay-form".*?</form>', page.content.decode())
    assert form, page.content.decode()[:2_000]
    for tag in re.findall(r"<input [^>]*>", form[0]):
        said = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if said.get("type") in {"checkbox", "radio"} and " checked" not in tag:
            continue
        value = said.get("value", "on" if said.get("type") == "checkbox" else "")
        if said["name"] == "option":
            found.setdefault("option", []).append(value)
        else:
            found[said["name"]] = value
    return found
