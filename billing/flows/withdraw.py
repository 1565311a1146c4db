"""A consumer withdraws within fourteen days: it ends at once, whatever it was committed to, and the money goes back
(domain 14; code de la consommation, art. L221-18 to L221-28)."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from uuid import UUID

from billing.engine.due import next_action_at
from billing.engine.lives import live
from billing.flows.cancel import LIVE, lock
from billing.flows.giving_back import Back, Kept, all_backs, give_back, kept_after
from billing.flows.held import as_billed, bill_what_waits
from billing.flows.not_running import not_running
from billing.flows.renew import renew
from billing.models import Charge
from billing.selectors.due import catalogue_of
from billing.selectors.snapshots import snapshots
from billing.selectors.withdrawable import contracts
from invoices.drafts import DraftInvoice
from invoices.services.credit_plans import To
from invoices.totals import totals
from merchants.actors import Actor
from merchants.models import Merchant
from merchants.now import Now
from merchants.refusals import Conflict, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant
from subscribers import history
from subscribers.models import Subscription
from subscribers.snapshots import Billing, SubscriptionSnapshot

REASON = "withdrawn"
"""Why such a subscription ended."""


@dataclass(frozen=True, kw_only=True)
class Withdrawing:
    """What is asked. `credit` None: as the merchant's policy says, `full`, or `prorated`: the days that were had stay
    due, where the subscriber asked for the service at once (art. L221-25)."""

    credit: Literal["full", "prorated"] | None = None
    to: To = "refund"
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Withdrawn:
    """What withdrawing would do today, and until when it may be done. `asked_on`: when the payment form made the
    subscriber ask for the service at once, so that what was had is due; `kept`: what of each line stays due."""

    last_day: date
    asked_on: date | None
    credit: str
    bills_until: date
    backs: tuple[Back, ...]
    kept: tuple[Kept, ...]
    documents: tuple[DraftInvoice, ...]

    @property
    def amount_due(self) -> int:
        """What a closing document bills, tax included, in minor units."""
        return sum(totals(draft.lines, draft.tax_behavior).gross for draft in self.documents)


def foresee(row: Subscription, asked: Withdrawing, *, merchant: Merchant, now: Now) -> Withdrawn:
    """What withdrawing would do, by the same calculation as the act; nothing is written. Needs the tenant's scope.

    Raises Conflict (`subscription_not_running`, `withdrawal_for_consumers`, `withdrawal_over`).
    """
    if row.status not in (*LIVE, Subscription.Status.SCHEDULED):
        raise not_running(row)
    contract = contracts([row], now.zone)[row.pk]
    if contract.of_company and not merchant.withdrawal_companies:
        raise Conflict(
            gettext_noop("Only consumers may withdraw: a company pays for this subscription."),
            code="withdrawal_for_consumers",
            way_out=gettext_noop("Cancel it instead, or let companies withdraw too in the settings."),
        )
    if not contract.open_to_withdraw(merchant, now.today):
        raise Conflict(
            gettext_noop("It could be withdrawn from until %(day)s."),
            code="withdrawal_over",
            params={"day": contract.last_day.isoformat()},
            way_out=gettext_noop("Cancel it instead."),
        )
    credit = asked.credit or merchant.withdrawal_credit
    picture = snapshots([row], merchant)[row.pk]
    until = _bills_until(picture, credit, now.today)
    full = credit == "full"
    with nullcontext(()) if full else as_billed(lock(row.pk), merchant, now) as billed:
        found = snapshots([row], merchant)[row.pk] if billed else picture
        ended = replace(
            found,
            service_ends_on=now.today,
            billing_ends_on=until,
            owes_early_end=False,
            owes_nothing=full,
            end_reason=REASON,
        )
        taken = live(ended, now.today, at=now.at, catalogue=catalogue_of([ended]))
        backs = all_backs(row, now.today, prorated=not full, to=asked.to)
        kept = kept_after(row, backs)
    return Withdrawn(
        last_day=contract.last_day,
        asked_on=contract.asked_on,
        credit=credit,
        bills_until=until,
        backs=backs,
        kept=kept,
        documents=(*billed, *(draft for one in taken for draft in one.drafts)),
    )


def withdraw(*, merchant_id: UUID, subscription_id: UUID, asked: Withdrawing, actor: Actor) -> Subscription:
    """End it at once and give back what was paid, to the means that paid unless asked otherwise. A commitment, a notice
    and the fee of an early end do not count. Where all goes back, charges that wait are revoked and what was used is
    not billed. Raises what `foresee` raises."""
    with tenant(merchant_id):
        row = lock(subscription_id)
        merchant = Merchant.objects.get(id=merchant_id)
        now = now_for(merchant, row.test_clock_id)
        if (asked.credit or merchant.withdrawal_credit) == "prorated":
            bill_what_waits(row, merchant, actor=actor, now=now)
        seen = foresee(row, asked, merchant=merchant, now=now)
        if seen.credit == "full":  # nothing that waits is owed any more
            waiting = Charge.objects.filter(subscription=row, status=Charge.Status.WAITING)
            waiting.update(status=Charge.Status.REVOKED, settled_at=now.at)
        columns = {
            "service_ends_on": now.today,
            "billing_ends_on": seen.bills_until,
            "cancelled_at": now.at,
            "cancel_reason": asked.reason[:200],
            "owes_early_end": False,
            "end_refund": "full" if seen.credit == "full" else "none",
            "end_reason": REASON,
        }
        before = {name: getattr(row, name) for name in columns}
        for name, value in columns.items():
            setattr(row, name, value)
        due = next_action_at(snapshots([row], merchant)[row.pk])
        for name, value in before.items():
            setattr(row, name, value)
        history.update(
            row, {**columns, "next_action_at": due}, actor=actor, now=now, verb="withdrawal", reason=asked.reason
        )
        renewed = renew(merchant_id=merchant_id, batch=[subscription_id], now=now, actor=actor, asked_at=now.at)
        if subscription_id not in renewed.taken:
            raise Conflict(
                gettext_noop("This subscription could not be ended."),
                code="subscription_not_ended",
                way_out=gettext_noop("Nothing was changed. See whether a billing run has parked it."),
            )
        give_back(seen.backs, reason=asked.reason, to=asked.to, actor=actor, now=now, why="withdrawn")
        return lock(subscription_id)


def _bills_until(picture: SubscriptionSnapshot, credit: str, today: date) -> date:
    """The first day that is not billed: today; where all is given back, nothing of a running period in arrears is."""
    period = picture.current_period
    if credit == "full" and period is not None and picture.stage.billing is Billing.arrears:
        return min(period.start, today)
    return today
