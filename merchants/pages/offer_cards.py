"""Pictures of an offer: the card as a subscriber sees it, and the stages as blocks on a time line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from merchants.models import Feature
from merchants.pitch import metered_words, money, opened_words, price_words, promise, rhythm, said, span
from merchants.terms import OfferTerms, StageTerm

MONTHS = {"day": 1 / 30, "week": 7 / 30, "month": 1, "year": 12}


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the subscriber reads."""

    name: str
    description: str
    first: str
    then: list[str]
    promise: str
    opens: list[str]
    button: str


def card_of(terms: OfferTerms, features: Mapping[UUID, Feature]) -> Card:
    """The card in the active language. It shows what the last stage opens: what one has in the long run."""
    first, then = price_words(terms)
    last = terms.stages[-1]
    return Card(
        name=said(terms.title),
        description=said(terms.description),
        first=first,
        then=then,
        promise=promise(terms),
        opens=[
            *opened_words(last.features, features, rhythm(last.interval, last.interval_count)),
            *metered_words(last.usage, features, terms.currency),
        ],
        button=_("Start free of charge") if terms.stages[0].amount == 0 else _("Subscribe"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One stage on the time line. `months` is its width, 1 to 12."""

    place: int
    when: str
    name: str
    price: str
    length: str
    months: int
    is_endless: bool
    is_active: bool


def track_of(terms: OfferTerms, active: int = 0) -> list[Block]:
    """The stages as blocks: when each begins, what it costs, how long it lasts."""
    blocks, begun = [], 0.0
    for place, stage in enumerate(terms.stages):
        lasts = MONTHS[stage.interval] * stage.interval_count * (stage.recurrences or 0)
        blocks.append(
            Block(
                place=place,
                when=_when(begun),
                name=said(stage.label) or _stage_name(stage, place, len(terms.stages)),
                price=money(stage.amount, terms.currency),
                length=_length(stage),
                months=max(1, min(12, round(lasts) if stage.recurrences else 4)),
                is_endless=stage.recurrences is None,
                is_active=place == active,
            )
        )
        begun += lasts
    return blocks


def _when(months: float) -> str:
    if months == int(months) or months >= 2:
        return _("Month %(number)s") % {"number": int(months) + 1}
    return _("Day %(number)s") % {"number": round(months * 30) + 1}


def _stage_name(stage: StageTerm, place: int, of: int) -> str:
    """The name of a stage that has none."""
    if stage.amount == 0:
        return _("Free")
    return _("Normal price") if place == of - 1 else _("First price")


def _length(stage: StageTerm) -> str:
    """`each month, 3 times`."""
    if stage.amount == 0 and stage.recurrences:
        return span(stage.interval, stage.interval_count * stage.recurrences)
    every = rhythm(stage.interval, stage.interval_count)
    if stage.recurrences is None:
        return _("%(rhythm)s, without end") % {"rhythm": every}
    times = ngettext("once", "%(count)s times", stage.recurrences) % {"count": stage.recurrences}
    return _("%(rhythm)s, %(times)s") % {"rhythm": every, "times": times}
