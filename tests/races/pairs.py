"""Two actions on one subscription: what each does, what stands after them, in either order and at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import OperationalError

from billing.engine.leaving import Refunding
from billing.flows import (
    campaign_work,
    cancel,
    change,
    coupons,
    give,
    move_renewal,
    reactivate,
    schedule,
    suspend,
    undo_gesture,
    withdraw,
)
from billing.flows.asks import AddOption, ChangeOffer, Gift, SetQuantity
from billing.flows.cancel import Leaving
from billing.flows.change import Changing
from billing.flows.give import Giving
from billing.flows.move_renewal import Moving
from billing.flows.pause_asks import Resuming, Suspending
from billing.flows.purchase import WishedOption
from billing.flows.reactivate import Again
from billing.flows.renew import renew
from billing.flows.withdraw import Withdrawing
from billing.models import CampaignMember, Charge
from invoices.models import CreditNoteLine, Invoice, InvoiceLine
from merchants.models import TestClock
from merchants.refusals import Refusal
from merchants.tenancy.scope import tenant
from subscribers.models import Gesture, ScheduledChange, Subscription, SubscriptionCoupon, SubscriptionOption
from tests.races.barrier import together
from tests.stories.statements import World
from tests.worlds import TESTER

NAMES = (
    "renewal",
    "offer",
    "quantity",
    "option",
    "planned",
    "cancelled",
    "ended",
    "undone",
    "suspended",
    "moved",
    "waits",
)
Act = Callable[[Subscription], Any]


def acts(world: World) -> dict[str, Act]:
    shop = world.shop
    pro, extra = shop.made["pro"], shop.made["extra"]

    def of(flow: Callable[..., Any], **named: Any) -> Act:
        return lambda sub: flow(merchant_id=shop.id, subscription_id=sub.pk, actor=TESTER, **named)

    def now(ask: Any) -> Act:
        return of(change.change, ask=ask, changing=Changing(when="now"))

    def taken_back(sub: Subscription) -> Any:
        with tenant(shop.id):
            gesture_id = Gesture.objects.get(subscription=sub).pk
        return undo_gesture.undo(merchant_id=shop.id, gesture_id=gesture_id, actor=TESTER)

    def planned_for(sub: Subscription, back: bool = False) -> Any:
        with tenant(shop.id):
            member = CampaignMember.objects.select_related("campaign__to_version").get(subscription=sub)
        return campaign_work.plan_or_take_back(shop.id, member.campaign, member.pk, back=back)

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
        of(change.change, ask=ChangeOffer(offer=shop.made["plus"]), changing=Changing(when="now", invoice="next")),
    )
    more = {
        "gift": now(AddOption(wished=WishedOption(option=extra), gift=Gift(reason="asked", periods=2))),
        "couponed": of(coupons.add, coupon=shop.made["ten"]),
        "uncouponed": of(coupons.remove, coupon=shop.made["half"]),
        "discounted": of(give.give, role=None, giving=Giving(kind="percent", percent_off=Decimal(25), reason="asked")),
        "days": of(give.give, role=None, giving=Giving(kind="days", days=3, reason="asked")),
        "taken back": taken_back,
        "withdrawn": of(withdraw.withdraw, asked=Withdrawing(to="balance")),
        "resumed": of(suspend.resume, asked=Resuming()),
        "campaign": planned_for,
        "taken off": lambda sub: planned_for(sub, back=True),
        "reactivated": of(reactivate.reactivate, again=Again()),
    }
    return {**dict(zip(NAMES, named, strict=True)), **more}


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
            "coupons": sorted(
                (use.coupon.code, use.periods_used, use.ended_at is None)
                for use in SubscriptionCoupon.objects.filter(subscription=row).select_related("coupon")
            ),
            "gestures": sorted(Gesture.objects.filter(subscription=row).values_list("kind", "status", "cost")),
            "waiting": sorted(
                Charge.objects.filter(subscription=row, status="waiting").values_list("amount", flat=True)
            ),
            "invoices": Invoice.objects.filter(subscription=row).count(),
            "campaign": list(CampaignMember.objects.filter(subscription=row).values_list("status", "code", "after")),
            "went on": sorted(Subscription.objects.filter(reactivates=row).values_list("status", "current_period_end")),
        }


def sold(world: World) -> None:
    """What there is to change to."""
    shop = world.shop
    extra = shop.option("extra", 2_00)
    basic, pro = shop.offer("basic", ("month", None, 30_00), options=[extra]), shop.offer("pro", ("month", None, 60_00))
    plus = shop.offer("plus", ("month", None, 45_00), options=[extra])
    ten, half = (shop.coupon(code, percent_off=off, duration="forever") for code, off in (("TEN", 10), ("HALF", 50)))
    shop.made = {"basic": basic, "pro": pro, "plus": plus, "extra": extra, "ten": ten, "half": half}


def three_each(world: World, names: Sequence[str], **wish: Any) -> dict[tuple[str, str], Subscription]:
    """For each action that is raced, one subscription for either order and one for both at once."""
    basic = world.shop.made["basic"]
    return {
        (second, way): world.shop.subscribe(world.person(f"{second} {way}", card=None), basic, **wish)
        for second in names
        for way in ("ab", "ba", "at once")
    }


def each(world: World, name: str, subs: Mapping[tuple[str, str], Subscription]) -> None:
    """An action done to each of them beforehand."""
    do = acts(world)[name]
    for sub in subs.values():
        do(sub)


def on_day(world: World, month: int, day: int) -> None:
    """Time passes, and nothing that falls due is made."""
    with tenant(world.shop.id):
        clock = TestClock.objects.get()
        clock.time = clock.time.replace(month=month, day=day)
        clock.save()


def race(world: World, first: str, subs: Mapping[tuple[str, str], Subscription]) -> None:
    """Each pair in either order, then at once: it leaves what one of the orders left, with the same answers."""
    do = acts(world)
    for second in dict.fromkeys(name for name, _way in subs):
        a, b = do[first], do[second]
        told_ab = (tried(a, subs[second, "ab"]), tried(b, subs[second, "ab"]))
        told_ba = tuple(reversed((tried(b, subs[second, "ba"]), tried(a, subs[second, "ba"]))))
        one = subs[second, "at once"]
        results = together(lambda: tried(a, one), lambda: tried(b, one))  # noqa: B023 - both end here
        assert not [each for each in results if isinstance(each, OperationalError)], (first, second)
        if "renewal" in (first, second):  # it leaves to the next run what it finds locked
            for way in ("ab", "ba", "at once"):
                do["renewal"](subs[second, way])
        ways = [(told_ab, stands(world, subs[second, "ab"])), (told_ba, stands(world, subs[second, "ba"]))]
        assert (tuple(results), stands(world, one)) in ways, (first, second, results, told_ab, told_ba)
