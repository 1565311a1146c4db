"""Invoices and payments for tests of documents, made by the product's own services."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from invoices.drafts import DiscountShare, DraftInvoice, DraftLine, LineKind
from invoices.models import BalanceEntry, Invoice, LedgerEntry, Payment
from invoices.services import payments
from invoices.services.issuing import Issue, issue
from merchants.now import Now
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber
from subscribers.snapshots import TaxBehavior
from subscribers.taxes import TaxRate
from tests.worlds import Shop

TWENTY, BOOKS = Decimal(20), Decimal("5.5")


def line(amount: int, *, rate: Decimal = TWENTY, discount: int = 0, title: str = "Hifi") -> DraftLine:
    """A one-off line; `discount` by a coupon."""
    inputs: dict[str, Any] = {"currency": "EUR", "unit_amount": amount, "quantity": 1}
    shares: tuple[DiscountShare, ...] = ()
    if discount:
        shares = (DiscountShare(coupon_id="c", code="RENTREE", amount=discount),)
        inputs["discounts"] = [{"coupon": "c", "code": "RENTREE", "percent": None, "amount": discount}]
    return DraftLine(
        kind=LineKind.charge,
        title={"en": title, "fr": title},
        amount=amount,
        currency="EUR",
        tax_code="electronic" if rate == TWENTY else "books",
        tax=TaxRate(rate=rate),
        rule="once",
        inputs=inputs,
        formula="",
        unit_price=f"{amount / 100:.2f}",
        discounts=shares,
    )


def bill(
    shop: Shop, payer: Subscriber, *lines: DraftLine, behavior: str = "inclusive", now: Now | None = None
) -> Invoice:
    """An open invoice of today."""
    with tenant(shop.id):
        now = now or shop.now()
        draft = DraftInvoice(
            payer=str(payer.pk), currency="EUR", tax_behavior=TaxBehavior(behavior), on=now.today, lines=lines
        )
        ask = Issue(draft=draft, payer=payer, entity=shop.entity, merchant=shop.merchant)
        return issue([ask], actor=shop.actor, now=now)[0]


def pay(shop: Shop, invoice: Invoice, amount: int, *, captured: int | None = None, means: str = "card") -> Payment:
    """A payment of that much that succeeded, and what it settles."""
    with tenant(shop.id):
        now = now_for(shop.merchant, invoice.test_clock_id)
        payment = Payment.objects.create(
            payer_id=invoice.payer_id,
            invoice_id=invoice.pk,
            account=shop.account,
            gateway="simulated",
            means=means,
            amount=amount,
            currency=invoice.currency,
            test_clock_id=invoice.test_clock_id,
            created_at=now.at,
        )
        answer = payments.Recorded(
            status="succeeded",
            captured=amount if captured is None else captured,
            provider_ref=f"pi_{payment.pk}" if means == "card" else "",
        )
        payments.record(payment, answer, actor=shop.actor, now=now)
        payments.settle(payment, Invoice.objects.get(id=invoice.pk), actor=shop.actor, now=now)
        return payment


def again(shop: Shop, invoice: Invoice) -> Invoice:
    """The invoice as it stands now."""
    with tenant(shop.id):
        found: Invoice = Invoice.objects.get(id=invoice.pk)
    return found


def ledger(shop: Shop, **links: Any) -> dict[str, int]:
    """What each account moved by; accounts at 0 are left out."""
    found: dict[str, int] = defaultdict(int)
    with tenant(shop.id):
        rows = LedgerEntry.objects.filter(**links).values_list("account").annotate(Sum("amount"))
        for account, amount in rows:
            found[account] += amount
    return {account: amount for account, amount in found.items() if amount}


def entries(shop: Shop, payer: Subscriber) -> list[tuple[str, int, int]]:
    """A payer's balance: kind, amount, balance after, in order."""
    with tenant(shop.id):
        rows = BalanceEntry.objects.filter(payer=payer).order_by("sequence")
        return list(rows.values_list("kind", "amount", "balance_after"))
