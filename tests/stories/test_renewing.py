"""The months that follow a purchase: each period once, with its own dates, whoever runs and how late."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from billing.flows.running import run_merchant
from billing.models import BillingRun
from invoices.models import Invoice, InvoiceLine
from merchants.actors import Actor
from merchants.clock import instant
from merchants.models import Event
from merchants.now import Now
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Grant, Subscription

pytestmark = pytest.mark.django_db(transaction=True)
RUN = Actor.system("billing run")


def later(shop: Any, days: int) -> Now:
    return Now(at=instant() + timedelta(days=days), zone=shop.merchant.timezone)


def run(shop: Any, days: int) -> BillingRun | None:
    """Everything that is due in so many days, twice: the second run finds nothing."""
    now = later(shop, days)
    done = run_merchant(merchant_id=shop.id, now=now, kind=BillingRun.Kind.MANUAL, actor=RUN)
    assert run_merchant(merchant_id=shop.id, now=now, kind=BillingRun.Kind.MANUAL, actor=RUN) is None
    return done


def periods(shop: Any, subscription: Any) -> list[tuple[date, date, int]]:
    with tenant(shop.id):
        lines = InvoiceLine.objects.filter(subscription_id=subscription.pk, kind="stage").order_by("period_start")
        return list(lines.values_list("period_start", "period_end", "amount"))


def test_a_month_follows_a_month(shop: Any) -> None:
    hifi = shop.feature("hifi")
    offer = shop.offer("hifi", ("month", None, 1299), features={hifi.reference: {}})
    bought = shop.buy(shop.enrol("lucie"), offer).subscription
    assert run(shop, 10) is None
    done = run(shop, 40)
    assert done is not None
    assert (done.status, done.expected, done.taken, done.periods, done.invoices, done.ended, done.parked) == (
        "done", 1, 1, 1, 1, 0, 0,
    )  # fmt: skip
    assert done.totals == {"EUR": 1299}
    first, second = periods(shop, bought)
    assert (first[1], first[2], second[2]) == (second[0], 1299, 1299)
    with tenant(shop.id):
        row = Subscription.objects.get(id=bought.pk)
        invoice = Invoice.objects.latest("id")
        assert (row.status, row.latest_invoice_id, row.period_index) == ("active", invoice.pk, 2)
        assert (row.current_period_start, row.current_period_end) == second[:2]
        assert (invoice.status, invoice.gross, invoice.tax, invoice.run_id) == ("open", 1299, 217, done.pk)
        assert invoice.collect_at is not None
        assert invoice.coming == {"on": second[1].isoformat(), "amount": 1299}
        change = Change.objects.get(subject_id=row.pk, verb="renewed")
        assert change.after["current_period_start"] == second[0].isoformat()
        assert change.reason == ""  # its verb says it; reasons are what people give
        kinds = list(Event.objects.filter(subscriber_id=row.subscriber_id).order_by("-id").values_list("kind")[:2])
        assert kinds == [("subscription.renewed",), ("invoice.finalized",)]
        assert Grant.objects.filter(subscription=row).count() == 1


def test_a_late_run_makes_every_missed_month_once_and_in_order(shop: Any) -> None:
    bought = shop.buy(shop.enrol("lucie"), shop.offer("hifi", ("month", None, 1299))).subscription
    done = run(shop, 370)
    assert done is not None
    assert (done.taken, done.periods, done.invoices, done.totals) == (1, 12, 12, {"EUR": 15588})
    found = periods(shop, bought)
    assert len(found) == 13
    assert all(one[1] == other[0] for one, other in pairwise(found))
    with tenant(shop.id):
        numbers = list(Invoice.objects.order_by("sequence").values_list("sequence", "period_start", "issued_on"))
        assert [number for number, _, _ in numbers] == list(range(1, 14))
        assert [start for _, start, _ in numbers] == [one[0] for one in found]
        assert {on for _, _, on in numbers[1:]} == {later(shop, 370).today}


def test_a_free_month_gives_way_to_the_price_and_its_rights(shop: Any) -> None:
    hifi = shop.feature("hifi")
    offer = shop.offer("hifi", ("month", 1, 0), ("month", None, 1299), features={hifi.reference: {}})
    bought = shop.buy(shop.enrol("lucie"), offer).subscription
    done = run(shop, 40)
    assert done is not None
    assert (done.periods, done.invoices, done.totals) == (1, 1, {"EUR": 1299})
    with tenant(shop.id):
        row = Subscription.objects.get(id=bought.pk)
        assert (row.status, row.stage_position, row.access, row.access_reason) == ("active", 1, "full", "active")
        assert Grant.objects.filter(subscription=row, ends_at=None).count() == 1
        assert Grant.objects.filter(subscription=row).count() == 1  # the price opens what the trial had opened


def test_a_fixed_term_ends(shop: Any) -> None:
    hifi = shop.feature("hifi")
    offer = shop.offer("season", ("month", 3, 1000), features={hifi.reference: {}})
    bought = shop.buy(shop.enrol("lucie"), offer).subscription
    done = run(shop, 200)
    assert done is not None
    assert (done.periods, done.invoices, done.ended) == (2, 2, 1)
    with tenant(shop.id):
        row = Subscription.objects.get(id=bought.pk)
        assert (row.status, row.end_reason, row.access, row.next_action_at) == ("ended", "term_reached", "none", None)
        assert not Grant.objects.filter(subscription=row, ends_at=None).exists()
        assert Event.objects.filter(kind="subscription.ended", object_id=row.pk).count() == 1
        assert Event.objects.filter(kind="access.changed", object_id=row.pk).count() == 2
