"""◆ The chain of a till's register: how an entry is written down, and its link. Pure: the stand-alone verifier does the
same with nothing of ours (`static/verify_register.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from merchants.canonical import canonical

BEGINNING = "0" * 64
"""What stands before a register's first entry."""
SOFTWARE = "Tacite 1.0"
"""What wrote an entry: a change of it is an entry of its own."""


def link(previous: str, content: Mapping[str, Any]) -> str:
    """An entry's link: SHA-256 of the link before, a line feed, and the entry's complete content in canonical form.

    >>> link(BEGINNING, {"sequence": 1, "kind": "received", "amount": 2990})[:16]
    'c706fdb6917dde73'
    """
    return hashlib.sha256(previous.encode() + b"\n" + canonical(dict(content))).hexdigest()
