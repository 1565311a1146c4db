"""Asking a register whether a VAT number is in use: a port, off unless a setting names an adapter.

An answer never stands in a sale's way: what cannot be asked is `unknown`, and the number's form decides. Nothing here
is called within a tenant's scope: it is the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import httpx
from django.conf import settings

from merchants.clock import instant

Verdict = Literal["valid", "invalid", "unknown"]
PATIENCE = httpx.Timeout(8, connect=3)
"""Seconds that somebody waits: member states' own registers often answer late or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a register said of a number, and when. `consultation` is its proof of having been asked, where it gives one
    to who names themself; `why`, of what is unknown, the register's own word."""

    number: str
    verdict: Verdict
    at: datetime
    consultation: str = ""
    why: str = ""


class Register(Protocol):
    """A register of VAT numbers."""

    asks: bool
    """Whether it asks anybody at all."""

    def look_up(self, number: str, *, requester: str = "") -> Answer:
        """Ask about a compact number (`DE136695976`); `requester` is the number of who wants to know."""


class Off:
    """No register: everything is unknown."""

    asks = False

    def look_up(self, number: str, *, requester: str = "") -> Answer:
        """Unknown, without a question asked."""
        return Answer(number=number, verdict="unknown", at=instant(), why="off")


class Vies:
    """VIES of the European Commission: its REST service `check-vat-number`."""

    asks = True
    url = "https://ec.europa.eu/taxation_customs/vies/rest-api/check-vat-number"

    def __init__(self, transport: httpx.BaseTransport | None = None) -> None:
        self.transport = transport

    def look_up(self, number: str, *, requester: str = "") -> Answer:
        """One question, no second try. Whatever is no clear yes or no (a member state that is silent, too many
        questions, a broken answer) is unknown."""
        asked = {"countryCode": number[:2], "vatNumber": number[2:]}
        if requester:
            asked |= {"requesterMemberStateCode": requester[:2], "requesterNumber": requester[2:]}
        try:
            with httpx.Client(timeout=PATIENCE, transport=self.transport) as client:
                answer = client.post(self.url, json=asked)
            said = answer.json()
        except (httpx.HTTPError, ValueError) as fault:
            return Answer(number=number, verdict="unknown", at=instant(), why=type(fault).__name__)
        return _read(number, said)


def _read(number: str, said: object) -> Answer:
    """An answer in VIES' own words, read strictly.

    >>> _read("DE136695976", {"valid": True, "requestIdentifier": "WAPIAAAA"}).consultation
    'WAPIAAAA'
    >>> _read("DE136695976", {"valid": False, "userError": "MS_UNAVAILABLE"}).verdict
    'unknown'
    >>> _read("DE136695976", {"actionSucceed": False, "errorWrappers": [{"error": "MS_UNAVAILABLE"}]}).why
    'MS_UNAVAILABLE'
    """
    at = instant()
    if not isinstance(said, dict):
        return Answer(number=number, verdict="unknown", at=at, why="malformed")
    wrapped = said.get("errorWrappers")
    first = wrapped[0] if isinstance(wrapped, list) and wrapped and isinstance(wrapped[0], dict) else {}
    trouble = str(first.get("error") or said.get("userError") or "")
    valid = said.get("valid")
    if not isinstance(valid, bool) or trouble not in ("", "VALID", "INVALID"):
        return Answer(number=number, verdict="unknown", at=at, why=(trouble or "malformed")[:60])
    proof = str(said.get("requestIdentifier") or "")[:60]
    return Answer(number=number, verdict="valid" if valid else "invalid", at=at, consultation=proof)


REGISTERS: dict[str, type[Off] | type[Vies]] = {"off": Off, "vies": Vies}


def register() -> Register:
    """The one that the setting `VAT_REGISTER` names."""
    return REGISTERS[settings.VAT_REGISTER]()
