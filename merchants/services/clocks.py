"""Test clocks: made in a sandbox only, and deleted. What advances them lives above, with what falls due."""

from __future__ import annotations

from datetime import datetime, timedelta

from merchants.actors import Actor
from merchants.journal import record
from merchants.models import Merchant, TestClock
from merchants.now import Now
from merchants.refusals import Conflict, gettext_noop
from merchants.selectors.merchants import show_test_clocks
from merchants.terms import fault, refuse_if

FARTHEST = timedelta(days=3660)
"""A clock begins within ten years of the present: the calendar must reach whatever it is advanced to."""


class SandboxOnly(Conflict):
    """A live merchant has no test clocks: its time is everyone's."""

    code = "sandbox_only"
    detail = gettext_noop("Test clocks exist in a sandbox only.")
    way_out = gettext_noop("Use a key that begins with sk_test_.")


def create_test_clock(*, merchant: Merchant, time: datetime, actor: Actor, now: Now, name: str = "") -> TestClock:
    """A clock that stands at `time`. Raises SandboxOnly (409), Invalid."""
    if not merchant.is_sandbox:
        raise SandboxOnly
    if abs(time - now.at) > FARTHEST:
        detail = gettext_noop("A clock begins within ten years of the present.")
        refuse_if([fault("time", "time_too_far", detail)])
    clock: TestClock = TestClock.objects.create(name=name, time=time, created_at=now.at)
    shown = show_test_clocks([clock])[0]
    record(kind="test_clock.created", object_id=clock.pk, data={"object": shown}, actor=actor, now=now)
    return clock


def delete_test_clock(clock: TestClock, *, actor: Actor, now: Now) -> None:
    """Delete a clock: its subscribers are hidden with it, and nothing falls due for them any more. Whoever was released
    before lives on in real time. A clock that is being advanced stops where it stands."""
    row = TestClock.objects.select_for_update(no_key=True).get(id=clock.pk)
    if row.deleted_at is not None:
        return
    row.deleted_at = now.at
    row.save(update_fields=["deleted_at"])
    data = {"object": show_test_clocks([row])[0]}
    record(kind="test_clock.deleted", object_id=row.pk, data=data, actor=actor, now=now)
