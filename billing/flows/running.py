"""A billing run: one pass over all that is due, in batches, as an object that can be looked at while it works.

A batch that the database refuses is halved until the faulty subscription stands alone; that one is parked with its
reason, and the run goes on. Nothing here must be remembered outside the database: a worker that dies leaves a run
that the next one continues.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import F

from billing.flows.renew import Renewed, renew
from billing.models import BillingRun, ParkedInRun
from billing.selectors.due import Place, due, next_places
from billing.selectors.faults import Fault
from merchants.actors import Actor
from merchants.clock import instant
from merchants.models import Merchant
from merchants.now import Now
from merchants.refusals import Conflict, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers import shapes
from subscribers.models import Subscriber, Subscription
from subscribers.services import facts

BATCH = 500
"""Subscriptions in one transaction: fewer cost more each, more hold locks for longer and gain little."""
TRIES = 3
"""How often a batch is tried again where two transactions got in each other's way."""
log = logging.getLogger(__name__)


class NotParked(Conflict):
    """Nothing keeps that subscription from being billed."""

    code = "subscription_not_parked"
    detail = gettext_noop("This subscription is not parked.")


def run_merchant(
    *,
    merchant_id: UUID,
    now: Now,
    kind: BillingRun.Kind,
    actor: Actor,
    progress: Callable[[BillingRun], None] | None = None,
    size: int = BATCH,
    until: datetime | None = None,
) -> BillingRun | None:
    """One pass over all that is due at `now`, of real time or of one test clock; None where nothing is. With `until`,
    an instant before now, over what was due by then.

    Joins the run that is under way, if there is one: several workers may share it, each takes what the others do not
    hold. It is done when nothing is due any more (a clock's: when the clock stops); what another transaction holds just
    now comes with the next pass.
    """
    run = _begin(merchant_id, now, until, kind, actor)
    if run is None:
        return None
    after: Place | None = None
    while True:
        with tenant(merchant_id):
            places = next_places(now, after=after, most=size, until=until)
        if not places:
            break
        after = places[-1]
        for done in _batches(merchant_id, [id_ for _, id_ in places], now, until, actor, run.pk):
            if progress and (done.taken or done.faults):
                with tenant(merchant_id):
                    run = BillingRun.objects.get(id=run.pk)
                progress(run)
        if len(places) < size:
            break
    return run if run.kind == BillingRun.Kind.CLOCK else _finish(merchant_id, run.pk, now, until)


def finish_of_clock(clock_id: UUID, *, now: Now) -> None:
    """A clock has stopped moving: the one run of all that it made on its way is done. Needs the tenant's scope."""
    under_way = BillingRun.objects.filter(status=BillingRun.Status.RUNNING, test_clock_id=clock_id)
    under_way.update(status=BillingRun.Status.DONE, due_at=now.at, finished_at=now.at)


def _begin(
    merchant_id: UUID, now: Now, until: datetime | None, kind: BillingRun.Kind, actor: Actor
) -> BillingRun | None:
    """The run under way, or a new one where something is due."""
    with tenant(merchant_id):
        under_way = BillingRun.objects.filter(status=BillingRun.Status.RUNNING, test_clock_id=now.test_clock)
        run = under_way.first()
        if run is not None:
            return run
        expected = Subscription.objects.filter(due(now, until)).count()
        if not expected:
            return None
        fresh = BillingRun(
            kind=kind,
            test_clock_id=now.test_clock,
            due_at=until or now.at,
            expected=expected,
            started_by=actor.label[:120],
            started_at=now.at,
            beaten_at=instant(),
        )
        try:
            with transaction.atomic():
                fresh.save(force_insert=True)
        except IntegrityError:  # another worker began it at this moment
            return under_way.get()
        return fresh


