"""Numbers: taken from the series row, in the transaction that finalises, the last row it locks (domain 18)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection
from django.db.models import Q

from invoices.models import NumberSeries
from invoices.services.chain import BEGINNING
from merchants.ids import new_id
from merchants.models import LegalEntity
from merchants.now import Now
from merchants.numbers import CLOCK_PREFIX, Kind, Scheme, writer
from merchants.services.numbering import code_of, schemes
from merchants.tenancy.scope import current


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which series a document takes its number from. `site_id` and `year` where the entity counts by them."""

    entity_id: UUID
    kind: Kind
    site_id: UUID | None = None
    year: int | None = None
    test_clock_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A series as a finaliser needs it: its row, the format that counts now, and its site's code in numbers."""

    id: UUID
    format: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Consecutive numbers of one series, all of one date. `first` is the first sequence number, `head` the link that
    stands before it."""

    series: Series
    first: int
    on: date
    head: str

    def number(self) -> Callable[[int], str]:
        """What writes the block's numbers: from sequence to text."""
        return writer(self.series.format, self.on, self.series.code)


def place_of(entity: LegalEntity, kind: Kind, *, site_id: UUID | None, now: Now) -> Place:
    """Where a document of today is counted, as its legal entity says."""
    return Place(
        entity_id=entity.pk,
        kind=kind,
        site_id=site_id if entity.numbers_per_site else None,
        year=now.today.year if entity.numbers_per_year else None,
        test_clock_id=now.test_clock,
    )


def series_for(wanted: Mapping[Place, LegalEntity]) -> dict[Place, Series]:
    """The series of each place, made where there is none yet; one query for all that are known.

    Two that make one at once: the unique constraint lets one win, and both get the same row.
    """
    found = _known(wanted)
    missing = [place for place in wanted if place not in found]
    if missing:
        for place in missing:
            _make(place, wanted[place])
        found = _known(wanted)
    return found


def _known(wanted: Mapping[Place, LegalEntity]) -> dict[Place, Series]:
    entities = {place.entity_id for place in wanted}
    sites = {place.site_id for place in wanted} - {None}
    years = {place.year for place in wanted} - {None}
    (clock,) = {place.test_clock_id for place in wanted}
    rows = NumberSeries.objects.filter(
        Q(site=None) | Q(site_id__in=sites),
        Q(year=None) | Q(year__in=years),
        legal_entity_id__in=entities,
        test_clock_id=clock,
    )
    found = {}
    for row in rows.values_list("id", "legal_entity_id", "kind", "site_id", "year", "site__code"):
        kind: Kind = "invoice" if row[2] == NumberSeries.Kind.INVOICE else "credit_note"
        place = Place(entity_id=row[1], kind=kind, site_id=row[3], year=row[4], test_clock_id=clock)
        if place in wanted:
            pattern = format_of(wanted[place], place.kind, on_clock=clock is not None)
            found[place] = Series(id=row[0], format=pattern, code=row[5] or "")
    return found


def format_of(entity: LegalEntity, kind: Kind, *, on_clock: bool) -> str:
    """The format that counts now: the entity's, with a `T` before it on a test clock."""
    scheme = next(one for one in schemes(entity) if one.kind == kind)
    return CLOCK_PREFIX * on_clock + scheme.format


def _make(place: Place, entity: LegalEntity) -> None:
    pattern = format_of(entity, place.kind, on_clock=place.test_clock_id is not None)
    if place.site_id is not None:
        code_of(place.site_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO invoices_numberseries"
            " (id, merchant_id, legal_entity_id, kind, site_id, year, test_clock_id, format, next_number)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 1) ON CONFLICT DO NOTHING",
            [new_id(), current(), entity.pk, place.kind, place.site_id, place.year, place.test_clock_id, pattern],
        )


def given(entity: LegalEntity) -> list[Scheme]:
    """The schemes that have given numbers of an entity, earlier formats included. Locks their series, so that none goes
    on while it is decided what comes next."""
    rows = NumberSeries.objects.filter(legal_entity=entity, next_number__gt=1).order_by("id").select_for_update()
    found = set()
    for row in rows:
        for pattern in [row.format, *(each["format"] for each in row.earlier)]:
            plain = pattern.removeprefix(CLOCK_PREFIX) if row.test_clock_id else pattern
            kind: Kind = "invoice" if row.kind == NumberSeries.Kind.INVOICE else "credit_note"
            per_site, per_year = "{site}" in plain, row.year is not None
            found.add(Scheme(kind=kind, format=plain, per_site=per_site, per_year=per_year))
    return sorted(found, key=lambda scheme: (scheme.kind, scheme.format))


def take(counts: Mapping[Series, int], today: date) -> list[Block]:
    """So many numbers of each series, dated max(today, the series' last date), in the order of the series' ids, which
    is the order of their locks: they are held until COMMIT, so call last. Then `close` them.

    A format that is not the one before goes into `earlier` with the last number that it wrote.
    """
    wanted = sorted(counts.items(), key=lambda item: item[0].id)
    values = ", ".join(["(%s::uuid, %s::bigint, %s)"] * len(wanted))
    with connection.cursor() as cursor:
        if len(wanted) > 1:
            ids = [str(series.id) for series, _ in wanted]
            cursor.execute(
                "SELECT FROM invoices_numberseries WHERE id = ANY(%s::uuid[]) AND merchant_id = %s"
                " ORDER BY id FOR NO KEY UPDATE",
                [ids, current()],
            )
        cursor.execute(
            "UPDATE invoices_numberseries AS s SET next_number = s.next_number + v.count,"  # noqa: S608 - placeholders
            " last_on = greatest(s.last_on, %s), format = v.format, earlier = CASE"
            " WHEN s.format = v.format OR s.next_number = 1 THEN s.earlier ELSE s.earlier ||"
            " jsonb_build_object('format', s.format, 'until', s.next_number - 1) END"
            f" FROM (VALUES {values}) AS v (id, count, format) WHERE s.id = v.id AND s.merchant_id = %s"
            " RETURNING s.id, s.next_number, s.last_on, s.head",
            [today, *(each for series, count in wanted for each in (series.id, count, series.format)), current()],
        )
        taken = {row[0]: row[1:] for row in cursor.fetchall()}
    blocks = []
    for series, count in wanted:
        following, on, head = taken[series.id]
        blocks.append(Block(series=series, first=following - count, on=on, head=head or BEGINNING))
    return blocks


def close(heads: Mapping[UUID, str]) -> None:
    """Write where the chains of taken series end now; one statement."""
    values = ", ".join(["(%s::uuid, %s)"] * len(heads))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE invoices_numberseries AS s SET head = v.head FROM (VALUES {values}) AS v (id, head)"  # noqa: S608
            " WHERE s.id = v.id AND s.merchant_id = %s",
            [*(each for pair in heads.items() for each in pair), current()],
        )
