"""Quotas used by many at once: exactly as many as there are, and each scan once."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from django.db import connection

from merchants.refusals import Conflict
from merchants.tenancy.scope import tenant
from subscribers.models import Consumption, QuotaCounter
from subscribers.services import consuming
from subscribers.services.consuming import QuotaExceeded
from tests.races.barrier import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def club(shop):
    """Lucie may do ten classes a month; the feature and she."""
    classes = shop.feature("classes", "quota")
    offer = shop.offer("club", ("month", None, 10_00), features={"classes": {"quota": 10}})
    lucie = shop.enrol("lucie")
    shop.subscribe(lucie, offer)
    return lucie, classes


def consumes(shop, club, key, quantity=1):
    lucie, classes = club

    def act():
        with tenant(shop.id):
            act = {"actor": shop.actor, "now": shop.now()}
            return consuming.consume(lucie, classes, quantity=quantity, key=key, **act)

    return act


def counted(shop):
    with tenant(shop.id):
        (counter,) = QuotaCounter.objects.all()
        return counter.used, list(Consumption.objects.order_by("used", "id").values_list("used", "quantity"))


def test_twenty_who_use_one_of_ten_at_once_are_ten(shop, club):
    found = together(*[consumes(shop, club, f"scan-{n}") for n in range(20)])
    assert Counter(type(one) for one in found) == {Consumption: 10, QuotaExceeded: 10}, found
    assert all(one.members["remaining"] == 0 for one in found if isinstance(one, QuotaExceeded))
    assert counted(shop) == (10, [(n, 1) for n in range(1, 11)])


def test_twenty_tablets_that_scan_one_ticket_count_it_once(shop, club):
    found = together(*[consumes(shop, club, "ticket", 3) for _ in range(20)])
    assert len({one.pk for one in found}) == 1, found
    assert counted(shop) == (3, [(3, 3)])


def test_uses_and_what_takes_them_back_come_to_one_sum(shop, club):
    """Ten uses; then each is taken back twice at once while ten others try to be counted."""
    for n in range(10):
        consumes(shop, club, f"first-{n}")()
    lucie, classes = club

    def undoes(n):
        def act():
            with tenant(shop.id):
                return consuming.undo(lucie, classes, key=f"first-{n}", actor=shop.actor, now=shop.now())

        return act

    acts = [undoes(n) for n in range(6)] * 2 + [consumes(shop, club, f"next-{n}") for n in range(8)]
    found = together(*acts)
    assert not [one for one in found if isinstance(one, BaseException) and not isinstance(one, QuotaExceeded)], found
    assert len({one.pk for one in found[:12]}) == 6
    accepted = [one for one in found[12:] if isinstance(one, Consumption)]
    with tenant(shop.id):
        assert QuotaCounter.objects.get().used == 10 - 6 + len(accepted) <= 10
        assert Consumption.objects.filter(quantity=-1).count() == 6


def test_a_use_while_the_ticket_is_given_back_is_counted_or_refused_never_lost(shop, club):
    lucie, classes = club
    for n in range(5):
        consumes(shop, club, f"t{n}")()

        def undo(n=n):
            with tenant(shop.id):
                return consuming.undo(lucie, classes, key=f"t{n}", actor=shop.actor, now=shop.now())

        again, undone = together(consumes(shop, club, f"t{n}"), undo)
        assert isinstance(undone, Consumption)
        assert isinstance(again, Consumption) or (isinstance(again, Conflict) and again.code == "consumption_undone")
    assert counted(shop)[0] == 0


def test_the_naive_way_goes_beyond_the_quota(shop, club):
    """The control: who reads the sum, then writes, without the locked counter, is two where one was left."""
    for n in range(9):
        consumes(shop, club, f"scan-{n}")()
    both_have_read = threading.Barrier(2)

    def naive():
        with tenant(shop.id), connection.cursor() as cursor:
            cursor.execute("SELECT sum(quantity) FROM subscribers_consumption")
            left = 10 - int(cursor.fetchone()[0])
            both_have_read.wait(20)
            return left

    assert together(naive, naive) == [1, 1]


def test_the_database_itself_refuses_a_counter_beyond_its_quota(shop, club):
    consumes(shop, club, "a", 10)()
    with pytest.raises(Exception, match="a_quota_is_never_exceeded"), tenant(shop.id):
        QuotaCounter.objects.update(used=11)
