"""Fields of bodies and filters: each takes one JSON type, within bounds, and never guesses what was meant.

Those that are texts live in `texts`; all are imported from here.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from merchants.http.bodies import Filters
from merchants.http.texts import Currency, Email, LocaleText, Metadata, PublicId, Reference, Text, WebAddress
from merchants.money import AMOUNT_LIMIT, QUANTITY_LIMIT

__all__ = [
    "Choice", "Currency", "Day", "DecimalText", "Email", "Flag", "Instant", "LocaleText", "Metadata", "Minor",
    "PublicId", "Quantity", "Reference", "Text", "WebAddress", "Whole",
]  # fmt: skip

_DECIMAL = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT = re.compile(_DAY.pattern + r"[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})")
_FIRST_YEAR, _LAST_YEAR = 1900, 2199


@extend_schema_field({"type": "integer", "format": "int64"})
class Whole(serializers.Field[int, Any, int, Any]):
    """A whole number: not a text, a fraction or a boolean (in a filter, its digits)."""

    default_error_messages = {
        "not_whole": _("This is a whole number."),
        "out_of_range": _("This is a whole number from {least} to {most}."),
    }

    def __init__(self, *, least: int = 0, most: int = 2**31 - 1, **options: Any) -> None:
        super().__init__(**options)
        self.least, self.most = least, most

    def to_internal_value(self, data: Any) -> int:
        """The number, within bounds."""
        if isinstance(data, str) and isinstance(self.root, Filters) and re.fullmatch(r"-?[0-9]{1,18}", data, re.ASCII):
            data = int(data)
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("not_whole")
        if not self.least <= data <= self.most:
            self.fail("out_of_range", least=self.least, most=self.most)
        return data

    def to_representation(self, value: int) -> int:
        """Itself."""
        return value


@extend_schema_field({"type": "integer", "format": "int64", "description": "In the currency's minor unit"})
class Minor(Whole):
    """An amount in minor units, from 0 (or below where `signed`) to 10^15."""

    default_error_messages = {
        "amount_not_whole": _("An amount is a whole number of the currency's minor unit."),
        "amount_negative": _("An amount here is not below zero."),
        "amount_too_large": _("An amount is below 10^15 minor units."),
    }

    def __init__(self, *, signed: bool = False, **options: Any) -> None:
        super().__init__(least=-AMOUNT_LIMIT, most=AMOUNT_LIMIT, **options)
        self.signed = signed

    def to_internal_value(self, data: Any) -> int:
        """The amount."""
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("amount_not_whole")
        if abs(data) >= AMOUNT_LIMIT:
            self.fail("amount_too_large")
        if data < 0 and not self.signed:
            self.fail("amount_negative")
        return data


class Quantity(Whole):
    """How many: from 1 to 1,000,000."""

    def __init__(self, **options: Any) -> None:
        super().__init__(least=1, most=QUANTITY_LIMIT, **options)


@extend_schema_field({"type": "boolean"})
class Flag(serializers.Field[bool, Any, bool, Any]):
    """true or false; neither 1 nor "yes" (in a filter, the words)."""

    default_error_messages = {"not_a_flag": _("This is true or false.")}

    def to_internal_value(self, data: Any) -> bool:
        """The truth."""
        if isinstance(self.root, Filters) and data in ("true", "false"):
            data = data == "true"
        if not isinstance(data, bool):
            self.fail("not_a_flag")
        return data

    def to_representation(self, value: bool) -> bool:
        """Itself."""
        return value


class Choice(serializers.ChoiceField):
    """One of some words, written exactly so."""

    def to_internal_value(self, data: Any) -> Any:
        """The word."""
        if not isinstance(data, str) or data not in self.choices:
            self.fail("invalid_choice", input=str(data)[:60])
        return data


@extend_schema_field({"type": "string", "format": "date"})
class Day(serializers.Field[date, Any, str, Any]):
    """A calendar date in the merchant's zone: `2026-11-22`."""

    default_error_messages = {"not_a_day": _("Write a date that exists, such as 2026-11-22.")}

    def to_internal_value(self, data: Any) -> date:
        """The date; years 1900 to 2199."""
        if not isinstance(data, str) or not _DAY.fullmatch(data):
            self.fail("not_a_day")
        try:
            day = date.fromisoformat(data)
        except ValueError:
            self.fail("not_a_day")
        if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            self.fail("not_a_day")
        return day

    def to_representation(self, value: date) -> str:
        """As in ISO 8601."""
        return value.isoformat()


@extend_schema_field({"type": "string", "format": "date-time"})
class Instant(serializers.Field[datetime, Any, str, Any]):
    """An instant that names its zone, `2026-11-22T09:30:00Z` (or an offset); in UTC from here on."""

    default_error_messages = {"not_an_instant": _("Write an instant with its zone, such as 2026-11-22T09:30:00Z.")}

    def to_internal_value(self, data: Any) -> datetime:
        """The instant in UTC; years 1900 to 2199; no leap second, no 24:00."""
        if not isinstance(data, str) or not _INSTANT.fullmatch(data):
            self.fail("not_an_instant")
        try:
            instant = datetime.fromisoformat(data.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("not_an_instant")
        if not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
            self.fail("not_an_instant")
        return instant

    def to_representation(self, value: datetime) -> str:
        """As the API writes instants."""
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@extend_schema_field({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$", "example": "5.5"})
class DecimalText(serializers.Field[Decimal, Any, str, Any]):
    """A decimal number in a text, such as "5.5": no sign, exponent, blank or grouping; within bounds."""

    default_error_messages = {
        "decimal_malformed": _('Write a decimal number in a text, such as "5.5".'),
        "too_many_decimals": _("At most {decimals} decimals here."),
        "out_of_range": _("This is a number from {least} to {most}."),
    }

    def __init__(self, *, decimals: int, least: Decimal, most: Decimal, **options: Any) -> None:
        super().__init__(**options)
        self.decimals, self.least, self.most = decimals, least, most

    def to_internal_value(self, data: Any) -> Decimal:
        """The exact number."""
        if not isinstance(data, str) or len(data) > 40 or not _DECIMAL.fullmatch(data):
            self.fail("decimal_malformed")
        if len(data.partition(".")[2]) > self.decimals:
            self.fail("too_many_decimals", decimals=self.decimals)
        value = Decimal(data)
        if not self.least <= value <= self.most:
            self.fail("out_of_range", least=self.least, most=self.most)
        return value

    def to_representation(self, value: Decimal) -> str:
        """Plain digits."""
        return f"{value:f}"
