"""What is held on how a person pays: cards, accounts, mandates; told to them, and taken off when they are erased."""

from __future__ import annotations

from typing import Any

from merchants.actors import Actor
from merchants.now import Now
from subscribers import history, shapes
from subscribers.holdings import Told, blocks
from subscribers.models import Mandate, PaymentMethod, Subscriber


def methods(person: Subscriber) -> Told:
    """Cards and accounts, as they may be shown."""
    for block in blocks(PaymentMethod.objects.filter(subscriber=person)):
        yield from (shapes.payment_method(row) for row in block)


def mandates(person: Subscriber) -> Told:
    """SEPA mandates."""
    for block in blocks(Mandate.objects.filter(subscriber=person)):
        for row in block:
            yield {
                "reference": row.reference,
                "creditor_identifier": row.creditor_identifier,
                "accepted_at": shapes.at(row.accepted_at),
                "accepted_from": row.accepted_from,
                "text_version": row.text_version,
                "holder": row.holder,
                "bank": row.bank,
                "country": row.country,
                "last4": row.last4,
                "lodged_at": shapes.at(row.lodged_at),
                "refused_at": shapes.at(row.refused_at),
                "revoked_at": shapes.at(row.revoked_at),
            }


def forget_methods(person: Subscriber, *, actor: Actor, now: Now) -> None:
    """Take card and bank off the means of payment, and the address from which a mandate was given, each told as erased
    without saying again what stood there."""
    entries = []
    for mandate in Mandate.objects.filter(subscriber=person).select_for_update().order_by("id"):
        mandate.revoked_at = mandate.revoked_at or now.at
        told = {"accepted_from": None, "last4": "", "bank": "", "country": "", "revoked_at": mandate.revoked_at}
        for name, value in (told | {"holder": "", "iban": b"", "next_try_at": None}).items():
            setattr(mandate, name, value)
        mandate.save(update_fields=[*told, "holder", "iban", "next_try_at"])
        entries.append(history.Entry(row=mandate, verb="erased", columns=told))
    for row in PaymentMethod.objects.filter(subscriber=person).select_for_update().order_by("id"):
        columns: dict[str, Any] = {"brand": "", "last4": "", "exp_month": None, "exp_year": None, "country": ""}
        columns |= {"fingerprint": "", "customer_ref": "", "provider_ref": f"erased-{row.public_id}"}
        columns |= {"is_default": False, "detached_at": row.detached_at or now.at}
        for name, value in columns.items():
            setattr(row, name, value)
        row.save(update_fields=list(columns))
        entries.append(history.Entry(row=row, verb="erased", columns=columns))
    history.write_all(entries, actor=actor, now=now)
