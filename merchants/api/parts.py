"""Parts of bodies that offers and options share, and how they become terms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from merchants.http.bodies import Body, Filters
from merchants.http.fields import Choice, Flag, Instant, Minor, PublicId, Reference, Text, Whole
from merchants.http.references import find_all
from merchants.models import Feature
from merchants.models.catalogue import IntervalUnit
from merchants.terms import LONGEST, QUOTA_LIMIT, FeatureTerm


class IntervalBody(Body):
    """A unit and how many of it: one period."""

    interval = Choice(choices=IntervalUnit.choices)
    interval_count = Whole(least=1, most=max(LONGEST.values()), required=False)


class OpenedFeatureBody(Body):
    """A feature that is opened: a quota with `quota` (null: without limit), a level with `level`."""

    feature = PublicId("fea")
    quota = Whole(most=QUOTA_LIMIT, required=False, allow_null=True)
    level = Text(max_length=60, required=False, allow_null=True)


class PriceBody(IntervalBody):
    """What one interval costs."""

    amount = Minor()


class Listing(Filters):
    """Filters of lists of things that can be withdrawn."""

    reference = Reference(required=False)
    archived = Flag(required=False)
    created_after = Instant(required=False)


def narrowed(queryset: Any, filters: Mapping[str, Any], **columns: str) -> Any:
    """A list as its filters say: `archived`, `created_after`, and equality for the rest (`columns` renames)."""
    for name, value in filters.items():
        if name == "archived":
            queryset = queryset.filter(archived_at__isnull=not value)
        elif name == "created_after":
            queryset = queryset.filter(created_at__gt=value)
        else:
            queryset = queryset.filter(**{columns.get(name, name): value})
    return queryset


def features_of(lists: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, tuple[FeatureTerm, ...]]:
    """Lists of opened features, by their path (`stages[0].features`), as terms. Two queries at most, whatever their
    number. Raises Invalid naming each feature that is unknown."""
    named = {f"{path}[{place}].feature": each["feature"] for path, each, place in _each(lists)}
    found: dict[str, UUID] = {path: row.pk for path, row in find_all(Feature.objects.all(), named).items()}
    terms: dict[str, list[FeatureTerm]] = {path: [] for path in lists}
    for path, each, place in _each(lists):
        terms[path].append(
            FeatureTerm(
                feature=found[f"{path}[{place}].feature"],
                quota=each.get("quota"),
                level=each.get("level") or "",
            )
        )
    return {path: tuple(each) for path, each in terms.items()}


def _each(lists: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterable[tuple[str, Mapping[str, Any], int]]:
    for path, features in lists.items():
        for place, each in enumerate(features):
            yield path, each, place


def listed(child: serializers.Field[Any, Any, Any, Any], most: int, **options: Any) -> serializers.ListField:
    """A list of at most so many."""
    return serializers.ListField(
        child=child, max_length=most, error_messages={"not_a_list": _("This is a list.")}, **options
    )
