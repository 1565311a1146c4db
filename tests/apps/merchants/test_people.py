"""The staff's rules: opening a merchant, inviting, joining, changing a role, leaving; races of two owners."""

from __future__ import annotations

import threading
from datetime import timedelta
from hashlib import sha256

import pytest
from django.db import connection

from merchants.actors import Actor
from merchants.models import Invitation, Membership, Merchant, ProviderAccount
from merchants.now import Now
from merchants.refusals import Conflict, Forbidden, Invalid
from merchants.services import people, signup
from merchants.services.signup import derived, open_first_merchant, open_merchant
from merchants.tenancy.across import across_tenants
from merchants.tenancy.scope import tenant
from tests.pages.offices import NOW, colleague, office, person

pytestmark = pytest.mark.django_db(transaction=True)
SYSTEM = Actor.system("test")


def later(**span: float) -> Now:
    return Now(at=NOW.at + timedelta(**span), zone=NOW.zone)


def provider_kinds(merchant_id):
    with tenant(merchant_id):
        return list(ProviderAccount.objects.values_list("kind", "is_default"))


def test_a_merchant_opens_with_its_sandbox_and_both_have_the_owner_and_a_provider():
    owner = person()
    live, sandbox = open_merchant(name="  Onde \n musique ", owner=owner, now=NOW, actor=SYSTEM, currency="EUR")

    assert (live.name, live.sandbox_of, sandbox.name, sandbox.sandbox_of) == (
        "Onde musique",
        None,
        "Onde musique",
        live.id,
    )
    assert [found.merchant_id for found in across_tenants("memberships", owner.id)] == [live.id, sandbox.id]
    for merchant in (live, sandbox):
        with tenant(merchant.id):
            assert [(row.user_id, row.role) for row in Membership.objects.all()] == [(owner.id, "owner")]
    assert provider_kinds(live.id) == [("manual", True)]
    assert provider_kinds(sandbox.id) == [("simulated", True)]


@pytest.mark.parametrize("name", ["", "   ", "x" * 121, "Onde\u200e\x07"])
def test_a_name_that_cannot_be_one_opens_nothing(name):
    owner = person()
    with pytest.raises(Invalid) as refused:
        open_merchant(name=name, owner=owner, now=NOW, actor=SYSTEM)
    assert refused.value.errors[0].field == "name"
    assert across_tenants("memberships", owner.id) == []


def test_what_a_crash_between_the_two_tenants_left_is_completed_the_next_time(monkeypatch):
    user = person()
    user.company = "Onde"
    user.save()
    real, calls = signup._open, []

    def crashes_at_the_sandbox(*arguments, **named):
        calls.append(arguments[0])
        if len(calls) == 2:
            raise ConnectionError("the process was killed here")
        return real(*arguments, **named)

    monkeypatch.setattr(signup, "_open", crashes_at_the_sandbox)
    with pytest.raises(ConnectionError):
        open_first_merchant(user, now=NOW, actor=SYSTEM)
    monkeypatch.undo()
    user.refresh_from_db()
    assert user.company == "Onde"
    assert [found.merchant_id for found in across_tenants("memberships", user.id)] == [calls[0]]

    live, sandbox = open_first_merchant(user, now=later(hours=1), actor=SYSTEM)

    assert (live.id, sandbox.id) == (calls[0], derived(calls[0], "sandbox"))
    assert live.created_at == NOW.at
    user.refresh_from_db()
    assert user.company == ""
    assert [found.merchant_id for found in across_tenants("memberships", user.id)] == [live.id, sandbox.id]


def test_opening_the_first_merchant_twice_makes_one():
    user = person()
    user.company = "Onde"
    user.save()
    first = open_first_merchant(user, now=NOW, actor=SYSTEM)
    user.company = "Onde"  # a second tab that read the person before the first was done
    second = open_first_merchant(user, now=later(seconds=1), actor=SYSTEM)
    assert [merchant.id for merchant in first] == [merchant.id for merchant in second]
    assert len(across_tenants("memberships", user.id)) == 2


def test_an_invitation_is_kept_as_a_hash_and_lasts_seven_days():
    seat = office()
    with tenant(seat.merchant.id):
        invited = people.invite(email=" Julie@Onde.example ", role="support", by=seat.member(), now=NOW)
        row = Invitation.objects.get()
    assert bytes(row.token_hash) == sha256(invited.token.encode()).digest()
    assert (row.email, row.role, row.expires_at) == ("julie@onde.example", "support", NOW.at + timedelta(days=7))
    assert people.find_invitation(invited.token).id == row.id
    assert people.find_invitation(invited.token[:-1]) is None


def join(seat, invited, user, *, now=NOW, addresses=None):
    with tenant(seat.merchant.id):
        return people.accept(invited.invitation.id, user=user, addresses=addresses or frozenset([user.email]), now=now)


