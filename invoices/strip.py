"""A prorated period drawn day by day: one square a day, filled where this document bills it.

Drawn as two SVG paths, in units of a strip 620 wide; a period of more than 62 days becomes one bar a stretch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from django.utils.translation import npgettext

from invoices.paper import DayCount, Locale
from invoices.wording import isolated
from merchants.wording import long_date_text

WIDTH = 620.0
SQUARE = 17.0
_LETTER = 5.4
"""Width of a letter of the labels, in units of the strip, on the high side."""

_LONGEST = 62


@dataclass(frozen=True, slots=True)
class Label:
    """What stands under the strip: two lines of text from `x` on, or up to it where `end`."""

    x: str
    upper: str
    lower: str
    end: bool


@dataclass(frozen=True, slots=True)
class Strip:
    """The drawing: outlines of days that others bill, days billed here, and labels; or, where those would run into one
    another or cannot be drawn, the same said in `words`. Where there is no room for the last day, the last stretch's
    label takes its place."""

    empty: str
    filled: str
    labels: tuple[Label, ...]
    words: str


def strip(count: DayCount, locale: Locale) -> Strip:
    """Draw a day count, with labels in the active language."""
    pitch = WIDTH / count.days
    empty: list[str] = []
    filled: list[str] = []
    starts: list[float] = []
    day = 0
    for stretch in count.stretches:
        starts.append(day * pitch)
        boxes = filled if stretch.billed else empty
        if count.days > _LONGEST:
            boxes.append(_box(day * pitch, max(stretch.span.days * pitch - 2, pitch * 0.8)))
        else:
            boxes.extend(_box((day + n) * pitch, max(pitch - 3, pitch * 0.8)) for n in range(stretch.span.days))
        day += stretch.span.days
    labels = [
        Label(
            f"{start:g}",
            long_date_text(stretch.span.start, locale, today=stretch.span.start),
            f"{isolated(stretch.title)}, {_days(stretch.span.days)}",
            end=False,
        )
        for start, stretch in zip(starts, count.stretches, strict=True)
    ]
    last = count.stretches[-1].span.last
    # Translators: under the strip of days, how many the whole period has
    whole = npgettext("paper", "%(count)s day in all", "%(count)s days in all", count.days) % {"count": count.days}
    labels.append(Label(f"{day * pitch - 2:g}", long_date_text(last, locale, today=last), whole, end=True))
    said = [f"{label.upper}, {label.lower}" for label in labels[:-1]] + [whole]
    outlines, squares = "".join(empty), "".join(filled)
    if not all(_stands_letter_by_letter(stretch.title) for stretch in count.stretches):
        return Strip(outlines, squares, (), " · ".join(said))
    *short, newest = labels[:-1]  # who came a week before the end: the days in all are said above, by the period
    for tried in (labels, labels[:-1], [*short, replace(newest, x=labels[-1].x, end=True)]):
        if not _collide(tried):
            return Strip(outlines, squares, tuple(tried), "")
    return Strip(outlines, squares, (), " · ".join(said))


def _days(count: int) -> str:
    return npgettext("paper", "%(count)s day", "%(count)s days", count) % {"count": count}


def _box(x: float, width: float) -> str:
    """A square with rounded corners, half a unit in so that its outline stays sharp."""
    r = min(1.5, width / 4)
    across, down = width - 2 * r, SQUARE - 2 * r
    return (
        f"M{x + 0.5 + r:g} 1h{across:g}q{r:g} 0 {r:g} {r:g}v{down:g}q0 {r:g}-{r:g} {r:g}"
        f"h-{across:g}q-{r:g} 0-{r:g}-{r:g}v-{down:g}q0-{r:g} {r:g}-{r:g}z"
    )


def _stands_letter_by_letter(text: str) -> bool:
    """Whether a text may be drawn one letter after the other, as drawings are: Latin, Greek, Cyrillic, ideographs.
    Letters of other scripts join, stack or run from right to left: they are set as a paragraph.

    >>> _stands_letter_by_letter("Onde Hifi 漢字"), _stands_letter_by_letter("\u0642\u0628\u0644")
    (True, False)
    """
    return all(sign < "\u0590" or "\u2000" <= sign < "\ufb1d" for sign in text)


def _collide(labels: list[Label]) -> bool:
    spans: list[tuple[float, float]] = []
    for label in labels:
        width = _LETTER * max(len(label.upper), len(label.lower))
        spans.append(
            (float(label.x) - width, float(label.x)) if label.end else (float(label.x), float(label.x) + width)
        )
    beyond = spans[-1][0] < 0 or spans[-1][1] > WIDTH
    return beyond or any(after[0] < before[1] + 6 for before, after in pairwise(spans))
