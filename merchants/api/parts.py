"""Parts of bodies that offers and options share, and how they become terms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from merchants.http.bodies import Body, Filters, several
from merchants.http.fields import Choice, DecimalText, Flag, Instant, Minor, PublicId, Reference, Text, Whole
from merchants.http.references import find_all
from merchants.metered import MOST_TIERS, QUANTITY_DECIMALS, QUANTITY_MOST, PriceModel, TierTerm, UsageTerm
from merchants.models import Feature
from merchants.models.catalogue import IntervalUnit
from merchants.money import AMOUNT_LIMIT, UNIT_DECIMALS
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


def _unit_price(**options: Any) -> DecimalText:
    most = Decimal(AMOUNT_LIMIT)
    said = "In the currency's major unit"
    return DecimalText(decimals=UNIT_DECIMALS, least=Decimal(0), most=most, help_text=said, **options)


def _metered_quantity(**options: Any) -> DecimalText:
    return DecimalText(decimals=QUANTITY_DECIMALS, least=Decimal(0), most=QUANTITY_MOST, **options)


class TierBody(Body):
    """Units above the former tier and up to `up_to`, that one included; the last tier has none. `flat_amount`, in minor
    units, is asked once where the tier is entered."""

    up_to = _metered_quantity(required=False, allow_null=True)
    unit_price = _unit_price()
    flat_amount = Minor(required=False)


class UsagePriceBody(Body):
    """What the use of a metered feature costs: `unit_price` each (`per_unit`), or for each package of `package_size`
    begun (`package`); or `tiers`: each tier's units at its own price (`graduated`), or all units at the price of the
    tier that the total falls in (`volume`)."""

    feature = PublicId("fea")
    model = Choice(choices=[(model.value, model.value) for model in PriceModel])
    unit_price = _unit_price(required=False, allow_null=True)
    package_size = _metered_quantity(required=False, allow_null=True)
    tiers = several(TierBody, MOST_TIERS, required=False)


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


def usage_of(lists: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, tuple[UsageTerm, ...]]:
    """Lists of usage prices, by their path (`stages[0].usage`), as terms. Two queries at most, none without any. Raises
    Invalid naming each feature that is unknown."""
    named = {f"{path}[{place}].feature": each["feature"] for path, each, place in _each(lists)}
    found = find_all(Feature.objects.all(), named) if named else {}
    return {
        path: tuple(
            UsageTerm(
                feature=found[f"{path}[{place}].feature"].pk,
                model=each["model"],
                unit_price=_plain(each.get("unit_price")),
                package_size=_plain(each.get("package_size")),
                tiers=tuple(
                    TierTerm(
                        unit_price=f"{tier['unit_price']:f}",
                        up_to=_plain(tier.get("up_to")),
                        flat_amount=tier.get("flat_amount", 0),
                    )
                    for tier in each.get("tiers", ())
                ),
            )
            for place, each in enumerate(prices)
        )
        for path, prices in lists.items()
    }


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _each(lists: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterable[tuple[str, Mapping[str, Any], int]]:
    for path, features in lists.items():
        for place, each in enumerate(features):
            yield path, each, place


def listed(child: serializers.Field[Any, Any, Any, Any], most: int, **options: Any) -> serializers.ListField:
    """A list of at most so many."""
    return serializers.ListField(
        child=child, max_length=most, error_messages={"not_a_list": _("This is a list.")}, **options
    )
