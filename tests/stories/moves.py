"""Renewals moved, for stories: the act held to its preview."""

from __future__ import annotations

from datetime import date

import pytest

from billing.flows import move_renewal
from billing.flows.move_renewal import Moving
from invoices.models import CreditNote, Invoice
from invoices.totals import totals
from merchants.models import Event
from merchants.refusals import Conflict, Invalid
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Subscription
from tests.stories.statements import World
from tests.worlds import TESTER

D = date.fromisoformat


@pytest.fixture
def world(shop):
    """1 May 2027; prices with VAT."""
    return World.on(shop, "2027-05-01")


def move(world: World, sub: Subscription, day: str, **asked) -> Subscription:
    """Move it, and hold the act to its preview, which writes nothing."""
    moving = Moving(on=D(day), **asked)
    with tenant(world.shop.id):
        row = world.now_is(sub)
        counted = [model.objects.count() for model in (Invoice, CreditNote, Change, Event)]
        seen = move_renewal.foresee(row, moving, merchant=world.shop.merchant, now=world.now)
        assert [model.objects.count() for model in (Invoice, CreditNote, Change, Event)] == counted
    done = move_renewal.move_renewal(merchant_id=world.shop.id, subscription_id=sub.pk, moving=moving, actor=TESTER)
    with tenant(world.shop.id):
        made = list(Invoice.objects.order_by("created_at", "id"))[counted[0] :]
        given = list(CreditNote.objects.order_by("id"))[counted[1] :]
    assert [row.gross for row in made] == [totals(d.lines, d.tax_behavior).gross for d in seen.documents]
    assert [note.gross for note in given] == [one.plan.credit.gross for one in seen.backs]
    world.collect()
    return done


def refused(world: World, sub: Subscription, day: str, **asked) -> str:
    with pytest.raises((Conflict, Invalid)) as refusal:
        move(world, sub, day, **asked)
    error = refusal.value
    return error.errors[0].code if isinstance(error, Invalid) else error.code
