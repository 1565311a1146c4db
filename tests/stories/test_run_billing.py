"""A night of billing: what was foreseen is what is made, and asked for once; who runs it again finds nothing."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from billing import runs
from billing.models import BillingRun
from billing.selectors.forecast import forecast
from billing.selectors.runs import outcomes
from invoices.models import Invoice, Payment
from merchants.clock import instant
from merchants.models import Merchant
from merchants.tenancy.scope import tenant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def later(monkeypatch):
    """Called with days: so much later for everybody's business time."""

    def go(days):
        monkeypatch.setattr("merchants.selectors.clocks.instant", lambda: instant() + timedelta(days=days))

    return go


def furnish(shop):
    """Lives of all kinds: an option, a coupon, a free month, a term that ends, prices without tax, two of one payer."""
    extra = shop.option("extra", 2_00)
    welcome = shop.coupon("WELCOME", percent_off=25, duration="repeating", periods=2)
    hifi = shop.offer("hifi", ("month", 1, 0), ("month", None, 12_99), options=[extra])
    term = shop.offer("term", ("month", 2, 10_00))
    weekly = shop.offer("weekly", ("week", None, 3_33), tax_behavior="exclusive")
    late = shop.offer("books", ("month", None, 8_00), tax_code="books")
    lucie, marc = shop.enrol("lucie"), shop.enrol("marc")
    shop.buy(lucie, hifi, options=[extra], coupons=[welcome])
    shop.buy(lucie, late)
    shop.buy(lucie, late)
    shop.buy(marc, term)
    shop.buy(marc, weekly)


@pytest.mark.parametrize("grouping", ["subscription", "payer"])
def test_what_was_foreseen_is_what_is_made(shop, later, grouping):
    furnish(shop)
    with tenant(shop.id):
        Merchant.objects.filter(id=shop.id).update(grouping=grouping)
        merchant = Merchant.objects.get(id=shop.id)
        before = Invoice.objects.count()
        seen = forecast(merchant=merchant, due_by=instant() + timedelta(days=75))
    later(75)

    run = runs.bill(shop.id)

    assert run is not None
    assert (run.taken, run.periods, run.invoices, run.ended, run.parked) == (
        seen.subscriptions,
        seen.periods,
        seen.invoices,
        seen.ended,
        seen.parked,
    )
    assert seen.ended == 1 and seen.parked == 0
    assert run.totals == {each.currency: each.gross for each in seen.sums}
    with tenant(shop.id):
        made = Invoice.objects.filter(run_id=run.pk)
        assert (made.count(), Invoice.objects.count()) == (seen.invoices, before + seen.invoices)
        assert (sum(row.net for row in made), sum(row.tax for row in made)) == (seen.sums[0].net, seen.sums[0].tax)
        several = [row for row in made if row.subscription_id is None]
        assert bool(several) == (grouping == "payer")
    assert runs.bill(shop.id) is None


def test_a_night_from_due_to_paid_with_one_card_refused(shop, later):
    hifi = shop.offer("hifi", ("month", None, 12_99))
    for name in ("a", "b", "c"):
        shop.buy(shop.enrol(name), hifi)
    dora = shop.enrol("d")
    shop.buy(dora, hifi)
    shop.method(dora, "pm_card_chargeCustomerFail")
    later(40)

    run = runs.bill(shop.id)
    assert run is not None and run.invoices == 4
    with tenant(shop.id):
        assert Counter(each.became.value for each in outcomes([run.pk])[run.pk]) == {"under_way": 1}
    asked = runs.collect_of(shop.id)

    assert asked == {"succeeded": 3, "failed": 1}
    with tenant(shop.id):
        became = {each.became.value: (each.count, each.amount) for each in outcomes([run.pk])[run.pk]}
        assert became == {"paid": (3, 38_97), "failing": (1, 12_99)}
        assert Payment.objects.filter(automatic=True).count() == 4
        assert BillingRun.objects.count() == 1
    assert runs.collect_of(shop.id) == {} and runs.dun(shop.id) == 0
