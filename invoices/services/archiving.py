"""A year's archive from its ids alone, for whoever asks: the command, or a worker that makes it for the office."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO
from uuid import UUID

from invoices.services.archive import write_archive
from merchants.clock import instant
from merchants.models import LegalEntity, Merchant
from merchants.now import Now
from merchants.refusals import NotFound
from merchants.services import seals
from merchants.tenancy.moments import one_moment
from merchants.tenancy.scope import tenant


def archive(
    entity_id: UUID, year: int, out: IO[bytes], *, merchant_id: UUID, told: Callable[[int], None] = lambda count: None
) -> int:
    """Write a year's archive as it stands at one moment; how many documents it holds. `told` hears now and then how
    many are written. Call it outside any scope. Raises NotFound (no such company), NotPrinted."""
    with tenant(merchant_id):  # the key is made before the moment that is only read
        merchant = Merchant.objects.get(id=merchant_id)
        now = Now(at=instant(), zone=merchant.timezone)
        seals.sign(b"", now=now)
    with one_moment(), tenant(merchant_id):
        entity = LegalEntity.objects.filter(id=entity_id).first()
        if entity is None:
            raise NotFound
        return write_archive(entity, merchant, year, out, seal=lambda said: seals.sealed(said, now=now), told=told)
