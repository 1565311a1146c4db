"""What stands beside a field of a settings page."""

from __future__ import annotations

import html
import re


def beside(answer, field: str) -> str:
    """The fault that stands there, as text."""
    page = html.unescape(answer.content.decode())
    found = re.search(rf'id="id_{field}_error">(.*?)</span>', page)
    assert found, f"nothing stands beside {field}"
    return found[1]
