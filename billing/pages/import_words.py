"""What is wrong with a row of an old member file, as whoever corrects it reads it."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext as _

from billing.imports.mapping import FIELDS
from billing.models import ImportRow, MemberImport
from merchants.refusals import FieldError
from merchants.secrets import unseal


def problem(row: MemberImport) -> str:
    """Why the file could not be gone through; '' where it could."""
    if not row.code:
        return ""
    return FieldError(field="file", code=row.code, detail=row.msgid, params=row.params).say(_)


def faulty_line(one: ImportRow, row: MemberImport) -> dict[str, Any]:
    """A faulty row: its number, its cells, and each fault with its column and what stands there."""
    said = json.loads(unseal(one.sealed)) if one.sealed else {}
    cells = said.get("cells") or [""] * len(row.headings)
    faults = [_fault(each, row, cells) for each in one.faults]
    return {
        "number": one.line,
        "cells": cells,
        "name": _name(row, cells),
        "faults": faults,
        "sentences": [f"{each['column']}: {each['why']}" if each["column"] else each["why"] for each in faults],
    }


def _fault(each: dict[str, Any], row: MemberImport, cells: list[str]) -> dict[str, str]:
    error = FieldError(field=each["field"], code=each["code"], detail=each["detail"], params=each["params"])
    at = _column(each["field"], row)
    named = FIELDS.get(each["field"])
    column = row.headings[at] if at is not None else _(named) if named else ""
    return {"column": column, "value": cells[at] if at is not None and at < len(cells) else "", "why": error.say(_)}


def _column(field: str, row: MemberImport) -> int | None:
    """Where a field stands; a name may stand in two columns."""
    names = ("name", "last_name", "first_name") if field == "name" else (field,)
    return next((row.columns[name] for name in names if name in row.columns), None)


def _name(row: MemberImport, cells: list[str]) -> str:
    parts = [cells[row.columns[name]] for name in ("name", "first_name", "last_name") if name in row.columns]
    return " ".join(filter(None, parts))
