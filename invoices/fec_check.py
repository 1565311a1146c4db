"""◆ Is this a file of accounting entries? A reader of its own: it knows the law's columns and forms, and nothing of who
wrote the file. What it finds wrong is said with the line's number; it keeps one entry in memory, however long the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

NAMES = [
    "JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum", "CompAuxLib",
    "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet", "ValidDate", "Montantdevise",
    "Idevise",
]  # fmt: skip
NEEDED = frozenset(NAMES) - {"CompAuxNum", "CompAuxLib", "EcritureLet", "DateLet", "Montantdevise", "Idevise"}
_AMOUNT = re.compile(r"[0-9]+,[0-9]{2}", re.ASCII)
_FOREIGN = re.compile(r"-?[0-9]+(,[0-9]{1,3})?", re.ASCII)
MOST = 20
"""Faults that are told; one is enough to refuse the file."""


@dataclass(slots=True)
class Verdict:
    """What a file holds, in cents of euro, and what is wrong with it."""

    entries: int = 0
    rows: int = 0
    debit: int = 0
    credit: int = 0
    first_number: int = 0
    last_number: int = 0
    by_account: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def say(self, fault: str) -> None:
        """Write a fault down, up to so many."""
        if len(self.faults) < MOST:
            self.faults.append(fault)


@dataclass(slots=True)
class _Open:
    """The entry that is being read."""

    number: str = ""
    same: tuple[str, ...] = ()
    balance: int = 0


def verify(
    chunks: Iterable[bytes], *, first: date | None = None, last: date | None = None, starts_at: int | None = None
) -> Verdict:
    """Read a file: its columns and their order, what each must hold, dates within `first` and `last` that never go
    back, entries numbered without a gap (from `starts_at`), each of one journal, date and document, each balanced.

    >>> verify([b"JournalCode|Debit"]).faults
    ['line 1: its columns are not the eighteen of article A47 A-1, separated by tabs']
    """
    found, entry, latest, seen = Verdict(), _Open(), "", False
    for at, line in enumerate(_lines(chunks, found), start=1):
        seen = True
        cells = line.split("\t")
        if at == 1:
            if cells != NAMES:
                found.say("line 1: its columns are not the eighteen of article A47 A-1, separated by tabs")
                return found
            continue
        if len(cells) != len(NAMES):
            found.say(f"line {at}: {len(cells)} columns")
            continue
        row = dict(zip(NAMES, cells, strict=True))
        found.rows += 1
        for fault in _row_faults(row):
            found.say(f"line {at}: {fault}")
        same = (row["JournalCode"], row["EcritureDate"], row["PieceRef"], row["PieceDate"])
        if row["EcritureNum"] != entry.number:
            _close(entry, found)
            _follow(row["EcritureNum"], at, found, starts_at)
            entry = _Open(number=row["EcritureNum"], same=same)
        elif same != entry.same:
            found.say(f"line {at}: entry {entry.number} has another journal, date or document than its first line")
        _within(row["EcritureDate"], latest, at, found, first, last)
        latest = max(latest, row["EcritureDate"])
        moved = _cents(row["Debit"]) - _cents(row["Credit"])
        entry.balance += moved
        found.debit += _cents(row["Debit"])
        found.credit += _cents(row["Credit"])
        found.by_account[row["CompteNum"]] = found.by_account.get(row["CompteNum"], 0) + moved
    _close(entry, found)
    if not seen:
        found.say("the file is empty: not even its columns are named")
    return found


def _lines(chunks: Iterable[bytes], found: Verdict) -> Iterator[str]:
    """Records without their ends. What stands after the last end is a record that was cut off."""
    rest = b""
    for chunk in chunks:
        rest += chunk
        *whole, rest = rest.split(b"\r\n")
        yield from (line.decode("iso8859-15") for line in whole)
    if rest:
        yield rest.decode("iso8859-15")
        found.say("the last record has no end")


def _row_faults(row: dict[str, str]) -> Iterator[str]:
    for name in NAMES:
        value = row[name]
        if not value and name in NEEDED:
            yield f"{name} is empty"
        if value != value.strip() or any(sign in value for sign in "|\r\n\x00"):
            yield f"{name} holds what it must not: {value!r}"
        if name in ("EcritureDate", "PieceDate", "ValidDate", "DateLet") and value and _day(value) is None:
            yield f"{name} is no date: {value!r}"
    for name in ("Debit", "Credit"):
        if not _AMOUNT.fullmatch(row[name]):
            yield f"{name} is no amount: {row[name]!r}"
    if _cents(row["Debit"]) and _cents(row["Credit"]):
        yield "it is a debit and a credit"
    if not row["CompteNum"][:3].isdigit():
        yield f"CompteNum does not begin with three digits: {row['CompteNum']!r}"
    if bool(row["EcritureLet"]) != bool(row["DateLet"]):
        yield "EcritureLet and DateLet stand together or not at all"
    if bool(row["Montantdevise"]) != bool(row["Idevise"]):
        yield "Montantdevise and Idevise stand together or not at all"
    if row["Montantdevise"] and not _FOREIGN.fullmatch(row["Montantdevise"]):
        yield f"Montantdevise is no amount: {row['Montantdevise']!r}"
    if bool(row["CompAuxNum"]) != bool(row["CompAuxLib"]):
        yield "CompAuxNum and CompAuxLib stand together or not at all"


def _follow(number: str, at: int, found: Verdict, starts_at: int | None) -> None:
    if not number.isdigit():
        found.say(f"line {at}: EcritureNum is no number: {number!r}")
        return
    expected = found.last_number + 1 if found.entries else starts_at
    if expected is not None and int(number) != expected:
        found.say(f"line {at}: entry {number} stands where {expected} is due")
    found.first_number = found.first_number or int(number)
    found.entries, found.last_number = found.entries + 1, int(number)


def _within(text: str, latest: str, at: int, found: Verdict, first: date | None, last: date | None) -> None:
    day = _day(text)
    if day is None:
        return
    if text < latest:
        found.say(f"line {at}: {text} comes after {latest}")
    if (first and day < first) or (last and day > last):
        found.say(f"line {at}: {text} is not of the period")


def _close(entry: _Open, found: Verdict) -> None:
    if entry.balance:
        found.say(f"entry {entry.number} is off by {entry.balance} cents")


def _cents(text: str) -> int:
    return int(text.replace(",", "")) if _AMOUNT.fullmatch(text) else 0


def _day(text: str) -> date | None:
    if not re.fullmatch(r"[0-9]{8}", text, re.ASCII):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
