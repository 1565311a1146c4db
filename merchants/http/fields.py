"""Fields of bodies and filters: each takes one JSON type, within bounds, and never guesses what was meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from merchants.http.bodies import Filters
from merchants.money import AMOUNT_LIMIT, EXPONENTS, QUANTITY_LIMIT

LANGUAGES = ("en", "fr")
REFERENCE_LENGTH = 120
METADATA_PAIRS, METADATA_KEY, METADATA_VALUE = 50, 40, 500
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029]")
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT = re.compile(_DAY.pattern + r"[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})")
_FIRST_YEAR, _LAST_YEAR = 1900, 2199


class Text(serializers.CharField):
    """A text of one line (or, with `lines=True`, several). Blanks around it go; control characters are refused."""

    default_error_messages = {
        "invalid": _("This is a text."),
        "control_character": _("This text holds a control character."),
    }

    def __init__(self, *, lines: bool = False, **options: Any) -> None:
        options.setdefault("max_length", 120)
        super().__init__(**options)
        self.lines = lines

    def to_internal_value(self, data: Any) -> str:
        """The text, trimmed."""
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        if _CONTROL.search(text) or (not self.lines and ("\n" in text or "\r" in text or "\t" in text)):
            self.fail("control_character")
        return text


class Reference(Text):
    """The merchant's own key of an object: what `ref:…` names in an address, so it holds no slash."""

    default_error_messages = {"reference_malformed": _("A reference holds no slash.")}

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", REFERENCE_LENGTH)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        """The reference."""
        text = super().to_internal_value(data)
        if "/" in text:
            self.fail("reference_malformed")
        return text


class PublicId(Text):
    """An id with its prefix, or `ref:<reference>`. Resolve it with `merchants.http.references.find(…, field=…)`."""

    def __init__(self, prefix: str, **options: Any) -> None:
        options.setdefault("max_length", REFERENCE_LENGTH + 4)
        options.setdefault("help_text", f"`{prefix}_…`, or `ref:<reference>` where it has one")
        super().__init__(**options)
        self.prefix = prefix


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


@extend_schema_field({"type": "string", "pattern": "^[A-Z]{3}$", "example": "EUR"})
class Currency(Text):
    """An ISO 4217 code, in capitals, that we know the decimals of."""

    default_error_messages = {"currency_unknown": _("Not a currency code of ISO 4217, in three capitals.")}

    def to_internal_value(self, data: Any) -> str:
        """The code."""
        if not isinstance(data, str) or data not in EXPONENTS:
            self.fail("currency_unknown")
        return data


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


class _Pairs(serializers.Field[dict[str, str], Any, dict[str, str], Any]):
    """An object whose values are texts."""

    default_error_messages = {
        "not_an_object": _("This is an object of texts."),
        "too_long": _("A text here has at most {most} characters."),
        "control_character": _("This text holds a control character."),
    }

    def pairs(self, data: Any) -> Mapping[str, str]:
        """The pairs, if that is what they are."""
        if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
            self.fail("not_an_object")
        if any(_CONTROL.search(value) for value in data.values()):
            self.fail("control_character")
        return data

    def to_representation(self, value: dict[str, str]) -> dict[str, str]:
        """Itself."""
        return value


@extend_schema_field(
    {
        "type": "object",
        "properties": {language: {"type": "string"} for language in LANGUAGES},
        "additionalProperties": False,
        "example": {"en": "Standard", "fr": "Standard"},
    }
)
class LocaleText(_Pairs):
    """A text in one or more of our languages: `{"en": "Standard", "fr": "Standard"}`."""

    default_error_messages = {
        "language_unknown": _("A text is given by language: {languages}."),
        "blank": _("This text is empty."),
    }

    def __init__(self, *, max_length: int = 120, optional: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.max_length, self.optional = max_length, optional

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """The texts, trimmed, in the order of our languages; at least one unless optional."""
        pairs = {language: text.strip() for language, text in self.pairs(data).items()}
        if set(pairs) - set(LANGUAGES):
            self.fail("language_unknown", languages=", ".join(LANGUAGES))
        if not self.optional and (not pairs or not all(pairs.values())):
            self.fail("blank")
        if any(len(text) > self.max_length for text in pairs.values()):
            self.fail("too_long", most=self.max_length)
        return {language: pairs[language] for language in LANGUAGES if pairs.get(language)}


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": METADATA_PAIRS})
class Metadata(_Pairs):
    """The merchant's own notes on an object: up to 50 pairs of texts. A write replaces them all."""

    default_error_messages = {
        "too_many": _("At most {most} pairs."),
        "key_malformed": _("A key has 1 to {most} characters."),
    }

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """The pairs."""
        pairs = dict(self.pairs(data))
        if len(pairs) > METADATA_PAIRS:
            self.fail("too_many", most=METADATA_PAIRS)
        if not all(0 < len(key) <= METADATA_KEY and not _CONTROL.search(key) for key in pairs):
            self.fail("key_malformed", most=METADATA_KEY)
        if any(len(value) > METADATA_VALUE for value in pairs.values()):
            self.fail("too_long", most=METADATA_VALUE)
        return pairs


@extend_schema_field({"type": "string", "format": "email"})
class Email(Text):
    """One e-mail address."""

    default_error_messages = {"email_malformed": _("This is not an e-mail address.")}

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=254, **options)

    def to_internal_value(self, data: Any) -> str:
        """The address as written."""
        text = super().to_internal_value(data)
        try:
            validate_email(text)
        except DjangoValidationError:
            self.fail("email_malformed")
        return text


@extend_schema_field({"type": "string", "format": "uri"})
class WebAddress(Text):
    """An http or https address, without name and password in it."""

    default_error_messages = {"url_malformed": _("Write a whole address, such as https://shop.example/thanks.")}

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", 500)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        """The address."""
        text = super().to_internal_value(data)
        try:
            parts = urlsplit(text)
            sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            sound = False
        if not sound or "@" in parts.netloc or "\\" in text or any(c.isspace() for c in text):
            self.fail("url_malformed")
        return text
