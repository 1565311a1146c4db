"""Due work, cut into what one call can do. One faulty row never stops the others: it is logged and tried later."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from uuid import UUID

from django.db.models import Q

from billing import inbox
from billing.flows import (
    campaign_work,
    collect,
    dunning,
    ereport_sending,
    ereports,
    export_making,
    foresee,
    gesture_work,
    import_work,
    lodge,
    reconcile,
    running,
)
from billing.models import BillingRun, DunningCase
from invoices.models import Invoice
from merchants.actors import Actor
from merchants.clock import instant
from merchants.models import Merchant, TestClock
from merchants.selectors.clocks import now_for
from merchants.tenancy.across import Found, across_tenants
from merchants.tenancy.scope import tenant

MOST = 200
"""Rows a nudge takes at once; what is left is due at the next one."""
MERCHANTS = 500
"""Merchants asked for at once, where all of them are gone through."""

COLLECTED, CLAIMED = 400, 50
"""Invoices that one task asks for, and those claimed together: claims hold locks, charges take a second each."""
STILL = timedelta(seconds=90)
"""A run without a heartbeat for so long has lost its worker: another one goes on with it. A batch takes seconds."""

NOBODY = UUID(int=0)
"""Before the first of them."""
log = logging.getLogger(__name__)


def settle_due() -> int:
    """Ask providers about payments that are due to be looked at, and give back what is owed. Answers how many."""
    done = _each(
        across_tenants("unsettled_payments", instant(), MOST),
        lambda merchant_id, id_: reconcile.reconcile(merchant_id=merchant_id, payment_id=id_),
    )
    return done + _each(
        across_tenants("owed_refunds", instant(), MOST),
        lambda merchant_id, id_: reconcile.refund(merchant_id=merchant_id, refund_id=id_),
    )


def lapse_due() -> int:
    """End purchases whose time is over."""
    return _each(
        across_tenants("open_checkouts", instant(), MOST),
        lambda merchant_id, id_: reconcile.lapse(merchant_id=merchant_id, session_id=id_),
    )


def lodge_due() -> int:
    """Give providers the accounts of mandates that were signed and wait."""
    return _each(
        across_tenants("mandates_to_lodge", instant(), MOST),
        lambda merchant_id, id_: lodge.lodge(merchant_id=merchant_id, mandate_id=id_),
    )


def read_due() -> int:
    """Act on notices that wait."""
    return _each(
        across_tenants("unread_notices", instant(), MOST),
        lambda merchant_id, id_: inbox.read(merchant_id=merchant_id, notice_id=id_),
    )


def merchants_to_bill() -> list[UUID]:
    """Merchants with something due in real time whom no worker is billing at the moment: each once, however much."""
    present = instant()
    return [each.merchant_id for each in across_tenants("merchants_to_bill", present, present - STILL, MERCHANTS)]


def bill(merchant_id: UUID) -> BillingRun | None:
    """One pass over all that is due of a merchant in real time; goes on with the run under way, where there is one.
    None where nothing is due. What it makes is asked for by `collect`, which is nudged apart."""
    with tenant(merchant_id):
        now = now_for(Merchant.objects.get(id=merchant_id))
    actor = Actor.system("billing run")
    return running.run_merchant(merchant_id=merchant_id, now=now, kind=BillingRun.Kind.BEAT, actor=actor)


def merchants_to_collect() -> list[UUID]:
    """Merchants with money to ask for in real time: each once, however much."""
    return [each.merchant_id for each in across_tenants("merchants_to_collect", instant(), MERCHANTS)]


def collect_of(merchant_id: UUID, *, most: int | None = COLLECTED) -> Counter[str]:
    """Ask for what is due of a merchant in real time, what is due longest first: at most `most` invoices, so that
    nobody's thousands keep others waiting. Answers how many payments stand how."""
    with tenant(merchant_id):
        now = now_for(Merchant.objects.get(id=merchant_id))
        clocks = Q(test_clock=None) | Q(test_clock__status=TestClock.Status.RELEASED)
        rows = Invoice.objects.filter(clocks, collect_at__lte=now.at).order_by("collect_at", "id")
        due = list(rows.values_list("id", flat=True)[:most])
    found: Counter[str] = Counter()
    actor = Actor.system("collection")
    for at in range(0, len(due), CLAIMED):
        done = collect.collect(merchant_id=merchant_id, invoice_ids=due[at : at + CLAIMED], now=now, actor=actor)
        found.update(done.by_status)
        if done.without_means:
            found["without_means"] += len(done.without_means)
    return found


