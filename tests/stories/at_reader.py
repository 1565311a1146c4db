"""A simulated card reader on a counter, for stories: who plays with it, and what its provider's books hold."""

from __future__ import annotations

from typing import Any

from billing.flows import at_terminal, readers
from billing.gateways.simulated_reader import SimulatedReaders
from billing.models import CheckoutSession, Reader, SimulatedPage
from invoices.models import Invoice, Payment
from merchants.clock import instant
from merchants.ids import new_id
from merchants.models import Site
from merchants.tenancy.scope import tenant
from tests.worlds import Shop


class Desk:
    """A site with a reader."""

    def __init__(self, shop: Shop, name: str = "Till 1") -> None:
        self.shop = shop
        with tenant(shop.id):
            self.site = Site.objects.create(reference=new_id().hex, name="Lyon", created_at=instant())
        self.reader = self.another(name)

    def another(self, name: str) -> Reader:
        with tenant(self.shop.id):
            return readers.register(
                account=self.shop.account, site=self.site, name=name, provider_ref="", now=self.shop.now()
            )

    def machines(self) -> SimulatedReaders:
        found = readers.readers_of(self.shop.account)
        assert isinstance(found, SimulatedReaders)
        return found

    def purchase(self, amount: int = 12_99) -> CheckoutSession:
        return self.shop.checkout(
            self.shop.enrol(new_id().hex), self.shop.offer(new_id().hex, ("month", None, amount)), site=self.site
        )

    def ask(self, thing: CheckoutSession | Invoice, *, reader: Reader | None = None, seen: int = 12_99) -> Payment:
        of: dict[str, Any] = (
            {"session_id": thing.pk} if isinstance(thing, CheckoutSession) else {"invoice_id": thing.pk}
        )
        return at_terminal.start(
            merchant_id=self.shop.id, reader_id=(reader or self.reader).pk, seen=seen, actor=self.shop.actor, **of
        )

    def tap(self, token: str = "pm_card_visa", reader: Reader | None = None) -> Any:
        return self.machines().present((reader or self.reader).provider_ref, token=token)

    def leave(self) -> Any:
        return self.machines().leave(self.reader.provider_ref)

    def look(self, payment: Payment) -> Payment:
        return at_terminal.look(merchant_id=self.shop.id, payment_id=payment.pk)

    def cancel(self, payment: Payment) -> Payment:
        return at_terminal.cancel(merchant_id=self.shop.id, payment_id=payment.pk)

    def screen(self) -> tuple[str, int]:
        shown = self.machines().screen(self.reader.provider_ref)
        return shown.state, shown.amount

    def captured(self) -> list[int]:
        """What the provider's books hold, whatever we know of it."""
        with tenant(self.shop.id):
            pages = SimulatedPage.objects.values_list("content", flat=True)
            return sorted(page["captured"] for page in pages if page and page.get("captured"))
