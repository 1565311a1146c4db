"""Renewing: a batch of due subscriptions brought up to the present in one transaction.

Pure engine in the middle, a fixed number of statements around it, the number series last. No provider is asked here:
what is due is on the invoice (`collect_at`), and `collect` asks for it outside.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from billing.engine.grouping import grouped
from billing.engine.leaving import Refunding
from billing.engine.lives import BEGINS, FAULTS, Taken, live, next_charge, repeats_on
from billing.engine.step import StepKind
from billing.engine.wishes import Catalogue
from billing.flows import coupon_rows, made_good, renew_parts, renew_rights, renew_rows
from billing.flows.billed_again import told_apart
from billing.flows.giving_back import backs, give_back
from billing.flows.renew_rows import Life
from billing.flows.renew_usage import with_late_usage
from billing.models import BillingRun
from billing.selectors.due import catalogue_of, lock_due
from billing.selectors.faults import Fault, fault_of
from billing.selectors.snapshots import snapshots
from invoices.drafts import DraftInvoice, LineKind
from invoices.models import Invoice
from invoices.services.credit_plans import To
from invoices.services.issuing import Issue, issue
from merchants.actors import Actor
from merchants.clock import instant
from merchants.models import LegalEntity, Merchant
from merchants.now import Now, local_date
from merchants.tenancy.scope import tenant
from subscribers.lifecycle import Status
from subscribers.models import Subscriber
from subscribers.services.facts import Lived, tell_all
from subscribers.snapshots import Collection, SubscriptionSnapshot


@dataclass(frozen=True, kw_only=True)
class Renewed:
    """What one batch did. `totals`: currency → sum of its invoices with tax, in minor units."""

    taken: tuple[UUID, ...] = ()
    periods: int = 0
    ended: int = 0
    invoices: tuple[UUID, ...] = ()
    totals: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[UUID, Fault] = field(default_factory=dict)


def renew(
    *,
    merchant_id: UUID,
    batch: Sequence[UUID],
    now: Now,
    actor: Actor,
    run_id: UUID | None = None,
    until: datetime | None = None,
    asked_at: datetime | None = None,
) -> Renewed:
    """Bring every subscription of the batch that is due up to `now`: periods, stages, wishes, ends, documents, facts.

    With `until`, an instant before now, only what was due by then; documents are dated today all the same. `asked_at`:
    what falls on its day counts from then on, not from midnight: somebody ended it at that instant.

    Safe to repeat: what was done is not due any more. A subscription that the engine cannot carry on is left as it is
    and named in `faults`; whatever the database refuses undoes the whole batch, and is for the caller to narrow down.
    """
    with tenant(merchant_id):
        merchant = Merchant.objects.get(id=merchant_id)
        rows, people = lock_due(batch, merchant=merchant, now=now, until=until)
        if not rows:
            return Renewed()
        pictures = snapshots(rows, merchant, people)
        catalogue = catalogue_of(pictures.values())
        lives: list[Life] = []
        faults: dict[UUID, Fault] = {}
        upto = until or now.at

        def lived(picture: SubscriptionSnapshot) -> tuple[Taken, ...]:
            return live(picture, local_date(upto, now.zone), at=upto, catalogue=catalogue)

        pictures |= with_late_usage(pictures, lived)
        for row in rows:
            try:
                taken = lived(pictures[row.pk])
                if asked_at is not None:
                    day = local_date(asked_at, now.zone)
                    taken = tuple(replace(one, not_before=asked_at) if one.step.on == day else one for one in taken)
            except FAULTS as error:
                faults[row.pk] = fault_of(error)
            else:
                lives.append(Life(row=row, taken=taken))
        invoices = write(lives, merchant, people, catalogue=catalogue, run_id=run_id, actor=actor, now=now)
        done = _done(lives, invoices, faults)
        if run_id is not None:
            _count(run_id, done)
        return done


def write(
    lives: Sequence[Life],
    merchant: Merchant,
    people: Mapping[UUID, Subscriber],
    *,
    catalogue: Catalogue,
    run_id: UUID | None = None,
    actor: Actor,
    now: Now,
) -> list[Invoice]:
    """Write what locked lives went through: documents, subscriptions and what hangs on them, rights, history, facts.
    `people` are their payers, locked. Answers the invoices, in the order of their days. Needs the tenant's scope."""
    coupon_rows.hold(lives)
    told: list[Lived] = []
    invoices, charges = _documents(lives, merchant, people, run_id, catalogue, told, actor=actor, now=now)
    renew_rows.write(lives, actor=actor, now=now)
    renew_parts.write(lives, charges, actor=actor, now=now)
    renew_rights.write(lives, actor=actor, now=now)
    made_good.write(lives, actor=actor, now=now)
    tell_all([*told, *renew_rows.facts_of(lives)], actor=actor, now=now)
    made_good.give_options(lives, actor=actor, now=now)
    for life in lives:
        if life.row.end_refund != Refunding.none and life.row.end_reason != "withdrawn":  # a withdrawal gives by itself
            _give_back(life, actor=actor, now=now)
    return invoices


def _give_back(life: Life, *, actor: Actor, now: Now) -> None:
    """What its cancellation gives back of the period in which it has ended (domain 14)."""
    ended = next((one for one in life.taken if one.step.kind is StepKind.end), None)
    if ended is not None:
        to: To = "balance" if life.row.end_refund_to == "balance" else "refund"
        found = backs(ended.before, ended.step.on, refund=Refunding(life.row.end_refund), to=to)
        give_back(found, reason=life.row.cancel_reason, to=to, actor=actor, now=now)


