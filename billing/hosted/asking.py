"""What a visitor posted on the payment form: read within bounds, never trusted for an amount."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from django.http import QueryDict

from merchants import ids

MOST_OPTIONS, CODE_LENGTH, COMPANY_LENGTH, NUMBER_LENGTH = 50, 60, 160, 30
Act = Literal["pay", "change", "drop_code"]
_ACTS: Mapping[str, Act] = {"pay": "pay", "drop_code": "drop_code"}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The ticks, the code, for which company, the consent, which button, and which quote was on the screen."""

    options: frozenset[str]
    code: str
    consents: bool
    act: Act
    quote_id: UUID
    company: str | None = None
    vat_number: str | None = None

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

    def names_another(self, *, company: str, vat_number: str) -> bool:
        """Whether it names another company than is known. Fields that are not on the form say nothing.

        >>> asked = read(QueryDict("company=Onde&vat_number="))
        >>> asked.names_another(company="Onde", vat_number=""), asked.names_another(company="", vat_number="")
        (False, True)
        """
        said = {"company": self.company, "vat_number": self.vat_number}
        known = {"company": company, "vat_number": vat_number}
        return any(said[name] is not None and said[name] != known[name] for name in known)

    @staticmethod
    def option_ids(options: Iterable[str]) -> list[UUID]:
        """The keys of public ids."""
        return [key for key in (ids.read("opt", option) for option in sorted(options)) if key]


def _line(posted: QueryDict, name: str, most: int) -> str:
    return " ".join(posted.get(name, "").replace("\x00", "").split())[:most]


def read(posted: QueryDict) -> Asked:
    """A form as it came. What cannot be read counts as not said; without a button it is a change, never a payment.

    >>> read(QueryDict("")).act
    'change'
    """
    act = posted.get("act", "")
    return Asked(
        options=frozenset(posted.getlist("option")[:MOST_OPTIONS]),
        code=_line(posted, "code", CODE_LENGTH),
        consents=posted.get("consent") == "on",
        act=_ACTS.get(act, "change"),
        quote_id=ids.read("quo", posted.get("quote", "")) or UUID(int=0),
        company=_line(posted, "company", COMPANY_LENGTH) if "company" in posted else None,
        vat_number=_line(posted, "vat_number", NUMBER_LENGTH) if "vat_number" in posted else None,
    )
