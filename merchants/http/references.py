"""From what a caller wrote (`off_…` or `ref:<reference>`) to the row. Unknown and another merchant's are one answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from django.db.models import Model, QuerySet

from merchants.ids import PREFIXES, read
from merchants.refusals import FieldError, Invalid, NotFound, gettext_noop

M = TypeVar("M", bound=Model)
MARK = "ref:"
UNKNOWN = gettext_noop("There is nothing under that id.")


def _has_reference(queryset: QuerySet[M]) -> bool:
    return any(field.name == "reference" for field in queryset.model._meta.get_fields())


def find(queryset: QuerySet[M], text: str, *, field: str | None = None) -> M:
    """The one row that `text` names. Needs the tenant's scope, which is also what keeps other merchants' rows out.

    Raises NotFound (404) for an address, or Invalid (422, `not_found`) where `field` says in which field it was named.
    """
    row = None
    if text.startswith(MARK):
        reference = text.removeprefix(MARK)
        if _has_reference(queryset) and reference and "\x00" not in reference:
            row = queryset.filter(reference=reference).first()
    else:
        key = read(PREFIXES[queryset.model.__name__], text)
        row = queryset.filter(pk=key).first() if key else None
    if row is None:
        if field is None:
            raise NotFound
        raise Invalid.at(field, "not_found", UNKNOWN)
    return row


def find_all(queryset: QuerySet[M], texts: Mapping[str, str]) -> dict[str, M]:
    """The rows named in several fields (`{"features[0].feature": "ref:audio", …}`), by field, in at most two queries.

    Raises Invalid with one `not_found` for each field that names nothing.
    """
    found = find_some(queryset, texts.values())
    missing = [
        FieldError(field=field, code="not_found", detail=UNKNOWN) for field, text in texts.items() if text not in found
    ]
    if missing:
        raise Invalid(code="not_found" if len(missing) == 1 else "invalid", errors=missing)
    return {field: found[text] for field, text in texts.items()}


def find_some(queryset: QuerySet[M], texts: Iterable[str]) -> dict[str, M]:
    """The rows that texts name, by text, in at most two queries; what names nothing is left out."""
    named = set(texts)
    prefix = PREFIXES[queryset.model.__name__]
    keys = {text: read(prefix, text) for text in named if not text.startswith(MARK)}
    references = {text.removeprefix(MARK) for text in named if text.startswith(MARK) and "\x00" not in text}
    found: dict[str, M] = {}
    wanted = [key for key in keys.values() if key]
    if wanted:
        by_key = {row.pk: row for row in queryset.filter(pk__in=wanted)}
        found |= {text: by_key[key] for text, key in keys.items() if key in by_key}
    if references and _has_reference(queryset):
        rows: Iterable[M] = queryset.filter(reference__in=references)
        found |= {MARK + str(row.reference): row for row in rows}  # type: ignore[attr-defined] # asked for above
    return found
