"""Mandates that were signed with another system, many at once, each under its own reference and day, for payers who
have none yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from merchants.actors import Actor
from merchants.clock import instant
from merchants.models import LegalEntity
from merchants.now import Now
from merchants.secrets import encrypt
from subscribers import history, shapes
from subscribers.models import Mandate, Subscriber
from subscribers.services import mandates
from subscribers.services.facts import Lived
from subscribers.services.mandates import Signed


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """A payer's mandate as it was signed."""

    payer: Subscriber
    reference: str
    iban: str
    holder: str
    signed_at: datetime


def take_over_many(
    formers: Sequence[Former], *, creditor: LegalEntity, actor: Actor, now: Now
) -> tuple[list[Mandate], list[Lived]]:
    """The new rows, waiting to be lodged, and what is to be told of them; the caller tells it. The database refuses a
    reference that is taken. Raises what `mandates.check` raises."""
    rows = []
    for one in formers:
        signed = Signed(
            iban=one.iban, holder=one.holder, creditor=creditor, reference=one.reference, signed_at=one.signed_at
        )
        account = mandates.check(signed, now=now)
        rows.append(
            Mandate(
                subscriber=one.payer,
                reference=one.reference,
                creditor_identifier=creditor.creditor_identifier,
                accepted_at=one.signed_at.astimezone(UTC),
                holder=one.holder.strip(),
                iban=encrypt(account.number),
                last4=account.last4,
                bank=account.bank[:160],
                country=account.country,
                next_try_at=instant(),
                created_at=now.at,
            )
        )
    history.create_all(rows, actor=actor, now=now, verb="taken_over")
    told = [
        Lived(
            subscriber_id=row.subscriber_id,
            kind="mandate.signed",
            object_id=row.pk,
            data={"object": shapes.mandate(row)},
        )
        for row in rows
    ]
    return rows, told
