"""◆ What is metered, and what its use costs: how records of a period become one quantity, and the prices of a stage.

A record is so much of a feature at an instant. The *aggregation* belongs to the feature and never changes: `sum` and
`max` of the quantities, `count` of the records, `unique`: how many different values. The *price* belongs to a stage of
an offer version, so that what was sold stays as it was sold. Unit prices are decimal strings of the currency's major
unit, in the offer's own terms of tax; flat amounts are minor units; quantities are decimal strings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from merchants.money import AMOUNT_LIMIT, EXPONENTS, parse_unit_price
from merchants.refusals import FieldError, Invalid, gettext_noop

MOST_USAGE, MOST_TIERS = 50, 50
QUANTITY_DECIMALS = 6
QUANTITY_MOST = Decimal(10**12)
"""A quantity, of one record or where a tier ends, is below it."""


class Aggregation(StrEnum):
    """How the records of a period become one quantity."""

    sum = "sum"
    max = "max"
    count = "count"  # type: ignore[assignment] # hides str.count, which nobody asks of it
    unique = "unique"


class PriceModel(StrEnum):
    """How a quantity becomes an amount: so much each; so much a package, one begun counts whole; each tier's units at
    its own price; all units at the price of the tier that the total falls in."""

    per_unit = "per_unit"
    package = "package"
    graduated = "graduated"
    volume = "volume"


TIERED = frozenset({PriceModel.graduated, PriceModel.volume})


@dataclass(frozen=True, slots=True, kw_only=True)
class TierTerm:
    """Units above the former tier and up to `up_to`, that one included (None: all above). `flat_amount` is asked once
    where the tier is entered, in minor units."""

    unit_price: str
    up_to: str | None = None
    flat_amount: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageTerm:
    """What the use of a feature costs in a stage: `unit_price` (of one unit, or of a package of `package_size`), or
    `tiers`."""

    feature: UUID
    model: str
    unit_price: str | None = None
    package_size: str | None = None
    tiers: tuple[TierTerm, ...] = ()


def usage_faults(path: str, usage: Sequence[UsageTerm], currency: str) -> Iterator[FieldError]:
    """Everything wrong with the usage prices of a stage that can be seen without the database.

    >>> one = UsageTerm(feature=UUID(int=1), model="graduated", tiers=(TierTerm(unit_price="0.10", up_to="1000"),))
    >>> [(fault.field, fault.code) for fault in usage_faults("stages[0].usage", [one], "EUR")]
    [('stages[0].usage[0].tiers[0].up_to', 'last_tier_is_open')]
    """
    if len(usage) > MOST_USAGE:
        yield _fault(path, "too_many", gettext_noop("At most %(most)s here."), most=MOST_USAGE)
    seen: set[UUID] = set()
    for place, term in enumerate(usage[:MOST_USAGE]):
        own = f"{path}[{place}]"
        if term.feature in seen:
            yield _fault(f"{own}.feature", "listed_twice", gettext_noop("This stands in the list already."))
        seen.add(term.feature)
        if term.model not in tuple(PriceModel):
            words = ", ".join(PriceModel)
            yield _fault(f"{own}.model", "invalid_choice", gettext_noop("One of: %(words)s."), words=words)
        elif term.model in TIERED:
            yield from _tiered(own, term, currency)
        else:
            yield from _plain(own, term, currency)


def usage_json(usage: Sequence[UsageTerm]) -> list[dict[str, Any]]:
    """Usage prices as a stage stores them.

    >>> usage_json([UsageTerm(feature=UUID(int=1), model="per_unit", unit_price="0.10")])[0]["unit_price"]
    '0.10'
    """
    return [
        {
            "feature": str(term.feature),
            "model": term.model,
            "unit_price": term.unit_price,
            "package_size": term.package_size,
            "tiers": [
                {"up_to": tier.up_to, "unit_price": tier.unit_price, "flat_amount": tier.flat_amount}
                for tier in term.tiers
            ],
        }
        for term in usage
    ]


def usage_terms(stored: Sequence[Mapping[str, Any]]) -> tuple[UsageTerm, ...]:
    """The inverse of `usage_json`. Raises `KeyError`, `TypeError` or `ValueError` where it is no such thing.

    >>> one = UsageTerm(feature=UUID(int=1), model="volume", tiers=(TierTerm(unit_price="0.10", flat_amount=5),))
    >>> usage_terms(usage_json([one])) == (one,)
    True
    """
    return tuple(
        UsageTerm(
            feature=UUID(each["feature"]),
            model=_text(each["model"]),
            unit_price=_text_or_none(each.get("unit_price")),
            package_size=_text_or_none(each.get("package_size")),
            tiers=tuple(
                TierTerm(
                    unit_price=_text(tier["unit_price"]),
                    up_to=_text_or_none(tier.get("up_to")),
                    flat_amount=_whole(tier.get("flat_amount", 0)),
                )
                for tier in each.get("tiers") or ()
            ),
        )
        for each in stored
    )


def _plain(path: str, term: UsageTerm, currency: str) -> Iterator[FieldError]:
    if term.tiers:
        yield _fault(f"{path}.tiers", "tiers_not_expected", gettext_noop("Only graduated and volume have tiers."))
    if term.unit_price is None:
        yield _fault(f"{path}.unit_price", "required", gettext_noop("Say what one costs."))
    else:
        yield from _price(f"{path}.unit_price", term.unit_price, currency)
    if term.model == PriceModel.per_unit and term.package_size is not None:
        detail = gettext_noop("Only packages have a size.")
        yield _fault(f"{path}.package_size", "package_size_not_expected", detail)
    if term.model == PriceModel.package and _quantity(term.package_size) is None:
        detail = gettext_noop("How many are in a package: a number above 0.")
        yield _fault(f"{path}.package_size", "package_size_out_of_range", detail)


def _tiered(path: str, term: UsageTerm, currency: str) -> Iterator[FieldError]:
    if term.unit_price is not None:
        detail = gettext_noop("Each tier has a price of its own.")
        yield _fault(f"{path}.unit_price", "unit_price_not_expected", detail)
    if term.package_size is not None:
        detail = gettext_noop("Only packages have a size.")
        yield _fault(f"{path}.package_size", "package_size_not_expected", detail)
    if not 1 <= len(term.tiers) <= MOST_TIERS:
        detail = gettext_noop("Give 1 to %(most)s tiers.")
        yield _fault(f"{path}.tiers", "tiers_out_of_range", detail, most=MOST_TIERS)
    former = Decimal(0)
    for place, tier in enumerate(term.tiers[:MOST_TIERS]):
        own = f"{path}.tiers[{place}]"
        yield from _price(f"{own}.unit_price", tier.unit_price, currency)
        if not 0 <= tier.flat_amount < AMOUNT_LIMIT:
            detail = gettext_noop("An amount here is from 0 to below 10^15 minor units.")
            yield _fault(f"{own}.flat_amount", "amount_out_of_range", detail)
        if place == len(term.tiers) - 1:
            if tier.up_to is not None:
                detail = gettext_noop("The last tier has no end: leave up_to out.")
                yield _fault(f"{own}.up_to", "last_tier_is_open", detail)
            continue
        end = _quantity(tier.up_to)
        if end is None or end <= former:
            detail = gettext_noop("Say where this tier ends: a number above the former tier's end.")
            yield _fault(f"{own}.up_to", "tiers_not_ascending", detail)
        former = end or former


def _quantity(text: str | None) -> Decimal | None:
    """A quantity above 0 and within bounds; None for anything else."""
    if text is None or not text.isascii() or not text.replace(".", "", 1).isdecimal():
        return None
    value = Decimal(text)
    return value if 0 < value < QUANTITY_MOST and len(text.partition(".")[2]) <= QUANTITY_DECIMALS else None


def _price(path: str, text: str, currency: str) -> Iterator[FieldError]:
    if currency not in EXPONENTS:
        return  # said of the currency already
    try:
        parse_unit_price(text, currency, field=path)
    except Invalid as refusal:
        yield from refusal.errors


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text")
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("a whole number")
    return value


def _fault(path: str, code: str, detail: str, **params: object) -> FieldError:
    return FieldError(field=path, code=code, detail=detail, params=params)
