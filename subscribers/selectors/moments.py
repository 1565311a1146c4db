"""Which past somebody asks for: moments that are over, read alike for all faces; and the refusal of what was not there.

Every instant that we answer is cut to the second. So one without a fraction means the whole of its second: who asks for
the `effective_at` of a change, as it was answered, sees that change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from merchants.refusals import Invalid, NotFound, gettext_noop
from subscribers.models import Subscriber, Subscription

SKEW = timedelta(minutes=5)
"""By as much may the clock of who asks be ahead of ours."""


class NotThereThen(NotFound):
    """It was not there at the moment that is asked for, or nothing was known of it then."""

    code = "not_there_then"
    title = gettext_noop("Not there at that moment")
    detail = gettext_noop("It was not there at that moment, or nothing was known of it yet.")
    way_out = gettext_noop("It was first written down at %(at)s.")

    @classmethod
    def of(cls, row: Subscriber | Subscription) -> Self:
        """The refusal for a row; it says since when there is one."""
        return cls(params={"at": row.created_at.strftime("%Y-%m-%dT%H:%M:%SZ")})


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What was true at `as_of`, as far as was known at `known_at` (None: with all that is known today)."""

    as_of: datetime
    known_at: datetime | None = None

    @classmethod
    def asked(cls, filters: Mapping[str, Any], now: datetime) -> Self | None:
        """The past that `?as_of=` and `?known_at=` name; None where neither does. Raises Invalid (`moment_to_come`)."""
        as_of, known_at = (over(name, filters.get(name), now) for name in ("as_of", "known_at"))
        return cls(as_of=as_of or now, known_at=known_at) if as_of or known_at else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Two moments to compare, `since` not after `until`; both seen with what was known at `known_at`."""

    since: datetime
    until: datetime
    known_at: datetime | None = None

    @classmethod
    def asked(cls, filters: Mapping[str, Any], now: datetime) -> Self:
        """The span that `?from=`, `?to=` (now, unless said) and `?known_at=` name. Raises Invalid (`required`,
        `moment_to_come`, `span_reversed`)."""
        since, until = over("from", filters.get("from"), now), over("to", filters.get("to"), now) or now
        if since is None:
            raise Invalid.at("from", "required", gettext_noop("Say from which moment on."))
        if until < since:
            raise Invalid.at("to", "span_reversed", gettext_noop("The end of a span lies not before its start."))
        return cls(since=since, until=until, known_at=over("known_at", filters.get("known_at"), now))


def over(name: str, moment: datetime | None, now: datetime) -> datetime | None:
    """A moment that is over: with its whole second where it names no fraction, and at most now. Raises Invalid
    (`moment_to_come`): nobody knows what will be true. A clock that is a little ahead of ours means now.

    >>> from datetime import UTC
    >>> now = datetime(2026, 5, 14, 9, 30, 0, 250_000, tzinfo=UTC)
    >>> str(over("as_of", datetime(2026, 5, 14, 8, tzinfo=UTC), now))
    '2026-05-14 08:00:00.999999+00:00'
    >>> over("as_of", datetime(2026, 5, 14, 9, 31, tzinfo=UTC), now) == now
    True
    """
    if moment is None:
        return None
    if moment > now + SKEW:
        raise Invalid.at(name, "moment_to_come", gettext_noop("This moment has not come yet: ask for one up to now."))
    return min(moment if moment.microsecond else moment.replace(microsecond=999_999), now)
