"""◆ May they come in? One verdict from somebody's access, their right to enter and their last visit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from subscribers.lifecycle import Access, Verdict
from subscribers.rights import Right


class DoorCode(StrEnum):
    """Why one may, or may not."""

    welcome = "welcome"
    no_access = "no_access"  # unpaid, suspended, over, never begun: the verdict says which
    not_included = "not_included"  # nothing they have opens the door
    nothing_left = "nothing_left"  # the period's sessions are used up
    too_soon = "too_soon"  # the rest between two entries is not over
    other_site = "other_site"  # a member of another site, and sites are not shared


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorAnswer:
    """Yes or no. `left` sessions of `quota` until (not including) `until`, None where they are not counted;
    `free_at` is when the rest after the last visit is over; `why` the verdict's code where access is shut."""

    code: DoorCode
    left: int | None = None
    quota: int | None = None
    until: date | None = None
    free_at: datetime | None = None
    why: str = ""

    @property
    def yes(self) -> bool:
        """Whether they may come in."""
        return self.code is DoorCode.welcome


def answer(
    *,
    verdict: Verdict,
    right: Right | None,
    asks_right: bool,
    last_at: datetime | None,
    gap: timedelta,
    at: datetime,
    same_site: bool = True,
) -> DoorAnswer:
    """What the door says. `asks_right`: whether the merchant named a feature that opens it; else access alone does.

    >>> from datetime import UTC
    >>> full, at = Verdict(access=Access.full, why="active"), datetime(2026, 11, 16, 9, tzinfo=UTC)
    >>> def ask(last_at):
    ...     gap = timedelta(hours=48)
    ...     return answer(verdict=full, right=None, asks_right=False, gap=gap, at=at, last_at=last_at).code.value
    >>> ask(None), ask(at - timedelta(hours=40)), ask(at - timedelta(hours=48))
    ('welcome', 'too_soon', 'welcome')
    """
    counts = right if right is not None and right.on else None
    left, quota = (counts.remaining, counts.quota) if counts is not None else (None, None)
    until = right.period.end if right is not None and right.period is not None else None
    if not same_site:
        return DoorAnswer(code=DoorCode.other_site)
    if verdict.access not in (Access.full, Access.grace):
        return DoorAnswer(code=DoorCode.no_access, why=verdict.why, until=until, left=left, quota=quota)
    if asks_right and (right is None or not right.on):
        return DoorAnswer(code=DoorCode.not_included)
    free_at = last_at + gap if last_at is not None and gap else None
    if free_at is not None and free_at > at:
        return DoorAnswer(code=DoorCode.too_soon, free_at=free_at, until=until, left=left, quota=quota)
    if right is not None and right.remaining is not None and right.remaining < 1:
        return DoorAnswer(code=DoorCode.nothing_left, until=until, left=left, quota=quota)
    return DoorAnswer(code=DoorCode.welcome, until=until, left=left, quota=quota)
