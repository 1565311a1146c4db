"""What our hosted page shows of a checkout at the simulated provider. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .base import Outcome, OutcomeKind
from .simulated_entry import Entry


@dataclass(frozen=True, kw_only=True)
class HostedForm:
    """What our hosted page shows for a simulated checkout. `problem` is the code of the last refusal."""

    provider_session: str
    state: OutcomeKind
    mode: str
    amount: int
    currency: str
    description: str
    email: str | None
    success_url: str
    cancel_url: str
    expires_at: datetime
    waits_for_bank: bool
    problem: str | None


def form_of(provider_session: str, entry: Entry, outcome: Outcome) -> HostedForm:
    """The page of a checkout whose entry says that it became `outcome`; while the bank asks, it is still open."""
    wish, waits = entry["wish"], entry["status"] == "requires_action"
    return HostedForm(
        provider_session=provider_session,
        state=OutcomeKind.OPEN if waits else outcome.kind,
        mode=wish["mode"],
        amount=wish["amount"],
        currency=wish["currency"],
        description=wish["description"],
        email=wish["email"],
        success_url=wish["success_url"],
        cancel_url=wish["cancel_url"],
        expires_at=datetime.fromisoformat(wish["expires_at"]),
        waits_for_bank=waits,
        problem=entry["code"],
    )
