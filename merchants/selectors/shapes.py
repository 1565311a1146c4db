"""Types and spellings that all shapes of the API share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, overload

from merchants.ids import show


@dataclass(frozen=True, slots=True)
class Says:
    """What the OpenAPI document says of a value beyond its type: `Annotated[str, Says(one_of=("once", "forever"))]`."""

    format: str = ""
    one_of: tuple[str, ...] = ()
    example: str = ""

    @property
    def schema(self) -> dict[str, Any]:
        """Its part of a JSON schema."""
        parts = {"format": self.format, "enum": list(self.one_of), "example": self.example}
        return {name: value for name, value in parts.items() if value}


DayText = Annotated[str, Says(format="date")]
InstantText = Annotated[str, Says(format="date-time")]
DecimalString = Annotated[str, Says(example="5.5")]
Texts = dict[str, str]
"""A text by language: `{"en": "Standard", "fr": "Standard"}`."""

__all__ = [
    "DayText",
    "DecimalString",
    "InstantText",
    "Says",
    "Texts",
    "day_text",
    "decimal_string",
    "instant_text",
    "show",
]


@overload
def instant_text(at: datetime) -> str: ...
@overload
def instant_text(at: datetime | None) -> str | None: ...
def instant_text(at: datetime | None) -> str | None:
    """An instant as the API writes it: UTC, whole seconds.

    >>> instant_text(datetime(2026, 11, 22, 9, 30, 0, 250_000, tzinfo=UTC))
    '2026-11-22T09:30:00Z'
    """
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@overload
def day_text(day: date) -> str: ...
@overload
def day_text(day: date | None) -> str | None: ...
def day_text(day: date | None) -> str | None:
    """A date as the API writes it.

    >>> day_text(date(2026, 11, 22))
    '2026-11-22'
    """
    return None if day is None else day.isoformat()


def decimal_string(value: Decimal) -> str:
    """A decimal without zeros that say nothing.

    >>> decimal_string(Decimal("5.500")), decimal_string(Decimal("20.000")), decimal_string(Decimal("0"))
    ('5.5', '20', '0')
    """
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
