"""Asking for an export: what may be asked, by whom, and how many at once. A worker makes it (`export_making`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.db.models import QuerySet

from billing.exports.kinds import KINDS
from billing.models import Export
from invoices.services.fec import LONGEST
from merchants.actors import Actor, Channel
from merchants.clock import instant
from merchants.models import Merchant
from merchants.now import Now
from merchants.refusals import Conflict, FieldError, Invalid, gettext_noop

CHANNELS = tuple(channel.value for channel in Channel)
RUNNING = 3
"""Exports of one merchant that wait or are made at the same time."""
FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Years of a day that may be asked for, as everywhere in the API; a page's own field takes any."""
YEARS = 10
"""The longest span: as long as books are kept (C. com. art. L123-22)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for. `filters`: those that the kind has, as the API names them; ids are public ones of this
    merchant's, which the face has looked for."""

    kind: str
    format: str
    from_on: date | None = None
    to_on: date | None = None
    filters: Mapping[str, str] = field(default_factory=dict)
    locale: str = "en"
    bom: bool = False


def begin(wanted: Wanted, *, merchant: Merchant, sites: Sequence[UUID] = (), actor: Actor, now: Now) -> Export:
    """Ask for an export of all sites, or of these only. Needs the tenant's scope; afterwards a worker is nudged.

    Raises Invalid by field, Conflict (`too_many_exports`).
    """
    errors = [*_faults(wanted, now.today), *_whole_faults(wanted, sites)]
    if errors:
        raise Invalid(code=errors[0].code if len(errors) == 1 else "invalid", errors=errors)
    Merchant.objects.select_for_update(of=("self",), no_key=True).get(pk=merchant.pk)  # one at a time counts
    if Export.objects.filter(status__in=(Export.Status.WAITING, Export.Status.MAKING)).count() >= RUNNING:
        raise Conflict(
            gettext_noop("%(most)s exports are being made already."),
            code="too_many_exports",
            params={"most": RUNNING},
            way_out=gettext_noop("Wait until one of them is ready."),
        )
    return Export.objects.create(
        kind=wanted.kind,
        format=wanted.format,
        from_on=wanted.from_on,
        to_on=wanted.to_on,
        filters=dict(wanted.filters),
        sites=list(sites),
        locale=wanted.locale,
        bom=wanted.bom,
        next_try_at=instant(),
        created_by=actor.label[:120],
        actor_id=actor.id[:64],
        created_at=now.at,
    )


def seen_from(sites: Sequence[UUID]) -> QuerySet[Export]:
    """The exports that a member limited to these sites may see: those of no other site. No site: all of them."""
    rows = Export.objects.all()
    return rows.filter(sites__contained_by=list(sites)).exclude(sites=[]) if sites else rows


def _faults(wanted: Wanted, today: date) -> list[FieldError]:
    """What is wrong with it, by field."""
    kind = KINDS[wanted.kind]
    found = []
    if wanted.format not in kind.formats:
        detail = gettext_noop("This kind is made as %(formats)s.")
        params = {"formats": ", ".join(kind.formats)}
        found.append(FieldError(field="format", code="format_not_of_this_kind", detail=detail, params=params))
    found += _span_faults(wanted, today)
    for name in sorted(wanted.filters.keys() - set(kind.filters)):
        detail = gettext_noop("This kind is not narrowed by that.")
        found.append(FieldError(field=f"filters.{name}", code="filter_not_of_this_kind", detail=detail))
    status, channel = wanted.filters.get("status"), wanted.filters.get("channel")
    if status is not None and "status" in kind.filters and status not in kind.statuses:
        detail = gettext_noop("One of %(words)s.")
        params = {"words": ", ".join(kind.statuses)}
        found.append(FieldError(field="filters.status", code="invalid_choice", detail=detail, params=params))
    if channel is not None and "channel" in kind.filters and channel not in CHANNELS:
        detail = gettext_noop("One of %(words)s.")
        params = {"words": ", ".join(CHANNELS)}
        found.append(FieldError(field="filters.channel", code="invalid_choice", detail=detail, params=params))
    return found


def _whole_faults(wanted: Wanted, sites: Sequence[UUID]) -> list[FieldError]:
    """What is wrong with a file that is of a whole company and a fiscal year."""
    kind = KINDS[wanted.kind]
    if not kind.needs:
        return []
    filters = {f"filters.{name}": value for name, value in wanted.filters.items()}
    given: Mapping[str, object] = {"from": wanted.from_on, "to": wanted.to_on, **filters}
    found = [
        FieldError(field=name, code="required", detail=gettext_noop("This kind needs it."))
        for name in kind.needs
        if not given.get(name)
    ]
    if sites:
        detail = gettext_noop("It holds the rows of every site: only who sees all sites may have it.")
        found.append(FieldError(field="kind", code="kind_of_all_sites", detail=detail))
    if wanted.kind == Export.Kind.ARCHIVE and wanted.from_on and wanted.to_on:
        year = wanted.from_on.year
        if (wanted.from_on, wanted.to_on) != (date(year, 1, 1), date(year, 12, 31)):
            detail = gettext_noop("An archive is of a calendar year: from 1 January to 31 December.")
            found.append(FieldError(field="to", code="not_a_year", detail=detail))
    elif wanted.from_on and wanted.to_on and (wanted.to_on - wanted.from_on).days > LONGEST:
        detail = gettext_noop("A fiscal year has at most twenty-four months.")
        found.append(FieldError(field="to", code="period_too_long", detail=detail))
    return found


def _span_faults(wanted: Wanted, today: date) -> list[FieldError]:
    days = (("from", wanted.from_on), ("to", wanted.to_on))
    if strange := [name for name, day in days if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR]:
        detail = gettext_noop("Write a date that exists, such as 2026-11-22.")
        return [FieldError(field=name, code="not_a_day", detail=detail) for name in strange]
    if wanted.from_on is None:
        return []
    last = wanted.to_on or max(today, wanted.from_on)
    if last < wanted.from_on:
        return [FieldError(field="to", code="span_reversed", detail=gettext_noop("The last day is before the first."))]
    if last >= _years_on(wanted.from_on):
        detail = gettext_noop("At most %(years)s years at once.")
        return [FieldError(field="to", code="span_too_long", detail=detail, params={"years": YEARS})]
    return []


def _years_on(day: date) -> date:
    """The same day YEARS later; 29 February becomes 1 March.

    >>> _years_on(date(2016, 2, 29)), _years_on(date(2026, 1, 1))
    (datetime.date(2026, 3, 1), datetime.date(2036, 1, 1))
    """
    try:
        return day.replace(year=day.year + YEARS)
    except ValueError:
        return date(day.year + YEARS, 3, 1)
