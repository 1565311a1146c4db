"""Somebody who owes an invoice, and what they do with the link."""

from __future__ import annotations

from typing import Any

import pytest

from billing.flows import collect, owed
from billing.gateways.base import Outcome
from billing.models import SimulatedPage
from invoices.models import Invoice, Payment
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from merchants.tenancy.scope import tenant
from tests.apps.invoices.bills import bill, line
from tests.worlds import Shop


class Debt:
    """Somebody who has a subscription and owes an invoice of it, and what they do with the link."""

    def __init__(self, shop: Shop, card: str) -> None:
        self.shop = shop
        self.session = shop.checkout(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_99)))
        shop.press(self.session, card)
        if "authentication" in card:
            shop.gateway().answer_bank(shop.payment(self.session).provider_session, passed=True)
        assert shop.look(self.session).status == "complete"
        self.lucie = self.session.subscriber
        self.invoice = self.bill(9_00)

    def bill(self, amount: int) -> Invoice:
        """Another invoice of hers, to be collected by itself."""
        invoice = bill(self.shop, self.lucie, line(amount))
        with tenant(self.shop.id):
            Invoice.objects.filter(id=invoice.pk).update(collect_at=self.shop.now().at)
        return invoice

    def collect(self, *invoices: Invoice) -> None:
        ids = [invoice.pk for invoice in invoices or (self.invoice,)]
        now = self.shop.now()
        collect.collect(merchant_id=self.shop.id, invoice_ids=ids, now=now, actor=self.shop.actor)

    def look(self) -> Any:
        return owed.look(merchant_id=self.shop.id, invoice_id=self.invoice.pk)

    def start(self, seen: int = 9_00, **more: Any) -> str:
        return owed.start(merchant_id=self.shop.id, invoice_id=self.invoice.pk, seen=seen, **more)

    def press(self, token: str = "pm_card_visa", which: int = -1) -> Outcome:
        """Pay on the provider's page; nothing is told to us yet."""
        return self.shop.gateway().press(self.payments()[which].provider_session, token=token)

    def credit(self, amount: int | None = None) -> None:
        with tenant(self.shop.id):
            wanted = Wanted(amount=amount) if amount else Wanted()
            credit_invoice(self.invoice.pk, wanted, reason="a test", actor=self.shop.actor, now=self.shop.now())

    def payments(self, invoice: Invoice | None = None) -> list[Payment]:
        with tenant(self.shop.id):
            return list(Payment.objects.filter(invoice=invoice or self.invoice).order_by("id"))

    def stands(self, invoice: Invoice | None = None) -> tuple[str, int]:
        with tenant(self.shop.id):
            row = Invoice.objects.get(id=(invoice or self.invoice).pk)
        return row.status, row.amount_paid

    def captured(self) -> list[int]:
        """What the provider's books hold beside the purchase, whatever we know of it."""
        with tenant(self.shop.id):
            purchase = str(self.shop.payment(self.session).pk)
            pages = SimulatedPage.objects.exclude(ref=purchase).values_list("content", flat=True)
            return sorted(page["captured"] for page in pages if page and page.get("captured"))


@pytest.fixture
def debt(shop) -> Debt:
    """A card that is refused from the second charge on."""
    return Debt(shop, "pm_card_declinedLater")


@pytest.fixture
def refused(debt) -> Debt:
    """And the invoice was tried on it."""
    debt.collect()
    assert [(one.status, one.automatic) for one in debt.payments()] == [("failed", True)]
    return debt
