"""When to try again: the waits between tries of a webhook and of an e-mail, and how long an endpoint that fails rests.

Pure: chance comes in as an argument, time-outs and clocks are the caller's. Real time, never a test clock's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

_S, _M, _H = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)

WEBHOOK_WAITS: Sequence[timedelta] = (
    5 * _S, 30 * _S, 2 * _M, 5 * _M, 15 * _M, 30 * _M, _H, 2 * _H, 4 * _H, 8 * _H,
    12 * _H, 12 * _H, 12 * _H, 12 * _H, 8 * _H,
)  # fmt: skip
"""After the first try, the second…: 16 tries over three days."""

LETTER_WAITS: Sequence[timedelta] = (_M, 5 * _M, 15 * _M, _H, 3 * _H, 6 * _H, 12 * _H, 24 * _H, 24 * _H)
"""10 tries over three days."""

GIVEN_UP_AFTER = timedelta(days=3)
"""What an endpoint that has failed for so long still has waiting since then is given up."""

PATIENT_FAILURES = 5
"""So many failures in a row, whatever the events, and the endpoint rests between single probes."""

LONGEST_REST = _H


def wait(waits: Sequence[timedelta], tries: int, *, chance: float) -> timedelta | None:
    """How long until the next try after `tries` of them failed; None: give up. `chance` in [0, 1) spreads it by ±20 %.

    >>> wait(WEBHOOK_WAITS, 1, chance=0.5), wait(WEBHOOK_WAITS, 4, chance=0.0), wait(WEBHOOK_WAITS, 16, chance=0.5)
    (datetime.timedelta(seconds=5), datetime.timedelta(seconds=240), None)
    >>> [round(sum(waits, timedelta()) / timedelta(days=1), 2) for waits in (WEBHOOK_WAITS, LETTER_WAITS)]
    [2.99, 2.93]
    """
    if not 1 <= tries <= len(waits):
        return None
    return waits[tries - 1] * (0.8 + 0.4 * chance)


def rest(failures: int, *, chance: float) -> timedelta | None:
    """How long an endpoint rests after so many failures in a row; None while it need not. Doubles from 30 s to an hour.

    >>> rest(4, chance=0.5) is None, rest(5, chance=0.5), rest(7, chance=0.5), rest(90, chance=0.5)
    (True, datetime.timedelta(seconds=30), datetime.timedelta(seconds=120), datetime.timedelta(seconds=3600))
    """
    if failures < PATIENT_FAILURES:
        return None
    doubled: timedelta = 30 * _S * 2 ** min(failures - PATIENT_FAILURES, 10)
    return min(doubled, LONGEST_REST) * (0.8 + 0.4 * chance)
