"""One way to write a value down, so that its digest and its signature are the same wherever they are computed. Pure.

Canonical JSON: keys in order of their code points, no white space, UTF-8 without escapes beyond what JSON demands.
Amounts are whole numbers; decimals, dates, instants and ids are texts: `"20"`, `"5.5"`, `"2026-11-03"`,
`"2026-11-03T09:30:00Z"`. What was read from it is written the same by `json.dumps(value, sort_keys=True,
ensure_ascii=False, separators=(",", ":"))`, in any program that knows JSON.
"""

from __future__ import annotations

import json
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


def _text(value: Any) -> str:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise TypeError("an instant has a time zone")
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return decimal_text(value)
    raise TypeError(f"a {type(value).__name__} has no canonical form")


def decimal_text(value: Decimal) -> str:
    """A decimal without trailing zeros or an exponent.

    >>> decimal_text(Decimal("20.000")), decimal_text(Decimal("5.50")), decimal_text(Decimal("1E+2"))
    ('20', '5.5', '100')
    """
    if not value.is_finite():
        raise ValueError("not a finite number")
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


_encode = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_text
).encode
