"""Two hundred subscriptions of five kinds that were left alone for some days, and five that were billed undisturbed:
in the end the two hundred must stand, each, as the one of their kind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from billing import runs
from billing.models import BillingRun, SimulatedPage
from billing.selectors.due import due
from invoices.models import Invoice, Payment
from invoices.models.payments import IN_FLIGHT
from merchants.clock import instant
from merchants.models import Offer
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from tests.crowds import bill, crowd, take
from tests.faults.exports import difference, export
from tests.worlds import Shop

KINDS = 5


def kinds(shop: Shop) -> list[Offer]:
    """Months, a free month first, a term that ends, arrears, four weeks."""
    shop.feature("one")
    shop.feature("two")
    own, next_ = {"features": {"one": {}}}, {"features": {"two": {}}}
    return [
        shop.offer("month", ("month", None, 10_00, own)),
        shop.offer("trial", ("month", 1, 0, own), ("month", 1, 5_00, next_), ("month", None, 9_00, own)),
        shop.offer("term", ("month", 2, 8_00, own)),
        shop.offer("arrears", ("month", None, 7_00, {"billing": "arrears"})),
        shop.offer("weeks", ("week", None, 3_00, {"interval_count": 4})),
    ]


@dataclass
class Crowd:
    """The two hundred, and what each kind must have come to."""

    shop: Shop
    rows: list[Subscription]
    expected: list[dict[str, Any]]

    @classmethod
    def gather(cls, shop: Shop, control: Shop, *, days_ago: int, count: int = 200) -> Crowd:
        """Both crowds begun and paid for that day; the control billed until now, undisturbed."""
        calm = crowd(control, kinds(control), KINDS, days_ago=days_ago)
        bill(control, control.now())
        take(control, control.now())
        lives = export(control)
        rows = crowd(shop, kinds(shop), count, days_ago=days_ago)
        return cls(shop=shop, rows=rows, expected=[lives[row.pk] for row in calm])

    def left(self) -> dict[str, int]:
        """What is still to be done."""
        with tenant(self.shop.id):
            return {
                "due": Subscription.objects.filter(due(self.shop.now())).count(),
                "to collect": Invoice.objects.filter(collect_at__isnull=False).count(),
                "in flight": Payment.objects.filter(status__in=IN_FLIGHT).count(),
                "running": BillingRun.objects.filter(status="running").count(),
            }

    def settle(self) -> int:
        """Let the time pass after which providers are asked about what was lost, what they never saw is given up, and
        its invoice is asked for anew. Answers how many answers were lost."""
        lost = self.let_time_pass()
        for _ in range(5):
            while runs.settle_due():
                pass
            runs.collect_of(self.shop.id, most=None)
            if not self.let_time_pass():
                break
        return lost

    def let_time_pass(self) -> int:
        """What waits for real time has waited: a run that lost its worker, payments whose answer was lost."""
        ago = instant() - timedelta(minutes=20)
        with tenant(self.shop.id):
            BillingRun.objects.filter(status="running").update(beaten_at=ago)
            lost = Payment.objects.filter(status__in=IN_FLIGHT, asked_at__isnull=False)
            return lost.update(next_look_at=ago, asked_at=ago, created_at=ago)

    def captures(self) -> Counter[str]:
        """How often each payment was captured at the simulated provider: its own list, not ours."""
        with tenant(self.shop.id):
            pages = [page.content for page in SimulatedPage.objects.all() if page.content]
        return Counter(page["key"] for page in pages if page.get("captured"))

    def check(self) -> dict[str, int]:
        """Every life is that of its kind, each invoice was captured once at the provider. Answers the counts."""
        found = export(self.shop)
        told = [
            f"{row.pk} (kind {n % KINDS}): {wrong}"
            for n, row in enumerate(self.rows)
            if (wrong := difference(found[row.pk], self.expected[n % KINDS]))
        ]
        assert not told, f"{len(told)} of {len(self.rows)} differ; {told[0]}"
        with tenant(self.shop.id):
            invoices = dict(Invoice.objects.values_list("id", "status"))
            captured = Counter(
                Payment.objects.filter(id__in=list(self.captures())).values_list("invoice_id", flat=True)
            )
            numbers = list(Invoice.objects.order_by("sequence").values_list("sequence", flat=True))
        assert set(invoices.values()) == {"paid"}
        assert set(captured.values()) == {1} and set(captured) == set(invoices)
        assert numbers == list(range(1, len(numbers) + 1))
        return {"subscriptions": len(self.rows), "invoices": len(invoices), "captures": sum(captured.values())}


def table(fault: str, **counts: int) -> None:
    """One row of the table for the closing note."""
    print(f"\n| {fault} | " + " | ".join(f"{name} {count}" for name, count in counts.items()) + " |")
