"""Random lives through the flows and the database: many subscribers of one clock, each doing what people do, and the
books of the whole merchant held after it (reliability §5: I1 to I14 as `check_books` asks them)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from billing.engine.leaving import Refunding
from billing.engine.moving import Anchoring
from billing.flows import cancel, change, move_renewal, schedule, suspend
from billing.flows.asks import AddOption, Ask, ChangeOffer, Gift, RemoveOption, SetQuantity
from billing.flows.cancel import Leaving
from billing.flows.change import Changing
from billing.flows.move_renewal import Moving
from billing.flows.pause_asks import Resuming, Suspending
from billing.flows.purchase import WishedOption
from merchants.models import Coupon, Offer, Option
from merchants.refusals import Refusal
from merchants.tenancy.scope import tenant
from subscribers.lifecycle import MakesGood
from subscribers.models import Subscription, SubscriptionOption
from tests.books import faults
from tests.stories.statements import World
from tests.worlds import TESTER, Shop

ROUNDS = 6
PAUSES = (1, 5, 14, 31)


@dataclass
class Lives:
    """A merchant with offers of every kind, and its subscribers."""

    world: World
    offers: list[Offer]
    options: list[Option]
    coupons: list[Coupon]
    subs: list[Subscription] = field(default_factory=list)
    acts: Counter[str] = field(default_factory=Counter)

    @classmethod
    def open(cls, shop: Shop) -> Lives:
        """Offers in months, a year, quarters, weeks, steps, arrears, free, with a trial; two options and a coupon."""
        one = shop.option("extra", 2_00, prices={("month", 3): 5_00, ("year", 1): 20_00})
        once = shop.option("record", 0, one_off_amount=24_00)
        more = {"options": [one, once]}
        offers = [
            shop.offer("basic", ("month", None, 29_90), **more),
            shop.offer("pro", ("month", None, 59_99), included=[one], options=[once]),
            shop.offer("year", ("year", None, 299_00), **more),
            shop.offer("quarter", ("month", None, 80_00, {"interval_count": 3}), **more),
            shop.offer("week", ("week", None, 7_77)),
            shop.offer("steps", ("month", 2, 9_99), ("month", None, 15_99), **more),
            shop.offer("later", ("month", None, 45_00, {"billing": "arrears"}), **more),
            shop.offer("free", ("month", None, 0), **more),
            shop.offer("trial", ("day", 14, 0), ("month", None, 19_99), **more),
        ]
        coupons = [shop.coupon("THIRD", percent_off="33.333", duration="forever")]
        return cls(World.on(shop, "2026-01-31"), offers, [one, once], coupons)

    def subscribe(self, number: int, draw: Random) -> None:
        """Somebody buys something; one in ten has no card, and is dunned."""
        person = self.world.person(f"p{number}", card=None if draw.random() < 0.1 else "pm_card_visa")
        wish: dict[str, Any] = {"quantity": draw.choice((1, 1, 1, 3))}
        if draw.random() < 0.3:
            wish["coupons"] = self.coupons
        try:
            self.subs.append(self.world.shop.subscribe(person, draw.choice(self.offers), **wish))
        except Refusal as refusal:
            self.acts[f"refused {refusal.code}"] += 1

    def live(self, draw: Random, rounds: int = ROUNDS) -> None:
        """Rounds of acts, then time passes for all."""
        for _ in range(rounds):
            for sub in self.subs:
                if draw.random() < 0.7:
                    self.act(sub, draw)
            ahead = timedelta(days=draw.choice(PAUSES))
            self.world.collect()
            self.world.until((self.world.now.today + ahead).isoformat())

    def act(self, sub: Subscription, draw: Random) -> None:
        """One act of one person; a refusal is counted, and leaves the books as they were."""
        kinds: tuple[Callable[[Subscription, Random], str], ...] = (
            *[self._change] * 6,
            self._end,
            self._end,
            self._pause,
            self._move,
        )
        try:
            done = draw.choice(kinds)(sub, draw)
        except Refusal as refusal:
            done = f"refused {refusal.code}"
        self.acts[done] += 1

    def _change(self, sub: Subscription, draw: Random) -> str:
        ask = self._ask(sub, draw)
        anchor = draw.choice(list(Anchoring))
        invoice = draw.choice(("now", "now", "next"))
        changing = Changing(when=draw.choice((None, "now", "period_end")), anchor=anchor, invoice=invoice)
        change.change(merchant_id=self.world.shop.id, subscription_id=sub.pk, ask=ask, changing=changing, actor=TESTER)
        return type(ask).__name__

    def _ask(self, sub: Subscription, draw: Random) -> Ask:
        with tenant(self.world.shop.id):
            held = list(SubscriptionOption.objects.filter(subscription=sub, ends_on=None).values_list("id", flat=True))
        which = draw.randrange(6)
        if which < 3:
            return ChangeOffer(offer=draw.choice(self.offers))
        if which == 3:
            return SetQuantity(quantity=draw.randint(1, 4))
        if which == 4 and held:
            return RemoveOption(option_id=draw.choice(held))
        wished = WishedOption(option=draw.choice(self.options), quantity=draw.randint(1, 2))
        gift = Gift(reason="an outage", periods=draw.choice((None, 1, 2))) if draw.random() < 0.3 else None
        return AddOption(wished=wished, gift=gift)

    def _pause(self, sub: Subscription, draw: Random) -> str:
        named = {"merchant_id": self.world.shop.id, "subscription_id": sub.pk, "actor": TESTER}
        if draw.random() < 0.5:
            suspend.resume(asked=Resuming(), **named)
            return "resumed"
        today = self.world.now.today
        begins = today + timedelta(days=draw.choice((0, 0, 3, 20)))
        ends = begins + timedelta(days=draw.choice((5, 40))) if draw.random() < 0.5 else None
        asked = Suspending(
            from_on=begins,
            until_on=ends,
            stops_billing=draw.random() < 0.5,
            makes_good=draw.choice(list(MakesGood)),
        )
        suspend.suspend(asked=asked, **named)
        return "suspended"

    def _move(self, sub: Subscription, draw: Random) -> str:
        day = self.world.now.today + timedelta(days=draw.choice((0, 2, 9, 33)))
        moving = Moving(on=day, added_days=draw.choice(("free", "charged")), reason="asked for")
        move_renewal.move_renewal(merchant_id=self.world.shop.id, subscription_id=sub.pk, moving=moving, actor=TESTER)
        return "moved"

    def _end(self, sub: Subscription, draw: Random) -> str:
        named = {"merchant_id": self.world.shop.id, "subscription_id": sub.pk, "actor": TESTER}
        if draw.random() < 0.5:
            schedule.undo(kind=None, **named)
            return "undone"
        when = draw.choice(("period_end", "period_end", "now"))
        refund = draw.choice(list(Refunding)) if when == "now" else Refunding.none
        cancel.cancel(leaving=Leaving(when=when, refund=refund, to="balance"), **named)
        return f"cancelled {when} {refund.value}"


def play(shop: Shop, *, lives: int, seed: str) -> Lives:
    """So many lives of one merchant, told again by the seed; the books hold, and nobody was parked."""
    draw = Random(seed)
    played = Lives.open(shop)
    for number in range(lives):
        played.subscribe(number, draw)
    played.live(draw)
    wrong = faults(shop)
    assert not wrong, f"seed {seed}: {wrong[0]}"
    assert not played.world.parked(), f"seed {seed}: {played.world.parked()}"
    return played
