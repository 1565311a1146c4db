"""An import is carried on by whichever worker comes: killed, two at once or beaten to it, each is enrolled once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from billing import runs
from billing.flows import import_work, imports
from billing.models import ImportRow, MemberImport
from billing.selectors.import_proof import proof
from merchants.clock import instant
from merchants.tenancy.scope import tenant
from subscribers.models import Subscriber, Subscription
from tests.stories.old_members import checked, enrolled, faults, fresh, member, salon, sound, upload

__all__ = ["salon"]  # fixtures
pytestmark = pytest.mark.django_db(transaction=True)


def test_the_same_file_or_the_same_member_is_enrolled_once(salon):
    first = member(salon, 1)
    row = enrolled(salon, checked(salon, first))
    again, is_new = upload(salon, first, name="another name.csv")
    assert (again.pk, is_new) == (row.pk, False)
    longer = checked(salon, first, member(salon, 2))
    with tenant(salon.id):
        rows = ImportRow.objects.filter(member_import=longer)
        assert dict(rows.values_list("line", "status")) == {2: "known", 3: "good"}
    enrolled(salon, longer)
    with tenant(salon.id):
        assert Subscription.objects.count() == Subscriber.objects.count() == 2
    import_work.carry_on(merchant_id=salon.id, import_id=longer.pk)
    with tenant(salon.id):
        assert Subscription.objects.count() == 2


def test_killed_in_the_middle_it_goes_on_with_the_rest(salon, monkeypatch):
    monkeypatch.setattr(import_work, "AT_ONCE", 2)
    row = checked(salon, *[member(salon, at) for at in range(5)])
    with tenant(salon.id):
        imports.begin_enrolling(row.pk, actor=salon.actor, now=salon.now())
    real, calls = import_work.enrol_rows, []

    def killed(pairs, around):
        real(pairs, around)
        calls.append(len(pairs))
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(import_work, "enrol_rows", killed)
    with pytest.raises(KeyboardInterrupt):
        import_work.carry_on(merchant_id=salon.id, import_id=row.pk)
    with tenant(salon.id):
        assert Subscription.objects.count() == 2  # the second batch was undone with its worker
    import_work.carry_on(merchant_id=salon.id, import_id=row.pk)
    assert fresh(salon, row).status == "enrolling"  # the dead worker's claim still stands
    with tenant(salon.id):
        MemberImport.objects.update(beaten_at=instant() - 2 * import_work.STILL)
    assert [found.id for found in runs.imports_under_way()] == [row.pk]
    import_work.carry_on(merchant_id=salon.id, import_id=row.pk)
    assert fresh(salon, row).status == "done"
    with tenant(salon.id):
        assert Subscription.objects.count() == 5
    sound(salon)


def test_a_worker_whose_claim_is_another_s_stops(salon, monkeypatch):
    monkeypatch.setattr(import_work, "AT_ONCE", 1)
    row = checked(salon, member(salon, 1), member(salon, 2))
    with tenant(salon.id):
        imports.begin_enrolling(row.pk, actor=salon.actor, now=salon.now())
    real = import_work.enrol_rows

    def overtaken(pairs, around):
        real(pairs, around)
        MemberImport.objects.filter(pk=row.pk).update(claim=None)

    monkeypatch.setattr(import_work, "enrol_rows", overtaken)
    import_work.carry_on(merchant_id=salon.id, import_id=row.pk)
    with tenant(salon.id):
        assert Subscription.objects.count() == 0


def test_two_workers_at_once_enrol_nobody_twice(salon, monkeypatch):
    """Even where each holds the claim of the other: the rows are locked, and the database knows each member once."""
    monkeypatch.setattr(import_work, "AT_ONCE", 3)
    row = checked(salon, *[member(salon, at) for at in range(12)])
    with tenant(salon.id):
        imports.begin_enrolling(row.pk, actor=salon.actor, now=salon.now())
    monkeypatch.setattr(import_work, "STILL", timedelta(seconds=-5))  # everybody seems to be gone
    raised: list[BaseException] = []

    def work() -> None:
        try:
            import_work.carry_on(merchant_id=salon.id, import_id=row.pk)
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert raised == []
    import_work.carry_on(merchant_id=salon.id, import_id=row.pk)
    assert fresh(salon, row).status == "done"
    with tenant(salon.id):
        assert Subscription.objects.count() == Subscriber.objects.count() == 12
    sound(salon)


def test_somebody_enrolled_between_look_and_write_undoes_the_batch_and_it_is_tried_again(salon, monkeypatch):
    row = checked(salon, member(salon, 1), member(salon, 2))
    real, calls = import_work.known_of, []

    def enrol_else():
        salon.enrol("A-1", name="Else")
        connection.close()

    def late(members):
        found = real(members)
        if not calls:
            thread = threading.Thread(target=enrol_else)
            thread.start()
            thread.join()
        calls.append(len(members))
        return found

    monkeypatch.setattr(import_work, "known_of", late)
    row = enrolled(salon, row)
    assert (row.status, len(calls)) == ("done", 2) and faults(salon, row) == {2: [("reference", "reference_taken")]}
    with tenant(salon.id):
        assert Subscription.objects.count() == 1


def test_a_worker_that_dies_again_and_again_gives_up_with_a_word(salon):
    row, _ = upload(salon, member(salon, 1))
    with tenant(salon.id):
        imports.begin_check(row.pk, columns=row.columns, terms=row.terms)
        MemberImport.objects.update(tries=import_work.MOST_TRIES)
    import_work.carry_on(merchant_id=salon.id, import_id=row.pk)
    row = fresh(salon, row)
    assert (row.status, row.code) == ("checked", "interrupted")
    with tenant(salon.id):
        imports.begin_check(row.pk, columns=row.columns, terms=row.terms)
    import_work.carry_on(merchant_id=salon.id, import_id=row.pk)
    assert (fresh(salon, row).status, fresh(salon, row).code) == ("checked", "")


def test_whoever_was_enrolled_meanwhile_is_left_out_and_said(salon):
    row = checked(salon, member(salon, 1), member(salon, 2))
    salon.enrol("A-1", name="Somebody", email="s@courriel.example")
    row = enrolled(salon, row)
    assert row.status == "done" and faults(salon, row) == {2: [("reference", "reference_taken")]}
    with tenant(salon.id):
        assert Subscription.objects.count() == 1 and proof(row).holds
