"""Test clocks: asked forward, asked to be released (domain 4). The work is done by `clock_work`, mostly in a worker.

A wish is a row: `advance` writes where to, commits and nudges a worker; beat nudges too, so that nothing is lost where
the broker was away or the worker died.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from merchants.actors import Actor
from merchants.clock import instant
from merchants.journal import record
from merchants.models import Merchant, TestClock
from merchants.refusals import Conflict, Invalid, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.selectors.merchants import show_test_clocks
from merchants.tenancy.scope import tenant

log = logging.getLogger(__name__)

FARTHEST = timedelta(days=3660)
"""How far one call goes: ten years and their leap days, a whole life in one call. A date mistyped by a digit would
otherwise make documents for centuries."""

LATEST = timedelta(days=366 * 60)
"""How far from the present a clock may ever come: calendars are known well that far."""

NEAR = timedelta(days=1)
"""A clock that is less behind than this has reached the present: release advances the rest."""


class ClockAdvancing(Conflict):
    """The clock is on its way already."""

    code = "clock_advancing"
    detail = gettext_noop("This test clock is being advanced.")
    way_out = gettext_noop("Wait until its status is ready.")


class ClockReleased(Conflict):
    """The clock was released: its subscribers live in real time."""

    code = "clock_released"
    detail = gettext_noop("This test clock was released: its subscribers live in real time.")
    way_out = gettext_noop("Make a new test clock.")


class ClockDeleted(Conflict):
    """The clock was deleted, and its subscribers are hidden."""

    code = "clock_deleted"
    detail = gettext_noop("This test clock was deleted.")
    way_out = gettext_noop("Make a new test clock.")


class ClockBehind(Conflict):
    """The clock has not reached the present."""

    code = "clock_behind"
    detail = gettext_noop("This test clock has not reached the present.")
    way_out = gettext_noop("Advance it to the present first.")


class ClockAhead(Conflict):
    """The clock is ahead of the present, and clocks only move forward."""

    code = "clock_ahead"
    detail = gettext_noop("This test clock is ahead of the present.")
    way_out = gettext_noop("Release it when the present has reached it.")


def advance(*, merchant_id: UUID, clock_id: UUID, to: datetime, actor: Actor) -> TestClock:
    """Ask a clock to go on to the instant `to`, doing all that falls due on the way, in order. It is `advancing` until
    a worker has brought it there.

    Raises ClockAdvancing, ClockReleased, ClockDeleted (409), Invalid (422) where `to` is not ahead of the clock's time
    (`time_not_ahead`) or too far (`time_too_far`).
    """
    with tenant(merchant_id):
        clock = _lock(clock_id)
        if to <= clock.time:
            raise Invalid.at("to", "time_not_ahead", gettext_noop("A test clock only moves forward."))
        if to - clock.time > FARTHEST or to - instant() > LATEST:
            detail = gettext_noop("A test clock is advanced by ten years at most, and sixty years ahead at most.")
            raise Invalid.at("to", "time_too_far", detail)
        _send(clock, to=to, actor=actor)
        return clock


def release(*, merchant_id: UUID, clock_id: UUID, actor: Actor) -> TestClock:
    """Let the subscribers of a clock that has reached the present live in real time from now on; what is left to the
    present is advanced first. The clock is `released` once that is done.

    Raises ClockAdvancing, ClockReleased, ClockDeleted, ClockBehind, ClockAhead (409).
    """
    with tenant(merchant_id):
        clock, present = _lock(clock_id), instant()
        if clock.time > present:
            raise ClockAhead
        if present - clock.time > NEAR:
            raise ClockBehind
        clock.released_at = present
        _send(clock, to=present, actor=actor)
        return clock


def _lock(clock_id: UUID) -> TestClock:
    """The clock, locked, if it may be moved."""
    clock = TestClock.objects.select_for_update(no_key=True).get(id=clock_id)
    if clock.deleted_at is not None:
        raise ClockDeleted
    if clock.status == TestClock.Status.RELEASED:
        raise ClockReleased
    if clock.status == TestClock.Status.ADVANCING:
        raise ClockAdvancing
    return clock


def _send(clock: TestClock, *, to: datetime, actor: Actor) -> None:
    """Write where a clock is to go, and nudge a worker once that is committed."""
    clock.status, clock.target, clock.error = TestClock.Status.ADVANCING, to, ""
    clock.save(update_fields=["status", "target", "error", "released_at"])
    merchant = Merchant.objects.get(id=clock.tenant_id)
    data = {"object": show_test_clocks([clock])[0]}
    record(kind="test_clock.advancing", object_id=clock.pk, data=data, actor=actor, now=now_for(merchant))
    merchant_id, clock_id = clock.tenant_id, clock.pk
    transaction.on_commit(lambda: nudge(merchant_id, clock_id))


def nudge(merchant_id: UUID, clock_id: UUID) -> None:
    """Ask a worker to carry a clock on. The row is what counts: with the broker away, beat will do."""
    try:
        current_app.send_task(
            "billing.tasks.carry_clock_on", args=[str(merchant_id), str(clock_id)], queue="money", retry=False
        )
    except (OperationalError, OSError) as error:
        log.warning("No nudge to carry a clock on: the broker is away (%s)", type(error).__name__)
