"""The calendar of subscriptions: anchors, intervals, boundaries and periods (domain 1, 2, 5).

Only local dates: no instant, no zone. A period is half open, `[start, end)`: its end is the first day without it.
"""

from subscribers.periods.anchors import Alignment, Anchor, anchor_for
from subscribers.periods.boundaries import boundary, containing, first_boundary, next_part, parts
from subscribers.periods.intervals import EARLIEST, LATEST, MOST, Interval, Unit, check_day
from subscribers.periods.period import Part, Period, proration

__all__ = [
    "EARLIEST",
    "LATEST",
    "MOST",
    "Alignment",
    "Anchor",
    "Interval",
    "Part",
    "Period",
    "Unit",
    "anchor_for",
    "boundary",
    "check_day",
    "containing",
    "first_boundary",
    "next_part",
    "parts",
    "proration",
]
