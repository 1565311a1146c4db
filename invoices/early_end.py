"""◆ The figures of a commitment's early end, as one line: what its formula gave, and what was left to pay at most."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

TIMES = "\N{MULTIPLICATION SIGN}"


def early_end(told: Mapping[str, Any], amount: int, write: Callable[[int], str], percent: Callable[[str], str]) -> str:
    """The calculation; `write` makes text of minor units, `percent` of a percentage.

    >>> from decimal import Decimal
    >>> def plain(figure): return f"{Decimal(figure).scaleb(-2):.2f}"
    >>> told = {"formula": "remaining", "remaining": 300_00, "computed": 84_00,
    ...         "parts": [{"of": 30_00, "percent": "100"}, {"of": 270_00, "percent": "20"}]}
    >>> early_end(told, 84_00, plain, lambda text: f"{text}%")
    '30.00 × 100% + 270.00 × 20% = 84.00'
    >>> early_end({"formula": "flat", "of": 50_00, "computed": 50_00, "remaining": 40_00}, 40_00, plain, str)
    'min(50.00; 40.00) = 40.00'
    >>> early_end({"formula": "flat", "of": 50_00, "computed": 50_00, "remaining": 90_00}, 50_00, plain, str)
    '50.00'
    >>> melting = {"formula": "degressive", "of": 120_00, "left": 7, "intervals": 12, "computed": 70_00}
    >>> early_end(melting, 70_00, plain, str)
    '120.00 × 7/12 = 70.00'
    """
    if told["formula"] == "remaining":
        said = " + ".join(f"{write(part['of'])} {TIMES} {percent(part['percent'])}" for part in told["parts"])
    elif told["formula"] == "degressive":
        said = f"{write(told['of'])} {TIMES} {told['left']}/{told['intervals']}"
    else:
        said = write(told["of"])
    if amount < told["computed"]:
        return f"min({said}; {write(told['remaining'])}) = {write(amount)}"
    return said if told["formula"] == "flat" else f"{said} = {write(amount)}"
