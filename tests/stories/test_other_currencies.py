"""Currencies without decimals and with three: what previews say is what is done, to the unit (domain: amounts)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing.engine.leaving import Refunding
from billing.flows import cancel, change_paid, give, move_renewal
from billing.flows.asks import AddOption, ChangeOffer, SetQuantity
from billing.flows.cancel import Leaving
from billing.flows.change import Changing
from billing.flows.give import Giving
from billing.flows.move_renewal import Moving
from billing.flows.purchase import WishedOption
from invoices.models import CreditNote, Invoice, Payment
from merchants.early_end import EarlyEnd
from merchants.tenancy.scope import tenant
from subscribers.lifecycle import MakesGood
from subscribers.models import Subscription
from tests.stories.statements import World
from tests.stories.test_suspending import back, pause
from tests.stories.test_withdrawing import withdrawn
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)
THIRD = EarlyEnd(formula="remaining", percent=Decimal("33.33")).told()


@pytest.fixture(params=[("JPY", "inclusive"), ("KWD", "exclusive")], ids="-".join)
def terms(request):
    """Of an offer: its currency, and whether VAT is in its prices."""
    return dict(zip(("currency", "tax_behavior"), request.param, strict=True))


@pytest.fixture
def world(shop):
    return World.on(shop, "2026-01-31")


def of(world: World, sub: Subscription) -> dict[str, Any]:
    return {"merchant_id": world.shop.id, "subscription_id": sub.pk, "actor": TESTER}


def captured(world: World) -> int:
    with tenant(world.shop.id):
        return sum(Payment.objects.filter(status="succeeded").values_list("captured", flat=True))


class Made:
    """The documents that an act made."""

    def __init__(self, world: World) -> None:
        self.world = world
        with tenant(world.shop.id):
            self.known = set(Invoice.objects.values_list("id")) | set(CreditNote.objects.values_list("id"))

    def billed(self) -> list[int]:
        return self._new(Invoice)

    def credited(self) -> list[int]:
        return self._new(CreditNote)

    def _new(self, model: Any) -> list[int]:
        with tenant(self.world.shop.id):
            rows = model.objects.order_by("id").values_list("id", "gross")
            return [gross for id_, gross in rows if (id_,) not in self.known]


def balances(world: World) -> None:
    """No invoice is credited or paid above its total, and each is what it says of its tax."""
    with tenant(world.shop.id):
        for invoice in Invoice.objects.all():
            credited = sum(CreditNote.objects.filter(invoice=invoice).values_list("gross", flat=True))
            assert credited <= invoice.gross and invoice.net + invoice.tax == invoice.gross
            paid = Payment.objects.filter(invoice=invoice, status="succeeded").values_list("captured", flat=True)
            assert sum(paid) <= invoice.gross


def test_changes_and_gestures(world, terms):
    """`invoice: next`, `only_if_paid`, a percentage, an amount, days, and a renewal moved forward."""
    extra = world.shop.option("extra", 101, currency=terms["currency"])
    pro = world.shop.offer("pro", ("month", None, 1_999), **terms)
    sub = world.subscribe(world.shop.offer("basic", ("month", None, 997), options=[extra], **terms))
    world.until("2026-02-10")
    world.change(sub, AddOption(wished=WishedOption(option=extra)), when="now", invoice="next")
    world.change(sub, SetQuantity(quantity=3), when="now", invoice="next")

    world.until("2026-02-17")
    paid, named = captured(world), of(world, sub) | {"ask": ChangeOffer(offer=pro), "changing": Changing(when="now")}
    seen = change_paid.foresee(**named)
    session = change_paid.change_paid(**named)
    assert session is not None and session.status == "complete"
    assert (seen, session.quote.total) == (captured(world) - paid,) * 2

    for values in (
        {"kind": "percent", "percent_off": Decimal("33.333"), "periods": 1},
        {"kind": "amount", "amount": 7},
        {"kind": "days", "days": 3},
    ):
        giving = Giving(reason="an outage", **values)
        ahead = give.foresee(merchant_id=world.shop.id, subscription_id=sub.pk, giving=giving, role=None)
        assert ahead.gesture.cost == give.give(giving=giving, role=None, **of(world, sub)).cost
    assert ahead.next_charge is not None
    made = Made(world)
    world.until(ahead.next_charge[0].isoformat())
    assert made.billed() == [ahead.next_charge[1]]

    world.until("2026-03-20")
    moving = Moving(on=date(2026, 3, 25), to="refund")
    with tenant(world.shop.id):
        foreseen = move_renewal.foresee(world.now_is(sub), moving, merchant=world.shop.merchant, now=world.now)
    made = Made(world)
    move_renewal.move_renewal(moving=moving, **of(world, sub))
    assert made.credited() == [back.plan.credit.gross for back in foreseen.backs] != []
    world.until("2026-04-01")
    balances(world)


def test_pauses_and_ends(world, terms):
    """A withdrawal; days lost that are credited, and that move the renewal; ends before a commitment, for a fee."""
    bound = {"commitment_intervals": 12, "early_end": THIRD, "setup_amount": 333}
    offer = world.shop.offer("basic", ("month", None, 997), **bound, **terms)
    ana, bob, eve = (
        world.subscribe(offer, world.person(name), quantity=many) for name, many in (("ana", 1), ("bob", 3), ("eve", 7))
    )
    world.until("2026-02-08")
    withdrawn(world, eve, credit="prorated")
    pause(world, ana, makes_good=MakesGood.credit, reason="roadworks")
    pause(world, bob, makes_good=MakesGood.move_renewal, stops_billing=True, reason="roadworks")
    world.until("2026-02-19")
    back(world, ana)
    back(world, bob)
    world.until("2026-04-10")
    for sub, refund, fee in ((ana, Refunding.prorated, 2_991), (bob, Refunding.full, 9_969)):
        leaving = Leaving(when="now", refund=refund)
        with tenant(world.shop.id):
            seen = cancel.foresee(world.now_is(sub), leaving, merchant=world.shop.merchant, now=world.now)
        made = Made(world)
        cancel.cancel(leaving=leaving, **of(world, sub))
        assert (seen.fee.amount, made.billed()) == (fee, [seen.fee_due])
        assert made.credited() == [given.plan.credit.gross for given in seen.backs] != []
    world.collect()
    balances(world)
