"""Proving a till's register from its entries alone: any entry that was changed, taken out, put in or moved, and a tail
that was cut off, is found and named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from invoices.models import RegisterEntry, Till
from invoices.register_links import BEGINNING, link
from merchants.ids import show
from merchants.models import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A register that was read whole. `fault` names the first thing that is wrong; None: nothing is."""

    till: Till
    count: int
    head: str
    perpetual: int
    fault: str | None = None


COLUMNS = ("sequence", "kind", "means", "amount", "cash")
"""What stands in the columns as well as in the content."""


def prove(till: Till) -> Proof:
    """Read a register from its first entry to its last. Constant memory."""
    count, previous, perpetual = 0, BEGINNING, 0
    for entry in RegisterEntry.objects.filter(till=till).order_by("sequence").iterator(chunk_size=2_000):
        fault = next(_faults(entry, count + 1, previous, perpetual), None)
        if fault is not None:
            return Proof(till=till, count=count, head=previous, perpetual=perpetual, fault=fault)
        count, previous, perpetual = entry.sequence, entry.link, perpetual + entry.amount
    fault = next(_end(till, count, previous if count else "", perpetual), None)
    return Proof(till=till, count=count, head=previous, perpetual=perpetual, fault=fault)


def _faults(entry: RegisterEntry, number: int, previous: str, perpetual: int) -> Iterator[str]:
    if entry.sequence != number:
        yield f"entry {number} is missing: after {number - 1} stands {entry.sequence}"
    if entry.previous != previous:
        yield f"entry {number} does not follow entry {number - 1}: one was put in, taken out or moved"
    if link(entry.previous, entry.content) != entry.link:
        yield f"entry {number} was changed: its content is not what its link says"
    for name in COLUMNS:
        if entry.content.get(name) != getattr(entry, name):
            yield f"entry {number} was changed: its {name} is {getattr(entry, name)}, its content says otherwise"
    if entry.content.get("day") != entry.day_on.isoformat():
        yield f"entry {number} was changed: its day is {entry.day_on}, its content says otherwise"
    if entry.content.get("perpetual") != perpetual + entry.amount:
        yield f"entry {number}: the perpetual total is {entry.content.get('perpetual')}, the entries sum to" + (
            f" {perpetual + entry.amount}"
        )
    if entry.content.get("till") != show("til", entry.till_id):
        yield f"entry {number} is of another till"


def _end(till: Till, count: int, head: str, perpetual: int) -> Iterator[str]:
    if (till.entries, till.head) != (count, head):
        yield f"the tail was cut off: the till knows {till.entries} entries, {count} are there"
    if till.perpetual != perpetual:
        yield f"the till's perpetual total is {till.perpetual}, its entries sum to {perpetual}"
    for told in Event.objects.filter(kind="till.closed").order_by("id").iterator():
        said = told.data["object"]
        if said["till"] != show("til", till.pk):
            continue
        found = RegisterEntry.objects.filter(till=till, sequence=said["sequence"]).first()
        if found is None or found.link != said["head"]:
            yield f"entry {said['sequence']} is not the one that was told when the till was closed"