def test_an_invitation_is_accepted_once_by_the_person_who_was_invited():
    seat, julie = office(), person()
    with tenant(seat.merchant.id):
        invited = people.invite(email=julie.email, role="support", by=seat.member(), now=NOW)

    with pytest.raises(Conflict) as refused:
        join(seat, invited, person())
    assert refused.value.code == "invitation_of_another"

    joined = join(seat, invited, julie, now=later(days=6))
    assert (joined.user_id, joined.role) == (julie.id, "support")
    assert [found.merchant_id for found in across_tenants("memberships", julie.id)] == [seat.merchant.id]
    with pytest.raises(Conflict) as refused:
        join(seat, invited, julie)
    assert refused.value.code == "invitation_closed"


@pytest.mark.parametrize("ending", ["expired", "withdrawn", "replaced"])
def test_an_invitation_that_has_ended_lets_nobody_in(ending):
    seat, julie = office(), person()
    with tenant(seat.merchant.id):
        invited = people.invite(email=julie.email, role="support", by=seat.member(), now=NOW)
        if ending == "withdrawn":
            people.withdraw(invited.invitation, by=seat.member(), now=NOW)
        if ending == "replaced":
            people.invite(email=julie.email, role="admin", by=seat.member(), now=NOW)
    with pytest.raises(Conflict) as refused:
        join(seat, invited, julie, now=later(days=7) if ending == "expired" else NOW)
    assert refused.value.code == "invitation_closed"
    assert across_tenants("memberships", julie.id) == []


def test_who_may_invite_whom():
    seat = office()
    admin, support = colleague(seat, "admin"), colleague(seat, "support")
    with tenant(seat.merchant.id):
        people.invite(email="a@x.example", role="admin", by=admin.member(), now=NOW)
        people.invite(email="b@x.example", role="owner", by=seat.member(), now=NOW)
        with pytest.raises(Forbidden, match="owners_only"):
            people.invite(email="c@x.example", role="owner", by=admin.member(), now=NOW)
        with pytest.raises(Forbidden):
            people.invite(email="d@x.example", role="read_only", by=support.member(), now=NOW)
        with pytest.raises(Invalid, match="role_unknown"):
            people.invite(email="e@x.example", role="root", by=seat.member(), now=NOW)
        with pytest.raises(Invalid, match="member_already"):
            people.invite(email=admin.user.email.upper(), role="support", by=seat.member(), now=NOW)
        with pytest.raises(Invalid, match="email_invalid"):
            people.invite(email="no address", role="support", by=seat.member(), now=NOW)
        assert sorted(Invitation.objects.values_list("email", "role")) == [
            ("a@x.example", "admin"),
            ("b@x.example", "owner"),
        ]


def test_the_last_owner_neither_leaves_nor_becomes_less():
    seat = office()
    with tenant(seat.merchant.id):
        for attempt in (
            lambda: people.remove(seat.member(), by=seat.member(), now=NOW),
            lambda: people.change_role(seat.member(), "admin", by=seat.member()),
        ):
            with pytest.raises(Conflict) as refused:
                attempt()
            assert refused.value.code == "last_owner"
    assert seat.member().role == "owner"

    other = colleague(seat, "owner")
    with tenant(seat.merchant.id):
        people.change_role(seat.member(), "admin", by=seat.member())
    assert seat.member().role == "admin"
    with tenant(seat.merchant.id), pytest.raises(Forbidden, match="owners_only"):
        people.remove(other.member(), by=seat.member(), now=NOW)


def test_anyone_leaves_but_only_who_manages_removes():
    seat = office()
    support, reader = colleague(seat, "support"), colleague(seat, "read_only")
    with tenant(seat.merchant.id):
        with pytest.raises(Forbidden):
            people.remove(reader.member(), by=support.member(), now=NOW)
        people.remove(support.member(), by=support.member(), now=NOW)
    assert across_tenants("memberships", support.user.id) == []
    assert len(across_tenants("memberships", reader.user.id)) == 1


def test_two_owners_who_remove_each_other_at_once_leave_one():
    seat = office()
    other = colleague(seat, "owner")
    first, second = seat.member(), other.member()
    both_ready, outcomes = threading.Barrier(2), []

    def removes(target, by):
        try:
            with tenant(seat.merchant.id):
                both_ready.wait(timeout=10)
                people.remove(target, by=by, now=NOW)
            outcomes.append("removed")
        except Conflict as refused:
            outcomes.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=removes, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert sorted(outcomes) == ["last_owner", "removed"]
    with tenant(seat.merchant.id):
        assert Membership.objects.filter(role="owner", removed_at=None).count() == 1
        assert Merchant.objects.count() == 1
