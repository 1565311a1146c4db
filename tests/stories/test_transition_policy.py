"""The merchant's transition policy told as bank statements: which row counts, proration, fees, who may decide otherwise
(domain 11)."""

from __future__ import annotations

from textwrap import dedent

import pytest

from billing.flows.asks import ChangeOffer
from invoices.models import CreditNote
from merchants.refusals import Conflict, Invalid
from merchants.services.merchants import update_merchant
from merchants.tenancy.scope import tenant
from subscribers.models import ScheduledChange, Subscription
from tests.stories.statements import World, rows
from tests.worlds import TESTER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(shop):
    return World.on(shop, "2026-01-31")


def policy(world, *rules):
    with tenant(world.shop.id):
        update_merchant(transition_rules=list(rules), actor=TESTER, now=world.shop.now())


def two(world, **columns):
    basic = world.shop.offer("basic", ("month", None, 30_00), **columns)
    return basic, world.shop.offer("pro", ("month", None, 60_00), **columns)


def test_a_fee_and_no_proration(world):
    basic, pro = two(world)
    policy(world, {"direction": "up", "when": "now", "proration": "none", "fee": 5_00})
    sub = world.subscribe(basic)
    world.until("2026-02-14")
    world.change(sub, ChangeOffer(offer=pro))
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           30.00
        2026-02-14  pro, change of offer                         5.00
        2026-02-28  pro          02-28..03-31           60.00
        """)
    assert world.captured() == [30_00, 5_00, 60_00]


def test_full_charges_the_whole_period_as_if_from_its_first_day(world):
    basic, pro = two(world)
    policy(world, {"from_offer": str(basic.pk), "to_offer": str(pro.pk), "when": "now", "proration": "full"})
    sub = world.subscribe(basic)
    world.until("2026-02-14")
    world.change(sub, ChangeOffer(offer=pro))
    assert world.until("2026-02-28").statement(sub) == dedent("""\
        2026-01-31  basic        01-31..02-28           30.00
                    credit basic                       -30.00
                    cancelled                            0.00
        2026-02-14  pro          01-31..02-28           60.00
        2026-02-28  pro          02-28..03-31           60.00
        """)
    assert sum(world.captured()) == 30_00 + 30_00 + 60_00


def test_the_first_row_that_fits_counts_and_an_old_commitment_binds(world):
    basic, pro = two(world, commitment_intervals=2)
    free = world.shop.offer("free_to_go", ("month", None, 40_00))
    policy(
        world,
        {"direction": "down", "in_commitment": True, "when": "forbidden", "overridden_by": ["owner"]},
        {"direction": "down", "when": "now"},
        {"when": "period_end"},
    )
    bound, loose = world.subscribe(pro), world.subscribe(free, world.person("omar"))
    world.until("2026-02-14")
    before = rows(world.shop.id)
    with pytest.raises(Conflict) as refused:
        world.change(bound, ChangeOffer(offer=basic))
    assert refused.value.code == "change_forbidden"
    for role, code in (("support", "policy_not_yours"), ("portal", "policy_not_yours")):
        with pytest.raises(Conflict) as refused:
            world.change(bound, ChangeOffer(offer=basic), when="now", role=role, reason="please")
        assert refused.value.code == code
    with pytest.raises(Invalid) as nameless:
        world.change(bound, ChangeOffer(offer=basic), when="now", role="owner")
    assert nameless.value.errors[0].field == "reason"
    assert rows(world.shop.id) == before
    world.change(loose, ChangeOffer(offer=basic))
    world.change(bound, ChangeOffer(offer=basic), when="now", role="owner", reason="their shop burnt down")
    with tenant(world.shop.id):
        assert [note.gross for note in CreditNote.objects.order_by("id")] == [20_00, 30_00]
        assert CreditNote.objects.latest("id").reason == "their shop burnt down"
    third = world.subscribe(basic, world.person("zoe"))
    world.change(third, ChangeOffer(offer=pro))  # up: the last row
    with tenant(world.shop.id):
        assert ScheduledChange.objects.get(subscription=third).status == "waiting"


def test_where_no_row_fits_who_may_change_says_when(world):
    basic, pro = two(world)
    policy(world, {"direction": "down", "in_commitment": True, "when": "forbidden"})
    sub = world.subscribe(pro)
    world.change(sub, ChangeOffer(offer=basic), when="now", role="support")
    with pytest.raises(Conflict) as refused:
        world.change(sub, ChangeOffer(offer=pro), when="period_end", role="portal")
    assert refused.value.code == "policy_not_yours"
    world.change(sub, ChangeOffer(offer=pro), role="portal")
    with tenant(world.shop.id):
        assert Subscription.objects.get().offer_version.offer_id == pro.pk