def merchants_to_dun() -> list[UUID]:
    """Merchants with a step of dunning to take in real time: each once, however many."""
    return [each.merchant_id for each in across_tenants("merchants_to_dun", instant(), MERCHANTS)]


def dun(merchant_id: UUID, *, most: int = COLLECTED) -> int:
    """Take the steps of dunning that are due of a merchant in real time, at most so many. Answers how many cases were
    looked at; one that fails is logged and tried later."""
    with tenant(merchant_id):
        now = now_for(Merchant.objects.get(id=merchant_id))
        rows = DunningCase.objects.filter(next_step_at__lte=now.at, test_clock=None).order_by("next_step_at", "id")
        due = [Found(merchant_id, id_) for id_ in rows.values_list("id", flat=True)[:most]]
    return _each(due, lambda merchant_id, id_: dunning.take_step(merchant_id=merchant_id, case_id=id_, now=now))


def clocks_to_carry_on() -> list[Found]:
    """Test clocks that are advancing, held by a worker or not: who holds one turns the others away."""
    return across_tenants("advancing_clocks", MOST)


def foresee_due() -> int:
    """Tell every merchant's subscribers what is coming, once in each merchant's local day. Answers how many events."""
    told, following = 0, NOBODY
    while page := across_tenants("merchants", following, MERCHANTS):
        for merchant_id, _ in page:
            try:
                told += _foresee(merchant_id)
            except Exception:
                log.exception("Merchant %s could not be told what is coming; tried again later", merchant_id)
        following = page[-1].id
    return told


def _foresee(merchant_id: UUID) -> int:
    with tenant(merchant_id):
        now = now_for(Merchant.objects.get(id=merchant_id))
        if foresee.looked_today(now=now):
            return 0
    told = foresee.foresee(merchant_id=merchant_id, now=now)
    with tenant(merchant_id):
        foresee.mark_looked(now=now)
    return told


def exports_to_make() -> list[Found]:
    """Exports that wait, and those whose worker has fallen silent."""
    present = instant()
    return across_tenants("exports_to_make", present, present - export_making.STILL, MOST)


def campaigns() -> list[Found]:
    """Campaigns that wait, and those whose worker has fallen silent."""
    return across_tenants("campaigns", instant() - campaign_work.STILL, MOST)


def gesture_batches() -> list[Found]:
    """Batches of gestures that wait, and those whose worker has fallen silent."""
    return across_tenants("gesture_batches", instant() - gesture_work.STILL, MOST)


def imports_under_way() -> list[Found]:
    """Old member files that are being checked or enrolled, and that no worker holds."""
    return across_tenants("imports_under_way", instant() - import_work.STILL, MOST)


def forget_imports() -> int:
    """Delete old member files, and what they said of people, whose days are over. Answers how many."""
    return _each(
        across_tenants("imports_to_forget", instant(), MOST),
        lambda merchant_id, id_: import_work.expire(merchant_id=merchant_id, import_id=id_),
    )


def expire_exports() -> int:
    """Delete the files of exports whose days are over. Answers how many."""
    return _each(
        across_tenants("exports_to_expire", instant(), MOST),
        lambda merchant_id, id_: export_making.expire(merchant_id=merchant_id, export_id=id_),
    )


def report_due() -> int:
    """Make the reports to the administration whose days are over, and hand on those that wait. Answers how many
    companies and reports were looked at."""
    done = _each(
        across_tenants("ereports_due", instant(), MOST),
        _report,
    )
    return done + _each(
        across_tenants("ereports_to_hand_on", instant(), MOST),
        lambda merchant_id, id_: ereport_sending.hand_on(merchant_id=merchant_id, report_id=id_),
    )


def _report(merchant_id: UUID, id_: UUID) -> None:
    ereports.make_due(merchant_id=merchant_id, reporting_id=id_)


def _each(found: Iterable[Found], act: Callable[[UUID, UUID], object]) -> int:
    done = 0
    for merchant_id, id_ in found:
        try:
            act(merchant_id, id_)
            done += 1
        except Exception:
            log.exception("%s of merchant %s failed and is tried again later", id_, merchant_id)
    return done
