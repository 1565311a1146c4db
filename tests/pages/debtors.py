"""Somebody with the link to an open invoice, and the card page; what they read and press there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client

from billing.flows import owed
from invoices.models import Invoice, Payment
from merchants.tenancy.scope import tenant
from tests.pages.hosted import form_of
from tests.worlds import Shop


@dataclass
class Debtor:
    """A browser without a log-in that has a letter's link."""

    shop: Shop
    invoice: Invoice
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))
    language: str = "en"

    def __post_init__(self) -> None:
        if self.language:
            self.client.cookies[settings.LANGUAGE_COOKIE_NAME] = self.language
        self.path = urlsplit(owed.link(self.invoice)).path

    def read(self) -> Any:
        """Open the page."""
        return self.client.get(self.path)

    def press(self, page: Any = None, **fields: Any) -> Any:
        """The button, as the page stands."""
        return self.client.post(self.path, {**form_of(page or self.read()), "act": "pay", **fields})

    def payments(self) -> list[Payment]:
        """What was asked for this invoice, oldest first."""
        with tenant(self.shop.id):
            return list(Payment.objects.filter(invoice=self.invoice).order_by("id"))

    def at_provider(self, token: str = "pm_card_visa") -> Any:
        """Pay on the provider's page with a test card; nothing is told to us yet."""
        return self.shop.gateway().press(self.payments()[-1].provider_session, token=token)

    def stored(self) -> Invoice:
        with tenant(self.shop.id):
            return Invoice.objects.get(id=self.invoice.pk)
