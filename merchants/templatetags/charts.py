"""Small curves and lines, drawn on the server as SVG attributes: no script, no legend, labelled on the spot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from merchants.templatetags.components import drawn

register = template.Library()


def points(values: Sequence[float], *, width: float, top: float, bottom: float, zero: bool = False) -> str:
    """A polyline's points: evenly spaced over `width`, the largest value at `top`, the smallest (or 0) at `bottom`.

    >>> points([1, 3, 2], width=100, top=2, bottom=18)
    '0.0,18.0 50.0,2.0 100.0,10.0'
    >>> points([5, 5], width=100, top=2, bottom=18)
    '0.0,10.0 100.0,10.0'
    """
    if not values:
        return ""
    low, high = min([*values, 0] if zero else values), max(values)
    step = width / (len(values) - 1) if len(values) > 1 else 0.0

    def height(value: float) -> float:
        if high == low:
            return (top + bottom) / 2
        return bottom - (bottom - top) * (value - low) / (high - low)

    return " ".join(f"{step * at:.1f},{height(value):.1f}" for at, value in enumerate(values))


@register.simple_tag
def spark(values: Sequence[float]) -> SafeString:
    """The small curve beside a figure's name; decoration for those who see, silent for those who listen."""
    if len(values) < 2:
        return SafeString("")
    return format_html(
        '<svg class="spark" viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">'
        '<polyline class="plot-line" points="{}"/></svg>',
        points(values, width=100, top=2, bottom=18),
    )


@register.inclusion_tag("components/plot.html", takes_context=True)
def plot(
    context: Context, values: Sequence[float], labels: Sequence[str], says: str, first: str, last: str
) -> dict[str, Any]:
    """One line over time, from zero. `labels` are evenly spaced words below; `says` is the chart in one sentence;
    `first` and `last` label its two ends. Its table and CSV stand beside its title.
    """
    line = points(values, width=600, top=24, bottom=239, zero=True)
    ends = [point.split(",")[1] for point in line.split(" ")] if line else ["239", "239"]
    places = len(labels) - 1
    marks = [
        {
            "x": f"{100 * at / places if places else 0:.2f}%",
            "anchor": "start" if at == 0 else "end" if at == places else "middle",
            "word": word,
        }
        for at, word in enumerate(labels)
    ]
    return drawn(context, line=line, says=says, first=first, last=last, first_y=ends[0], last_y=ends[-1], marks=marks)
