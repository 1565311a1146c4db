"""Refusals as people read them: days written out, statuses and roles in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import TypeVar

from django.utils.translation import get_language

from merchants.http.frame import role_name
from merchants.refusals import Refusal
from merchants.templatetags.statuses import status_word
from merchants.wording import long_date_text

R = TypeVar("R", bound=Refusal)
DAY = re.compile(r"\d{4}-\d\d-\d\d")


def readable(refusal: R) -> R:
    """The same, its days as people write them its status and roles in words of theirs; so of each field."""
    refusal.params = _people_s(refusal.params)
    refusal.errors = [replace(error, params=_people_s(error.params)) for error in refusal.errors]
    return refusal


def _people_s(params: Mapping[str, object]) -> dict[str, object]:
    said, language = dict(params), get_language() or "en"
    for name, value in params.items():
        if isinstance(value, str) and DAY.fullmatch(value):
            said[name] = long_date_text(date.fromisoformat(value), language)
    if "status" in said:
        word = status_word("subscription", str(said["status"]))
        said["status"] = word[:1].lower() + word[1:]
    if "who" in said:
        said["who"] = ", ".join(role_name(role) for role in str(said["who"]).split(", ") if role)
    return said
