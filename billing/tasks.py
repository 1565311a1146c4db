"""What workers do for the conductor: one line each, ids in, safe to run twice. Beat only nudges."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

from celery import Task, shared_task
from django.db import transaction

from billing import inbox, runs
from billing.flows import (
    campaign_work,
    clock_work,
    erase,
    ereport_sending,
    export_making,
    gesture_work,
    import_work,
    lodge,
    reconcile,
    try_now,
)
from merchants.actors import Actor, ActorKind, Channel
from merchants.refusals import Refusal

NUDGE = 30
"""Seconds after which a task that nobody took is dropped: the next nudge of beat brings another."""


@shared_task
def reconcile_payments() -> None:
    """Settle every payment and refund that is due to be looked at."""
    runs.settle_due()


@shared_task
def bill_due() -> None:
    """Let every merchant who has something due be billed, each by a task of its own."""
    for merchant_id in runs.merchants_to_bill():
        bill_merchant.apply_async((str(merchant_id),), expires=NUDGE)


@shared_task
def bill_merchant(merchant_id: str) -> None:
    """Bill all that is due of one merchant."""
    runs.bill(UUID(merchant_id))


@shared_task
def collect_due() -> None:
    """Let the money of every merchant who has some to ask for be asked for, each by a task of its own."""
    for merchant_id in runs.merchants_to_collect():
        collect_merchant.apply_async((str(merchant_id),), expires=NUDGE)


@shared_task
def collect_merchant(merchant_id: str) -> None:
    """Ask for what is due of one merchant."""
    runs.collect_of(UUID(merchant_id))


@shared_task
def dun_due() -> None:
    """Let every merchant's dunning go on, each by a task of its own."""
    for merchant_id in runs.merchants_to_dun():
        dun_merchant.apply_async((str(merchant_id),), expires=60)  # the next nudge brings another


@shared_task
def dun_merchant(merchant_id: str) -> None:
    """Take the steps of dunning that are due of one merchant."""
    runs.dun(UUID(merchant_id))


@shared_task
def erase_person(merchant_id: str, subscriber_id: str, member_id: str, asked_by: str, reason: str) -> None:
    """Erase a person because somebody of the staff asked for it. Where something is in the way by now, nothing is done:
    their page still shows them."""
    by = Actor(kind=ActorKind.member, id=member_id, label=asked_by, channel=Channel.web)
    with suppress(Refusal):
        erase.erase(merchant_id=UUID(merchant_id), subscriber_id=UUID(subscriber_id), actor=by, reason=reason)


def erase_soon(merchant_id: UUID, subscriber_id: UUID, actor: Actor, reason: str) -> None:
    """After commit, ask a worker to erase a person: a page of the office waits for no provider."""
    parts = (str(merchant_id), str(subscriber_id), actor.id, actor.label, reason)
    transaction.on_commit(partial(erase_person.apply_async, parts), robust=True)


def bill_soon(merchant_id: UUID) -> None:
    """After commit, ask a worker to bill all that is due of one merchant. Where no broker answers, beat does it."""
    transaction.on_commit(partial(bill_merchant.delay, str(merchant_id)), robust=True)


@shared_task
def lapse_checkouts() -> None:
    """End every purchase that was not paid in time."""
    runs.lapse_due()


@shared_task
def read_inbox() -> None:
    """Act on every notice of a provider that waits."""
    runs.read_due()


@shared_task
def read_notice(merchant_id: str, notice_id: str) -> None:
    """Act on one notice."""
    inbox.read(merchant_id=UUID(merchant_id), notice_id=UUID(notice_id))


@shared_task
def refund(merchant_id: str, refund_id: str) -> None:
    """Give back one sum that is owed."""
    reconcile.refund(merchant_id=UUID(merchant_id), refund_id=UUID(refund_id))


@shared_task
def carry_clocks_on() -> None:
    """Carry on every test clock that is advancing and that no worker holds."""
    _each(carry_clock_on, runs.clocks_to_carry_on())


@shared_task
def carry_clock_on(merchant_id: str, clock_id: str) -> None:
    """Carry one test clock on."""
    clock_work.carry_on(merchant_id=UUID(merchant_id), clock_id=UUID(clock_id))


@shared_task
def foresee_due() -> None:
    """Tell what is coming, where a merchant's local day has begun."""
    runs.foresee_due()


@shared_task
def make_reports() -> None:
    """Make the reports to the administration whose days are over, and hand on what waits for a platform."""
    runs.report_due()


@shared_task
def hand_report_on(merchant_id: str, report_id: str) -> None:
    """Hand one report on."""
    ereport_sending.hand_on(merchant_id=UUID(merchant_id), report_id=UUID(report_id))


def hand_on_soon(merchant_id: UUID, report_id: UUID) -> None:
    """After commit, ask a worker to hand one report on. Where no broker answers, beat does it."""
    transaction.on_commit(partial(hand_report_on.delay, str(merchant_id), str(report_id)), robust=True)


@shared_task
def try_invoice(merchant_id: str, invoice_id: str, asked_by: str) -> None:
    """Charge one invoice because somebody of the staff asked for it. Paid or tried meanwhile: nothing is done."""
    with suppress(Refusal):
        try_now.try_now(merchant_id=UUID(merchant_id), invoice_id=UUID(invoice_id), asked_by=asked_by)


def try_soon(merchant_id: UUID, invoice_id: UUID, asked_by: str) -> None:
    """After commit, ask a worker to charge one invoice: a page of the office waits for no provider."""
    ask = partial(try_invoice.apply_async, (str(merchant_id), str(invoice_id), asked_by), expires=300)
    transaction.on_commit(ask, robust=True)


@shared_task
def make_exports() -> None:
    """Let every export that waits be made, each by a task of its own."""
    _each(make_export, runs.exports_to_make())


@shared_task
def make_export(merchant_id: str, export_id: str) -> None:
    """Make one export."""
    export_making.make(merchant_id=UUID(merchant_id), export_id=UUID(export_id))


def export_soon(merchant_id: UUID, export_id: UUID) -> None:
    """After commit, ask a worker to make an export. Where no broker answers, beat does it."""
    _after_commit(make_export, merchant_id, export_id)


@shared_task
def give_to_many() -> None:
    """Carry on every batch of gestures that no worker is at, each by a task of its own."""
    _each(carry_gestures_on, runs.gesture_batches())


@shared_task
def carry_gestures_on(merchant_id: str, batch_id: str) -> None:
    """Give to, or take back from, all whom one batch is for."""
    gesture_work.carry_on(merchant_id=UUID(merchant_id), batch_id=UUID(batch_id))


def carry_gestures_on_soon(merchant_id: UUID, batch_id: UUID) -> None:
    """After commit, ask a worker to carry a batch on. Where no broker answers, beat does it."""
    _after_commit(carry_gestures_on, merchant_id, batch_id)


@shared_task
def migrate_offers() -> None:
    """Carry on every campaign that no worker is at, each by a task of its own."""
    _each(carry_campaign_on, runs.campaigns())


@shared_task
def carry_campaign_on(merchant_id: str, campaign_id: str) -> None:
    """Plan, or take back, the move of all whom one campaign is for."""
    campaign_work.carry_on(merchant_id=UUID(merchant_id), campaign_id=UUID(campaign_id))


def carry_campaign_on_soon(merchant_id: UUID, campaign_id: UUID) -> None:
    """After commit, ask a worker to carry a campaign on. Where no broker answers, beat does it."""
    _after_commit(carry_campaign_on, merchant_id, campaign_id)


@shared_task
def carry_imports_on() -> None:
    """Carry on every old member file that no worker is at, each by a task of its own."""
    _each(carry_import_on, runs.imports_under_way())


@shared_task
def carry_import_on(merchant_id: str, import_id: str) -> None:
    """Check one old member file, or enrol its members."""
    import_work.carry_on(merchant_id=UUID(merchant_id), import_id=UUID(import_id))


def carry_import_on_soon(merchant_id: UUID, import_id: UUID) -> None:
    """After commit, ask a worker to carry an import on. Where no broker answers, beat does it."""
    _after_commit(carry_import_on, merchant_id, import_id)


@shared_task
def forget_imports() -> None:
    """Delete old member files whose days are over."""
    runs.forget_imports()


@shared_task
def expire_exports() -> None:
    """Delete the files of exports whose days are over."""
    runs.expire_exports()


@shared_task
def lodge_mandates() -> None:
    """Lodge every mandate that waits, and ask again where a provider did not answer."""
    runs.lodge_due()


@shared_task
def lodge_mandate(merchant_id: str, mandate_id: str) -> None:
    """Lodge one mandate."""
    lodge.lodge(merchant_id=UUID(merchant_id), mandate_id=UUID(mandate_id))


def lodge_soon(merchant_id: UUID, mandate_id: UUID) -> None:
    """After commit, ask a worker to lodge a mandate: a counter waits for no bank. Without a broker beat does it."""
    transaction.on_commit(partial(lodge_mandate.delay, str(merchant_id), str(mandate_id)), robust=True)


def _each(task: Task[Any, Any], found: Iterable[tuple[UUID, UUID]]) -> None:
    for merchant_id, id_ in found:
        task.apply_async((str(merchant_id), str(id_)), expires=NUDGE)


def _after_commit(task: Task[Any, Any], merchant_id: UUID, id_: UUID) -> None:
    """Ask a worker once this is committed; where no broker answers, beat does it."""
    ask = partial(task.apply_async, (str(merchant_id), str(id_)), expires=NUDGE)
    transaction.on_commit(ask, robust=True)
