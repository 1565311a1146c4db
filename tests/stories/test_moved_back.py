"""Renewals put off and moved back: a day whose bill was given back is billed again, once."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.flows.asks import SetQuantity
from billing.flows.billed_again import told_apart
from invoices.drafts import DraftInvoice
from invoices.models import InvoiceLine
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription
from subscribers.periods import Period
from subscribers.snapshots import TaxBehavior
from tests.apps.invoices.bills import line
from tests.stories.moves import D, move, world
from tests.stories.statements import World

__all__ = ["world"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)


def test_put_off_for_money_and_moved_back_its_day_is_billed_again(world):
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 30_00)))
    world.until("2027-05-14")
    move(world, sub, "2027-06-10", added_days="charged")
    world.until("2027-05-20")
    move(world, sub, "2027-06-01")
    assert world.until("2027-07-01").statement(sub) == dedent("""\
        2027-05-01  salon        05-01..06-01           30.00
        2027-05-14  salon        06-01..06-10            8.71
                    credit salon                        -8.71
                    cancelled                            0.00
        2027-06-01  salon        06-01..07-01           30.00
        2027-07-01  salon        07-01..08-01           30.00
        """)
    with tenant(world.shop.id):
        facts = [line.fact.split(":", 2)[2] for line in InvoiceLine.objects.order_by("id")]
        assert facts == ["2027-05-01", "2027-06-01", "2027-06-01:2", "2027-07-01"]


def put_off_and_moved_back(world: World, *people: str) -> list[Subscription]:
    """Their June was billed, given back whole, and not billed again yet."""
    offer = world.shop.offer("salon", ("month", None, 30_00))
    subs = [world.subscribe(offer, world.person(name)) for name in people]
    world.until("2027-05-14")
    for sub in subs:
        move(world, sub, "2027-06-10", added_days="charged")
    world.until("2027-05-20")
    for sub in subs:
        move(world, sub, "2027-06-01")
    return subs


def facts_now(world: World, *subs: Subscription) -> list[str]:
    """What the lines of their June would be called, if somebody billed it now."""
    june = Period(D("2027-06-01"), D("2027-07-01"))
    lines = tuple(
        replace(line(30_00), fact=f"stage:{sub.pk}:2027-06-01", period=june, subscription_id=str(sub.pk))
        for sub in subs
    )
    asked = DraftInvoice(payer="p", currency="EUR", tax_behavior=TaxBehavior.inclusive, on=D("2027-06-01"), lines=lines)
    with tenant(world.shop.id):
        ((_, found),) = told_apart([(None, asked)], but=())
    return [(each.fact or "").split(":", 2)[2] for each in found.lines]


def test_what_was_billed_again_is_not_billed_a_third_time(world):
    (sub,) = put_off_and_moved_back(world, "lucie")
    assert facts_now(world, sub) == ["2027-06-01:2"]
    world.until("2027-06-01")
    assert facts_now(world, sub) == ["2027-06-01"], "a name that the database refuses: a period is billed once"


def test_many_billed_again_cost_no_more_queries_than_one(world):
    subs = put_off_and_moved_back(world, "lucie", "anna", "marc")
    counted = []
    for some in (subs[:1], subs):
        with CaptureQueriesContext(connection) as asked:
            assert facts_now(world, *some) == ["2027-06-01:2"] * len(some)
        counted.append(len(asked))
    assert counted[0] == counted[1]


def test_changed_and_moved_to_today_on_one_day(world):
    sub = world.subscribe(world.shop.offer("salon", ("month", None, 31_00)))
    world.until("2027-05-14")
    world.change(sub, SetQuantity(quantity=2))
    move(world, sub, "2027-05-14")
    assert world.until("2027-06-14").statement(sub) == dedent("""\
        2027-05-01  salon        05-01..06-01           31.00
                    credit salon                       -18.00
        2027-05-14  salon        05-14..06-01           36.00
                    credit salon                       -36.00
                    cancelled                            0.00
        2027-05-14  salon        05-14..06-14           62.00
        2027-06-14  salon        06-14..07-14           62.00
        """)
