"""Handing reports to their platform, and asking what became of them.

As with money: the call is made outside any transaction, with the report's id as its key, and its answer is recorded
after. What is not known is asked about, or handed in again with the same key, which hands nothing in twice.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from uuid import UUID

from django.core.files.storage import default_storage

from billing.engine.reporting import ReportKind
from billing.models import EReport
from billing.platforms.base import Reply, ReplyKind, ReportAsk
from billing.platforms.flux10 import Declared, flux10
from billing.platforms.registry import platform_for
from billing.selectors.ereports import show_ereport
from merchants.actors import Actor
from merchants.clock import instant
from merchants.journal import record
from merchants.models import Merchant
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant

State = EReport.State
ASK_AGAIN, GIVE_UP = timedelta(hours=6), timedelta(days=30)
"""How often a platform is asked for its verdict, and for how long."""
FIRST_TRY = timedelta(minutes=5)
STATES = {
    ReplyKind.sent: State.SENT,
    ReplyKind.accepted: State.ACCEPTED,
    ReplyKind.rejected: State.REJECTED,
    ReplyKind.unknown: State.UNKNOWN,
    ReplyKind.not_found: State.UNKNOWN,
}


def hand_on(*, merchant_id: UUID, report_id: UUID) -> None:
    """Hand a report to its platform, or ask what became of it. A report that has its verdict is left alone, unless
    somebody asked for it again."""
    with tenant(merchant_id):
        report = EReport.objects.select_related("legal_entity").get(id=report_id)
        practice = Merchant.objects.get(id=merchant_id).is_sandbox
        if report.state == State.ACCEPTED or report.next_look_at is None:
            return
    platform = platform_for(report.platform, store=default_storage, folder=f"ereports/{merchant_id}")
    reply = Reply(kind=ReplyKind.not_found)
    if report.state in (State.SENT, State.UNKNOWN):
        reply = platform.state(key=report.public_id, reference=report.platform_ref)
    if reply.kind is ReplyKind.not_found:
        reply = platform.send_report(ask_of(report, practice=practice))
    with tenant(merchant_id):
        _record(report_id, reply, merchant_id)


def _record(report_id: UUID, reply: Reply, merchant_id: UUID) -> None:
    """Write a platform's answer on the locked report."""
    report = EReport.objects.select_for_update(of=("self",)).select_related("legal_entity").get(id=report_id)
    if report.state == State.ACCEPTED:
        return
    now, at, before = now_for(Merchant.objects.get(id=merchant_id)), instant(), report.state
    report.state = STATES[reply.kind]
    report.platform_ref = reply.reference[:200] or report.platform_ref
    report.code, report.message = reply.code[:60], reply.message[:400]
    report.tries = min(report.tries + 1, 999)
    if report.state in (State.ACCEPTED, State.REJECTED):
        report.settled_at, report.next_look_at = now.at, None
    else:
        report.settled_at = None
        report.next_look_at = _next_look(report, at)
    if report.state != State.UNKNOWN and report.sent_at is None:
        report.sent_at = now.at
    report.save()
    if report.state != before and report.settled_at is not None:
        data = {"object": show_ereport(report)}
        actor = Actor.system("e-reporting")
        record(kind="ereport.settled", object_id=report.pk, data=data, actor=actor, now=now)


def _next_look(report: EReport, at: datetime) -> datetime | None:
    """When to try or ask again: soon where nothing is known, then ever later; not for ever where a verdict is due."""
    if report.state == State.UNKNOWN:
        wait = FIRST_TRY * int(2 ** min(report.tries - 1, 8))
        return at + min(wait, ASK_AGAIN)
    return at + ASK_AGAIN if at - report.made_at < GIVE_UP else None


def ask_of(report: EReport, *, practice: bool) -> ReportAsk:
    """A report as a platform gets it: the same bytes whenever it is asked."""
    return ReportAsk(
        key=report.public_id,
        siren=report.declared["siren"],
        kind=report.kind,
        first=report.first_on,
        last=report.last_on,
        practice=practice,
        xml=xml_of(report),
        json=json_of(report, practice=practice),
    )


def xml_of(report: EReport) -> bytes:
    """A report in the reform's format."""
    said = report.declared
    declared = Declared(
        id=report.public_id,
        kind=ReportKind(report.kind),
        siren=said["siren"],
        name=said["name"],
        vat_number=said["vat_number"],
        first=report.first_on,
        last=report.last_on,
        made_at=report.made_at,
        corrects=report.corrects,
        platform=said["platform_code"],
        platform_name=said["platform_name"],
        vat_on_debits=said["vat_on_debits"],
    )
    return flux10(declared, report.content)


def json_of(report: EReport, *, practice: bool) -> bytes:
    """A report as our own record: all that it tells and leaves out, and its digest."""
    told = {
        "id": report.public_id,
        "practice": practice,
        "kind": report.kind,
        "from": report.first_on.isoformat(),
        "to": report.last_on.isoformat(),
        "made_at": report.made_at.isoformat(),
        "corrects": report.corrects,
        "declared": report.declared,
        "totals": report.totals,
        "digest": report.content_hash,
        **report.content,
    }
    return json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True).encode()
