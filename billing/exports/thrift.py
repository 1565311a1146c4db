"""Thrift's compact protocol, as much of it as a Parquet file's head and foot need. Pure.

A struct is a list of `(field id, value)` in ascending order: whole numbers as `I32` or `I64`, text, lists of one type,
structs. Source: `thrift-compact-protocol.md` of the Apache Thrift specification.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12


class I32(NamedTuple):
    """A number of 32 bits."""

    value: int


class I64(NamedTuple):
    """A number of 64 bits."""

    value: int


class Struct(NamedTuple):
    """Fields in ascending order of their ids."""

    fields: Sequence[tuple[int, Value]]


Value = I32 | I64 | str | Struct | list["Value"]


def varint(number: int) -> bytes:
    """A number from 0, seven bits a byte, the lowest first.

    >>> varint(0).hex(), varint(300).hex()
    ('00', 'ac02')
    """
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)


def encoded(value: Value) -> bytes:
    """A value without its field's head.

    >>> encoded(Struct([(1, I32(3)), (4, "ab")])).hex()
    '15063802616200'
    """
    if isinstance(value, I32 | I64):
        number = value.value
        return varint(number << 1 if number >= 0 else (-number << 1) - 1)
    if isinstance(value, str):
        data = value.encode()
        return varint(len(data)) + data
    if isinstance(value, list):
        kind = _kind(value[0]) if value else _STRUCT
        head = bytes([len(value) << 4 | kind]) if len(value) < 15 else bytes([0xF0 | kind]) + varint(len(value))
        return head + b"".join(encoded(each) for each in value)
    parts, last = [], 0
    for id_, each in value.fields:
        parts.append(bytes([(id_ - last) << 4 | _kind(each)]) + encoded(each))
        last = id_
    return b"".join(parts) + b"\x00"


def _kind(value: Value) -> int:
    if isinstance(value, I32):
        return _I32
    if isinstance(value, I64):
        return _I64
    if isinstance(value, str):
        return _BINARY
    return _LIST if isinstance(value, list) else _STRUCT
