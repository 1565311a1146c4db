"""Any two actions on one subscription at the same moment, its renewal among them: what stands after them is what one
after the other would have left, in one order or the other (reliability §3, F29)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import OperationalError

from billing.engine.leaving import Refunding
from billing.flows import cancel, change, move_renewal, schedule, suspend
from billing.flows.asks import AddOption, ChangeOffer, SetQuantity
from billing.flows.cancel import Leaving
from billing.flows.change import Changing
from billing.flows.move_renewal import Moving
from billing.flows.purchase import WishedOption
from billing.flows.renew import renew
from billing.flows.suspend import Suspending
from invoices.models import CreditNoteLine, Invoice, InvoiceLine
from merchants.models import TestClock
from merchants.refusals import Refusal
from merchants.tenancy.scope import tenant
from subscribers.models import ScheduledChange, Subscription, SubscriptionOption
from tests.races.barrier import together
from tests.stories.statements import World
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ("renewal", "offer", "quantity", "option", "planned", "cancelled", "ended", "undone", "suspended", "moved")
Act = Callable[[Subscription], Any]


@pytest.fixture
def world(shop):
    """Its subscriptions are due on 28 February, and that day has come."""
    return World.on(shop, "2026-01-31")


def acts(world: World) -> dict[str, Act]:
    shop = world.shop
    pro, extra = shop.made["pro"], shop.made["extra"]

    def of(flow: Callable[..., Any], **named: Any) -> Act:
        return lambda sub: flow(merchant_id=shop.id, subscription_id=sub.pk, actor=TESTER, **named)

    def now(ask: Any) -> Act:
        return of(change.change, ask=ask, changing=Changing(when="now"))

    named = (
        lambda sub: renew(merchant_id=shop.id, batch=[sub.pk], now=world.now, actor=TESTER),
        now(ChangeOffer(offer=pro)),
        now(SetQuantity(quantity=2)),
        now(AddOption(wished=WishedOption(option=extra))),
        of(schedule.schedule, ask=SetQuantity(quantity=5)),
        of(cancel.cancel, leaving=Leaving()),
        of(cancel.cancel, leaving=Leaving(when="now", refund=Refunding.prorated, to="balance")),
        of(schedule.undo, kind=None),
        of(suspend.suspend, asked=Suspending(from_on=date(2026, 3, 10))),
        of(move_renewal.move_renewal, moving=Moving(on=date(2026, 4, 10), added_days="charged", reason="asked")),
    )
    return dict(zip(NAMES, named, strict=True))


def tried(act: Act, sub: Subscription) -> str:
    """What came of it: a refusal by its code."""
    try:
        act(sub)
    except Refusal as refusal:
        return refusal.code
    return "done"


def stands(world: World, sub: Subscription) -> dict[str, Any]:
    """All that two ways of doing the same must agree on: the subscription, its options and wishes, and its bills."""
    columns = ("status", "quantity", "current_period_start", "current_period_end", "service_ends_on", "cycle_from")
    more = ("anchor_day", "next_action_at", "access", "period_index", "suspended_from", "suspension_begun")
    with tenant(world.shop.id):
        row = Subscription.objects.select_related("offer_version__offer").get(id=sub.pk)
        credited: dict[Any, int] = {}
        for line in CreditNoteLine.objects.filter(invoice_line__subscription_id=sub.pk):
            credited[line.invoice_line_id] = credited.get(line.invoice_line_id, 0) + line.amount
        lines = [
            (line.title["en"], str(line.period_start), str(line.period_end), line.amount, credited.get(line.pk, 0))
            for line in InvoiceLine.objects.filter(subscription_id=sub.pk)
        ]
        return {
            **{name: getattr(row, name) for name in (*columns, *more)},
            "offer": row.offer_version.offer.reference,
            "options": sorted(SubscriptionOption.objects.filter(subscription=row).values_list("quantity", "ends_on")),
            "wishes": sorted(
                ScheduledChange.objects.filter(subscription=row, status="waiting").values_list("kind", "due_on")
            ),
            "lines": sorted(lines),
            "invoices": Invoice.objects.filter(subscription=row).count(),
        }


@pytest.mark.parametrize("first", NAMES)
def test_two_at_once_leave_what_one_after_the_other_would(world, first):
    shop = world.shop
    extra = shop.option("extra", 2_00)
    basic, pro = shop.offer("basic", ("month", None, 30_00), options=[extra]), shop.offer("pro", ("month", None, 60_00))
    shop.made = {"pro": pro, "extra": extra}
    pairs = NAMES[NAMES.index(first) :]
    subs = {
        (second, way): shop.subscribe(world.person(f"{second} {way}", card=None), basic)
        for second in pairs
        for way in ("ab", "ba", "at once")
    }
    with tenant(shop.id):
        clock = TestClock.objects.get()
        clock.time = clock.time.replace(month=2, day=28)
        clock.save()
    do = acts(world)
    for second in pairs:
        a, b = do[first], do[second]
        told_ab = (tried(a, subs[second, "ab"]), tried(b, subs[second, "ab"]))
        told_ba = tuple(reversed((tried(b, subs[second, "ba"]), tried(a, subs[second, "ba"]))))
        one = subs[second, "at once"]
        results = together(lambda: tried(a, one), lambda: tried(b, one))  # noqa: B023 - both end here
        assert not [each for each in results if isinstance(each, OperationalError)], (first, second)
        if first == "renewal":  # it leaves to the next run what it finds locked
            for way in ("ab", "ba", "at once"):
                a(subs[second, way])
        ways = [(told_ab, stands(world, subs[second, "ab"])), (told_ba, stands(world, subs[second, "ba"]))]
        assert (tuple(results), stands(world, one)) in ways, (first, second, results, told_ab, told_ba)
