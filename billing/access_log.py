"""The web server's access log, without the tokens of addresses. `gunicorn.conf.py` names the class."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger

from billing.log_lines import without_tokens


class AccessLog(Logger):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's own, with the addresses that it writes cut: the asked one, and the one a visitor came from."""

    def atoms(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """What a line is put together from."""
        found: dict[str, Any] = super().atoms(*args, **kwargs)
        return {name: without_tokens(value) if isinstance(value, str) else value for name, value in found.items()}
