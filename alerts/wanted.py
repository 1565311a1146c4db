"""Which endpoint gets which event. Pure."""

from __future__ import annotations

from uuid import UUID

from alerts.occurrences import Occurrence

TESTED = "webhook_endpoint.tested"
"""The event of "Send a test": it goes to the endpoint that it is about, and to no other."""


def goes_to(seen: Occurrence, *, endpoint_id: UUID, wanted: list[str]) -> bool:
    """Whether an endpoint gets an event: `wanted` are the kinds it asked for; none named, all.

    A kind may end in `.*`. A test goes to its own endpoint only, whatever that asked for.

    >>> paid = Occurrence(id=UUID(int=1), kind="invoice.paid")
    >>> [goes_to(paid, endpoint_id=UUID(int=2), wanted=kinds) for kinds in ([], ["invoice.*"], ["payment.*"])]
    [True, True, False]
    """
    if seen.kind == TESTED:
        return seen.object_id == endpoint_id
    family = seen.kind.partition(".")[0] + ".*"
    return not wanted or seen.kind in wanted or family in wanted
