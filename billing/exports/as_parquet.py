"""Rows as a Parquet file: typed, exact, compressed; what tools for data read at once.

The little of the format that flat rows need (https://parquet.apache.org/docs/file-format): every column may be empty,
values are PLAIN, one page a column and group of rows, gzip. Types: text is UTF-8, dates are DATE, instants
TIMESTAMP_MICROS in UTC, amounts DECIMAL(18, 3), other numbers DECIMAL(18, 6). Texts stand as they are: no program that
reads Parquet takes one for a formula.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, BinaryIO

from billing.exports.columns import Columns, Row, Type
from billing.exports.thrift import I32, I64, Struct, Value, encoded, varint

ROWS, CHARACTERS = 20_000, 8_000_000
"""A group of rows is closed when it has so many rows, or so much text: that much is held in memory."""

MAGIC = b"PAR1"
_INT32, _INT64, _BYTES = 1, 2, 6
_UTF8, _DECIMAL, _DATE, _MICROS = 0, 5, 6, 10
_OPTIONAL, _PLAIN, _RLE, _GZIP, _DATA_PAGE = 1, 0, 3, 2, 0
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SCALES = {Type.AMOUNT: 3, Type.NUMBER: 6}
_PHYSICAL = {Type.TEXT: _BYTES, Type.DAY: _INT32}


class ParquetFile:
    """Writes rows group by group; the foot, which says where everything lies, comes last."""

    def __init__(self, file: BinaryIO, columns: Columns, *, created_by: str = "tacite") -> None:
        self._file, self._columns, self._created_by = file, columns, created_by
        self._held: list[Row] = []
        self._characters, self._rows, self._at = 0, 0, 0
        self._groups: list[Value] = []
        self._put(MAGIC)

    def write(self, rows: Iterable[Row]) -> None:
        """Add rows."""
        for row in rows:
            self._held.append(row)
            self._characters += sum(len(cell) for cell in row if isinstance(cell, str))
            if len(self._held) >= ROWS or self._characters >= CHARACTERS:
                self._close_group()

    def close(self) -> None:
        """Write what is held, and the foot. The file beneath stays open."""
        self._close_group()
        schema: list[Value] = [Struct([(4, "rows"), (5, I32(len(self._columns)))])]
        schema += [_element(column.name, column.type) for column in self._columns]
        foot = encoded(
            Struct([(1, I32(1)), (2, schema), (3, I64(self._rows)), (4, self._groups), (6, self._created_by)])
        )
        self._put(foot + struct.pack("<I", len(foot)) + MAGIC)
        self._file.flush()

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._at += len(data)

    def _close_group(self) -> None:
        rows, self._held, self._characters = self._held, [], 0
        if not rows:
            return
        chunks: list[Value] = []
        plain = 0
        for place, column in enumerate(self._columns):
            chunk, size = self._column(column.name, column.type, [row[place] for row in rows])
            chunks.append(chunk)
            plain += size
        self._groups.append(Struct([(1, chunks), (2, I64(plain)), (3, I64(len(rows)))]))
        self._rows += len(rows)

    def _column(self, name: str, type_: Type, cells: list[Any]) -> tuple[Value, int]:
        """Write one column of a group; its place and sizes, for the foot."""
        body = _present(cells) + _values(type_, [cell for cell in cells if cell is not None])
        packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        packed = packer.compress(body) + packer.flush()
        page = Struct([(1, I32(len(cells))), (2, I32(_PLAIN)), (3, I32(_RLE)), (4, I32(_RLE))])
        head = encoded(Struct([(1, I32(_DATA_PAGE)), (2, I32(len(body))), (3, I32(len(packed))), (5, page)]))
        begin = self._at
        self._put(head + packed)
        plain = len(head) + len(body)
        told = Struct(
            [
                (1, I32(_PHYSICAL.get(type_, _INT64))),
                (2, [I32(_PLAIN), I32(_RLE)]),
                (3, [name]),
                (4, I32(_GZIP)),
                (5, I64(len(cells))),
                (6, I64(plain)),
                (7, I64(len(head) + len(packed))),
                (9, I64(begin)),
            ]
        )
        return Struct([(2, I64(begin)), (3, told)]), plain


def _element(name: str, type_: Type) -> Value:
    """A column in the schema."""
    said: list[tuple[int, Value]] = [(1, I32(_PHYSICAL.get(type_, _INT64))), (3, I32(_OPTIONAL)), (4, name)]
    if type_ is Type.TEXT:
        said.append((6, I32(_UTF8)))
    elif type_ is Type.DAY:
        said.append((6, I32(_DATE)))
    elif type_ is Type.INSTANT:
        said.append((6, I32(_MICROS)))
    elif type_ in _SCALES:
        said += [(6, I32(_DECIMAL)), (7, I32(_SCALES[type_])), (8, I32(18))]
    return Struct(said)


def _present(cells: list[Any]) -> bytes:
    """Which cells hold something: one bit each, lowest first, in runs of eight (or one run where all do)."""
    if None not in cells:
        levels = varint(len(cells) << 1) + b"\x01"
    else:
        groups = (len(cells) + 7) // 8
        bits = "".join("0" if cell is None else "1" for cell in reversed(cells))
        levels = varint(groups << 1 | 1) + int(bits, 2).to_bytes(groups, "little")
    return struct.pack("<I", len(levels)) + levels


def _values(type_: Type, cells: list[Any]) -> bytes:
    """The cells that hold something, one after the other."""
    if type_ is Type.TEXT:
        texts = [cell.encode("utf-8", "replace") for cell in cells]
        return b"".join(part for text in texts for part in (struct.pack("<I", len(text)), text))
    if type_ is Type.DAY:
        return struct.pack(f"<{len(cells)}i", *(cell.toordinal() - _EPOCH_DAY for cell in cells))
    if type_ is Type.INSTANT:
        numbers = [_micros(cell) for cell in cells]
    elif type_ in _SCALES:
        scale = _SCALES[type_]
        numbers = [int(cell.scaleb(scale)) for cell in cells]
    else:
        numbers = cells
    return struct.pack(f"<{len(numbers)}q", *numbers)


def _micros(at: datetime) -> int:
    passed = at - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds
