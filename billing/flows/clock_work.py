"""Carrying a test clock on: from one due instant to the next, doing at each what real time would have done (domain 4).

There is no loop over days: each step asks what falls due next, moves the clock there, and lets the flows of real time
do it, with the clock's present. One worker holds a clock at a time; one that died holds it for HOLD at most, and the
next goes on where the clock stands: what was done is not due any more.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import InterfaceError, OperationalError

from billing.flows import clocks, collect, dunning, foresee, outcome, reconcile, running
from billing.flows.release import release_lives
from billing.models import BillingRun
from billing.selectors import on_clock
from billing.selectors.on_clock import Work
from invoices.models import Payment
from merchants.actors import Actor
from merchants.clock import instant
from merchants.ids import new_id
from merchants.journal import record
from merchants.models import Merchant, TestClock
from merchants.now import Now, local_midnight
from merchants.refusals import Refusal
from merchants.selectors.clocks import now_for
from merchants.selectors.merchants import show_test_clocks
from merchants.tenancy.scope import tenant

log = logging.getLogger(__name__)
ACTOR = Actor.system("test clock")

HOLD = timedelta(seconds=90)
"""How long a worker that is not heard of keeps a clock from others: longer than any statement may take."""

PATIENCE = 20.0
"""Seconds after which a worker lets others have their turn: payments of real people wait in the same queue."""

KEPT_FOR = 20.0
"""Seconds after which a long step says that it still works."""

ANSWERED_BY = timedelta(seconds=60)
"""In real time: the simulated provider answers within milliseconds; whoever asked it longer ago has died."""

TRIES, PAUSE = 40, 0.25
"""How often, and after how many seconds, a subscription whose people someone else holds is tried before the clock stops
and says so."""


class Stuck(RuntimeError):  # noqa: N818 - said as people say it
    """What is due at one instant is not done, however often it is tried."""


class Lost(RuntimeError):  # noqa: N818 - said as people say it
    """Another worker has the clock, or it is not to be moved any more."""


@dataclass(kw_only=True)
class Held:
    """A clock while this worker holds it. `done`: rows that had their turn at this instant; `tries`: how often those
    were tried that must not be passed over; `tells_at`: the midnight at which something coming is to be told."""

    merchant_id: UUID
    clock_id: UUID
    hand: UUID = field(default_factory=new_id)
    kept_at: float = field(default_factory=time.monotonic)
    done: set[UUID] = field(default_factory=set)
    tries: Counter[UUID] = field(default_factory=Counter)
    tells_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """What to do now, and at which present."""

    work: Work
    ids: Sequence[UUID]
    now: Now


def carry_on(*, merchant_id: UUID, clock_id: UUID, patience: float = PATIENCE) -> bool:
    """Carry an advancing clock on for `patience` seconds; whether it is to go on (a worker is nudged then).

    Nothing happens where another worker holds the clock, or where it is not advancing. An exception stops the clock at
    the instant it has reached: it is `ready` again, and its `error` says why.
    """
    held = Held(merchant_id=merchant_id, clock_id=clock_id)
    if not _take(held):
        return False
    until = time.monotonic() + patience
    try:
        _see_pages(held)
        while (step := _next(held)) is not None:
            _do(held, step)
            if time.monotonic() > until and held.tells_at is None:
                _let_go(held)
                clocks.nudge(merchant_id, clock_id)
                return True
    except Lost:
        return False
    except (OperationalError, InterfaceError):
        raise  # nobody's fault: the clock is still advancing, and the next worker goes on
    except Exception as error:
        log.exception("test clock %s of merchant %s stopped", clock_id, merchant_id)
        _stop(held, error)
    return False


def _take(held: Held) -> bool:
    with tenant(held.merchant_id):
        clock = TestClock.objects.select_for_update(no_key=True).filter(id=held.clock_id).first()
        if clock is None or clock.status != TestClock.Status.ADVANCING or clock.deleted_at is not None:
            return False
        if clock.held_until is not None and clock.held_until > instant():
            return False
        died = clock.held_by is not None
        held.tells_at = clock.time if died else None  # perhaps before it told what was to be told then
        _hold(clock, held)
        return True


def _hold(clock: TestClock, held: Held) -> None:
    held.kept_at = time.monotonic()
    clock.held_by, clock.held_until = held.hand, instant() + HOLD
    clock.save(update_fields=["held_by", "held_until"])


def _mine(held: Held) -> TestClock:
    """The clock, locked, and held for a while longer where that is due. Raises Lost."""
    clock = TestClock.objects.select_for_update(no_key=True).get(id=held.clock_id)
    if clock.held_by != held.hand or clock.status != TestClock.Status.ADVANCING or clock.deleted_at is not None:
        raise Lost
    if time.monotonic() - held.kept_at > KEPT_FOR:
        _hold(clock, held)
    return clock


def _keep(held: Held) -> None:
    """Hold on while a long step works. Raises Lost."""
    if time.monotonic() - held.kept_at > KEPT_FOR:
        with tenant(held.merchant_id):
            _mine(held)


def _let_go(held: Held) -> None:
    with tenant(held.merchant_id):
        TestClock.objects.filter(id=held.clock_id, held_by=held.hand).update(held_by=None, held_until=None)


def _see_pages(held: Held) -> None:
    """Before the clock moves: ask what became of the pages that people had open."""
    with tenant(held.merchant_id):
        rows = Payment.objects.filter(test_clock=held.clock_id, hosted=True, status__in=("pending", "requires_action"))
        pages = list(rows.order_by("id").values_list("id", flat=True)[: on_clock.MOST])
    for payment_id in pages:
        reconcile.reconcile(merchant_id=held.merchant_id, payment_id=payment_id)


def _next(held: Held) -> Step | None:
    """What is due where the clock stands; where nothing is, the clock moves to the next instant at which something is,
    or to its target. None: it has arrived."""
    with tenant(held.merchant_id):
        clock = _mine(held)
        merchant = Merchant.objects.get(id=held.merchant_id)
        while True:
            now = Now(at=clock.time, zone=merchant.timezone, test_clock=clock.pk)
            found = on_clock.next_due(clock.pk, done=held.done)
            due = [one for one in found if one.at <= clock.time]
            if due:
                work = min(due, key=lambda one: on_clock.ORDER.index(one.work)).work
                return Step(work=work, ids=[one.id for one in due if one.work is work], now=now)
            if held.tells_at == clock.time == local_midnight(now.today, now.zone):
                held.tells_at = None
                return Step(work=Work.foresee, ids=[], now=now)
            assert clock.target is not None  # what advances is going somewhere
            if clock.time >= clock.target:
                _arrive(clock, merchant)
                return None
            _move(held, clock, min([clock.target, *(one.at for one in found[:1])]))


def _move(held: Held, clock: TestClock, to: datetime) -> None:
    """Put the clock on to the next instant at which something happens, `to` at the latest."""
    held.tells_at = foresee.next_at(clock_id=clock.pk, after=clock.time, until=to)
    clock.time = held.tells_at or to
    clock.save(update_fields=["time"])
    held.done.clear()
    held.tries.clear()


def _do(held: Held, step: Step) -> None:
    """Do one kind of what is due; then all is asked for anew, for one thing leads to another.

    A row has one turn at an instant: a payment whose bank still thinks, an invoice that nobody can be asked for now,
    are looked at again at the next. Renewals alone must be done before the clock goes on.
    """
    merchant_id, now = held.merchant_id, step.now
    if step.work is Work.foresee:
        foresee.foresee(merchant_id=merchant_id, now=now)
        return
    if step.work is Work.renew:
        _renew(held, step)
        return
    held.done.update(step.ids)
    if step.work is Work.collect:
        collect.collect(merchant_id=merchant_id, invoice_ids=step.ids, now=now, actor=ACTOR)
        return
    for id_ in step.ids:
        if step.work is Work.settle:
            _settle(merchant_id, id_)
        elif step.work is Work.give_back:
            reconcile.refund(merchant_id=merchant_id, refund_id=id_)
        elif step.work is Work.lapse:
            reconcile.lapse(merchant_id=merchant_id, session_id=id_)
        else:
            dunning.take_step(merchant_id=merchant_id, case_id=id_, now=now)
        _keep(held)


def _settle(merchant_id: UUID, payment_id: UUID) -> None:
    """Ask about a payment. One that was claimed by a worker which died before it asked is given up, and what it was for
    is asked for anew at this same instant: the clock does not go on without it."""
    reconcile.reconcile(merchant_id=merchant_id, payment_id=payment_id)
    with tenant(merchant_id):
        payment = Payment.objects.get(id=payment_id)
    asked = payment.asked_at or payment.created_at
    if payment.status == Payment.Status.PENDING and asked <= instant() - ANSWERED_BY:
        outcome.give_up(merchant_id=merchant_id, payment_id=payment_id, actor=ACTOR)


def _renew(held: Held, step: Step) -> None:
    first = step.ids[0]
    held.tries[first] += 1
    if held.tries[first] > TRIES:
        raise Stuck(f"subscription {first} is due at {step.now.at:%Y-%m-%d %H:%M} and is not renewed")
    if held.tries[first] > 1:  # someone works on the same people just now: their lock is short
        time.sleep(PAUSE)
    running.run_merchant(
        merchant_id=held.merchant_id,
        now=step.now,
        kind=BillingRun.Kind.CLOCK,
        actor=ACTOR,
        progress=lambda _run: _keep(held),
    )


def _arrive(clock: TestClock, merchant: Merchant) -> None:
    """The clock is where it was to go: ready; or, where release was asked for, its subscribers live in real time."""
    clock.held_by, clock.held_until, clock.target = None, None, None
    running.finish_of_clock(clock.pk, now=Now(at=clock.time, zone=merchant.timezone, test_clock=clock.pk))
    kind = "test_clock.ready"
    clock.status = TestClock.Status.READY
    if clock.released_at is not None:
        release_lives(clock, zone=merchant.timezone, actor=ACTOR)
        clock.status, kind = TestClock.Status.RELEASED, "test_clock.released"
    clock.save()
    _tell(clock, merchant, kind)


def _stop(held: Held, error: Exception) -> None:
    """Stop where the clock stands, and say why."""
    with tenant(held.merchant_id):
        try:
            clock = _mine(held)
        except Lost:
            return
        said = error.say() if isinstance(error, Refusal) else str(error).partition("\n")[0]
        clock.error = f"{type(error).__name__}: {said}"[:400]
        clock.status, clock.target, clock.released_at = TestClock.Status.READY, None, None
        clock.held_by, clock.held_until = None, None
        clock.save()
        merchant = Merchant.objects.get(id=held.merchant_id)
        running.finish_of_clock(clock.pk, now=Now(at=clock.time, zone=merchant.timezone, test_clock=clock.pk))
        _tell(clock, merchant, "test_clock.ready")


def _tell(clock: TestClock, merchant: Merchant, kind: str) -> None:
    data = {"object": show_test_clocks([clock])[0]}
    record(kind=kind, object_id=clock.pk, data=data, actor=ACTOR, now=now_for(merchant))
