"""How documents are numbered: what a format may say, what it gives, whether two could ever give the same number. Pure.

A format is plain characters (`A-Z a-z 0-9 / . _ -`) around `{number}` (once; `{number:06d}` pads it), `{year}` (four
digits), `{month:02d}` and `{site}` (a site's code, one to eight capitals or digits; `0` stands for no site). A number
has at most 35 characters (domain 18), and can be taken apart again in one way only: that is what makes it unique.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

LONGEST = 35
"""A document's number has at most so many characters (domain 18)."""

SITE_LENGTH = 8
NO_SITE = "0"
"""What `{site}` is on a document that belongs to no site; no site has this code."""

CREDIT_PREFIX = "AV"
"""What stands before an invoice's format where credit notes have none of their own ("avoir")."""

CLOCK_PREFIX = "T"
"""What stands before the numbers of a test clock's documents (domain 4)."""

DIGITS = 10
"""Numbers of a series are looked after up to so many digits."""

_PART = re.compile(r"\{(year|month|number|site)(?::0([1-9][0-9]?)d)?\}", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z0-9/_.-]*", re.ASCII)
_SITE = re.compile(r"[A-Z0-9]{1,8}", re.ASCII)
_DIVIDES = frozenset("/_.-")
_FIGURES = frozenset("0123456789")
_CODE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ") | _FIGURES

Kind = Literal["invoice", "credit_note"]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a format: a plain text, or what is put in, padded to `width`."""

    name: Literal["text", "year", "month", "number", "site"]
    text: str = ""
    width: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """How one kind of document of a legal entity is numbered: its format, and whether each site and each year counts
    from 1 for itself."""

    kind: Kind
    format: str
    per_site: bool = False
    per_year: bool = False


def parts_of(pattern: str) -> tuple[Part, ...]:
    """A format taken apart. Raises ValueError where it is none.

    >>> [part.name for part in parts_of("ON-{year}-{number:06d}")]
    ['text', 'year', 'text', 'number']
    """
    found: list[Part] = []
    at = 0
    for match in _PART.finditer(pattern):
        found += _plain(pattern[at : match.start()])
        found.append(Part(match[1], width=int(match[2] or 0)))  # type: ignore[arg-type] # the pattern's own words
        at = match.end()
    return (*found, *_plain(pattern[at:]))


def _plain(text: str) -> list[Part]:
    if not _PLAIN.fullmatch(text):
        raise ValueError(f"not plain: {text!r}")
    return [Part("text", text)] if text else []


def clean_format(pattern: str) -> str:
    """A format as it is kept: the month always has two digits, since `1` and `12` before a number could be told apart
    no more.

    >>> clean_format(" {year:04d}/{month}-{number} ")
    '{year}/{month:02d}-{number}'
    """
    kept = pattern.strip().replace("{month}", "{month:02d}")
    return kept.replace("{year:04d}", "{year}")


def writer(pattern: str, on: date, site: str = "") -> Callable[[int], str]:
    """What makes the texts of numbers of one day: 412 becomes `ON-2026-000412`."""
    before, after, width = "", "", 0
    values = {"year": f"{on.year:04d}", "month": str(on.month), "site": site or NO_SITE}
    passed = False
    for part in parts_of(pattern):
        if part.name == "number":
            passed, width = True, part.width
            continue
        text = part.text if part.name == "text" else values[part.name].zfill(part.width)
        if passed:
            after += text
        else:
            before += text
    return lambda number: f"{before}{number:0{width}d}{after}"


def written(pattern: str, number: int, on: date, site: str = "") -> str:
    """A number as documents show it.

    >>> written("ON-{year}-{number:06d}", 412, date(2026, 11, 3))
    'ON-2026-000412'
    >>> written("{site}/{year}{month:02d}/{number}", 7, date(2026, 11, 3), "LYON")
    'LYON/202611/7'
    """
    return writer(pattern, on, site)(number)


def longest(pattern: str) -> int:
    """How many characters its longest number has, on a test clock too.

    >>> longest("ON-{site}-{year}-{number:06d}")
    28
    """
    widths = {"year": 4, "month": 2, "number": DIGITS, "site": SITE_LENGTH}
    return len(CLOCK_PREFIX) + sum(
        len(part.text) if part.name == "text" else max(widths[part.name], part.width) for part in parts_of(pattern)
    )


def fault_of(scheme: Scheme) -> str:
    """The code of what is wrong with a scheme by itself; '' where nothing is.

    >>> fault_of(Scheme(kind="invoice", format="{year}-{number:06d}"))
    ''
    >>> fault_of(Scheme(kind="invoice", format="ON-{number}", per_year=True))
    'number_format_needs_year'
    >>> fault_of(Scheme(kind="invoice", format="{site}{number}", per_site=True))
    'number_format_site_not_divided'
    """
    try:
        parts = parts_of(scheme.format)
    except ValueError:
        return "number_format_invalid"
    names = [part.name for part in parts]
    if names.count("number") != 1 or names.count("site") > 1 or any(map(_ill_padded, parts)):
        return "number_format_invalid"
    if longest(scheme.format) > LONGEST:
        return "number_format_too_long"
    if scheme.per_year and "year" not in names:
        return "number_format_needs_year"
    if scheme.per_site and "site" not in names:
        return "number_format_needs_site"
    if "site" in names and not scheme.per_site:
        return "number_format_without_sites"
    if "site" in names and not _divided(parts):
        return "number_format_site_not_divided"
    return ""


def _ill_padded(part: Part) -> bool:
    """Years have four digits and months two: one of another width could be taken for a part of the number."""
    if part.name == "month":
        return part.width != 2
    return (part.name in ("year", "site") and part.width != 0) or part.width > DIGITS


def _divided(parts: Sequence[Part]) -> bool:
    """Whether a divider stands between the site's code and the number: both may have any length."""
    first, last = sorted(at for at, part in enumerate(parts) if part.name in ("site", "number"))
    return any(_DIVIDES & set(part.text) for part in parts[first:last])


