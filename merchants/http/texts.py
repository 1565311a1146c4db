"""Fields that are texts: names, references, ids, codes, addresses, texts by language, the merchant's own notes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from merchants.languages import codes
from merchants.money import EXPONENTS

LANGUAGES = codes()
REFERENCE_LENGTH = 120
METADATA_PAIRS, METADATA_KEY, METADATA_VALUE = 50, 40, 500
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029]")


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


@extend_schema_field({"type": "string", "pattern": "^[A-Z]{3}$", "example": "EUR"})
class Currency(Text):
    """An ISO 4217 code, in capitals, that we know the decimals of."""

    default_error_messages = {"currency_unknown": _("Not a currency code of ISO 4217, in three capitals.")}

    def to_internal_value(self, data: Any) -> str:
        """The code."""
        if not isinstance(data, str) or data not in EXPONENTS:
            self.fail("currency_unknown")
        return data


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
