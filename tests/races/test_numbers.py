"""Fifty finalisers at once, twenty of which fail at the last moment: numbers 1…n, no gap, no double, dates in order,
and a chain that holds.

The negative controls finalise with the naive way (read the highest number, or the last link, then go on from it) and
show that this race is real.
"""

from __future__ import annotations

import random
import threading
from datetime import date

import pytest
from django.db import connection

from invoices.drafts import DraftInvoice, DraftLine, LineKind
from invoices.models import Invoice, NumberSeries
from invoices.services.issuing import Issue, issue
from invoices.services.proof import prove
from merchants.tenancy.scope import tenant
from subscribers.snapshots import TaxBehavior
from subscribers.taxes import TaxRate
from tests.races.barrier import together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


class ChangedMyMind(Exception):  # noqa: N818 - said as people say it
    pass


def draft(payer, amount):
    line = DraftLine(
        kind=LineKind.charge,
        title={"en": "Charge"},
        amount=amount,
        currency="EUR",
        tax_code="electronic",
        tax=TaxRate(rate=20),
        rule="once",
        inputs={},
        formula="",
        unit_price="1.00",
    )
    return DraftInvoice(
        payer=str(payer.pk), currency="EUR", tax_behavior=TaxBehavior.inclusive, on=date(2026, 11, 3), lines=(line,)
    )


def test_numbers_are_gapless_under_fifty_finalisers_with_rollbacks(shop):
    payers = [shop.enrol(f"p{n}") for n in range(50)]

    def finalise(n):
        def act():
            with tenant(shop.id):
                ask = Issue(
                    draft=draft(payers[n], 100 + n), payer=payers[n], entity=shop.entity, merchant=shop.merchant
                )
                issue([ask], actor=shop.actor, now=shop.now())
                if n % 5 < 2:
                    raise ChangedMyMind

        return act

    order = random.Random(50).sample(range(50), 50)
    results = together(*(finalise(n) for n in order))

    assert [type(r).__name__ for r in results if r is not None] == ["ChangedMyMind"] * 20
    with tenant(shop.id):
        issued = list(Invoice.objects.order_by("sequence").values_list("sequence", "number", "issued_on"))
        assert [sequence for sequence, _, _ in issued] == list(range(1, 31))
        assert len({number for _, number, _ in issued}) == 30
        assert [on for _, _, on in issued] == sorted(on for _, _, on in issued)
        series = NumberSeries.objects.get()
        proof = prove(series, today=shop.now().today)
        assert (series.next_number, proof.count, proof.fault) == (31, 30, None)
        assert Invoice.objects.values("chain_hash").distinct().count() == 30


def test_the_naive_way_gives_a_number_twice(shop):
    """The control: without the locked row two finalisers read the same highest number."""
    both_have_read = threading.Barrier(2)

    def naive():
        with tenant(shop.id), connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(max(sequence), 0) + 1 FROM invoices_invoice")
            number = cursor.fetchone()[0]
            both_have_read.wait(20)
            return number

    assert together(naive, naive) == [1, 1]


def test_the_naive_way_forks_the_chain(shop):
    """The control: without the locked row two finalisers chain their documents to the same one."""
    both_have_read = threading.Barrier(2)

    def naive():
        with tenant(shop.id), connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(max(head), '') FROM invoices_numberseries")
            head = cursor.fetchone()[0]
            both_have_read.wait(20)
            return head

    first = shop.enrol("first")
    with tenant(shop.id):
        ask = Issue(draft=draft(first, 1_00), payer=first, entity=shop.entity, merchant=shop.merchant)
        link = issue([ask], actor=shop.actor, now=shop.now())[0].chain_hash
    assert together(naive, naive) == [link, link]
