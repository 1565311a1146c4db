"""What our logs leave out: the token of an address that opens something, as a payment link or a password's reset.

Such an address is as good as a key for as long as its token lasts, and logs are kept longer and read by more people.
Pure.
"""

from __future__ import annotations

import logging
import re

_TOKEN = re.compile(r"(?<=[/=])([^/?&=\s]{4})[^/?&=\s]{37,}")
"""A part of an address, or the value of a parameter, of more than 40 characters: ids have 26, what is signed more."""


def without_tokens(text: str) -> str:
    """A request line or an address, each long part cut to its first four characters.

    >>> without_tokens("GET /pay/owed/WyIwMWEyMDRhZjgxZGU3N2FmYjc1MzdkZDhlMTZmOTAwYSJd:IJaiSbai3pUq2q/go HTTP/1.1")
    'GET /pay/owed/WyIw…/go HTTP/1.1'
    >>> without_tokens("GET /api/v1/invoices/inv_0352AFwnMcDBbKTR0f3nBS?limit=5 HTTP/1.1")
    'GET /api/v1/invoices/inv_0352AFwnMcDBbKTR0f3nBS?limit=5 HTTP/1.1'
    """
    return _TOKEN.sub(r"\1…", text)


class TokensLeftOut(logging.Filter):
    """Lets every record through. Those by which Django names the address of a request, refused or failed, are cut."""

    def filter(self, record: logging.LogRecord) -> bool:
        """True, the record's words changed."""
        if record.name.startswith("django."):
            record.msg, record.args = without_tokens(record.getMessage()), ()
        return True
