"""◆ Terms of an offer as one text, and back: how a page hands an offer that is not saved to another app's fragment.

The text is JSON in the shape of the API's offers, with ids as plain UUIDs. It comes back from a browser: `read_terms`
believes nothing of it, and what it returns has passed `terms.offer_faults`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any
from uuid import UUID

from merchants.early_end import EarlyEnd
from merchants.metered import usage_terms
from merchants.refusals import Invalid, gettext_noop
from merchants.terms import FeatureTerm, ListedOption, OfferTerms, StageTerm, offer_faults, refuse_if

LONGEST = 100_000
"""Characters that such a text may have."""


def write_terms(terms: OfferTerms) -> str:
    """The terms as a text.

    >>> terms = OfferTerms(title={"en": "One"}, currency="EUR", tax_behavior="inclusive",
    ...                    stages=(StageTerm(interval="month", amount=1490),))
    >>> read_terms(write_terms(terms)) == terms
    True
    """
    return json.dumps(asdict(terms), default=str, separators=(",", ":"), ensure_ascii=False)


def read_terms(text: str) -> OfferTerms:
    """The terms that a text says. Raises Invalid, `terms_malformed` where it is no such text."""
    if len(text) > LONGEST:
        raise _malformed()
    try:
        said = json.loads(text)
        terms = OfferTerms(
            **_only(said, OfferTerms, {"stages", "options"}),
            stages=tuple(_stage(stage) for stage in said["stages"]),
            options=tuple(
                ListedOption(option=UUID(listed["option"]), included=_flag(listed["included"]))
                for listed in said.get("options", [])
            ),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _malformed() from error
    refuse_if(offer_faults(terms))
    return terms


def _stage(said: Mapping[str, Any]) -> StageTerm:
    features = tuple(
        FeatureTerm(feature=UUID(opened["feature"]), quota=_number(opened["quota"]), level=_text(opened["level"]))
        for opened in said.get("features", [])
    )
    usage = usage_terms(said.get("usage", []))
    return StageTerm(**_only(said, StageTerm, {"features", "usage"}), features=features, usage=usage)


_KINDS: dict[str, Any] = {
    "str": lambda value: _text(value),
    "int": lambda value: _whole(value),
    "int | None": lambda value: _number(value),
    "Decimal | None": lambda value: _share(value),
    "EarlyEnd | None": lambda value: None if value is None else EarlyEnd(**_only(value, EarlyEnd, set())),
    "Mapping[str, str]": lambda value: {_text(key): _text(text) for key, text in value.items()},
}


def _only(said: Mapping[str, Any], shape: Any, but: set[str]) -> dict[str, Any]:
    """The values of a shape's plain fields, each of its own type; unknown ones are refused."""
    fields = {name: kind for name, kind in shape.__annotations__.items() if name not in but}
    if set(said) - set(fields) - but:
        raise ValueError("unknown fields")
    return {name: _KINDS[kind](said[name]) for name, kind in fields.items() if name in said}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text")
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("a whole number")
    return value


def _number(value: object) -> int | None:
    return None if value is None else _whole(value)


def _share(value: object) -> Decimal | None:
    if value is not None and not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", _text(value)):
        raise ValueError("a percentage")
    return None if value is None else Decimal(_text(value))


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false")
    return value


def _malformed() -> Invalid:
    return Invalid.at("draft", "terms_malformed", gettext_noop("These are not the terms of an offer."))
