"""Status machine, access verdict, best of grants, tax profile (domain, Life and 17; I13, I14)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import product

import pytest

from subscribers.lifecycle import (
    MOVES,
    PAYMENT_MOVES,
    Access,
    DunningEffect,
    MoveNotAllowed,
    PaymentState,
    Status,
    Suspension,
    access,
    check_move,
    check_payment_move,
)
from subscribers.rights import LiveGrant, Source, SourceKind, rights
from subscribers.snapshots import FeatureKind, GrantSnapshot
from subscribers.taxes import TaxProfile, TaxRate, TaxRateMissing, TaxRow

TODAY = date(2026, 5, 14)
D = date.fromisoformat

ALLOWED = {
    ("incomplete", "scheduled"),
    ("incomplete", "trialing"),
    ("incomplete", "active"),
    ("incomplete", "ended"),
    ("scheduled", "trialing"),
    ("scheduled", "active"),
    ("scheduled", "ended"),
    ("trialing", "active"),
    ("trialing", "suspended"),
    ("trialing", "ended"),
    ("active", "suspended"),
    ("active", "ended"),
    ("suspended", "trialing"),
    ("suspended", "active"),
    ("suspended", "ended"),
}


@pytest.mark.parametrize(("before", "after"), list(product(Status, Status)))
def test_only_the_moves_of_the_table(before, after):
    if before is after or (before.value, after.value) in ALLOWED:
        assert check_move(before, after) is after
    else:
        with pytest.raises(MoveNotAllowed) as caught:
            check_move(before, after)
        assert (caught.value.status, caught.value.code) == (409, "status_conflict")


def test_terminal_is_terminal_and_everything_can_end():
    assert MOVES[Status.ended] == frozenset()
    assert set(MOVES) == set(Status)
    assert all(Status.ended in MOVES[status] for status in Status if status is not Status.ended)
    assert all(Status.incomplete not in after for after in MOVES.values())


def test_where_the_money_stands_follows_the_facts_from_any_state_to_any_other():
    """Several invoices may be owed: when the overdue one is paid, a younger one may still be retried."""
    assert {state: frozenset(PaymentState) - {state} for state in PaymentState} == PAYMENT_MOVES
    assert check_payment_move(PaymentState.overdue, PaymentState.retrying) is PaymentState.retrying
    assert check_payment_move(PaymentState.ok, PaymentState.ok) is PaymentState.ok


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"status": Status.active}, ("full", "active", None)),
        ({"status": Status.trialing}, ("full", "trial", None)),
        ({"status": Status.incomplete}, ("none", "not_paid", None)),
        ({"status": Status.scheduled, "start_on": D("2026-06-01")}, ("none", "not_started", D("2026-06-01"))),
        ({"status": Status.ended}, ("none", "ended", None)),
        ({"status": Status.active, "service_ends_on": D("2026-05-15")}, ("full", "cancelled", D("2026-05-15"))),
        ({"status": Status.active, "service_ends_on": D("2026-05-14")}, ("none", "ended", None)),
        ({"status": Status.active, "payment_state": PaymentState.processing}, ("full", "active", None)),
        ({"status": Status.active, "payment_state": PaymentState.retrying}, ("grace", "unpaid", None)),
        ({"status": Status.active, "payment_state": PaymentState.overdue}, ("grace", "unpaid", None)),
        (
            {"status": Status.active, "payment_state": PaymentState.overdue, "dunning": DunningEffect.restrict},
            ("restricted", "unpaid", None),
        ),
        ({"status": Status.active, "dunning": DunningEffect.suspend}, ("none", "unpaid", None)),
        ({"status": Status.suspended}, ("none", "suspended", None)),
        (
            {"status": Status.suspended, "suspension": Suspension(from_on=TODAY, until_on=D("2026-06-01"))},
            ("none", "suspended", D("2026-06-01")),
        ),
        (
            {"status": Status.active, "suspension": Suspension(from_on=D("2026-05-20"))},
            ("full", "active", D("2026-05-20")),
        ),
        (
            {"status": Status.active, "suspension": Suspension(from_on=D("2026-05-01"), until_on=TODAY)},
            ("full", "active", None),
        ),
    ],
)
def test_access_verdicts(facts, expected):
    verdict = access(today=TODAY, **facts)
    assert (verdict.access.value, verdict.why, verdict.until) == expected


def test_access_is_open_only_where_the_rule_table_opens_it():
    for status, state, dunning in product(Status, PaymentState, DunningEffect):
        verdict = access(status=status, payment_state=state, dunning=dunning, today=TODAY)
        opens = status in (Status.active, Status.trialing) and dunning is not DunningEffect.suspend
        assert (verdict.access is not Access.none) == opens


def grant(feature, kind, source=SourceKind.offer, until=None, since=None, name="", **more):
    return LiveGrant(
        grant=GrantSnapshot(feature=feature, kind=kind, **more),
        source=Source(kind=source, id=name or source.value, title={"en": source.value}),
        from_on=D(since) if since else None,
        until_on=D(until) if until else None,
    )


def told(grants):
    return {
        feature: (right.on, right.quota, right.level, [one.source.id for one in right.sources], right.until)
        for feature, right in rights(grants, today=TODAY).items()
    }


def test_the_best_of_live_grants():
    switch, quota, level = FeatureKind
    assert told(
        [
            grant("live", switch, on=False),
            grant("live", switch, SourceKind.gesture, until="2026-06-20"),
            grant("booklets", switch, until="2026-06-01"),
            grant("booklets", switch, SourceKind.option, until="2026-07-01"),
            grant("off", switch, on=False),
            grant("audio", level, level="high", rank=1),
            grant("audio", level, SourceKind.gesture, until="2026-05-20", level="hifi", rank=2),
            grant("tracks", quota, quota=100),
            grant("tracks", quota, SourceKind.option, quota=1000, until="2026-06-01"),
            grant("streams", quota, quota=2),
            grant("streams", quota, SourceKind.option, quota=1, adds=True, until="2026-08-01"),
            grant("streams", quota, SourceKind.gesture, quota=1, adds=True, until="2026-07-01"),
            grant("past", switch, until="2026-05-14"),
            grant("future", switch, since="2026-05-15"),
        ]
    ) == {
        "live": (True, None, None, ["gesture"], D("2026-06-20")),
        "booklets": (True, None, None, ["offer", "option"], D("2026-07-01")),
        "off": (False, None, None, ["offer"], None),
        "audio": (True, None, "hifi", ["gesture"], D("2026-05-20")),
        "tracks": (True, 1000, None, ["option"], D("2026-06-01")),
        "streams": (True, 4, None, ["offer", "option", "gesture"], D("2026-07-01")),
    }


def test_quotas_do_not_add_unless_said_and_unlimited_wins():
    quota = FeatureKind.quota
    twice = rights([grant("t", quota, quota=100), grant("t", quota, SourceKind.option, quota=60)], today=TODAY)["t"]
    assert (twice.quota, [one.source.id for one in twice.sources]) == (100, ["offer"])
    free = rights([grant("t", quota, quota=100), grant("t", quota, SourceKind.override, quota=None)], today=TODAY)["t"]
    assert (free.unlimited, free.quota, [one.source.id for one in free.sources]) == (True, None, ["override"])
    none = rights([grant("t", quota, quota=0)], today=TODAY)["t"]
    assert (none.on, none.quota) == (False, 0)
    only_added = rights([grant("t", quota, SourceKind.option, quota=5, adds=True)], today=TODAY)["t"]
    assert (only_added.on, only_added.quota) == (True, 5)


def test_one_rate_a_line_by_code_date_and_payer():
    reduced, normal, old = (TaxRate(rate=Decimal(rate)) for rate in ("5.5", "20", "19.6"))
    exempt = TaxRate(rate=Decimal(0), category="AE", mention={"fr": "Autoliquidation"})
    profile = TaxProfile(
        country="FR",
        table=(
            TaxRow(tax_code="electronic", rate=old, until_on=D("2014-01-01")),
            TaxRow(tax_code="electronic", rate=normal, from_on=D("2014-01-01")),
            TaxRow(tax_code="book", rate=reduced),
        ),
    )
    assert profile.rate("electronic", D("2013-12-31")) is old
    assert profile.rate("electronic", D("2014-01-01")) is normal
    assert profile.rate("book", TODAY, line=exempt) is exempt
    assert TaxProfile(country="DE", own=exempt).rate("electronic", TODAY) is exempt
    with pytest.raises(TaxRateMissing) as caught:
        profile.rate("goods", TODAY)
    assert (caught.value.status, caught.value.code) == (409, "tax_rate_missing")
    assert caught.value.say() == "There is no tax rate for the code “goods” in FR on 2026-05-14."