def _count(run_id: UUID, done: Renewed) -> None:
    """Add a batch to its run, in the batch's own transaction: the run never says more or less than what is there."""
    run = BillingRun.objects.select_for_update(of=("self",)).get(id=run_id)
    run.taken += len(done.taken)
    run.periods += done.periods
    run.invoices += len(done.invoices)
    run.ended += done.ended
    run.totals = {
        currency: run.totals.get(currency, 0) + done.totals.get(currency, 0)
        for currency in sorted({*run.totals, *done.totals})
    }
    if run.kind == BillingRun.Kind.CLOCK:  # what will be due on its way is not known beforehand
        run.expected = run.taken
    run.beaten_at = instant()
    run.save()


def _done(lives: Sequence[Life], invoices: Sequence[Invoice], faults: Mapping[UUID, Fault]) -> Renewed:
    sums: Counter[str] = Counter()
    for invoice in invoices:
        sums[invoice.currency] += invoice.gross
    kinds = [one.step.kind for life in lives for one in life.taken]
    return Renewed(
        taken=tuple(life.row.pk for life in lives),
        periods=sum(kind in BEGINS for kind in kinds),
        ended=sum(kind is StepKind.end for kind in kinds),
        invoices=tuple(invoice.pk for invoice in invoices),
        totals=dict(sums),
        faults=faults,
    )


@dataclass(frozen=True, slots=True)
class _Beside:
    """What drafts must share beside payer, currency and day to stand on one document."""

    legal_entity_id: UUID
    collect: bool
    site_id: UUID | None


def _documents(
    lives: Sequence[Life],
    merchant: Merchant,
    people: Mapping[UUID, Subscriber],
    run_id: UUID | None,
    catalogue: Catalogue,
    told: list[Lived],
    *,
    actor: Actor,
    now: Now,
) -> tuple[list[Invoice], dict[UUID, UUID]]:
    """Issue what the steps drafted, in the order of their days, so that numbers follow the calendar. Answers the
    invoices, and which charge stands on which."""
    by_payer = merchant.grouping == Merchant.Grouping.PAYER
    drafted = sorted(
        ((life, one, draft) for life in lives for one in life.taken for draft in one.drafts),
        key=lambda each: (each[2].on, each[0].row.pk),
    )
    if not drafted:
        return [], {}
    last = {id(life.taken[-1]): life for life in lives if life.taken}
    coming = {
        draft.subscription: _coming(one, draft, catalogue)
        for _, one, draft in drafted
        if id(one) in last and not by_payer
    }
    documents = grouped(
        (
            (
                _Beside(
                    life.row.legal_entity_id,
                    one.after.collection is Collection.automatic,
                    None if by_payer else life.row.sold_at_id,
                ),
                draft,
            )
            for life, one, draft in drafted
        ),
        by_payer=by_payer,
    )
    held = {
        (charge.held["subscription_id"], charge.held["fact"]): UUID(charge.id)
        for life, one, _ in drafted
        for charge in one.before.charges
        if charge.held is not None
    }
    documents = told_apart(documents, but={fact for _, fact in held})
    entities = LegalEntity.objects.in_bulk({beside.legal_entity_id for beside, _ in documents})
    newest = {draft.subscription: draft.on for _, _, draft in drafted}
    asks = [
        Issue(
            draft=draft,
            payer=people[UUID(draft.payer)],
            entity=entities[beside.legal_entity_id],
            merchant=merchant,
            site_id=beside.site_id,
            collect=beside.collect,
            run_id=run_id,
            **(coming.get(draft.subscription, {}) if newest.get(draft.subscription) == draft.on else {}),
        )
        for beside, draft in documents
    ]
    invoices = issue(asks, actor=actor, now=now, telling=told)
    latest: dict[str | None, UUID] = {}
    charges: dict[UUID, UUID] = {}
    for ask, invoice in zip(asks, invoices, strict=True):
        for line in ask.draft.lines:
            latest[line.subscription_id] = invoice.pk
            if line.kind is LineKind.charge and line.fact:
                charges[UUID(line.fact.removeprefix("charge:"))] = invoice.pk
            elif (line.subscription_id, line.fact) in held:
                charges[held[line.subscription_id, line.fact]] = invoice.pk
    for life in lives:
        life.latest_invoice_id = latest.get(str(life.row.pk), life.latest_invoice_id)
    return invoices, charges


def _coming(one: Taken, draft: DraftInvoice, catalogue: Catalogue) -> Mapping[str, Any]:
    """What the document says of the next one: the same again, or what the engine sees ahead. Nothing where a day ahead
    cannot be worked out: that day's own run says so, and today's document is right without it. Nothing either where use
    is metered: nobody knows the sum."""
    if one.after.status is not Status.ended and one.after.stage.usage:
        return {}
    part = one.after.current_part
    whole = one.step.kind is StepKind.renew and part is not None and part.is_whole and not one.before.scheduled
    again = repeats_on(one.after, draft) if whole else None
    if again is not None:
        return {"repeats_on": again}
    try:
        following = next_charge(one.after, catalogue=catalogue)
    except FAULTS:
        return {}
    return {"coming": {"on": following[0].isoformat(), "amount": following[1]}} if following else {}
