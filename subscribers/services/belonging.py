"""Who pays for whom: a payer pays for themself, and nobody is paid for through two hands."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from merchants.refusals import Conflict, Invalid, gettext_noop
from subscribers.models import Subscriber


def lock(ids: Iterable[UUID]) -> dict[UUID, Subscriber]:
    """These subscribers' rows locked, in the order of their ids (the one lock order of payers)."""
    rows = Subscriber.objects.select_for_update().filter(id__in=set(ids)).order_by("id")
    return {row.pk: row for row in rows}


def lock_present(ids: Iterable[UUID]) -> dict[UUID, Subscriber]:
    """The same, for something new that they begin: whoever was erased in the meantime begins nothing. Raises Conflict
    (`subscriber_erased`)."""
    locked = lock(ids)
    if any(row.erased_at is not None for row in locked.values()):
        raise Conflict(gettext_noop("This subscriber was erased."), code="subscriber_erased")
    return locked


def check_payer(payer: Subscriber, *, subscriber_id: UUID | None, test_clock_id: UUID | None) -> UUID | None:
    """The payer's id as it is stored: None where somebody pays for themself. The caller holds both rows' locks.

    Raises Invalid (`payer_is_paid_for`, `payer_pays_for_others`, `payer_was_erased`, `payer_on_another_clock`).
    """
    if payer.pk == subscriber_id:
        return None
    if payer.erased_at is not None:
        raise Invalid.at("payer", "payer_was_erased", gettext_noop("This subscriber was erased."))
    if payer.payer_id is not None:
        raise Invalid.at(
            "payer", "payer_is_paid_for", gettext_noop("Somebody else pays for this subscriber: name that one.")
        )
    if subscriber_id is not None and Subscriber.objects.filter(payer_id=subscriber_id).exists():
        raise Invalid.at(
            "payer", "payer_pays_for_others", gettext_noop("Who pays for others pays for themself as well.")
        )
    if payer.test_clock_id != test_clock_id:
        raise Invalid.at("payer", "payer_on_another_clock", gettext_noop("Both must be on the same test clock."))
    return payer.pk
