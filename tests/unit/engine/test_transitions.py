"""Which row of the merchant's policy is for a change of offer, and what counts where none is (domain 11)."""

from __future__ import annotations

import pytest

from billing.engine.transitions import decided, direction, ruled, unruled, yearly_cost
from merchants.refusals import Conflict, Invalid
from merchants.transitions import Direction, Proration, TransitionRule, When
from tests.unit.pictures import DAY, MONTH, QUARTER, WEEK, YEAR, offer, stage

BASIC = offer(stage(10_00), offer_id="basic", version_id="b1")
PRO = offer(stage(20_00), offer_id="pro", version_id="p1")


@pytest.mark.parametrize(
    ("sold", "cost"),
    [
        (offer(stage(10_00, MONTH)), 120_00),
        (offer(stage(10_00, QUARTER)), 40_00),
        (offer(stage(10_00, YEAR)), 10_00),
        (offer(stage(7_00, WEEK)), 365_00),
        (offer(stage(1_00, DAY)), 365_00),
        (offer(stage(0, MONTH, 1), stage(5_00), stage(9_00)), 60_00),
        (offer(stage(0)), 0),
    ],
)
def test_a_year_of_the_first_paid_stage(sold, cost):
    assert yearly_cost(sold) == cost


def test_as_much_is_up_and_less_is_down():
    assert direction(BASIC, PRO) is Direction.up
    assert direction(BASIC, BASIC) is Direction.up
    assert direction(PRO, BASIC) is Direction.down
    assert (unruled(BASIC, PRO).when, unruled(PRO, BASIC).when) == (When.now, When.period_end)
    assert (unruled(BASIC, PRO).proration, unruled(BASIC, PRO).fee) == (Proration.days, 0)


def row(when: When = When.forbidden, **more) -> TransitionRule:
    return TransitionRule(when=when, **more)


def found(*rules, before=BASIC, after=PRO, in_commitment=False, fee_currency="EUR"):
    return ruled(rules, before, after, in_commitment=in_commitment, fee_currency=fee_currency)


def test_the_first_row_that_is_for_it_speaks():
    assert found(row(When.period_end), row(When.now)).when is When.period_end
    for is_for in (
        {},
        {"from_offer": "basic"},
        {"to_offer": "pro"},
        {"direction": Direction.up},
        {"in_commitment": False},
        {"from_offer": "basic", "to_offer": "pro", "direction": Direction.up, "in_commitment": False},
    ):
        assert found(row(When.period_end, **is_for)).when is When.period_end, is_for
    for is_not in (
        {"from_offer": "pro"},
        {"to_offer": "basic"},
        {"direction": Direction.down},
        {"in_commitment": True},
        {"from_offer": "basic", "to_offer": "basic"},
    ):
        assert found(row(When.period_end, **is_not)).when is When.now, is_not
    assert found(row(When.period_end, in_commitment=True), in_commitment=True).when is When.period_end
    assert found(row(When.now, direction=Direction.down), before=PRO, after=BASIC).when is When.now


def test_to_a_newer_version_of_the_same_offer_no_row_speaks():
    dearer = offer(stage(12_00), offer_id="basic", version_id="b2")
    assert found(row(When.forbidden), after=dearer) == unruled(BASIC, dearer)


def test_a_row_says_what_is_given_back_what_it_costs_and_who_decides_otherwise():
    rule = row(When.now, proration=Proration.none, fee=15_00, overridden_by=("owner",))
    told = found(rule)
    assert (told.when, told.proration, told.fee, told.overridden_by) == (When.now, Proration.none, 15_00, ("owner",))
    assert found(rule, fee_currency="CHF").fee == 0


def test_who_may_decide_otherwise():
    open_to_all, to_owners = found(row(When.period_end)), found(row(When.period_end, overridden_by=("owner",)))
    assert decided(to_owners, None, role="support", reason="").when is When.period_end
    assert decided(to_owners, When.period_end, role="support", reason="").when is When.period_end
    assert decided(to_owners, When.now, role=None, reason="").when is When.now
    assert decided(to_owners, When.now, role="owner", reason="agreed").when is When.now
    with pytest.raises(Invalid) as unsaid:
        decided(to_owners, When.now, role="owner", reason=" ")
    assert (unsaid.value.errors[0].field, unsaid.value.code) == ("reason", "reason_required")
    for role in ("support", "portal"):
        with pytest.raises(Conflict) as refused:
            decided(to_owners, When.now, role=role, reason="please")
        assert refused.value.code == "policy_not_yours"
    with pytest.raises(Conflict) as portal:
        decided(open_to_all, When.now, role="portal", reason="please")
    assert portal.value.code == "policy_not_yours"
    for asked in (None, When.forbidden):
        with pytest.raises(Conflict) as forbidden:
            decided(found(row(When.forbidden)), asked, role=None, reason="")
        assert forbidden.value.code == "change_forbidden"
    assert decided(found(row(When.forbidden)), When.now, role=None, reason="").when is When.now
