"""Usage of periods that a late run makes one after the other: read once it is known which they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from billing.engine.lives import FAULTS, Taken
from billing.selectors.metering import Span, running_spans, usage_in
from subscribers.snapshots import SubscriptionSnapshot


def with_late_usage(
    pictures: Mapping[UUID, SubscriptionSnapshot], lived: Callable[[SubscriptionSnapshot], Sequence[Taken]]
) -> dict[UUID, SubscriptionSnapshot]:
    """The pictures whose steps bill usage beyond the running period, with it. Usage changes no day of a life, so that
    walking it once without says which spans to read: one query, however many, and none where nothing is late.

    A life that cannot be walked is left out: its caller says why.
    """
    wanted: dict[UUID, set[Span]] = {}
    for id_, picture in pictures.items():
        if not picture.scheduled and not any(stage.usage for stage in picture.offer.stages):
            continue
        try:
            steps = lived(picture)
        except FAULTS:
            continue
        billed = {(one.step.metered.period.start, one.step.metered.until) for one in steps if one.step.metered}
        later = billed - running_spans(picture)
        if later:
            wanted[id_] = later
    found = usage_in(wanted)
    return {id_: replace(pictures[id_], usage=(*pictures[id_].usage, *spans)) for id_, spans in found.items()}
