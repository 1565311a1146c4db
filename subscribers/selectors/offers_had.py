"""Which offers a subscription was on, as its history tells: one query, however many subscriptions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from merchants.models import OfferVersion
from merchants.now import Now, local_date
from subscribers.models import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferChange:
    """A change of version. `enters`: a stage of it was entered with it; who stays in a free stage enters none."""

    change_id: UUID
    recorded_at: datetime
    effective_at: datetime
    before: UUID
    after: UUID
    enters: bool


def offer_changes(subscriptions: Collection[UUID]) -> Mapping[UUID, Sequence[OfferChange]]:
    """The changes of version of some subscriptions, oldest first. Needs the tenant's scope."""
    found: dict[UUID, list[OfferChange]] = defaultdict(list)
    told = Change.objects.filter(subject_id__in=subscriptions, after__has_key="offer_version_id").exclude(before={})
    for change in told.order_by("recorded_at", "id"):
        before, after = change.before.get("offer_version_id"), change.after["offer_version_id"]
        if before and after:
            found[change.subject_id].append(
                OfferChange(
                    change_id=change.pk,
                    recorded_at=change.recorded_at,
                    effective_at=change.effective_at,
                    before=UUID(before),
                    after=UUID(after),
                    enters=not change.after.keys().isdisjoint(("stage_started_on", "stage_position")),
                )
            )
    return found


def entered_on(subscriptions: Collection[UUID], now: Now) -> Mapping[UUID, date]:
    """The local day on which each that came from another offer entered a stage of its present one; nothing for others,
    a new version of the same offer included. Two queries at most."""
    changes = offer_changes(subscriptions)
    versions = {id_ for each in changes.values() for one in each for id_ in (one.before, one.after)}
    offer = dict(OfferVersion.objects.filter(id__in=versions).values_list("id", "offer_id")) if versions else {}
    found: dict[UUID, date] = {}
    for subscription_id, each in changes.items():
        for one in each:
            if one.enters and one.effective_at <= now.at and offer.get(one.before) != offer.get(one.after):
                found[subscription_id] = local_date(one.effective_at, now.zone)
    return found
