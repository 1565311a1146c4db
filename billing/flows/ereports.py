"""Reports: made when their days are over, and anew where what they told has changed since.

A report is a row before the platform hears of it (`ereport_sending`). One of days that are reported already takes the
former's place whole (a rectifying flux): that is the format's only correction, and how a late document is told.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from billing.engine.reporting import Regime, ReportKind, Span, last_day, span_of
from billing.engine.reports import digest, is_empty, totals, warnings
from billing.flows.ereport_sending import hand_on
from billing.flows.ereporting import due_at, next_at, next_span
from billing.models import EReport, EReporting
from billing.selectors.ereports import show_ereport
from billing.selectors.reported import report_of
from invoices.selectors.charts import chart_of_entity
from merchants.actors import Actor
from merchants.clock import instant
from merchants.journal import record
from merchants.models import LegalEntity, Merchant
from merchants.now import Now
from merchants.refusals import Conflict, gettext_noop
from merchants.selectors.clocks import now_for
from merchants.tenancy.scope import tenant

State = EReport.State
MOST = 40
"""Reports made in one go: a year of decades."""
LOOK_BACK = 2
"""Reports of each kind that are compared with what stands in the books, each time that a new one is due."""
HAS_IT = (State.SENT, State.UNKNOWN, State.ACCEPTED)
"""The platform has it, or may have it."""


def make_due(*, merchant_id: UUID, reporting_id: UUID) -> list[UUID]:
    """Make every report of a company whose days are over, and those that correct the last ones; then hand them on.
    Answers the ids of the reports that were made. Safe to run twice."""
    made: list[UUID] = []
    for _ in range(MOST):
        with tenant(merchant_id):
            found = _next(merchant_id, reporting_id)
        if found is None:
            break
        made += found
    for report_id in made:
        hand_on(merchant_id=merchant_id, report_id=report_id)
    return made


def _next(merchant_id: UUID, reporting_id: UUID) -> list[UUID] | None:
    """The next report that is due, and corrections of those before it; None where nothing is due."""
    row = EReporting.objects.select_for_update(of=("self",)).select_related("legal_entity").get(id=reporting_id)
    now = now_for(Merchant.objects.get(id=merchant_id))
    due = sorted((due_at(next_span(row, kind), now.zone), kind.value) for kind in ReportKind)
    if not row.is_on or due[0][0] > now.at:
        return None
    kind = ReportKind(due[0][1])
    span, actor = next_span(row, kind), Actor.system("e-reporting")
    made = [*_corrections(row, kind, now, actor), make(row, kind, span, now=now, actor=actor)]
    following = span.last + timedelta(days=1)
    if kind is ReportKind.transactions:
        row.transactions_from = following
    else:
        row.payments_from = following
    row.next_at = next_at(row, now.zone)
    row.save(update_fields=["transactions_from", "payments_from", "next_at"])
    return [report.pk for report in made if report is not None]


def _corrections(row: EReporting, kind: ReportKind, now: Now, actor: Actor) -> list[EReport | None]:
    """The last periods of a kind, compared with what the books say of them now: what came late is told."""
    found = []
    first = row.transactions_from if kind is ReportKind.transactions else row.payments_from
    for _ in range(LOOK_BACK):
        span = _before(row, kind, first)
        if span is None:
            break
        found.append(make(row, kind, span, now=now, actor=actor))
        first = span.first
    return found


def _before(row: EReporting, kind: ReportKind, first: date) -> Span | None:
    """The period before a day, as it was reported, or would have been by the present regime; None before the first."""
    last = first - timedelta(days=1)
    if last < row.since:
        return None
    known = EReport.objects.filter(legal_entity_id=row.legal_entity_id, kind=kind.value, last_on=last).first()
    if known is not None:
        return Span(known.first_on, known.last_on)
    return Span(span_of(Regime(row.regime), kind, last).first, last)


def make(
    row: EReporting, kind: ReportKind, span: Span, *, now: Now, actor: Actor, as_declared_now: bool = False
) -> EReport | None:
    """The report of some days, where it tells something that no report has told yet, or (`as_declared_now`) where who
    declares has changed. It takes the place of the former one where the platform has that. Needs the tenant's scope."""
    entity = row.legal_entity
    if kind is ReportKind.payments and entity.vat_on_debits:
        return None  # VAT is due on the invoice: nobody asks when it was paid (CGI 290 A)
    content = report_of(kind, entity.pk, span, since=row.since, chart=chart_of_entity(entity.pk))
    declared = _declared(entity, row)
    earlier = list(_of_days(entity.pk, kind.value, span.first))
    if not earlier and is_empty(content):
        return None
    says_the_same = bool(earlier) and earlier[-1].content_hash == digest(content)
    if says_the_same and (earlier[-1].declared == declared or not as_declared_now):
        return None
    EReport.objects.filter(pk__in=[each.pk for each in earlier], state=State.DRAFT).update(next_look_at=None)
    report = EReport.objects.create(
        legal_entity=entity,
        kind=kind.value,
        first_on=span.first,
        last_on=span.last,
        until_on=last_day(Regime(row.regime), kind, span),
        number=(earlier[-1].number if earlier else 0) + 1,
        corrects=any(each.state in HAS_IT for each in earlier),
        declared=declared,
        content=content,
        content_hash=digest(content),
        totals=totals(kind, content),
        warnings=warnings(kind, content),
        platform=row.platform,
        next_look_at=instant(),
        made_at=now.at,
    )
    data = {"object": show_ereport(report)}
    record(kind="ereport.made", object_id=report.pk, data=data, actor=actor, now=now)
    return report


def again(report: EReport, *, actor: Actor, now: Now) -> EReport:
    """Make a report's days anew where the books say something else by now, or where a refused one would name its
    company or platform otherwise; else let the same be handed on again. The caller nudges a worker. Raises Conflict
    (`nothing_changed`) where the platform has accepted it. Needs the tenant's scope."""
    rows = EReporting.objects.select_for_update(of=("self",)).select_related("legal_entity")
    row = rows.get(legal_entity_id=report.legal_entity_id)
    kind, span = ReportKind(report.kind), Span(report.first_on, report.last_on)
    newest = _of_days(report.legal_entity_id, report.kind, report.first_on).select_for_update(of=("self",))
    last = newest.latest("number")
    is_refused = last.state == State.REJECTED
    anew = make(row, kind, span, now=now, actor=actor, as_declared_now=is_refused)
    if anew is not None:
        return anew
    if last.state == State.ACCEPTED:
        raise Conflict(
            gettext_noop("The platform has accepted this report, and the books still say the same."),
            code="nothing_changed",
        )
    last.next_look_at = instant()
    last.save(update_fields=["next_look_at"])
    return last


def _of_days(entity_id: UUID, kind: str, first_on: date) -> QuerySet[EReport]:
    """All reports of some days, oldest first."""
    return EReport.objects.filter(legal_entity_id=entity_id, kind=kind, first_on=first_on).order_by("number")


def _declared(entity: LegalEntity, row: EReporting) -> dict[str, Any]:
    return {
        "siren": entity.siren,
        "name": entity.name,
        "vat_number": entity.vat_number,
        "vat_on_debits": entity.vat_on_debits,
        "platform_code": row.platform_code,
        "platform_name": row.platform_name,
    }
