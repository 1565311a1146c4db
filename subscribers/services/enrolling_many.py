"""Many subscribers enrolled in one transaction, as `enrolment.enrol` does one: few statements, however many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from merchants.actors import Actor
from merchants.models import Merchant
from merchants.now import Now
from merchants.tenancy import bulk
from subscribers import history, shapes
from subscribers.models import Subscriber
from subscribers.models.people import PERSONAL
from subscribers.search_text import fold
from subscribers.services.facts import Lived


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Somebody to enrol: their id, a profile that `enrolment.check_profile` has cleaned, and their site."""

    id: UUID
    profile: Mapping[str, Any]
    site_id: UUID | None = None


def enrol_many(
    newcomers: Sequence[Newcomer], *, merchant: Merchant, actor: Actor, now: Now
) -> tuple[list[Subscriber], list[Lived]]:
    """The new rows, and what is to be told of them; the caller tells it (`facts.tell_all`) with what else became true.

    The caller knows that no reference is taken; the database refuses one that is.
    """
    rows = [_row(one, merchant, actor, now) for one in newcomers]
    bulk.insert(rows)
    entries = [history.Entry(row=row, verb="created", columns=history.columns_of(row)) for row in rows]
    changes = history.write_all(entries, actor=actor, now=now)
    told = []
    for row, change in zip(rows, changes, strict=True):
        after = change.after
        ids = {
            name: UUID(after[name]["personal"])
            for name in PERSONAL
            if isinstance(after.get(name), dict) and after[name]
        }
        data = {"object": shapes.subscriber(row, ids)}
        told.append(Lived(subscriber_id=row.pk, kind="subscriber.created", object_id=row.pk, data=data))
    return rows, told


def _row(one: Newcomer, merchant: Merchant, actor: Actor, now: Now) -> Subscriber:
    row = Subscriber(
        id=one.id,
        channel=actor.channel.value,
        created_at=now.at,
        updated_at=now.at,
        site_id=one.site_id,
        **{"locale": merchant.locale, **one.profile},
    )
    row.reference = row.reference or row.public_id
    row.search = fold(row.name, row.company, row.email, row.phone, row.reference)
    return row
