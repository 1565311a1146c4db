"""How many invoices a second are finalised by one worker and by fifty, beside the same rows written without numbering.

    python -m tools.devstack exec -- python -m benchmarks.finalising [--each 200] [--workers 50]

All take their numbers from one series. The limit writes the same rows, digests included, with numbers that each worker
counts for itself: no locked row, no head. Seconds are of the wall, rounds alternate, the ratio is of the best rounds.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from datetime import date
from decimal import Decimal
from typing import Any
from unittest.mock import patch
from uuid import UUID

import django

APART = 1_000_000
"""Between the numbers that two workers count for themselves."""


def work(merchant_id: UUID, payers: list[UUID], count: int, worker: int, numbered: bool, start: Any) -> None:
    """One worker: so many invoices, a transaction each."""
    django.setup()
    from invoices.services import numbering
    from invoices.services.chain import BEGINNING
    from invoices.services.issuing import Issue, issue
    from merchants.actors import Actor
    from merchants.clock import instant
    from merchants.models import LegalEntity, Merchant
    from merchants.now import Now
    from merchants.tenancy.scope import tenant
    from subscribers.models import Subscriber

    taken = worker * APART

    def counted(counts: Any, today: date) -> list[Any]:
        nonlocal taken
        blocks = []
        for series, many in counts.items():
            blocks.append(numbering.Block(series=series, first=taken + 1, on=today, head=BEGINNING))
            taken += many
        return blocks

    with tenant(merchant_id):
        merchant, entity = Merchant.objects.get(), LegalEntity.objects.get()
        people = Subscriber.objects.in_bulk(payers)
    start.wait()
    for at in range(count):
        payer = people[payers[(worker + at) % len(payers)]]
        with tenant(merchant_id):
            now = Now(at=instant(), zone=merchant.timezone)
            ask = Issue(draft=_draft(payer.pk, now.today), payer=payer, entity=entity, merchant=merchant)
            if numbered:
                issue([ask], actor=Actor.system("benchmark"), now=now)
                continue
            with patch.object(numbering, "take", counted), patch.object(numbering, "close", lambda heads: None):
                issue([ask], actor=Actor.system("benchmark"), now=now)


def _draft(payer: UUID, on: date) -> Any:
    from invoices.drafts import DraftInvoice, DraftLine, LineKind
    from subscribers.snapshots import TaxBehavior
    from subscribers.taxes import TaxRate

    lines = tuple(
        DraftLine(
            kind=LineKind.charge,
            title={"en": "Hifi", "fr": "Hifi"},
            amount=amount,
            currency="EUR",
            tax_code="electronic",
            tax=TaxRate(rate=Decimal(20)),
            rule="once",
            inputs={"currency": "EUR", "unit_amount": amount, "quantity": 1},
            formula="",
            unit_price=f"{amount / 100:.2f}",
        )
        for amount in (12_99, 5_00, 1_99)
    )
    return DraftInvoice(payer=str(payer), currency="EUR", tax_behavior=TaxBehavior.inclusive, on=on, lines=lines)


def rate(workers: int, each: int, *, numbered: bool) -> float:
    """Invoices a second of so many workers at a merchant of their own; proves the series afterwards."""
    from django.db import connections

    from invoices.models import NumberSeries
    from invoices.services.proof import prove
    from merchants.tenancy.scope import tenant
    from tests.worlds import Shop

    shop = Shop.open("Benchmark")
    payers = [shop.enrol(f"p{at}").pk for at in range(workers)]
    connections.close_all()
    context = multiprocessing.get_context("fork")  # nothing is open: fifty imports would take a minute
    start = context.Barrier(workers + 1)
    processes = [
        context.Process(target=work, args=(shop.id, payers, each, worker, numbered, start)) for worker in range(workers)
    ]
    for process in processes:
        process.start()
    start.wait()
    begun = time.perf_counter()
    for process in processes:
        process.join()
    seconds = time.perf_counter() - begun
    assert all(process.exitcode == 0 for process in processes)
    if numbered:
        with tenant(shop.id):
            proof = prove(NumberSeries.objects.get(), today=shop.now().today)
        assert (proof.count, proof.fault) == (workers * each, None), proof.fault
    return workers * each / seconds


def main() -> None:
    """Read the arguments, measure, print."""
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("--each", type=int, default=200, help="invoices of one worker alone; shared out among many")
    said.add_argument("--workers", type=int, default=50)
    said.add_argument("--rounds", type=int, default=3)
    chosen = said.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "billing.settings")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", database="owner", verbosity=0, interactive=False)
    for workers in (1, chosen.workers):
        each = max(1, chosen.each // workers)
        ours, limit = [], []
        for _ in range(chosen.rounds):
            ours.append(rate(workers, each, numbered=True))
            limit.append(rate(workers, each, numbered=False))
        print(
            f"{workers:3} workers: {max(ours):7.1f} /s numbered and chained, {max(limit):7.1f} /s without numbering,"
            f" ratio {max(ours) / max(limit):.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
