"""Starting a billing run by hand: it stands in the list at once, a worker does the rest."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from billing.models import BillingRun
from billing.selectors.due import due
from merchants.actors import Actor
from merchants.clock import instant
from merchants.models import Merchant
from merchants.now import Now
from merchants.refusals import Conflict, gettext_noop
from merchants.tenancy.scope import tenant
from subscribers.models import Subscription


class NothingDue(Conflict):
    """Everything is billed."""

    code = "nothing_due"
    detail = gettext_noop("Nothing is due: everything is billed up to now.")


class RunUnderWay(Conflict):
    """There is one run at a time."""

    code = "run_under_way"
    detail = gettext_noop("A run is under way already.")
    way_out = gettext_noop("Wait until it is over: it takes all that falls due meanwhile.")


def start_run(*, merchant: Merchant, actor: Actor, now: Now) -> BillingRun:
    """The run of all that is due now in real time, or on the test clock of `now`, before anything of it is done.

    Whoever calls nudges a worker after commit (`billing.tasks.bill_merchant`); where that is lost, beat finds the run.
    Raises NothingDue, RunUnderWay.
    """
    with tenant(merchant.pk):
        expected = Subscription.objects.filter(due(now)).count()
        if not expected:
            raise NothingDue
        run = BillingRun(
            kind=BillingRun.Kind.MANUAL,
            test_clock_id=now.test_clock,
            due_at=now.at,
            expected=expected,
            started_by=actor.label[:120],
            started_at=now.at,
            beaten_at=instant(),
        )
        try:
            with transaction.atomic():
                run.save(force_insert=True)
        except IntegrityError:
            raise RunUnderWay from None
        return run
