"""One way to write a value down, so that its digest and its signature are the same wherever they are computed. Pure.

Canonical JSON: keys in order of their code points, no white space, UTF-8 without escapes beyond what JSON demands.
Amounts are whole numbers; decimals, dates, instants and ids are texts: `"20"`, `"5.5"`, `"2026-11-03"`,
`"2026-11-03T09:30:00Z"`. What was read from it is written the same by `json.dumps(value, sort_keys=True,
ensure_ascii=False, separators=(",", ":"))`, in any program that knows JSON.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID


def canonical(value: Any) -> bytes:
    """A value of dicts, lists, texts, whole numbers, decimals, dates, instants and ids, as bytes. Raises TypeError for
    anything else, and ValueError for a number that is not finite.

    >>> canonical({"b": [Decimal("20.000"), None], "a": date(2026, 11, 3), "é": True})
    b'{"a":"2026-11-03","b":["20",null],"\\xc3\\xa9":true}'
    """
    return _encode(value).encode()


def digest(value: Any) -> str:
    """SHA-256 of a value written down the one way, in hexadecimal.

    >>> digest({"a": 1})[:16]
    '015abd7f5cc57a2d'
    """
    return hashlib.sha256(canonical(value)).hexdigest()


def _text(value: Any) -> str:
    write = _TEXTS.get(type(value))
    if write is None:
        raise TypeError(f"a {type(value).__name__} has no canonical form")
    return write(value)


def instant_text(value: datetime) -> str:
    """An instant in UTC. Raises TypeError where it has no time zone.

    >>> instant_text(datetime(2026, 11, 3, 9, 30, tzinfo=UTC))
    '2026-11-03T09:30:00Z'
    """
    if value.tzinfo is None:
        raise TypeError("an instant has a time zone")
    return value.astimezone(UTC).isoformat()[:-6] + "Z"


def decimal_text(value: Decimal) -> str:
    """A decimal without trailing zeros or an exponent.

    >>> decimal_text(Decimal("20.000")), decimal_text(Decimal("5.50")), decimal_text(Decimal("1E+2"))
    ('20', '5.5', '100')
    """
    if not value.is_finite():
        raise ValueError("not a finite number")
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def id_text(value: UUID) -> str:
    """An id as 32 hexadecimal digits.

    >>> id_text(UUID(int=255))
    '000000000000000000000000000000ff'
    """
    return f"{value.int:032x}"


day_text = date.isoformat
_TEXTS: dict[type, Callable[[Any], str]] = {
    UUID: id_text,
    datetime: instant_text,
    date: day_text,
    Decimal: decimal_text,
}
_encode = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False, default=_text
).encode
