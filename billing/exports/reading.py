"""Reading many rows in pieces: by keyset, each piece in a short scope of its own, with as much memory and as many
queries a piece for the millionth row as for the first.

**What the file agrees with.** Every row that was committed when reading began is in it exactly once; no row that was
made later is. A row's own values are those of the moment at which its piece was read: documents do not change, how they
were settled may. Rows come in the order in which they were made.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from billing.exports.asked import Asked
from billing.exports.columns import Row
from merchants.tenancy.models import TenantModel
from merchants.tenancy.scope import tenant

PIECE = 2_500
"""Rows looked at in one scope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Rows of one table. `rows` narrows it to what is asked for; `show` makes a piece's lines in a fixed number of
    queries; `by_id`: where a row's instant is that of its making, reading begins at the span's first id."""

    model: type[TenantModel]
    rows: Callable[[Asked], QuerySet[Any]]
    show: Callable[[Sequence[Any], Asked], Sequence[Row]]
    by_id: bool = False


def read(sources: Sequence[Source], asked: Asked) -> Iterator[list[Row]]:
    """The lines of all sources in the order in which they were made, in pieces. Call it outside any scope."""
    with tenant(asked.merchant_id):
        ends = [_last_id(source) for source in sources]
    flows = [_lines(source, asked, end) for source, end in zip(sources, ends, strict=True) if end is not None]
    merged = heapq.merge(*flows, key=itemgetter(0)) if len(flows) > 1 else iter(flows[0] if flows else ())
    while piece := [line for _, line in islice(merged, PIECE)]:
        yield piece


def _last_id(source: Source) -> UUID | None:
    """The newest row that there is, whatever is asked for."""
    found: UUID | None = source.model.objects.order_by("-id").values_list("id", flat=True).first()
    return found


def _lines(source: Source, asked: Asked, end: UUID) -> Iterator[tuple[UUID, Row]]:
    after = asked.first_id() if source.by_id else UUID(int=0)
    while after < end:
        with tenant(asked.merchant_id):
            ids = source.model.objects.filter(id__gt=after, id__lte=end).order_by("id").values_list("id", flat=True)
            upto: UUID = ids[PIECE - 1 : PIECE].first() or end  # a window of ids: its query costs the same everywhere
            rows = list(source.rows(asked).filter(id__gt=after, id__lte=upto).order_by("id"))
            lines = source.show(rows, asked) if rows else ()
        yield from zip([row.pk for row in rows], lines, strict=True)
        after = upto
