"""A step in the life of a subscription: what is decided for a day, and what it leads to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from billing.engine import due
from billing.engine.usage_lines import Metered
from invoices.drafts import DraftInvoice
from subscribers.snapshots import Scheduled, SubscriptionSnapshot


class StepKind(StrEnum):
    """What is to be done next."""

    wait = "wait"
    activate = "activate"
    renew = "renew"
    next_stage = "next_stage"
    apply = "apply"
    change = "change"
    close = "close"
    suspend = "suspend"
    resume = "resume"
    end = "end"
    park = "park"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: the day that it counts from, why, the document that it makes, and the snapshot after it.

    `why` is a stable code. `changes` are the scheduled changes to carry out (`apply`), which their flow does before it
    asks again; `ended_options` the ids of the subscription's options that end with this step; `metered` is the span
    whose usage it bills, read beforehand or not.
    """

    kind: StepKind
    on: date
    why: str
    after: SubscriptionSnapshot
    drafted: DraftInvoice | None = None
    changes: tuple[Scheduled, ...] = ()
    ended_options: tuple[str, ...] = ()
    metered: Metered | None = None

    @property
    def drafts(self) -> tuple[DraftInvoice, ...]:
        """The invoices to issue: none where every line is 0 (domain 19)."""
        return (self.drafted,) if self.drafted is not None and self.drafted.makes_invoice else ()

    @property
    def next_action_at(self) -> datetime | None:
        """When the subscription needs something next, once this step is done."""
        return due.next_action_at(self.after)
