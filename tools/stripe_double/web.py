"""A visit by a browser, and what it gets back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.parse import parse_qs

from .forms import decode

POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action *; base-uri 'none'; frame-ancestors 'none'"


@dataclass
class Visit:
    """One request that is no API call."""

    method: str
    path: str
    query_text: str
    body: bytes
    headers: Message
    base_url: str

    @property
    def query(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(self.query_text).items()}

    def sent(self) -> dict[str, Any]:
        """What was posted, as a form or as JSON."""
        if "json" in self.headers.get("Content-Type", ""):
            found = json.loads(self.body or b"{}")
            return found if isinstance(found, dict) else {}
        return decode(self.body.decode("utf-8", "replace"))

    @property
    def wants_html(self) -> bool:
        """Whether a person looks, rather than a program."""
        return "text/html" in self.headers.get("Accept", "")


@dataclass
class Web:
    """An answer to a visit."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def html(cls, text: str, status: int = 200) -> Web:
        """A page, under a strict policy."""
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": POLICY,
            "Cache-Control": "no-store",
        }
        return cls(status, text.encode(), headers)

    @classmethod
    def json(cls, value: Any, status: int = 200) -> Web:
        """Something for programs."""
        return cls(status, json.dumps(value, indent=1).encode() + b"\n", {"Content-Type": "application/json"})

    @classmethod
    def text(cls, status: int, text: str, kind: str = "text/plain") -> Web:
        """Plain words, or a style sheet."""
        return cls(status, text.encode(), {"Content-Type": f"{kind}; charset=utf-8"})

    @classmethod
    def redirect(cls, url: str) -> Web:
        """Go there, by GET."""
        return cls(303, b"", {"Location": url, "Cache-Control": "no-store"})
