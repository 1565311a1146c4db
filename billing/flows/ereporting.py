"""Turning e-reporting on for a company, and off: by which regime of VAT, from which day, through which platform."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

from billing.engine.reporting import Regime, ReportKind, Span, span_of
from billing.models import EReporting
from billing.platforms.registry import KINDS
from merchants.actors import Actor
from merchants.journal import record
from merchants.models import LegalEntity
from merchants.now import Now, local_midnight
from merchants.refusals import Conflict, FieldError, gettext_noop
from merchants.selectors.shapes import show
from merchants.terms import fault, refuse_if
from merchants.territories import FRENCH, place

AFTER_MIDNIGHT = timedelta(hours=3)
"""A period's report is made so long after its last day: what was under way at midnight is done."""
EARLIEST = timedelta(days=366)
"""How far back the first report may begin."""
CHANGEABLE = frozenset({"is_on", "regime", "since", "platform", "platform_code", "platform_name"})
_CODE = re.compile(r"[A-Za-z0-9]{4}", re.ASCII)


def reporting_of(entity: LegalEntity) -> EReporting | None:
    """What was chosen for a company; None where nothing ever was."""
    return EReporting.objects.filter(legal_entity=entity).first()


def set_ereporting(entity: LegalEntity, *, actor: Actor, now: Now, **said: Any) -> EReporting:
    """Put what is given of CHANGEABLE. `since` counts while nothing was reported yet: a later regime goes on from the
    day after the last report. Raises Invalid, Conflict (`siren_missing`, `not_in_france`)."""
    if strangers := said.keys() - CHANGEABLE:
        raise TypeError(f"not changeable: {', '.join(sorted(strangers))}")
    entity = LegalEntity.objects.select_for_update(no_key=True).get(pk=entity.pk)
    row = EReporting.objects.select_for_update().filter(legal_entity=entity).first()
    before = shown(entity, row)
    since = said.pop("since", None)
    if row is None:
        began = since or now.today
        row = EReporting(legal_entity=entity, regime=_regime(entity), since=began)
        row.transactions_from = row.payments_from = began
    for name, value in said.items():
        setattr(row, name, value)
    refuse_if(_faults(entity, row, since, now))
    if row.is_on:
        _check_entity(entity)
    if not _has_reported(row):
        row.since = since or row.since
        regime = Regime(row.regime)
        row.transactions_from = span_of(regime, ReportKind.transactions, row.since).first
        row.payments_from = span_of(regime, ReportKind.payments, row.since).first
    row.next_at = next_at(row, now.zone)
    row.updated_at = now.at
    row.save()
    after = shown(entity, row)
    if after != before:
        record(kind="ereporting.updated", object_id=entity.pk, data={"object": after}, actor=actor, now=now)
    return row


def shown(entity: LegalEntity, row: EReporting | None) -> dict[str, Any]:
    """What was chosen, as plain JSON."""
    return {
        "object": "ereporting",
        "legal_entity": show("ent", entity.pk),
        "is_on": bool(row and row.is_on),
        "regime": row.regime if row else _regime(entity),
        "since": row.since.isoformat() if row else None,
        "platform": row.platform if row else KINDS[0],
        "platform_code": row.platform_code if row else "",
        "platform_name": row.platform_name if row else "",
    }


def next_span(row: EReporting, kind: ReportKind) -> Span:
    """The days of the next report of a kind. After a change of regime it goes on where the last one ended."""
    first = row.transactions_from if kind is ReportKind.transactions else row.payments_from
    return Span(first, span_of(Regime(row.regime), kind, first).last)


def due_at(span: Span, zone: str) -> datetime:
    """When a period's report is made."""
    return local_midnight(span.last + timedelta(days=1), zone) + AFTER_MIDNIGHT


def next_at(row: EReporting, zone: str) -> datetime | None:
    """When the next report of either kind is made; None where e-reporting is off."""
    return min(due_at(next_span(row, kind), zone) for kind in ReportKind) if row.is_on else None


def _regime(entity: LegalEntity) -> str:
    return (Regime.franchise if entity.vat_exempt else Regime.monthly).value


def _has_reported(row: EReporting) -> bool:
    """Whether a period was gone through already: the next ones begin after the first day, no longer around it."""
    return max(row.transactions_from, row.payments_from) > row.since


def _faults(entity: LegalEntity, row: EReporting, since: date | None, now: Now) -> list[FieldError]:
    found = []
    if row.regime not in set(Regime):
        detail = gettext_noop("One of: %(words)s.")
        found.append(fault("regime", "invalid_choice", detail, words=", ".join(Regime)))
    elif (row.regime == Regime.franchise) != entity.vat_exempt:
        detail = gettext_noop("The regime and the company disagree on whether it charges VAT at all.")
        found.append(fault("regime", "regime_contradicts_company", detail))
    if row.platform not in KINDS:
        detail = gettext_noop("One of: %(words)s.")
        found.append(fault("platform", "invalid_choice", detail, words=", ".join(KINDS)))
    if row.platform_code and not _CODE.fullmatch(row.platform_code):
        found.append(fault("platform_code", "platform_code_malformed", gettext_noop("Four letters or digits.")))
    if since is not None and not now.today - EARLIEST <= since <= now.today + EARLIEST:
        found.append(fault("since", "date_too_far", gettext_noop("A day within a year of today.")))
    return found


def _check_entity(entity: LegalEntity) -> None:
    if place(entity.country, entity.postal_code) not in FRENCH:
        raise Conflict(
            gettext_noop("Only a company in France reports to the French administration."), code="not_in_france"
        )
    if not entity.siren:
        raise Conflict(
            gettext_noop("A report names its company by its SIREN, and it has none here."),
            code="siren_missing",
            way_out=gettext_noop("Give it in Settings, Companies and taxes."),
        )
