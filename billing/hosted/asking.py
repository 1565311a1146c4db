"""What a visitor posted on the payment form: read within bounds, never trusted for an amount."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from django.http import QueryDict

from merchants import ids

MOST_OPTIONS, CODE_LENGTH = 50, 60
Act = Literal["pay", "change", "drop_code"]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The ticks, the code, the consent, which button, and which quote was on the screen."""

    options: frozenset[str]
    code: str
    consents: bool
    act: Act
    quote_id: UUID

    def code_to_try(self, *, typed: str) -> str | None:
        """The code to attach; '' to take the typed one away; None where nothing is to be done about codes.

        >>> asked = read(QueryDict("code=bienvenue&act=change"))
        >>> asked.code_to_try(typed=""), asked.code_to_try(typed="BIENVENUE")
        ('bienvenue', None)
        """
        if self.act == "drop_code":
            return "" if typed else None
        if not self.code or self.code.casefold() == typed.casefold():
            return None
        return self.code

    @staticmethod
    def option_ids(options: Iterable[str]) -> list[UUID]:
        """The keys of public ids."""
        return [key for key in (ids.read("opt", option) for option in sorted(options)) if key]


def read(posted: QueryDict) -> Asked:
    """A form as it came. What cannot be read counts as not said; without a button it is a change, never a payment.

    >>> read(QueryDict("")).act
    'change'
    """
    act = posted.get("act", "")
    return Asked(
        options=frozenset(posted.getlist("option")[:MOST_OPTIONS]),
        code=" ".join(posted.get("code", "").replace("\x00", "").split())[:CODE_LENGTH],
        consents=posted.get("consent") == "on",
        act="pay" if act == "pay" else "drop_code" if act == "drop_code" else "change",
        quote_id=ids.read("quo", posted.get("quote", "")) or UUID(int=0),
    )
