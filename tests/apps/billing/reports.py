"""Sales, payments and credits that tests report, and what is told of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from billing.engine.reporting import ReportKind, Span
from billing.flows.ereporting import set_ereporting
from billing.models import EReport, EReporting
from billing.selectors.reported import report_of
from invoices.drafts import DraftInvoice, DraftLine, LineKind
from invoices.models import CreditNote, Invoice, Payment
from invoices.selectors.charts import chart_of_entity
from invoices.services import payments
from invoices.services.credit_plans import Wanted
from invoices.services.credits import credit_invoice
from invoices.services.issuing import Issue, issue
from merchants.now import Now
from merchants.tenancy.scope import tenant
from subscribers.snapshots import TaxBehavior
from subscribers.taxes import TaxRate

SALES, RECEIPTS = ReportKind.transactions, ReportKind.payments
TWENTY, BOOKS, NONE = Decimal(20), Decimal("5.5"), Decimal(0)


def at(shop, on: date, clock: Any = None) -> Now:
    zone = shop.merchant.timezone
    return Now(at=datetime.combine(on, time(12), ZoneInfo(zone)).astimezone(UTC), zone=zone, test_clock=clock)


def line(net: int, *, rate: Decimal = TWENTY, code: str = "electronic", currency: str = "EUR", **why: Any) -> DraftLine:
    """A line that is sold net."""
    tax = TaxRate(rate=rate, **why)
    return DraftLine(
        kind=LineKind.charge,
        title={"en": "Thing"},
        amount=net,
        currency=currency,
        tax_code=code,
        tax=tax,
        rule="once",
        inputs={"currency": currency, "unit_amount": net, "quantity": 1, **tax.told},
        formula="",
        unit_price=f"{net / 100:.2f}",
    )


def sell(shop, payer, on: date, *lines: DraftLine) -> Invoice:
    """An open invoice of a day."""
    with tenant(shop.id):
        now = at(shop, on, payer.test_clock_id)
        draft = DraftInvoice(
            payer=str(payer.pk), currency=lines[0].currency, tax_behavior=TaxBehavior.exclusive, on=on, lines=lines
        )
        ask = Issue(draft=draft, payer=payer, entity=shop.entity, merchant=shop.merchant)
        return issue([ask], actor=shop.actor, now=now)[0]


def pay(shop, invoice, amount: int, on: date) -> Payment:
    with tenant(shop.id):
        now = at(shop, on)
        payment = Payment.objects.create(
            payer_id=invoice.payer_id, invoice_id=invoice.pk, account=shop.account, gateway="simulated", means="card",
            amount=amount, currency=invoice.currency, created_at=now.at,
        )  # fmt: skip
        answer = payments.Recorded(status="succeeded", captured=amount, provider_ref=f"pi_{payment.pk}")
        payments.record(payment, answer, actor=shop.actor, now=now)
        payments.settle(payment, Invoice.objects.get(id=invoice.pk), actor=shop.actor, now=now)
        return payment


def credit(shop, invoice, on: date, wanted: Wanted | None = None, *, to: str = "balance") -> CreditNote:
    with tenant(shop.id):
        return credit_invoice(
            invoice.pk, wanted or Wanted(), reason="a test", to=to, actor=shop.actor, now=at(shop, on)
        )


def told(shop, kind, first: date, *, days: int = 31, since: date | None = None):
    """What the report of a month says."""
    with tenant(shop.id):
        span = Span(first, first + timedelta(days=days - 1))
        return report_of(kind, shop.entity.pk, span, since=since or first, chart=chart_of_entity(shop.entity.pk))


def turn_on(shop, since: date, regime: str = "quarterly", **more: Any) -> EReporting:
    with tenant(shop.id):
        return set_ereporting(
            shop.entity, is_on=True, regime=regime, since=since, actor=shop.actor, now=shop.now(), **more
        )


def made(shop, **which: Any) -> list[EReport]:
    with tenant(shop.id):
        return list(EReport.objects.filter(**which).order_by("id"))
