"""From a test clock to real time: the subscribers of a released clock, and all that is still to be done for them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import models

from billing.models import DunningCase
from merchants.actors import Actor
from merchants.models import TestClock
from merchants.now import Now
from subscribers import history
from subscribers.history import Entry
from subscribers.models import Subscriber, Subscription


def release_lives(clock: TestClock, *, zone: str, actor: Actor) -> int:
    """Take every subscriber, subscription and open case off a clock that is locked, and tell it in each history; how
    many subscribers there were. A fixed number of statements.

    Documents and payments keep the clock by which they were made: they are frozen, in series of their own (domain 4).
    What is still to collect of them, and payments on their way, real time finds all the same: the clock says that it is
    released.
    """
    now = Now(at=clock.time, zone=zone)
    people = list(Subscriber.objects.filter(test_clock=clock).select_for_update(no_key=True).order_by("id"))
    rows = Subscription.objects.filter(test_clock=clock)
    subscriptions = list(rows.select_for_update(of=("self",), no_key=True).order_by("id"))
    _off(people, clock, actor=actor, now=now)
    _off(subscriptions, clock, actor=actor, now=now)
    DunningCase.objects.filter(test_clock=clock, ended_at=None).update(test_clock=None)
    return len(people)


def _off(rows: Sequence[models.Model], clock: TestClock, *, actor: Actor, now: Now) -> None:
    if not rows:
        return
    kind = type(rows[0])
    kind._default_manager.filter(pk__in=[row.pk for row in rows]).update(test_clock=None, updated_at=now.at)
    before, after = {"test_clock_id": clock.pk}, {"test_clock_id": None}
    entries = [Entry(row=row, verb="released", columns=after, before=before) for row in rows]
    history.write_all(entries, actor=actor, now=now)
