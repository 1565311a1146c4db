"""Options given free of charge: at 0 on the invoice with what they would have cost, for so long, with a reason."""

from __future__ import annotations

from datetime import date
from textwrap import dedent

import pytest

from billing.flows.asks import AddOption, Gift, RemoveOption
from billing.flows.purchase import WishedOption
from invoices.models import CreditNote, InvoiceLine
from merchants.refusals import Conflict, Invalid
from merchants.tenancy.scope import tenant
from subscribers.models import Change, Grant, SubscriptionOption
from subscribers.selectors.rights import rights_of
from tests.stories.statements import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(shop):
    return World.on(shop, "2026-01-31")


def given(option, reason="the outage of 12 February", **term):
    return AddOption(wished=WishedOption(option=option), gift=Gift(reason=reason, **term))


def test_an_option_given_for_two_months_after_an_outage(world):
    world.shop.feature("live")
    extra = world.shop.option("extra", 2_80, features={"live": {}})
    sub = world.subscribe(world.shop.offer("hifi", ("month", None, 28_00), options=[extra]))
    world.until("2026-02-14")
    world.change(sub, given(extra, periods=2))
    with tenant(world.shop.id):
        assert "live" in rights_of(world.person().pk, world.now)
        assert Grant.objects.get(feature__reference="live").source == "gesture"
        told = Change.objects.get(subject_kind="option")
        assert (told.after["complimentary"], told.reason) == (True, "")
        assert SubscriptionOption.objects.get().reason == "the outage of 12 February"
    assert world.until("2026-04-30").statement(sub) == dedent("""\
        2026-01-31  hifi         01-31..02-28           28.00
        2026-02-28  hifi         02-28..03-31           28.00
                    extra        02-28..03-31            0.00
        2026-03-31  hifi         03-31..04-30           28.00
                    extra        03-31..04-30            0.00
        2026-04-30  hifi         04-30..05-31           28.00
        """)
    with tenant(world.shop.id):
        lines = list(InvoiceLine.objects.filter(kind="option").order_by("id"))
        assert [(line.rule, line.inputs["instead_of"]) for line in lines] == [("complimentary", 2_80)] * 2
        assert SubscriptionOption.objects.get().ends_on == date(2026, 4, 30)
        assert "live" not in rights_of(world.person().pk, world.now)
        assert not CreditNote.objects.exists()


def test_given_until_a_day_beside_what_is_paid_and_taken_back(world):
    extra, other = world.shop.option("extra", 2_80), world.shop.option("other", 1_40)
    sub = world.subscribe(world.shop.offer("hifi", ("month", None, 28_00), options=[extra]), options=[extra])
    world.until("2026-02-14")
    world.change(sub, given(other, until=date(2026, 3, 14)))  # its offer does not sell it
    world.change(sub, given(extra))
    with tenant(world.shop.id):
        free = SubscriptionOption.objects.get(complimentary=True, option_version__option=extra)
    world.until("2026-03-01")
    world.change(sub, RemoveOption(option_id=free.pk), when="now")
    assert world.until("2026-03-31").statement(sub) == dedent("""\
        2026-01-31  hifi         01-31..02-28           28.00
                    extra        01-31..02-28            2.80
        2026-02-28  hifi         02-28..03-31           28.00
                    extra        02-28..03-31            2.80
                    other        02-28..03-14            0.00
                    extra        02-28..03-31            0.00
        2026-03-31  hifi         03-31..04-30           28.00
                    extra        03-31..04-30            2.80
        """)


def test_what_cannot_be_given_says_why(world):
    extra = world.shop.option("extra", 2_80)
    sub = world.subscribe(world.shop.offer("hifi", ("month", None, 28_00), options=[extra]))
    for ask, field, code in (
        (given(extra, reason=" "), "reason", "reason_required"),
        (given(extra, until=date(2026, 1, 31)), "until", "ends_in_past"),
        (given(extra, periods=1, until=date(2026, 9, 1)), "until", "one_term_only"),
    ):
        with pytest.raises(Invalid) as refused:
            world.change(sub, ask)
        assert (refused.value.errors[0].field, refused.value.code) == (field, code)
    with tenant(world.shop.id):
        extra.archived_at = world.now.at
        extra.save()
    with pytest.raises(Conflict) as late:
        world.change(sub, given(extra))
    assert late.value.code == "option_archived"
    with tenant(world.shop.id):
        assert not SubscriptionOption.objects.exists()