def same_form(one: str, other: str) -> bool:
    """Whether two formats differ by nothing but how the number is padded: of one series they never give the same
    number, since each number of it is given once.

    >>> same_form("{year}-{number:06d}", "{year}-{number}"), same_form("A{number}", "B{number}")
    (True, False)
    """
    return _unpadded(one) == _unpadded(other)


def _unpadded(pattern: str) -> tuple[Part, ...]:
    return tuple(Part("number") if part.name == "number" else part for part in parts_of(pattern))


def collide(one: Scheme, other: Scheme) -> bool:
    """Whether two schemes of a legal entity could ever give the same number, whatever the day, the site and the count.

    >>> invoices = Scheme(kind="invoice", format="{year}-{number:06d}")
    >>> collide(invoices, Scheme(kind="credit_note", format="AV{year}-{number:06d}"))
    False
    >>> collide(invoices, Scheme(kind="credit_note", format="{year}-{number}"))
    True
    >>> collide(invoices, Scheme(kind="invoice", format="{year}-{number:06d}", per_year=True))
    True
    """
    of_one_series = (one.kind, one.per_site, one.per_year) == (other.kind, other.per_site, other.per_year)
    if of_one_series and same_form(one.format, other.format):
        return False
    return overlap(one.format, other.format)


def overlap(one: str, other: str) -> bool:
    """Whether some text is a number of both formats. Small and capital letters count as the same: people do not tell
    them apart.

    Both are walked together, character by character, through all that may stand there.

    >>> overlap("A{number}", "{site}-{number}"), overlap("{year}{number}", "{number}"), overlap("F{number}", "f{year}")
    (False, True, True)
    """
    first, second = list(_steps(one)), list(_steps(other))
    seen: set[tuple[int, int]] = set()
    ahead = [(0, 0)]
    while ahead:
        place = ahead.pop()
        if place in seen:
            continue
        seen.add(place)
        here, there = place
        if here == len(first) and there == len(second):
            return True
        if here < len(first) and first[here].skipped:
            ahead.append((here + 1, there))
        if there < len(second) and second[there].skipped:
            ahead.append((here, there + 1))
        if here < len(first) and there < len(second) and first[here].chars & second[there].chars:
            ahead.append((here + (not first[here].again), there + (not second[there].again)))
    return False


@dataclass(frozen=True, slots=True)
class _Step:
    """What may stand at one place; it may be left out, or stand there again and again."""

    chars: frozenset[str]
    skipped: bool = False
    again: bool = False


def _steps(pattern: str) -> Iterator[_Step]:
    for part in parts_of(pattern):
        if part.name == "text":
            yield from (_Step(frozenset(char)) for char in part.text.upper())
        elif part.name == "number":
            yield from [_Step(_FIGURES)] * max(1, part.width)
            yield _Step(_FIGURES, skipped=True, again=True)
        elif part.name == "site":
            yield _Step(_CODE)
            yield from [_Step(_CODE, skipped=True)] * (SITE_LENGTH - 1)
        elif part.name == "year":
            yield from [_Step(_FIGURES)] * 4
        else:
            yield _Step(frozenset("01"))
            yield _Step(_FIGURES)


def is_site_code(code: str) -> bool:
    """Whether this may be a site's code in numbers.

    >>> is_site_code("LYON2"), is_site_code("0"), is_site_code("lyon"), is_site_code("LYON-2")
    (True, False, False, False)
    """
    return _SITE.fullmatch(code) is not None and code != NO_SITE


def site_code(reference: str, taken: frozenset[str] | set[str]) -> str:
    """A code for a site that has none, from its reference; a figure at its end where another site has it.

    >>> site_code("Lyon 2e", set()), site_code("lyon-2e", {"LYON2E"}), site_code("東京", set())
    ('LYON2E', 'LYON2E2', 'S')
    """
    plain = unicodedata.normalize("NFKD", reference).upper()
    base = "".join(char for char in plain if char in _CODE)[:SITE_LENGTH] or "S"
    code, count = base, 1
    while code in taken or code == NO_SITE:
        count += 1
        code = base[: SITE_LENGTH - len(str(count))] + str(count)
    return code
