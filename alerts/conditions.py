"""When a row of the table of routes holds: what is asked of an event with its circumstances. Pure."""

from __future__ import annotations

from collections.abc import Callable

from alerts.occurrences import Occurrence, object_of

Condition = Callable[[Occurrence], bool]


def always(_: Occurrence) -> bool:
    """Whatever happened."""
    return True


def of_an_invoice_by_itself(seen: Occurrence) -> bool:
    """A payment of an invoice that we asked for by ourselves."""
    return bool(seen.payment and seen.payment.automatic and seen.payment.invoice_id)


def for_the_first_time(seen: Occurrence) -> bool:
    """Later failures of the same invoice are told by the steps of dunning, when the merchant wants them told."""
    return bool(of_an_invoice_by_itself(seen) and seen.payment and not seen.payment.again)


def paid_for(seen: Occurrence) -> bool:
    """A purchase that was never paid for leaves nothing, also no letter."""
    return seen.about.get("end_reason") != "not_paid"


def step(action: str) -> Condition:
    """A step of dunning that has this action."""
    return lambda seen: action in (seen.about.get("actions") or ())


def that_step(seen: Occurrence) -> str:
    """A case of dunning and the step of it."""
    return f"{object_of(seen)}:{seen.about.get('step')}"


def not_the_second_time(seen: Occurrence) -> bool:
    """A card's payer hears of it 30, 7 and 1 days before, the merchant 15 days before too."""
    return not 7 < int(seen.data.get("days_left") or 0) <= 15


def first_invoice(seen: Occurrence) -> bool:
    """The subscriber's first invoice; who was enrolled at a counter was welcomed there."""
    return bool(seen.invoice and seen.invoice.first and not seen.invoice.at_counter)


def later_invoice(seen: Occurrence) -> bool:
    """Any invoice but the first."""
    return bool(seen.invoice and not first_invoice(seen))


def sold_at_a_counter(seen: Occurrence) -> bool:
    """A subscription that was sold at a counter."""
    return seen.about.get("channel") == "counter"
