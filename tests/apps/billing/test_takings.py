"""Many charges recorded together: the same rows as one by one, in a number of statements that does not grow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.flows import collect, takings
from billing.flows.running import run_merchant
from billing.gateways.base import Outcome, OutcomeKind
from billing.models import BillingRun
from invoices.models import Allocation, Invoice, LedgerEntry, Payment
from merchants.actors import Actor
from merchants.clock import instant
from merchants.models import Event
from merchants.now import Now
from merchants.tenancy.scope import tenant
from tests.books import books_agree

__all__ = ["books_agree"]
pytestmark = pytest.mark.django_db(transaction=True)
RUN = Actor.system("billing run")


def due(shop: Any, count: int, token: str = "pm_card_visa") -> tuple[list[Any], Now]:
    """So many subscribers whose second month is due and unpaid."""
    offer = shop.offer(f"hifi{count}", ("month", None, 1299))
    for n in range(count):
        who = shop.enrol(f"s{count}-{n}")
        shop.method(who, token)
        shop.subscribe(who, offer)
    with tenant(shop.id):
        first = list(Invoice.objects.filter(status="open").values_list("id", flat=True))
    collect.collect(merchant_id=shop.id, invoice_ids=first, now=shop.now(), actor=RUN)
    now = Now(at=instant() + timedelta(days=32), zone="Europe/Paris")
    run_merchant(merchant_id=shop.id, now=now, kind=BillingRun.Kind.MANUAL, actor=RUN)
    with tenant(shop.id):
        return list(Invoice.objects.filter(status="open").order_by("id").values_list("id", flat=True)), now


def test_ten_are_taken_at_once(shop: Any) -> None:
    ids, now = due(shop, 10)
    assert len(ids) == 10
    done = collect.collect(merchant_id=shop.id, invoice_ids=ids, now=now, actor=RUN)
    assert done.by_status == {"succeeded": 10}
    with tenant(shop.id):
        assert set(Invoice.objects.filter(id__in=ids).values_list("status", "amount_paid")) == {("paid", 1299)}
        assert Allocation.objects.filter(invoice_id__in=ids).count() == 10
        paid = Payment.objects.filter(invoice_id__in=ids)
        assert {(row.status, row.captured, bool(row.provider_ref), row.next_look_at) for row in paid} == {
            ("succeeded", 1299, True, None)
        }
        legs = LedgerEntry.objects.filter(payment__in=paid)
        assert sorted(set(legs.values_list("account", "amount"))) == [("provider", 1299), ("receivable", -1299)]
        assert legs.count() == 20
        for row in paid:
            kinds = list(
                Event.objects.filter(subscriber_id=row.payer_id).order_by("-id").values_list("kind", flat=True)
            )
            assert kinds[:2] == ["invoice.paid", "payment.succeeded"]
    again = collect.collect(merchant_id=shop.id, invoice_ids=ids, now=now, actor=RUN)
    assert (again.payments, again.by_status) == ({}, {})


def test_what_is_not_simply_taken_is_left_to_one_by_one(shop: Any) -> None:
    ids, now = due(shop, 4)
    claimed, _ = collect._claim(shop.id, ids, set(), now=now, actor=RUN)
    plain = Outcome(kind=OutcomeKind.SUCCEEDED, captured=1299, currency="EUR", provider_ref="pi_a")
    told = [
        (claimed[0].payment_id, plain),
        (
            claimed[1].payment_id,
            Outcome(kind=OutcomeKind.SUCCEEDED, captured=1000, currency="EUR", provider_ref="pi_b"),
        ),
        (
            claimed[2].payment_id,
            Outcome(kind=OutcomeKind.SUCCEEDED, captured=1299, currency="USD", provider_ref="pi_c"),
        ),
        (claimed[3].payment_id, Outcome(kind=OutcomeKind.FAILED, code="card_declined", advice="retry")),
    ]
    left = takings.record_taken(merchant_id=shop.id, told=told, now=now)
    assert [payment_id for payment_id, _ in left] == [one.payment_id for one in claimed[1:]]
    with tenant(shop.id):
        assert Payment.objects.filter(invoice_id__in=ids, status="succeeded").count() == 1
        assert Payment.objects.filter(invoice_id__in=ids, status="pending").count() == 3
    assert takings.record_taken(merchant_id=shop.id, told=told, now=now) == told  # what is recorded is recorded
    with tenant(shop.id):
        assert Allocation.objects.filter(invoice_id__in=ids).count() == 1
        Payment.objects.filter(invoice_id__in=ids, status="pending").update(status="failed", settled_at=now.at)


def test_statements_do_not_grow(shop: Any, another_shop: Any) -> None:
    counted = []
    for which, count in ((shop, 10), (another_shop, 30)):
        ids, now = due(which, count)
        claimed, _ = collect._claim(which.id, ids, set(), now=now, actor=RUN)
        answers = collect._charge(claimed, 1)
        told = [(one.payment_id, answer) for one, answer in zip(claimed, answers, strict=True)]
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert takings.record_taken(merchant_id=which.id, told=told, now=now) == []
        counted.append(len(asked))
    assert counted[0] == counted[1]
