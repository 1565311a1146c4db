"""A one-off that waits: on the next invoice once, on the closing one at the latest, asked for with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from billing.flows.cancel import cancel_at_period_end
from billing.flows.charges import ChargeTerms, add_charge, revoke_charge
from billing.flows.running import run_merchant
from billing.models import BillingRun, Charge
from invoices.models import Invoice, InvoiceLine
from merchants.actors import Actor
from merchants.now import Now, local_midnight
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription

pytestmark = pytest.mark.django_db(transaction=True)


def run(shop: Any) -> None:
    with tenant(shop.id):
        end = Subscription.objects.get().current_period_end
    assert end is not None
    now = Now(at=local_midnight(end, shop.merchant.timezone) + timedelta(hours=1), zone=shop.merchant.timezone)
    for _ in range(2):
        run_merchant(merchant_id=shop.id, now=now, kind=BillingRun.Kind.MANUAL, actor=Actor.system("billing run"))


def charge(shop: Any, row: Subscription, **terms: Any) -> Charge:
    wanted = ChargeTerms(**{"title": {"en": "Delivery", "fr": "Livraison"}, "amount": 5_00, **terms})
    return add_charge(merchant_id=shop.id, subscription_id=row.pk, terms=wanted, actor=shop.actor)


def test_it_stands_on_the_next_invoice_once_with_its_own_tax(shop):
    row = shop.subscribe(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_00)))
    book = charge(shop, row, amount=10_55, tax_code="books")
    gone = charge(shop, row)
    revoke_charge(merchant_id=shop.id, charge_id=gone.pk, actor=shop.actor)
    calls = charge(shop, row, amount=None, quantity=333, unit_price="0.0125", title={"en": "Calls"})
    with tenant(shop.id):
        assert Invoice.objects.count() == 1
    run(shop)
    run(shop)
    with tenant(shop.id):
        _, second, third = Invoice.objects.order_by("sequence")
        told = InvoiceLine.objects.filter(invoice=second).order_by("position")
        assert [(line.kind, line.amount, line.tax_code, line.fact) for line in told[1:]] == [
            ("charge", 10_55, "books", f"charge:{book.pk}"),
            ("charge", 4_16, "electronic", f"charge:{calls.pk}"),
        ]
        assert told[2].formula == "333 × 0.0125 = 4.16"
        assert (second.gross, second.tax) == (26_71, 55 + 2_69)
        assert third.gross == 12_00
        assert second.collect_at is not None
        assert {one.pk: (one.status, one.invoice_id) for one in Charge.objects.all()} == {
            book.pk: ("billed", second.pk),
            gone.pk: ("revoked", None),
            calls.pk: ("billed", second.pk),
        }


def test_it_stands_on_the_closing_invoice_where_nothing_else_does(shop):
    row = shop.subscribe(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 12_00)))
    cancel_at_period_end(merchant_id=shop.id, subscription_id=row.pk, actor=shop.actor)
    made = charge(shop, row)
    run(shop)
    with tenant(shop.id):
        assert Subscription.objects.get().status == "ended"
        closing = Invoice.objects.latest("sequence")
        assert (Invoice.objects.count(), closing.gross, closing.status) == (2, 5_00, "open")
        assert Charge.objects.get(id=made.pk).invoice_id == closing.pk