def _batches(
    merchant_id: UUID, batch: Sequence[UUID], now: Now, until: datetime | None, actor: Actor, run_id: UUID
) -> Iterator[Renewed]:
    """The batch done, whole or, where something in it is refused, in halves down to the one that is parked."""
    try:
        done = _tried(merchant_id, batch, now, until, actor, run_id)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(batch) > 1:
            log.warning("a batch of %s of merchant %s is halved: %s", len(batch), merchant_id, error)
            middle = len(batch) // 2
            yield from _batches(merchant_id, batch[:middle], now, until, actor, run_id)
            yield from _batches(merchant_id, batch[middle:], now, until, actor, run_id)
            return
        log.exception("subscription %s of merchant %s is parked", batch[0], merchant_id)
        done = Renewed(faults={batch[0]: fault_in(error)})
    for subscription_id, fault in done.faults.items():
        park(merchant_id=merchant_id, subscription_id=subscription_id, run_id=run_id, fault=fault, now=now)
    yield done


def _tried(
    merchant_id: UUID, batch: Sequence[UUID], now: Now, until: datetime | None, actor: Actor, run_id: UUID
) -> Renewed:
    """Deadlocks and lock time-outs are nobody's fault: the same batch is tried again."""
    for left in reversed(range(TRIES)):
        try:
            return renew(merchant_id=merchant_id, batch=batch, now=now, actor=actor, run_id=run_id, until=until)
        except OperationalError as error:
            if not left or getattr(error.__cause__, "pgcode", None) not in {"40P01", "40001", "55P03"}:
                raise
            log.warning("a batch of merchant %s is tried again: %s", merchant_id, error)
    raise AssertionError("the last try returns or raises")


def fault_in(error: Exception) -> Fault:
    """What the database or the code said, as a reason for people."""
    said = str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
    return Fault(
        code="refused_by_the_database" if isinstance(error, IntegrityError) else "unforeseen",
        msgid=gettext_noop("It could not be written: %(error)s."),
        params={"error": said},
    )


def _finish(merchant_id: UUID, run_id: UUID, now: Now, until: datetime | None) -> BillingRun:
    with tenant(merchant_id):
        run = BillingRun.objects.select_for_update(of=("self",)).get(id=run_id)
        if run.status == BillingRun.Status.RUNNING and not Subscription.objects.filter(due(now, until)).exists():
            run.status, run.finished_at = BillingRun.Status.DONE, now.at
            run.save(update_fields=["status", "finished_at"])
        return run


def park(*, merchant_id: UUID, subscription_id: UUID, run_id: UUID, fault: Fault, now: Now) -> None:
    """Leave a subscription alone until a person lets it go on, and say why. It is told once."""
    with tenant(merchant_id):
        known = Subscription.objects.get(id=subscription_id)
        list(Subscriber.objects.select_for_update().filter(id=known.subscriber_id))
        row = Subscription.objects.select_for_update(of=("self",)).select_related("offer_version").get(id=known.pk)
        if row.parked_at is not None:
            return
        reason = fault.say()
        row.parked_at, row.parked_reason = now.at, reason
        row.save(update_fields=["parked_at", "parked_reason"])
        parking = ParkedInRun(run_id=run_id, subscription=row, code=fault.code[:60], reason=reason, parked_at=now.at)
        parking.msgid, parking.params = fault.msgid, _plain(fault)
        parking.save(force_insert=True)
        BillingRun.objects.filter(id=run_id).update(parked=F("parked") + 1, beaten_at=instant())
        told = {
            "object": shapes.subscription(row),
            "code": fault.code,
            "reason": reason,
            "msgid": fault.msgid,
            "params": _plain(fault),
        }
        facts.tell(row.subscriber_id, ("subscription.parked", row.pk, told), actor=Actor.system("billing run"), now=now)


def _plain(fault: Fault) -> dict[str, str]:
    """The values of a reason as JSON keeps them."""
    return {name: str(value) for name, value in fault.params.items()}


def release(*, merchant_id: UUID, subscription_id: UUID, actor: Actor) -> Subscription:
    """Let a parked subscription go on: the next run takes it, and parks it again where nothing was mended.
    Raises NotParked."""
    with tenant(merchant_id):
        row = Subscription.objects.select_for_update(of=("self",)).get(id=subscription_id)
        if row.parked_at is None:
            raise NotParked
        now = now_for(Merchant.objects.get(id=merchant_id), row.test_clock_id)
        row.parked_at, row.parked_reason = None, ""
        row.save(update_fields=["parked_at", "parked_reason"])
        ParkedInRun.objects.filter(subscription=row, released_at=None).update(
            released_at=now.at, released_by=actor.label[:120]
        )
        return row
