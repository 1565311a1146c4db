"""A subscriber who owes: subscribed without waiting for money, on a clock of their own, and what the days do to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.flows import collect, dunning, reconcile
from billing.flows.collect import Collected
from billing.models import DunningCase, SimulatedPage
from invoices.models import Invoice, Payment
from merchants.clock import instant
from merchants.models import Event, Offer
from merchants.models import TestClock as Clock
from merchants.now import Now
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers.models import PaymentMethod, Subscriber, Subscription
from subscribers.services import enrolment
from tests.apps.invoices.bills import pay
from tests.worlds import Shop

BEGINS = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
MONEY = ("invoice.", "payment.", "dunning.", "access.", "subscription.suspended", "subscription.resumed")


@dataclass
class Debtor:
    """One payer of one shop, their subscription and its invoice."""

    shop: Shop
    clock: Clock
    person: Subscriber
    invoice_id: Any = None
    subscription_id: Any = None
    methods: dict[str, PaymentMethod] = field(default_factory=dict)

    @classmethod
    def enrol(cls, shop: Shop, reference: str = "lucie") -> Debtor:
        """Known to the shop, on a clock that says 2 March 2026, 09:30 in Paris."""
        with tenant(shop.id):
            clock = Clock.objects.create(time=BEGINS, created_at=instant())
            known = {"name": reference.title(), "reference": reference, "email": f"{reference}@courriel.example"}
            now = now_for(shop.merchant, clock.pk)
            person = enrolment.enrol(known, merchant=shop.merchant, actor=shop.actor, now=now, test_clock_id=clock.pk)
            return cls(shop=shop, clock=clock, person=person)

    @classmethod
    def of(cls, shop: Shop, token: str | None = "pm_card_declinedLater", *, reference: str = "lucie") -> Debtor:
        """Subscribed to Hifi at 12.99 a month, with that card on file; invoiced, and nothing asked yet."""
        debtor = cls.enrol(shop, reference)
        if token:
            debtor.gives(token)
        offer = shop.made.get("hifi") or shop.offer("hifi", ("month", None, 12_99))
        shop.made["hifi"] = offer
        debtor.subscribe(offer)
        return debtor

    def subscribe(self, offer: Offer) -> None:
        """Begun without waiting for money."""
        made = self.shop.subscribe(self.person, offer)
        self.subscription_id, self.invoice_id = made.pk, made.latest_invoice_id

    @property
    def now(self) -> Now:
        with tenant(self.shop.id):
            return now_for(self.shop.merchant, self.clock.pk)

    def wait_until(self, days: float) -> Debtor:
        """So many days after it all began; nothing else happens."""
        with tenant(self.shop.id):
            Clock.objects.filter(id=self.clock.pk).update(time=BEGINS + timedelta(days=days))
        return self

    def collect(self) -> Collected:
        return collect.collect(
            merchant_id=self.shop.id, invoice_ids=[self.invoice_id], now=self.now, actor=self.shop.actor
        )

    def after(self, days: float) -> Debtor:
        """So many days after the first failure, which was when it began, dunning looks at the case: twice, as any work
        may be done twice."""
        self.wait_until(days)
        for case in self.cases():
            for _ in range(2):
                dunning.take_step(merchant_id=self.shop.id, case_id=case.pk, now=self.now)
        return self

    def gives(self, token: str) -> PaymentMethod:
        """Another card, kept and made the default."""
        self.methods[token] = self.shop.method(self.person, token)
        return self.methods[token]

    def settle(self) -> None:
        """Ask the provider about all that is open."""
        for payment in self.payments():
            if payment.status not in ("succeeded", "failed"):
                reconcile.reconcile(merchant_id=self.shop.id, payment_id=payment.pk)

    def invoice(self) -> Invoice:
        with tenant(self.shop.id):
            found: Invoice = Invoice.objects.get(id=self.invoice_id)
        return found

    def subscription(self) -> Subscription:
        with tenant(self.shop.id):
            found: Subscription = Subscription.objects.get(id=self.subscription_id)
        return found

    def standing(self) -> tuple[str, str, str, str]:
        """Status, payment state, access and why."""
        row = self.subscription()
        return row.status, row.payment_state, row.access, row.access_reason

    def cases(self) -> list[DunningCase]:
        with tenant(self.shop.id):
            return list(DunningCase.objects.filter(invoice_id=self.invoice_id).order_by("id"))

    def payments(self) -> list[Payment]:
        with tenant(self.shop.id):
            return list(Payment.objects.filter(invoice_id=self.invoice_id).order_by("id"))

    def tries(self) -> list[tuple[str, str]]:
        """Every payment of the invoice: status and code."""
        return [(payment.status, payment.code) for payment in self.payments()]

    def captured(self) -> list[int]:
        """What the provider really took from this person, by its own books, in minor units."""
        with tenant(self.shop.id):
            keys = {str(id_) for id_ in Payment.objects.filter(payer=self.person).values_list("id", flat=True)}
            pages = [page.content or {} for page in SimulatedPage.objects.filter(ref__in=keys)]
        return [page["captured"] for page in pages if page.get("captured")]

    def events(self, *kinds: str) -> list[str]:
        """The kinds of events of this person's life, in order: those named, or all that speak of money and access."""
        mine = kinds or MONEY
        with tenant(self.shop.id):
            told = Event.objects.filter(subscriber_id=self.person.pk).order_by("subscriber_sequence")
            return [kind for kind in told.values_list("kind", flat=True) if kind.startswith(mine)]

    def told(self, kind: str) -> list[dict[str, Any]]:
        """The data of each event of a kind, in order."""
        with tenant(self.shop.id):
            rows = Event.objects.filter(subscriber_id=self.person.pk, kind=kind).order_by("subscriber_sequence")
            return list(rows.values_list("data", flat=True))


REFUSED = ("failed", "insufficient_funds")


@pytest.fixture
def lucie(shop):
    """Her card was refused this morning."""
    lucie = Debtor.of(shop, "pm_card_declinedLater")
    lucie.collect()
    return lucie


def paid_in_cash(lucie):
    pay(lucie.shop, lucie.invoice(), 12_99, means="cash")
