"""Bodies: one JSON object in UTF-8, read strictly. What is odd is refused by name, never guessed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any

from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from merchants.refusals import Invalid, gettext_noop

BODY_LIMIT = 256 * 1024
DEPTH_LIMIT = 16


class BodyTooLarge(APIException):
    """More than BODY_LIMIT bytes."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "body_too_large"
    default_detail = _("A body has at most 256 KB.")


class LengthRequired(APIException):
    """A body that comes in chunks, without saying how long it is."""

    status_code = status.HTTP_411_LENGTH_REQUIRED
    default_code = "length_required"
    default_detail = _("Send the body's length (Content-Length).")


def check_framing(request: Request) -> None:
    """Refuse, before a byte is read, what is too long, of unknown length, or packed. Raises 411, 413 or 415."""
    if request.headers.get("Transfer-Encoding"):
        raise LengthRequired
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType(
            request.headers["Content-Encoding"], detail=_("Send the body as it is, not compressed.")
        )
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isascii() or not length.isdigit():
        raise ParseError(_("Content-Length is not a number."), code="malformed")
    if int(length) > BODY_LIMIT:
        raise BodyTooLarge


class StrictJsonParser(BaseParser):
    """`application/json`; duplicate keys, NaN, deep nesting and anything but an object are refused (400)."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The object. Raises ParseError (400), BodyTooLarge, UnsupportedMediaType, Invalid for unstorable text."""
        if "charset=" in (media_type or "").lower() and "utf-8" not in (media_type or "").lower():
            raise UnsupportedMediaType(media_type or "", detail=_("JSON is written in UTF-8."))
        raw = stream.read(BODY_LIMIT + 1)
        if len(raw) > BODY_LIMIT:
            raise BodyTooLarge
        return loads(raw)


def loads(raw: bytes) -> dict[str, Any]:
    """One JSON object. Numbers with a point or exponent become Decimal: no amount ever passes through a float.

    >>> loads(b'{"amount": 2990, "rate": 5.5}')
    {'amount': 2990, 'rate': Decimal('5.5')}
    >>> loads(b'{"a": 1, "a": 2}')
    Traceback (most recent call last):
    rest_framework.exceptions.ParseError: The name "a" stands twice in one object.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ParseError(_("The body is not UTF-8."), code="malformed") from None
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_float=Decimal, parse_constant=_no_constant)
    except RecursionError:
        raise ParseError(_("The body is nested too deeply."), code="malformed") from None
    except (ValueError, ArithmeticError):
        raise ParseError(_("The body is not JSON."), code="malformed") from None
    if not isinstance(found, dict):
        raise ParseError(_("The body is one JSON object."), code="malformed")
    _check(found)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            shown = name[:60].encode("utf-8", "replace").decode()
            raise ParseError(_('The name "%(name)s" stands twice in one object.') % {"name": shown}, code="malformed")
        found[name] = value
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _storable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _check(body: dict[str, Any]) -> None:
    """Depth, and texts that no database holds (NUL, half a surrogate pair), without recursion."""
    waiting: list[tuple[str, Any, int]] = [("", body, 1)]
    while waiting:
        path, value, depth = waiting.pop()
        if depth > DEPTH_LIMIT:
            raise ParseError(_("The body is nested too deeply."), code="malformed")
        if isinstance(value, dict):
            if not all(_storable(name) for name in value):
                raise ParseError(_("A name in the body holds a character that cannot be stored."), code="malformed")
            waiting += [(f"{path}.{name}" if path else name, each, depth + 1) for name, each in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{path}[{place}]", each, depth + 1) for place, each in enumerate(value)]
        elif isinstance(value, str) and not _storable(value):
            detail = gettext_noop("This text holds a character that cannot be stored.")
            raise Invalid.at(path, "text_not_storable", detail)
